//! Waiting for something that another task of this component does.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Tasks that wait.
#[derive(Default)]
pub(super) struct Waiters(RefCell<Vec<Waker>>);

impl Waiters {
    /// To be called after each change of what `until` looks at.
    pub(super) fn wake(&self) {
        for waker in self.0.take() {
            waker.wake();
        }
    }

    pub(super) async fn until(&self, mut ready: impl FnMut() -> bool) {
        poll_fn(|context| {
            if ready() {
                return Poll::Ready(());
            }
            self.0.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
