//! Events of one object, recorded only where somebody listens and pulled when it suits them.

use std::{cell::Cell, cell::RefCell, collections::VecDeque};

use super::{Signal, ensure_driver, next_sequence};

/// A kind of event: which of the listened set it belongs to.
pub trait EventKind {
    /// The bit of this kind in a set of kinds.
    fn bit(&self) -> u16;

    /// How many of this kind may wait undelivered; more are dropped.
    fn most(&self) -> usize {
        1
    }
}

/// What was recorded.
#[derive(Debug)]
pub struct Recorded<K> {
    /// From the one counter of the instance.
    pub sequence: u64,
    /// What happened.
    pub kind: K,
}

/// Undelivered events of one object: few of each kind ([`EventKind::most`]), so that nobody who stops
/// pulling fills the memory.
#[derive(Debug)]
pub struct EventLog<K> {
    listened: Cell<u16>,
    recorded: RefCell<VecDeque<Recorded<K>>>,
    /// Nothing can come any more.
    over: Cell<bool>,
    changed: Signal,
}

impl<K> Default for EventLog<K> {
    fn default() -> Self {
        Self {
            listened: Cell::new(0),
            recorded: RefCell::default(),
            over: Cell::new(false),
            changed: Signal::default(),
        }
    }
}

impl<K: EventKind> EventLog<K> {
    /// Replaces the set of kinds that are recorded.
    pub fn listen_for(&self, bits: u16) {
        self.listened.set(bits);
    }

    /// Whether somebody listens to the kinds in `bits`.
    pub fn listens_to(&self, bits: u16) -> bool {
        self.listened.get() & bits != 0
    }

    /// Records what happened, if somebody listens and does not leave too many of its kind.
    pub fn record(&self, kind: K) {
        if !self.listens_to(kind.bit()) {
            return;
        }
        let mut recorded = self.recorded.borrow_mut();
        if recorded.iter().filter(|waiting| waiting.kind.bit() == kind.bit()).count() < kind.most() {
            recorded.push_back(Recorded { sequence: next_sequence(), kind });
            drop(recorded);
            self.changed.notify();
        }
    }

    /// Nothing more will be recorded.
    pub fn end(&self) {
        self.over.set(true);
        self.changed.notify();
    }

    /// Takes at most `max` events, oldest first.
    pub fn take(&self, max: usize) -> Vec<Recorded<K>> {
        let mut recorded = self.recorded.borrow_mut();
        let count = max.min(recorded.len());
        recorded.drain(..count).collect()
    }

    /// Waits until there is something to take, or nothing can come any more.
    pub async fn ready(&self) {
        ensure_driver();
        let ready = || (!self.recorded.borrow().is_empty() || self.over.get()).then_some(());
        self.changed.wait(ready).await;
    }
}
