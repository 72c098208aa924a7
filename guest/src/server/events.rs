//! What a server and its objects tell the application, pulled in batches.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    mem,
    net::SocketAddr,
};

use super::response::ServerResponse;
use crate::{
    error::Error,
    runtime::{self, Announced, EventKind, Signal},
    transport::{IncomingMessage, Socket},
};

/// One event of a server, numbered in the order in which all events of this instance happened.
#[derive(Debug)]
pub struct ServerEvent {
    /// From the one counter of the instance.
    pub sequence: u64,
    /// What happened.
    pub kind: ServerEventKind,
}

/// What happened on a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEventKind {
    /// `'request'`: a request waits for its answer.
    Request(ServerResponse),
    /// `'checkContinue'`: a request with `Expect: 100-continue`.
    CheckContinue(ServerResponse),
    /// `'checkExpectation'`: a request with another `Expect`.
    CheckExpectation(ServerResponse),
    /// `'clientError'`: a connection failed or sent what is not HTTP. Whoever takes it must end or
    /// destroy the socket; dropping that does.
    ClientError {
        /// What went wrong.
        error: Error,
        /// The connection.
        socket: Socket,
    },
    /// `'connect'`: a CONNECT request.
    Connect(Upgrade),
    /// `'upgrade'`: a request to change the protocol.
    Upgrade(Upgrade),
    /// `'connection'`: a new connection.
    Connection(Socket),
    /// `'drop'`: a connection was refused because there are too many.
    Drop {
        /// The address on this side.
        local: Option<SocketAddr>,
        /// The peer's.
        remote: Option<SocketAddr>,
    },
    /// `'dropRequest'`: a request was refused because its connection had served enough.
    DropRequest {
        /// The request.
        request: IncomingMessage,
        /// Its connection.
        socket: Socket,
    },
    /// `'timeout'`: a connection was idle.
    Timeout(Socket),
    /// `'listening'`.
    Listening,
    /// `'close'`: the server is closed and has no connection left.
    Close,
}

/// A connection that leaves HTTP.
#[derive(Debug)]
pub struct Upgrade {
    /// The request.
    pub request: IncomingMessage,
    /// The connection, from now on the application's.
    pub socket: Socket,
    /// Bytes that came behind the request.
    pub head: Vec<u8>,
}

/// What happened to a response.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResponseEvent {
    /// `'drain'`: there is room for more.
    Drain,
    /// `'prefinish'`: `end` was called and everything is processed.
    Prefinish,
    /// `'finish'`: the last byte is with the operating system.
    Finish,
    /// `'timeout'`: the connection was idle.
    Timeout,
    /// `'error'`.
    Error(Error),
    /// `'close'`: the last event.
    Close,
}

impl EventKind for ResponseEvent {
    fn bit(&self) -> u16 {
        1 << match self {
            Self::Drain => 0,
            Self::Prefinish => 1,
            Self::Finish => 2,
            Self::Timeout => 3,
            Self::Error(_) => 4,
            Self::Close => 5,
        }
    }

    /// Data behind the end is told each time.
    fn most(&self) -> usize {
        if matches!(self, Self::Error(_)) { 16 } else { 1 }
    }

    fn is_last_word(&self) -> bool {
        matches!(self, Self::Finish | Self::Error(_) | Self::Close)
    }
}

impl ServerEventKind {
    const fn is_request(&self) -> bool {
        matches!(self, Self::Request(_))
    }

    /// A request that came behind the last answer of its connection (as Node 26): nobody is given it any more.
    fn is_disowned(&self) -> bool {
        match self {
            Self::Request(response) | Self::CheckContinue(response) | Self::CheckExpectation(response) => {
                response.is_disowned()
            }
            _ => false,
        }
    }
}

/// Undelivered events of a server, bounded: at [`Self::BOUND`] it stops accepting and parsing.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    events: RefCell<VecDeque<ServerEvent>>,
    /// How many of them are no requests.
    others: Cell<usize>,
    pub(super) changed: Signal,
    /// Whether somebody was told of all that wait.
    told: Cell<bool>,
    /// Connections that stopped parsing because of the bound, each once.
    paused: RefCell<Vec<u64>>,
    /// The application no longer pulls: its server handle is gone.
    abandoned: Cell<bool>,
}

impl EventQueue {
    pub(super) const BOUND: usize = 1024;

    pub(super) fn push(&self, kind: ServerEventKind) {
        if self.abandoned.get() {
            // The event is dropped outside every borrow: dropping a response destroys its connection.
            return;
        }
        self.others.set(self.others.get() + usize::from(!kind.is_request()));
        self.events.borrow_mut().push_back(ServerEvent { sequence: runtime::next_sequence(), kind });
        self.announce();
    }

    /// Takes at most `max` events.
    pub(super) fn take(&self, max: usize) -> Vec<ServerEvent> {
        let mut events = self.events.borrow_mut();
        let count = max.min(events.len());
        let mut taken: Vec<_> = events.drain(..count).collect();
        drop(events);
        self.announce_rest();
        let others = taken.iter().filter(|event| !event.kind.is_request()).count();
        self.others.set(self.others.get() - others);
        taken.retain(|event| !event.kind.is_disowned());
        taken
    }

    /// Takes at most `max` requests; other events stay.
    pub(super) fn take_requests(&self, max: usize) -> Vec<ServerResponse> {
        let mut events = self.events.borrow_mut();
        let count = max.min(events.len() - self.others.get());
        let mut taken = Vec::with_capacity(count);
        let mut others = Vec::new();
        while taken.len() < count {
            match events.pop_front() {
                Some(ServerEvent { kind: ServerEventKind::Request(response), .. }) => taken.push(response),
                Some(other) => others.push(other),
                None => break,
            }
        }
        others.into_iter().rev().for_each(|other| events.push_front(other));
        drop(events);
        self.announce_rest();
        taken.retain(|response| !response.is_disowned());
        taken
    }

    /// Whether events wait that are no requests.
    pub(super) fn has_others(&self) -> bool {
        self.others.get() > 0
    }

    /// The connections that may parse again, if there is room.
    pub(super) fn take_paused(&self) -> Vec<u64> {
        if self.is_full() { Vec::new() } else { self.paused.take() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.borrow().len() >= Self::BOUND
    }

    /// The first to be paused is the first to go on: any other order keeps some waiting for ever beside a flood.
    pub(super) fn pause(&self, connection: u64) {
        self.paused.borrow_mut().push(connection);
    }

    /// Nobody will pull any more: what waits is given back to be dropped.
    pub(super) fn abandon(&self) -> VecDeque<ServerEvent> {
        self.abandoned.set(true);
        self.others.set(0);
        self.changed.notify();
        mem::take(&mut *self.events.borrow_mut())
    }
}

impl Announced for EventQueue {
    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn told(&self) -> &Cell<bool> {
        &self.told
    }

    fn is_empty(&self) -> bool {
        self.events.borrow().is_empty()
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }
}
