//! The web's `AbortSignal`, as far as Node's `http` uses it.

use std::{cell::RefCell, rc::Rc};

use crate::runtime::Signal;

/// A flag that is raised once and that any number of operations watch. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct AbortSignal(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Set once: the reason, if one was given.
    abort: RefCell<Option<Option<String>>>,
    raised: Signal,
}

impl AbortSignal {
    /// `controller.abort(reason)`: the first call counts.
    pub fn abort(&self, reason: Option<String>) {
        let first = {
            let mut abort = self.0.abort.borrow_mut();
            let first = abort.is_none();
            abort.get_or_insert(reason);
            first
        };
        if first {
            self.0.raised.notify();
        }
    }

    /// `signal.aborted`.
    pub fn aborted(&self) -> bool {
        self.0.abort.borrow().is_some()
    }

    /// `signal.reason`; none when there is none.
    pub fn reason(&self) -> Option<String> {
        self.0.abort.borrow().clone().flatten()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) {
        self.0.raised.wait(|| self.aborted().then_some(())).await;
    }
}
