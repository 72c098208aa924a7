//! Telling, again and again, that a queue has something new to take.

use std::{cell::Cell, fmt::Debug, rc::Rc};

use super::Signal;

/// A queue that tells of what is in it. What was told is told again only if it is still there after something was taken.
pub(crate) trait Announced: Debug {
    /// Notified when there is more, and when nobody takes any more.
    fn changed(&self) -> &Signal;

    /// Whether somebody was told of all that waits.
    fn told(&self) -> &Cell<bool>;

    fn is_empty(&self) -> bool;

    /// Whether nobody takes any more.
    fn is_abandoned(&self) -> bool;

    /// There is something new.
    fn announce(&self) {
        self.told().set(false);
        self.changed().notify_after_turn();
    }

    /// Something was taken, or whoever was told has gone: somebody is to be told of what is left.
    fn announce_rest(&self) {
        if !self.is_empty() {
            self.announce();
        }
    }
}

/// Says when there is something to take, also while somebody else has the handle of the object; keeps it from nothing.
#[derive(Debug)]
pub struct Readiness(Rc<dyn Announced>);

impl Readiness {
    pub(crate) fn new(queue: Rc<dyn Announced>) -> Self {
        Self(queue)
    }

    /// Waits until there is something to take that was not there the last time. False when nobody can take it any more.
    pub async fn next(&self) -> bool {
        let Self(queue) = self;
        let look = || match queue.is_abandoned() {
            true => Some(false),
            false if queue.told().get() || queue.is_empty() => None,
            false => Some(!queue.told().replace(true)),
        };
        queue.changed().wait(look).await
    }

    /// Nobody was told of what [`Self::next`] said: somebody else is to be.
    pub fn pass_on(&self) {
        self.0.announce_rest();
    }
}
