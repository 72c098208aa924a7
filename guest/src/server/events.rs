//! What a server tells its application, pulled in batches.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    mem,
};

use super::response::ServerResponse;
use crate::{
    error::Error,
    runtime::{self, Signal},
};

/// One event, numbered in the order in which all events of this instance happened.
#[derive(Debug)]
pub struct ServerEvent {
    /// From the one counter of the instance.
    pub sequence: u64,
    /// What happened.
    pub kind: ServerEventKind,
}

/// What happened on a server.
#[derive(Debug)]
pub enum ServerEventKind {
    /// `'request'`: a request waits for its answer.
    Request(ServerResponse),
    /// `'listening'`.
    Listening,
    /// `'error'`: accepting has failed.
    Error(Error),
    /// `'close'`: the server is closed and has no connection left.
    Close,
}

/// Undelivered events, bounded: at [`Self::BOUND`] the server stops accepting and parsing.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    events: RefCell<VecDeque<ServerEvent>>,
    pub(super) changed: Signal,
    /// Connections that stopped parsing because of the bound.
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
        self.events.borrow_mut().push_back(ServerEvent { sequence: runtime::next_sequence(), kind });
        self.changed.notify();
    }

    /// Takes at most `max` events, and the connections that may parse again.
    pub(super) fn take(&self, max: usize) -> (Vec<ServerEvent>, Vec<u64>) {
        let mut events = self.events.borrow_mut();
        let count = max.min(events.len());
        let taken = events.drain(..count).collect();
        let resumed =
            if events.len() < Self::BOUND { mem::take(&mut *self.paused.borrow_mut()) } else { Vec::new() };
        (taken, resumed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.borrow().is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.borrow().len() >= Self::BOUND
    }

    pub(super) fn pause(&self, connection: u64) {
        let mut paused = self.paused.borrow_mut();
        if !paused.contains(&connection) {
            paused.push(connection);
        }
    }

    /// Nobody will pull any more: what waits is given back to be dropped.
    pub(super) fn abandon(&self) -> VecDeque<ServerEvent> {
        self.abandoned.set(true);
        self.changed.notify();
        mem::take(&mut *self.events.borrow_mut())
    }
}
