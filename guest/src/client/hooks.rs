//! What an agent asks and tells the application: Node's overridable methods as events with a reply.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::{Rc, Weak},
};

use super::{agent::Shared, connection::Connection, exchange::Exchange, options::ConnectOptions};
use crate::{
    error::Error,
    runtime::{self, Instant, Recorded, Signal, Span, event_set},
    transport::Socket,
};

/// What an agent asks or tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum AgentEvent {
    /// `createConnection`: a connection is needed.
    CreateConnection {
        /// To name the question in the reply.
        id: u64,
        /// The request that it is for: [`super::ClientRequest::id`].
        request: u64,
        /// What request and agent ask for.
        options: Box<ConnectOptions>,
    },
    /// `keepSocketAlive`: a connection could be pooled.
    KeepSocketAlive {
        /// To name the question in the reply.
        id: u64,
        /// The connection.
        socket: Socket,
    },
    /// `reuseSocket`: a pooled connection was given to a request.
    ReuseSocket(Socket),
    /// `'free'`: a connection has become free.
    Free(Socket),
}

/// Which hooks and events of an agent are listened to. A hook that is not takes its default at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentEvents(u8);

impl AgentEvents {
    /// Ask for each new connection.
    pub const CREATE_CONNECTION: Self = Self(1);
    /// Ask whether a connection goes to the pool.
    pub const KEEP_SOCKET_ALIVE: Self = Self(1 << 1);
    /// Tell that a pooled connection is used again.
    pub const REUSE_SOCKET: Self = Self(1 << 2);
    /// Tell that a connection has become free.
    pub const FREE: Self = Self(1 << 3);
}

event_set!(AgentEvents, u8);

/// Undelivered hooks and events beyond this take their default, or are dropped.
const BOUND: usize = 1024;

/// How long a hook may stay unanswered.
const PATIENCE: Span = Span::millis(10_000);

/// The hooks and events of one agent.
#[derive(Debug)]
pub(super) struct Hooks {
    listened: Cell<AgentEvents>,
    events: RefCell<VecDeque<Recorded<AgentEvent>>>,
    questions: RefCell<BTreeMap<u64, Question>>,
    next_id: Cell<u64>,
    patience: Span,
    /// When each question takes its default, in the order in which they were asked.
    deadlines: RefCell<VecDeque<(Instant, u64)>>,
    changed: Signal,
}

/// What waits for a reply.
#[derive(Debug)]
enum Question {
    Create { name: String, exchange: Rc<Exchange>, options: Box<ConnectOptions> },
    Keep { connection: Rc<Connection>, hint: Option<u32> },
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new(AgentEvents::default(), None)
    }
}

impl Hooks {
    pub(super) fn new(listening: AgentEvents, patience: Option<u32>) -> Self {
        Self {
            listened: Cell::new(listening),
            events: RefCell::default(),
            questions: RefCell::default(),
            next_id: Cell::new(0),
            patience: patience.map_or(PATIENCE, Span::millis),
            deadlines: RefCell::default(),
            changed: Signal::default(),
        }
    }

    pub(super) fn listen_for(&self, events: AgentEvents) {
        self.listened.set(events);
        self.changed.notify();
    }

    pub(super) fn listens_to(&self, events: AgentEvents) -> bool {
        self.listened.get().and(events) == self.listened.get()
    }

    pub(super) async fn ready(&self) {
        runtime::ensure_driver();
        let idle = || self.listened.get() == AgentEvents::default();
        self.changed.wait(|| (!self.events.borrow().is_empty() || idle()).then_some(())).await;
    }

    pub(super) fn watch(&self, number: u64) {
        self.changed.watch(number);
    }

    pub(super) fn take(&self, max: usize) -> Vec<Recorded<AgentEvent>> {
        let mut events = self.events.borrow_mut();
        let count = max.min(events.len());
        events.drain(..count).collect()
    }

