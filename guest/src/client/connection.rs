//! One connection of a client: what its exchange sends goes out, what arrives is the response.
//!
//! Everything here is synchronous and may be called from an application's synchronous call; the loops of
//! `transport::Link` move the bytes.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use super::{
    agent::Shared as Agent,
    exchange::Exchange,
    receiving::Receiving,
    state::{Introduction, State},
};
use crate::{
    error::Error,
    proto::Limits,
    transport::{Afterwards, Inbox, Link, Preparation, Protocol, Socket, SocketEvent},
};

/// A connection of a client. It owns the exchange on it, which knows it weakly.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) link: Rc<Link>,
    this: Weak<Self>,
    /// The agent that it counts for; none for one of the application's own, or after `agentRemove`.
    agent: RefCell<Option<Weak<Agent>>>,
    pub(super) state: RefCell<State>,
    /// Why nothing more can be sent: it counts if no response comes either.
    write_failure: RefCell<Option<Error>>,
    /// Whether the exchange has yet to bring its decoder.
    pub(super) new_exchange: Cell<bool>,
    /// What the head that was received last is.
    pub(super) receiving: Cell<Receiving>,
}

impl Connection {
    /// A connection that is not up yet. One without an agent is the application's until it is given to a request.
    pub(super) fn new(agent: Option<Weak<Agent>>, high_water_mark: usize) -> Rc<Self> {
        let link = Link::new(high_water_mark, Limits::default().max_header_size);
        if agent.is_none() {
            let mut halves = link.halves();
            halves.release();
            halves.read_raw();
        }
        Rc::new_cyclic(|this: &Weak<Self>| {
            link.set_protocol(this.clone());
            Self {
                link,
                this: this.clone(),
                agent: RefCell::new(agent),
                state: RefCell::default(),
                write_failure: RefCell::default(),
                new_exchange: Cell::new(false),
                receiving: Cell::default(),
            }
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.link.id
    }

    pub(super) fn this(&self) -> Weak<Self> {
        Weak::clone(&self.this)
    }

    /// The connection is up.
    pub(super) fn connected(&self) {
        self.link.events.record(SocketEvent::Connect);
        if let Some(exchange) = self.exchange() {
            exchange.connected(&self.link);
        }
    }

    /// Gives the connection to an exchange.
    pub(super) fn attach(&self, exchange: &Rc<Exchange>, used: bool) {
        self.new_exchange.set(true);
        self.state.borrow_mut().attach(exchange, used);
        exchange.attached(self, used);
        self.link.wake();
    }

    /// The application gives its connection to HTTP. False when it cannot be used: it has ended, or has received
    /// what no request asked for.
    pub(super) fn adopt(&self) -> bool {
        let usable = self.link.halves().is_released() && self.is_reusable() && !self.link.has_raw();
        if usable {
            self.adopt_new();
        }
        usable
    }

    /// A connection that was just made for a request alone.
    pub(super) fn adopt_new(&self) {
        self.link.halves().adopt();
    }

    /// The exchange is over and the connection in order, or the exchange has gone before it used the connection.
    pub(super) fn detach(&self) {
        drop(self.state.borrow_mut().detach());
    }

    /// HTTP lets the connection go: what arrives is the application's.
    pub(super) fn release(&self) {
        self.link.events.record(SocketEvent::Free);
        self.link.release();
        self.link.halves().read_raw();
    }

    /// Takes what the exchange has to send and wakes the sending loop.
    pub(super) fn collect(&self) {
        let request_complete = self.state.borrow_mut().collect(&mut self.link.halves());
        if request_complete && let Some(exchange) = self.exchange() {
            exchange.tell_prefinish();
        }
        let flushed = self.link.halves().output.total_flushed();
        let finished = self.state.borrow().is_finished_at(flushed);
        self.link.wake_sending(finished);
    }

    /// Sends what is queued, then ends both directions.
    pub(super) fn end_and_destroy(&self) {
        self.link.halves().close(Afterwards::Destroy);
        self.link.wake();
    }

    /// Takes the connection out of its agent: Node's `agentRemove`.
    pub(super) fn agent_removed(&self) {
        let agent = self.agent.take().and_then(|agent| agent.upgrade());
        if let Some(agent) = agent {
            agent.closed(self.id());
            self.link.events.record(SocketEvent::AgentRemove);
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

    /// Whether another request can use the connection.
    pub(super) fn is_reusable(&self) -> bool {
        let halves = self.link.halves();
        halves.can_send() && (halves.is_readable() || halves.is_connecting())
    }

    /// Whether it is the application's.
    pub(super) fn is_raw(&self) -> bool {
        self.link.halves().is_released()
    }

    /// Whether its exchange has yet to be told of it.
    pub(super) fn is_introducing(&self) -> bool {
        self.state.borrow().introduction != Introduction::Done
    }

    pub(super) fn is_unchecked(&self) -> bool {
        self.state.borrow().introduction == Introduction::Unchecked
    }

    /// A view of the connection.
    pub(super) fn socket(&self) -> Socket {
        Socket::new(&self.link)
    }
}

impl Protocol for Connection {
    fn link(&self) -> &Rc<Link> {
        &self.link
    }

    fn is_congested(&self) -> bool {
        self.exchange().is_some_and(|exchange| exchange.body_is_full())
    }

    fn parse(&self, inbox: &mut Inbox) {
        self.parse_responses(inbox);
    }

    fn peer_ended(&self, inbox: &mut Inbox) {
        self.end_of_input(inbox);
    }

    /// Node gives the listeners of 'socket' the word before anything becomes of the connection; an application hears of
    /// it when this turn ends, and has answered when the next one does.
    fn prepare(&self) -> Option<Preparation> {
        let exchange = self.exchange()?;
        let introduction = self.state.borrow().introduction;
        match introduction {
            Introduction::Unchecked => Some(Preparation::Look),
            Introduction::Ungreeted => {
                self.state.borrow_mut().introduction = Introduction::Greeting;
                exchange.greeted(&self.link);
                if exchange.listens_to_socket() {
                    return Some(Preparation::Turns(2));
                }
                self.prepared();
                None
            }
            Introduction::Greeting | Introduction::Done => None,
        }
    }

    fn prepared(&self) {
        let introduction = self.state.borrow().introduction;
        match introduction {
            // A connection that has ended meanwhile stays unchecked: the exchange has not used it.
            Introduction::Unchecked if self.link.is_destroyed() => {}
            Introduction::Unchecked => self.state.borrow_mut().introduction = Introduction::Ungreeted,
            Introduction::Greeting => {
                self.state.borrow_mut().introduction = Introduction::Done;
                self.collect();
                self.exchange().into_iter().for_each(|exchange| exchange.tell_late());
            }
            Introduction::Ungreeted | Introduction::Done => {}
        }
    }

    fn is_finished_at(&self, flushed: u64) -> bool {
        self.state.borrow().is_finished_at(flushed)
    }

    fn flushed(&self) {
        let flushed = self.link.halves().output.total_flushed();
        let finished = self.state.borrow_mut().take_finished(flushed);
        if let Some(exchange) = self.exchange() {
            exchange.set_unflushed(self.link.unflushed());
        }
        if let Some(exchange) = finished {
            exchange.finished();
        }
    }

    /// The peer may have answered before it stopped listening, so what it sent is read first.
    fn write_failed(&self, error: Error) {
        if self.is_raw() {
            self.link.destroy_with(Some(error));
        } else if !self.link.is_destroyed() {
            self.write_failure.replace(Some(error));
        }
    }

    fn owes(&self) -> bool {
        false
    }

    fn advance(&self) {
        let mut halves = self.link.halves();
        halves.advance_tail();
        drop(halves);
        self.collect();
    }

    fn end(&self, afterwards: Afterwards) {
        self.link.halves().close(afterwards);
    }

    /// Told to the request; a connection in the pool is destroyed (AG9).
    fn stood_still(&self) {
        match self.exchange() {
            Some(exchange) => exchange.timed_out(),
            None if self.agent().is_some_and(|agent| agent.is_free(self.id())) => self.link.destroy(),
            None => {}
        }
    }

    /// Told at once, the end of the connection later. A request of which nothing was sent finds another one.
    fn failed(&self, error: &Error) {
        if let Some(exchange) = self.exchange().filter(|_| !self.is_unchecked()) {
            exchange.fail(error.clone());
        }
    }

    /// Node tells a reader of what has arrived before it tells that no more will.
    fn has_word(&self) -> bool {
        self.exchange().is_some_and(|exchange| exchange.has_unread())
    }

    fn gone(&self) {
        let answered = self.exchange().is_some_and(|exchange| exchange.is_complete());
        let write_failure = self.write_failure.take().filter(|_| !answered);
        let failure = self.link.failure().or(write_failure);
        let untouched = self.is_unchecked();
        let exchange = self.state.borrow_mut().detach();
        // Told before the exchange: whoever looks at the pool then does not find a dead connection in it.
        let agent = self.agent.take().and_then(|agent| agent.upgrade());
        if let Some(agent) = &agent {
            agent.closed(self.id());
        }
        match exchange {
            // Nothing of the request was sent: whoever sees it sees it for the first time (S9).
            Some(exchange) if untouched => exchange.find_another_connection(),
            Some(exchange) => exchange.connection_gone(failure),
            None => {}
        }
        self.link.tell_closed();
    }

    fn agent_remove(&self) {
        self.agent_removed();
    }
}
