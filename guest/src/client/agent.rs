//! Node's `http.Agent`: the pool's policy (`crate::agent`) bound to connections and requests.

use std::{
    cell::RefCell,
    mem::ManuallyDrop,
    rc::{Rc, Weak},
};

use super::{
    connection::Connection,
    driver::{self, Source},
    exchange::Exchange,
    hooks::{AgentEvent, AgentEvents, Hooks},
    options::ConnectOptions,
};
use crate::{
    agent::{Assignment, ById, Options, Pool},
    error::Error,
    runtime::Recorded,
    transport::Socket,
};

/// Options of an agent: Node's `new Agent(options)`. `None` means Node's default.
#[derive(Debug, Default)]
pub struct AgentOptions {
    /// What decides about connections.
    pub pool: Options,
    /// How to connect: wins over what a request says.
    pub connect: ConnectOptions,
    /// Which events and hooks are listened to.
    pub listening: AgentEvents,
    /// Milliseconds that a hook may stay unanswered; 10000.
    pub hook_timeout: Option<u32>,
}

/// A pool of connections: Node's `http.Agent`. Clones are the same agent. Requests keep it alive; with the last
/// clone and the last request its connections are closed.
#[derive(Clone, Debug)]
pub struct Agent(Rc<Shared>);

/// What an agent's handles, its requests and its connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pool: RefCell<Pool>,
    pub(super) connect: ConnectOptions,
    pub(super) connections: RefCell<ById<Rc<Connection>>>,
    pub(super) waiting: RefCell<ById<Rc<Exchange>>>,
    pub(super) hooks: Hooks,
    pub(super) this: Weak<Self>,
}