    /// Tells what happened, if somebody listens and there is room.
    pub(super) fn tell(&self, kind: AgentEvents, event: impl FnOnce() -> AgentEvent) {
        if self.listens_to(kind) && self.has_room() {
            self.push(event());
        }
    }

    /// Asks for a connection. Gives the options back when there is no room for the question.
    pub(super) fn ask_create(
        &self,
        agent: &Weak<Shared>,
        name: &str,
        exchange: &Rc<Exchange>,
        options: ConnectOptions,
    ) -> Option<ConnectOptions> {
        if !self.has_room() {
            return Some(options);
        }
        let options = Box::new(options);
        let question = Question::Create {
            name: name.to_owned(),
            exchange: Rc::clone(exchange),
            options: options.clone(),
        };
        let id = self.ask(agent, question);
        self.push(AgentEvent::CreateConnection { id, request: exchange.id, options });
        None
    }

    /// Asks whether to pool a connection. False when there is no room for the question.
    pub(super) fn ask_keep(
        &self,
        agent: &Weak<Shared>,
        connection: &Rc<Connection>,
        hint: Option<u32>,
    ) -> bool {
        if self.has_room() {
            let id = self.ask(agent, Question::Keep { connection: Rc::clone(connection), hint });
            self.push(AgentEvent::KeepSocketAlive { id, socket: connection.socket() });
            return true;
        }
        false
    }

    /// The `createConnection` question with this number.
    pub(super) fn take_create(&self, id: u64) -> Result<(String, Rc<Exchange>, ConnectOptions), Error> {
        let mut questions = self.questions.borrow_mut();
        match questions.remove(&id) {
            Some(Question::Create { name, exchange, options }) => Ok((name, exchange, *options)),
            other => Err(unknown(&mut questions, id, other)),
        }
    }

    /// The `keepSocketAlive` question with this number.
    pub(super) fn take_keep(&self, id: u64) -> Result<(Rc<Connection>, Option<u32>), Error> {
        let mut questions = self.questions.borrow_mut();
        match questions.remove(&id) {
            Some(Question::Keep { connection, hint }) => Ok((connection, hint)),
            other => Err(unknown(&mut questions, id, other)),
        }
    }

    fn has_room(&self) -> bool {
        self.events.borrow().len() < BOUND
    }

    fn push(&self, kind: AgentEvent) {
        self.events.borrow_mut().push_back(Recorded { sequence: runtime::next_sequence(), kind });
        self.changed.notify();
    }

    fn ask(&self, agent: &Weak<Shared>, question: Question) -> u64 {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.questions.borrow_mut().insert(id, question);
        let mut deadlines = self.deadlines.borrow_mut();
        if deadlines.is_empty() {
            runtime::spawn(expire(Weak::clone(agent)));
        }
        deadlines.push_back((self.patience.after(runtime::now()), id));
        id
    }
}

/// Puts a question of another kind back.
fn unknown(questions: &mut BTreeMap<u64, Question>, id: u64, other: Option<Question>) -> Error {
    if let Some(question) = other {
        questions.insert(id, question);
    }
    Error::invalid_arg_value("hook", "is answered already, or was never asked", &id.to_string())
}

/// Lets questions take their default when their time is over; runs while there are deadlines.
async fn expire(agent: Weak<Shared>) {
    loop {
        let next = agent.upgrade().and_then(|agent| agent.hooks.deadlines.borrow().front().copied());
        let Some((at, id)) = next else { return };
        runtime::sleep_until(at).await;
        let Some(agent) = agent.upgrade() else { return };
        let question = agent.hooks.questions.borrow_mut().remove(&id);
        match question {
            Some(Question::Create { name, exchange, options }) => {
                agent.connect_by_default(&name, &exchange, *options);
            }
            Some(Question::Keep { connection, hint }) => agent.keep(&connection, hint),
            None => {}
        }
        agent.hooks.deadlines.borrow_mut().pop_front();
    }
}
