//! One connection of a client: what its exchange sends goes out, what arrives is the response.
//!
//! Everything here is synchronous and may be called from an application's synchronous call; the loops of
//! `driver.rs` move the bytes.

use std::{
    cell::{Cell, Ref, RefCell, RefMut},
    net::SocketAddr,
    rc::{Rc, Weak},
};

use super::{
    agent::Shared as Agent,
    exchange::Exchange,
    receiving::Receiving,
    state::{SendStep, State, Usage},
    timeouts::Idleness,
};
use crate::{
    error::Error,
    message::Body,
    net::Endpoints,
    proto::Decoder,
    runtime::{EventLog, Millis, Signal},
    transport::{Inbox, Socket, SocketEvent},
};

/// A connection of a client.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) id: u64,
    this: Weak<Self>,
    /// The agent that it counts for; none for one of the application's own, or after `agentRemove`.
    agent: RefCell<Option<Weak<Agent>>>,
    state: RefCell<State>,
    /// Known once the connection is up.
    endpoints: RefCell<Option<Endpoints>>,
    /// TCP keep-alive as it is to be once the connection is up.
    pub(super) keep_alive: Cell<(bool, Millis)>,
    high_water_mark: usize,
    pub(super) idleness: Idleness,
    pub(super) events: EventLog<SocketEvent>,
    /// What has arrived for the application itself.
    pub(super) raw: RefCell<Body>,
    pub(super) views: Cell<usize>,
    /// Why it ends: the exchange on it fails with this.
    failure: RefCell<Option<Error>>,
    /// Why nothing more can be sent: it counts if no response comes either.
    write_failure: RefCell<Option<Error>>,
    pub(super) bytes_read: Cell<u64>,
    /// For the next exchange; the receiving loop takes it.
    pub(super) next_decoder: RefCell<Option<Decoder>>,
    /// What the head that was received last is.
    pub(super) receiving: Cell<Receiving>,
    /// Whether the receiving loop waits for back-pressure to end.
    held: Cell<bool>,
    /// How many of the two loops run.
    loops: Cell<u8>,
    /// Notified whenever something changes that a holder of a socket can wait for.
    pub(super) changed: Signal,
    /// Wake the receiving and the sending loop.
    pub(super) reading: Signal,
    pub(super) sending: Signal,
}

/// What the receiving loop is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReceiveStep {
    /// Parse what was received and held back.
    Parse,
    /// Read more.
    Read,
    /// Nothing more will be read.
    Stop,
}

impl Connection {
    /// A connection that is not up yet. One for an agent begins idle, one for the application raw.
    pub(super) fn new(id: u64, agent: Option<Weak<Agent>>, high_water_mark: usize) -> Rc<Self> {
        let usage = if agent.is_some() { Usage::Idle } else { Usage::Raw };
        Rc::new_cyclic(|this| Self {
            id,
            this: this.clone(),
            agent: RefCell::new(agent),
            state: RefCell::new(State::new(usage)),
            endpoints: RefCell::default(),
            keep_alive: Cell::default(),
            high_water_mark,
            idleness: Idleness::default(),
            events: EventLog::default(),
            raw: RefCell::default(),
            views: Cell::new(0),
            failure: RefCell::default(),
            write_failure: RefCell::default(),
            bytes_read: Cell::new(0),
            next_decoder: RefCell::default(),
            receiving: Cell::default(),
            held: Cell::new(false),
            loops: Cell::new(1),
            changed: Signal::default(),
            reading: Signal::default(),
            sending: Signal::default(),
        })
    }

    // What the driver calls.

    /// The connection is up: from now on there are two loops.
    pub(super) fn opened(&self, endpoints: Endpoints) {
        let (enable, delay) = self.keep_alive.get();
        if enable {
            endpoints.set_keep_alive(enable, delay);
        }
        self.endpoints.replace(Some(endpoints));
        self.loops.set(2);
        self.state_mut().opened();
        self.touch();
        self.events.record(SocketEvent::Connect);
        let exchange = self.exchange();
        if let Some(exchange) = exchange {
            exchange.connected(self);
        }
        self.changed.notify();
    }

