//! The web's `AbortSignal`, as far as Node's `http` uses it.

use std::{cell::RefCell, rc::Rc};

use crate::runtime::Signal;

/// A flag that is raised once and that any number of operations watch. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct AbortSignal(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    reason: RefCell<Option<String>>,
    raised: Signal,
}

impl AbortSignal {
    /// What the platform says when no reason is given.
    const DEFAULT_REASON: &str = "This operation was aborted";

    /// `controller.abort(reason)`: the first call counts.
    pub fn abort(&self, reason: Option<String>) {
        let first = {
            let mut held = self.0.reason.borrow_mut();
            let first = held.is_none();
            held.get_or_insert_with(|| reason.unwrap_or_else(|| Self::DEFAULT_REASON.to_owned()));
            first
        };
        if first {
            self.0.raised.notify();
        }
    }

    /// `signal.aborted`.
    pub fn aborted(&self) -> bool {
        self.0.reason.borrow().is_some()
    }

    /// `signal.reason`.
    pub fn reason(&self) -> Option<String> {
        self.0.reason.borrow().clone()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) {
        self.0.raised.wait(|| self.aborted().then_some(())).await;
    }
}
