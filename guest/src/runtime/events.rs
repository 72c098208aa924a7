//! Events of one object, recorded only where somebody listens and pulled when it suits them.

use std::cell::{Cell, RefCell};

use super::{Signal, ensure_driver, next_sequence};

/// A kind of event: which of the listened set it belongs to.
pub trait EventKind {
    /// The bit of this kind in a set of kinds.
    fn bit(&self) -> u16;

    /// How many of this kind may wait undelivered; more are dropped.
    fn most(&self) -> usize {
        1
    }

    /// Whether it is one of the last words of its object, which wait for a listener that comes late.
    fn is_last_word(&self) -> bool {
        false
    }
}

/// What every set of listened events can: the flags are constants of their own.
macro_rules! event_set {
    ($set:ident, $bits:ty) => {
        impl $set {
            /// The set with these bits, in the order of the constants.
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// Both sets.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The bits, in the order of the constants.
            pub const fn bits(self) -> $bits {
                self.0
            }
        }
    };
}
pub(crate) use event_set;

/// What was recorded.
#[derive(Debug)]
pub struct Recorded<K> {
    /// From the one counter of the instance.
    pub sequence: u64,
    /// What happened.
    pub kind: K,
}

/// An event that was not taken yet.
#[derive(Debug)]
struct Waiting<K> {
    event: Recorded<K>,
    /// Whether somebody listened when it happened; else it waits for whoever does.
    listened: bool,
}

/// Undelivered events of one object: few of each kind ([`EventKind::most`]), so that nobody who stops
/// pulling fills the memory.
#[derive(Debug)]
pub struct EventLog<K> {
    listened: Cell<u16>,
    recorded: RefCell<Vec<Waiting<K>>>,
    fate: Cell<Fate>,
    changed: Signal,
}

/// What can still become of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// Next: any other.
    #[default]
    Open,
    /// Nothing more will happen. Next: `Abandoned`.
    Over,
    /// Nobody can listen any more.
    Abandoned,
}

impl<K> Default for EventLog<K> {
    fn default() -> Self {
        Self {
            listened: Cell::default(),
            recorded: RefCell::default(),
            fate: Cell::default(),
            changed: Signal::default(),
        }
    }
}

impl<K: EventKind> EventLog<K> {
    /// A log that records the kinds in `bits` from the beginning.
    pub fn listening(bits: u16) -> Self {
        Self { listened: Cell::new(bits), ..Self::default() }
    }

    /// Replaces the set of kinds that are recorded. Last words that were spoken before are among what can be taken.
    pub fn listen_for(&self, bits: u16) {
        self.listened.set(bits);
        self.changed.notify();
    }

    /// Notes what is recorded under this number, which is not 0: see [`super::take_watched`].
    pub fn watch(&self, number: u64) {
        self.changed.watch(number);
    }

    /// Whether somebody listens to the kinds in `bits`.
    pub fn listens_to(&self, bits: u16) -> bool {
        self.listened.get() & bits != 0
    }

    /// Records what happened, if somebody listens, or may want to know later, and does not leave too many of its
    /// kind.
    pub fn record(&self, kind: K) {
        self.record_numbered(kind, next_sequence);
    }

    /// As [`Self::record`], for what has a number already.
    pub fn record_numbered(&self, kind: K, sequence: impl FnOnce() -> u64) {
        let listened = self.listens_to(kind.bit());
        if self.fate.get() == Fate::Abandoned || !(listened || kind.is_last_word()) {
            return;
        }
        if self.waiting(kind.bit()) >= kind.most() {
            return;
        }
        let mut recorded = self.recorded.borrow_mut();
        recorded.push(Waiting { event: Recorded { sequence: sequence(), kind }, listened });
        drop(recorded);
        if listened {
            self.changed.notify();
        }
    }

    /// How many of the kind with this bit wait to be taken.
    pub fn waiting(&self, bit: u16) -> usize {
        self.recorded.borrow().iter().filter(|waiting| waiting.event.kind.bit() == bit).count()
    }

    /// Nothing more will be recorded.
    pub fn end(&self) {
        if self.fate.get() == Fate::Open {
            self.fate.set(Fate::Over);
            self.changed.notify();
        }
    }

    /// Nobody can listen any more: what was recorded is dropped, outside every borrow.
    pub fn abandon(&self) {
        self.fate.set(Fate::Abandoned);
        let recorded = self.recorded.take();
        drop(recorded);
    }

    /// Takes at most `max` events that somebody listens to, or listened to when they happened, oldest first.
    pub fn take(&self, max: usize) -> Vec<Recorded<K>> {
        let mut recorded = self.recorded.borrow_mut();
        let mut taken = Vec::new();
        for waiting in std::mem::take(&mut *recorded) {
            let wanted = taken.len() < max && self.is_wanted(&waiting);
            if wanted { taken.push(waiting.event) } else { recorded.push(waiting) }
        }
        taken
    }

    fn is_wanted(&self, waiting: &Waiting<K>) -> bool {
        waiting.listened || self.listens_to(waiting.event.kind.bit())
    }

    /// Waits until there is something to take, or nothing can come any more.
    pub async fn ready(&self) {
        ensure_driver();
        let any = || self.recorded.borrow().iter().any(|waiting| self.is_wanted(waiting));
        self.changed.wait(|| (self.fate.get() != Fate::Open || any()).then_some(())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Kind {
        Drain,
        Close,
        Error,
    }

    impl EventKind for Kind {
        fn bit(&self) -> u16 {
            match self {
                Self::Drain => 1,
                Self::Close => 2,
                Self::Error => 4,
            }
        }

        fn is_last_word(&self) -> bool {
            *self != Self::Drain
        }
    }

    fn kinds(taken: Vec<Recorded<Kind>>) -> Vec<Kind> {
        taken.into_iter().map(|recorded| recorded.kind).collect()
    }

    #[test]
    fn last_words_wait_for_a_listener() {
        let log = EventLog::default();
        for kind in [Kind::Drain, Kind::Error, Kind::Close, Kind::Close] {
            log.record(kind);
        }
        assert_eq!(kinds(log.take(9)), []);
        log.listen_for(2);
        assert_eq!(kinds(log.take(9)), [Kind::Close]);
        log.listen_for(7);
        assert_eq!(kinds(log.take(9)), [Kind::Error]);
        log.record(Kind::Drain);
        log.record(Kind::Close);
        assert_eq!(kinds(log.take(1)), [Kind::Drain]);
        assert_eq!(kinds(log.take(1)), [Kind::Close]);
    }

    #[test]
    fn what_was_listened_to_is_delivered() {
        let log = EventLog::listening(1);
        log.record(Kind::Drain);
        log.listen_for(4);
        log.record(Kind::Drain);
        log.record(Kind::Close);
        log.record(Kind::Error);
        assert_eq!(kinds(log.take(9)), [Kind::Drain, Kind::Error]);
    }

    #[test]
    fn an_abandoned_log_keeps_nothing() {
        let log = EventLog::listening(7);
        log.record(Kind::Error);
        log.abandon();
        log.record(Kind::Close);
        assert_eq!(kinds(log.take(9)), []);
    }
}