    pub(super) fn next_receive(&self, inbox: &Inbox) -> Option<ReceiveStep> {
        let state = self.state.borrow();
        if state.is_destroyed() || state.has_peer_ended() {
            return Some(ReceiveStep::Stop);
        }
        let full = match state.exchange() {
            Some(exchange) => exchange.body_is_full(),
            None => state.is_raw() && self.raw.borrow().len() >= self.high_water_mark.max(1),
        };
        self.held.set(full);
        match (full, inbox.held_back) {
            (true, _) => None,
            (false, true) => Some(ReceiveStep::Parse),
            (false, false) => Some(ReceiveStep::Read),
        }
    }

    pub(super) fn next_send(&self) -> Option<SendStep> {
        self.state_mut().next_send()
    }

    /// Tells the exchange that it has a connection. True when the application wants to see it first.
    pub(super) fn greet(self: &Rc<Self>) -> bool {
        let exchange = self.exchange().filter(|_| self.state.borrow().is_ungreeted());
        exchange.is_some_and(|exchange| {
            exchange.greeted(self);
            exchange.listens_to_socket()
        })
    }

    /// Takes what the exchange has to send, now that the application knows of the connection.
    pub(super) fn greeted(&self) {
        self.state_mut().greeted();
        self.advance();
    }

    pub(super) fn checked(&self) {
        self.state_mut().checked();
    }

    /// A write is done.
    pub(super) fn flushed(&self, buffer: Vec<u8>) {
        self.touch();
        let finished = self.state_mut().flushed(buffer);
        let unflushed = self.unflushed();
        if let Some(exchange) = self.exchange() {
            exchange.set_unflushed(unflushed);
        }
        if unflushed == 0 {
            self.events.record(SocketEvent::Drain);
        }
        if let Some(exchange) = finished {
            exchange.finished();
        }
        self.changed.notify();
    }

    /// The end was sent, or nothing can be sent any more.
    pub(super) fn sent_end(&self) {
        let over = self.state_mut().sent_end();
        if over {
            self.destroy();
        }
        self.changed.notify();
    }

    /// A write has failed. The peer may have answered before it stopped listening, so what it sent is read first.
    pub(super) fn write_failed(&self, error: Error) {
        if self.state().is_raw() {
            self.destroy_with(Some(error));
        } else if !self.is_destroyed() {
            self.write_failure.replace(Some(error));
            self.state_mut().sent_end();
        }
    }

    /// One of the loops is over; after the last the connection is gone.
    pub(super) fn loop_ended(&self) {
        self.loops.set(self.loops.get() - 1);
        if self.loops.get() > 0 {
            return;
        }
        self.destroy();
        self.raw.borrow_mut().abort();
        self.stop_timing();
        let answered = self.exchange().is_some_and(|exchange| exchange.is_complete());
        let write_failure = self.write_failure.take().filter(|_| !answered);
        let failure = self.failure.borrow().clone().or(write_failure);
        let untouched = self.state.borrow().is_unchecked();
        let exchange = self.state_mut().detach();
        // Told before the exchange: whoever looks at the pool then does not find a dead connection in it.
        let agent = self.agent.take().and_then(|agent| agent.upgrade());
        if let Some(agent) = &agent {
            agent.closed(self.id);
        }
        match exchange {
            // Nothing of the request was sent: whoever sees it sees it for the first time (S9).
            Some(exchange) if untouched => exchange.find_another_connection(),
            Some(exchange) => exchange.connection_gone(failure.clone()),
            None => {}
        }
        self.events.record(SocketEvent::Close(failure.is_some()));
        self.events.end();
        self.changed.notify();
    }

    // What anybody calls.

    /// Gives the connection to an exchange.
    pub(super) fn attach(self: &Rc<Self>, exchange: &Rc<Exchange>, used: bool) {
        self.next_decoder.replace(Some(exchange.decoder()));
        self.state_mut().attach(exchange, used);
        exchange.attached(self, used);
        self.sending.notify();
    }