thread_local! {
    // Never dropped, as the runtime: its connections need that.
    static GLOBAL: ManuallyDrop<RefCell<Option<Agent>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

impl Agent {
    /// `new Agent(options)`.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` when `max_total_sockets` is 0.
    pub fn create(options: AgentOptions) -> Result<Self, Error> {
        let pool = Pool::new(options.pool)?;
        Ok(Self::with_pool(pool, options.connect, Hooks::new(options.listening, options.hook_timeout)))
    }

    /// `http.globalAgent`: keeps connections, idle ones for 5 seconds.
    pub fn global() -> Self {
        GLOBAL.with(|global| {
            let mut global = global.borrow_mut();
            global.get_or_insert_with(|| Self::with_options(Options::global())).clone()
        })
    }

    /// Assigns `http.globalAgent`.
    pub fn set_global(&self) {
        // The old one is dropped outside the borrow: its connections end.
        let before = GLOBAL.with(|global| global.replace(Some(self.clone())));
        drop(before);
    }

    /// An agent for one request: Node's `agent: false`.
    pub(super) fn one_shot() -> Self {
        Self::with_options(Options::default())
    }

    /// For options that are known to be valid.
    fn with_options(options: Options) -> Self {
        let pool = Pool::new(options).expect("the limits of built-in agents are valid");
        Self::with_pool(pool, ConnectOptions::default(), Hooks::default())
    }

    fn with_pool(pool: Pool, connect: ConnectOptions, hooks: Hooks) -> Self {
        let connect = connect.of_agent(pool.options());
        Self(Rc::new_cyclic(|this| Shared {
            pool: RefCell::new(pool),
            connect,
            connections: RefCell::default(),
            waiting: RefCell::default(),
            hooks,
            this: this.clone(),
        }))
    }

    /// Replaces the set of events and hooks that are listened to.
    pub fn listen_for(&self, events: AgentEvents) {
        self.0.hooks.listen_for(events);
    }

    /// Waits until [`Self::take_events`] has something to give; returns at once when nothing is listened to.
    pub async fn ready(&self) {
        self.0.hooks.ready().await;
    }

    /// Notes events and questions under this number, which is not 0: see [`crate::runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.hooks.watch(number);
    }

    /// Takes at most `max` events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<AgentEvent>> {
        self.0.hooks.take(max)
    }

    /// Answers a `createConnection` hook.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`: no such hook waits.
    pub fn reply_create_connection(
        &self,
        hook: u64,
        reply: Result<super::Transport, Error>,
    ) -> Result<(), Error> {
        let (name, exchange, _) = self.0.hooks.take_create(hook)?;
        match reply {
            Ok(transport) => {
                let connection = transport.into_connection(self.0.connect.high_water_mark());
                self.0.bind(&name, connection, &exchange);
            }
            Err(error) => self.0.fail_to_connect(&name, &exchange, error),
        }
        Ok(())
    }

    /// Answers a `keepSocketAlive` hook.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`: no such hook waits.
    pub fn reply_keep_socket_alive(&self, hook: u64, keep: bool) -> Result<(), Error> {
        let (connection, hint) = self.0.hooks.take_keep(hook)?;
        if keep {
            self.0.keep(&connection, hint)
        } else {
            connection.link.destroy()
        }
        Ok(())
    }

    /// `agent.createConnection()`, not overridden: a connection of the application's own.
    ///
    /// # Errors
    /// Those of [`ConnectOptions::validate`].
    pub fn create_connection(&self, options: &ConnectOptions) -> Result<Socket, Error> {
        let options = options.clone().overridden_by(&self.0.connect);
        options.validate()?;
        let connection = Connection::new(None, options.high_water_mark());
        connection.link.prepare(options.keep_alive(), options.idle_timeout());
        let socket = connection.socket();
        driver::begin(&connection, Source::Connect(Box::new(options)));
        Ok(socket)
    }

    /// `agent.destroy()`: ends every connection. Requests that wait get new ones.
    pub fn destroy(&self) {
        let all = self.0.pool.borrow().all_sockets();
        for id in all {
            if let Some(connection) = self.0.connection(id) {
                connection.link.destroy();
            }
        }
    }

    /// `agent.sockets`.
    pub fn sockets(&self) -> Vec<(String, Vec<Socket>)> {
        let sockets = self.0.pool.borrow().sockets();
        self.0.handles(sockets)
    }

    /// `agent.freeSockets`.
    pub fn free_sockets(&self) -> Vec<(String, Vec<Socket>)> {
        let sockets = self.0.pool.borrow().free_sockets();
        self.0.handles(sockets)
    }

    /// `agent.requests`, as numbers.
    pub fn requests(&self) -> Vec<(String, usize)> {
        self.0.pool.borrow().requests()
    }

    /// `agent.requests`: the [`super::ClientRequest::id`] of those that wait.
    pub fn queued(&self) -> Vec<(String, Vec<u64>)> {
        self.0.pool.borrow().queued()
    }

    /// The options as they hold now.
    pub fn options(&self) -> Options {
        self.0.pool.borrow().options().clone()
    }

    /// Sets `agent.maxSockets`.
    pub fn set_max_sockets(&self, count: Option<u32>) {
        self.0.pool.borrow_mut().set_max_sockets(count);
    }

    /// Sets `agent.maxFreeSockets`.
    pub fn set_max_free_sockets(&self, count: u32) {
        self.0.pool.borrow_mut().set_max_free_sockets(count);
    }

    /// Sets `agent.maxTotalSockets`.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` for 0.
    pub fn set_max_total_sockets(&self, count: Option<u32>) -> Result<(), Error> {
        self.0.pool.borrow_mut().set_max_total_sockets(count)
    }

    /// Whether nobody else has it.
    pub(super) fn is_last(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    /// The idle timeout of its connections.
    pub(super) fn timeout(&self) -> Option<u32> {
        self.0.pool.borrow().options().timeout
    }

    /// Whether its requests say `Connection: keep-alive` (AG3).
    pub(super) fn keeps_requests_alive(&self) -> bool {
        self.0.pool.borrow().keeps_requests_alive()
    }

    /// How it connects, whatever a request says.
    pub(super) fn connect_options(&self) -> &ConnectOptions {
        &self.0.connect
    }

    /// `agent.addRequest()`: finds a connection for the request.
    pub(super) fn assign(&self, exchange: &Rc<Exchange>) {
        let name = &exchange.settings.origin;
        let assignment = self.0.pool.borrow_mut().add_request(name, exchange.id);
        match assignment {
            Assignment::Reuse(id) => {
                // The pool and the map are changed together.
                let connection = self.0.connection(id).expect("a pooled connection exists");
                self.0.hooks.tell(AgentEvents::REUSE_SOCKET, || AgentEvent::ReuseSocket(connection.socket()));
                connection.attach(exchange, true);
            }
            Assignment::Connect => self.0.connect(name, exchange),
            Assignment::Wait => {
                self.0.waiting.borrow_mut().insert(exchange.id, Rc::clone(exchange));
            }
        }
    }

    /// A request was destroyed before it had a connection.
    pub(super) fn cancel(&self, exchange: &Exchange) {
        self.0.pool.borrow_mut().cancel(exchange.id);
        let waiting = self.0.waiting.borrow_mut().remove(&exchange.id);
        drop(waiting);
    }
}

impl Drop for Shared {
    /// Nobody can use the pooled connections any more.
    fn drop(&mut self) {
        for connection in self.connections.get_mut().values() {
            connection.link.destroy();
        }
    }
}
