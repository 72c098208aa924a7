//! What a connection tells the application.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use crate::{
    error::Error,
    frames::Message,
    runtime::{self, Recorded, Signal},
};

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseEvent {
    /// Whether the closing handshake was completed.
    pub was_clean: bool,
    /// The peer's code; 1005 when it sent none, 1006 when it sent no close frame.
    pub code: u16,
    /// The peer's reason.
    pub reason: String,
}

/// What happened to a connection.
#[derive(Debug)]
pub enum WebSocketEvent {
    /// It is open.
    Open,
    /// A message has come.
    Message(Message),
    /// It failed; `Close` follows.
    Error(Error),
    /// The last event.
    Close(CloseEvent),
}

/// So many messages may wait.
const MOST_MESSAGES: usize = 256;

/// Undelivered events.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: RefCell<VecDeque<Recorded<WebSocketEvent>>>,
    messages: Cell<usize>,
    /// Bytes of the messages among them.
    bytes: Cell<usize>,
    /// Nothing more will happen.
    over: Cell<bool>,
    /// Nobody will take any.
    abandoned: Cell<bool>,
    changed: Signal,
}

impl Events {
    pub(super) fn record(&self, kind: WebSocketEvent) {
        if self.abandoned.get() {
            return;
        }
        if let WebSocketEvent::Message(message) = &kind {
            self.messages.set(self.messages.get() + 1);
            self.bytes.set(self.bytes.get() + message.len());
        }
        self.queue.borrow_mut().push_back(Recorded { sequence: runtime::next_sequence(), kind });
        self.changed.notify_after_turn();
    }

    /// Takes at most `max` events, oldest first.
    pub(super) fn take(&self, max: usize) -> Vec<Recorded<WebSocketEvent>> {
        let mut queue = self.queue.borrow_mut();
        let count = max.min(queue.len());
        let taken: Vec<_> = queue.drain(..count).collect();
        for event in &taken {
            if let WebSocketEvent::Message(message) = &event.kind {
                self.messages.set(self.messages.get() - 1);
                self.bytes.set(self.bytes.get() - message.len());
            }
        }
        taken
    }

    /// Bytes of undelivered messages.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    pub(super) fn has_messages(&self) -> bool {
        self.messages.get() > 0
    }

    /// Whether so much waits that no more may be received.
    pub(super) fn is_full(&self, high_water_mark: usize) -> bool {
        self.messages.get() >= MOST_MESSAGES || self.has_messages() && self.bytes() >= high_water_mark
    }

    pub(super) fn end(&self) {
        self.over.set(true);
        self.changed.notify_after_turn();
    }

    /// Nobody will take events any more.
    pub(super) fn abandon(&self) {
        self.abandoned.set(true);
        drop(self.take(usize::MAX));
    }

    pub(super) fn watch(&self, number: u64) {
        self.changed.watch(number);
    }

    pub(super) async fn ready(&self) {
        runtime::ensure_driver();
        let any = || self.over.get() || !self.queue.borrow().is_empty();
        self.changed.wait(|| any().then_some(())).await;
    }

    pub(super) async fn over(&self) {
        runtime::ensure_driver();
        self.changed.wait(|| self.over.get().then_some(())).await;
    }
}