    /// The application gives its connection to HTTP. False when it cannot be used: it has ended, or has received
    /// what no request asked for.
    pub(super) fn adopt(&self) -> bool {
        let usable = self.state.borrow().is_raw() && self.is_reusable() && self.raw.borrow().is_empty();
        if usable {
            self.state_mut().adopt();
        }
        usable
    }

    /// A connection that was just made for a request alone.
    pub(super) fn adopt_new(&self) {
        self.state_mut().adopt();
    }

    /// The exchange is over and the connection in order, or the exchange has gone before it used the connection.
    pub(super) fn detach(&self) {
        drop(self.state_mut().detach());
    }

    /// Takes what the exchange has to send and wakes the sending loop.
    pub(super) fn advance(&self) {
        let request_complete = self.state_mut().collect();
        if request_complete && let Some(exchange) = self.exchange() {
            exchange.tell_prefinish();
        }
        if self.state.borrow().has_work_for_sending() {
            self.sending.notify();
        }
    }

    /// Lets the receiving loop look again whether it may go on, if it waits for that.
    pub(super) fn resume_receiving(&self) {
        if self.held.replace(false) {
            self.reading.notify();
        }
    }

    /// Sends what is queued, then ends both directions.
    pub(super) fn end_and_destroy(&self) {
        self.state_mut().end_and_destroy();
        self.sending.notify();
    }

    /// Ends both directions at once; the exchange on it fails with `error`, if there is one.
    pub(super) fn destroy_with(&self, error: Option<Error>) {
        if self.is_destroyed() {
            return;
        }
        if let Some(error) = error {
            self.failure.replace(Some(error.clone()));
            self.events.record(SocketEvent::Error(error));
        }
        self.destroy();
    }

    pub(super) fn destroy(&self) {
        if self.state_mut().destroy() {
            self.reading.notify();
            self.sending.notify();
            self.changed.notify();
        }
    }

    /// Takes the connection out of its agent: Node's `agentRemove`.
    pub(super) fn agent_removed(&self) {
        let agent = self.agent.take().and_then(|agent| agent.upgrade());
        if let Some(agent) = agent {
            agent.removed(self.id);
            self.events.record(SocketEvent::AgentRemove);
        }
    }

    /// The connection counts for an agent from now on.
    pub(super) fn join(&self, agent: Weak<Agent>) {
        self.agent.replace(Some(agent));
    }

    /// The connection's agent, while there is one.
    pub(super) fn agent(&self) -> Option<Rc<Agent>> {
        self.agent.borrow().as_ref().and_then(Weak::upgrade)
    }

    pub(super) fn exchange(&self) -> Option<Rc<Exchange>> {
        self.state.borrow().exchange().cloned()
    }

    pub(super) fn is_reusable(&self) -> bool {
        self.state.borrow().is_reusable()
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.state.borrow().is_destroyed()
    }

    /// Nothing of it is left.
    pub(super) fn is_gone(&self) -> bool {
        self.loops.get() == 0
    }

    pub(super) fn unflushed(&self) -> usize {
        self.state.borrow().unflushed()
    }

    pub(super) const fn high_water_mark(&self) -> usize {
        self.high_water_mark
    }

    /// `socket.setKeepAlive()`. As in Node the system is asked only for what changes: the agent sets the same each time
    /// that it pools the connection.
    pub(super) fn set_keep_alive(&self, enable: bool, initial_delay: Millis) {
        let wanted = (enable, initial_delay);
        if self.keep_alive.replace(wanted) == wanted {
            return;
        }
        if let Some(endpoints) = &*self.endpoints.borrow() {
            endpoints.set_keep_alive(enable, initial_delay);
        }
    }

    /// The addresses of the two ends, once it is up.
    pub(super) fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        self.endpoints.borrow().as_ref().map_or((None, None), |ends| (ends.local(), ends.remote()))
    }

    pub(super) fn this(&self) -> Weak<Self> {
        self.this.clone()
    }

    /// A view of the connection.
    pub(super) fn socket(self: &Rc<Self>) -> Socket {
        Socket::new(Rc::<Self>::clone(self))
    }

    pub(super) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }
}
