//! What becomes of a response that is not told as an event: whether somebody waits for it, or will.

use std::{mem, rc::Rc};

use super::{WholeResponse, exchange::Exchange, gathering::Gathering};
use crate::{error::Error, runtime, transport::IncomingMessage};

/// What a caller of `response()` finds.
#[derive(Debug, Default)]
pub(super) enum Awaited {
    /// Nobody has called it. Next: `Wanted`, `Gathering`, `Offered`, `Gone`.
    #[default]
    Unasked,
    /// The response is there and nobody has called it yet. Next: `Gone`, at the latest when the application has had
    /// the word: between what it does and its next wait a response may come.
    Offered(IncomingMessage),
    /// Somebody has. Next: `Here`, `Gone`.
    Wanted,
    /// Next: `Gone`.
    Here(IncomingMessage),
    /// All of it is wanted. Next: `Whole`, `Gone`; `Wanted`, when nobody wants all of it any more.
    Gathering(Gathering),
    /// Next: `Gone`.
    Whole(Result<WholeResponse, Error>),
    /// Handed out, or thrown away because nobody listened.
    Gone,
}

impl Exchange {
    /// `response()` was called.
    pub(super) fn want_response(&self) {
        let mut awaited = self.awaited.borrow_mut();
        if matches!(*awaited, Awaited::Unasked) {
            *awaited = Awaited::Wanted;
        }
    }

    /// The response is there.
    pub(super) fn offer(self: &Rc<Self>, response: IncomingMessage) {
        let mut awaited = self.awaited.borrow_mut();
        match &*awaited {
            Awaited::Wanted => *awaited = Awaited::Here(response),
            Awaited::Unasked => {
                *awaited = Awaited::Offered(response);
                runtime::spawn(Rc::clone(self).withdraw());
            }
            _ => {
                drop(awaited);
                // Dropping the view dumps the response: nobody listens.
                return drop(response);
            }
        }
        drop(awaited);
        self.changed.notify();
    }

    /// Throws the response away if nobody has asked for it by the time that the application has had the word.
    async fn withdraw(self: Rc<Self>) {
        runtime::applications_turn().await;
        if matches!(*self.awaited.borrow(), Awaited::Offered(_)) {
            self.abandon_response();
            self.changed.notify();
        }
    }

    /// Nobody will ask for the response any more.
    pub(super) fn abandon_response(&self) {
        // Views of a response are dropped outside every borrow, which dumps it.
        let awaited = self.awaited.replace(Awaited::Gone);
        drop(awaited);
    }

    /// What `response()` can answer now.
    pub(super) fn take_response(&self) -> Option<Result<IncomingMessage, Error>> {
        let mut awaited = self.awaited.borrow_mut();
        match mem::replace(&mut *awaited, Awaited::Gone) {
            Awaited::Here(response) | Awaited::Offered(response) => Some(Ok(response)),
            Awaited::Gone => Some(Err(Error::already_finished("response"))),
            taken @ (Awaited::Gathering(_) | Awaited::Whole(_)) => {
                *awaited = taken;
                Some(Err(Error::already_finished("response")))
            }
            waiting @ (Awaited::Unasked | Awaited::Wanted) => {
                *awaited = waiting;
                let failure = self.failure.borrow().clone();
                let over = self.is_closed() || self.aborted.get();
                failure.or_else(|| over.then(Error::premature_close)).map(Err)
            }
        }
    }
}
