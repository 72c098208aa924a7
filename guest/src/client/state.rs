//! Whose a client's connection is, and the only code that changes that.
//!
//! A connection has one exchange at a time. What HTTP sends comes from that exchange; what arrives belongs to it, and
//! what arrives while there is none ends the connection (I-28, I-33, difference S9).

use std::{mem, rc::Rc};

use super::exchange::Exchange;
use crate::transport::Halves;

/// Whose connection it is.
#[derive(Debug, Default)]
enum Usage {
    /// No request's: in the pool of its agent, on its way there, or the application's. Next: `Busy`.
    #[default]
    Idle,
    /// An exchange's.
    Busy(Rc<Exchange>),
}

/// What stands between an exchange and the connection that it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Introduction {
    /// A used connection has to be looked at: what has arrived on it may have ended it (S9). Next: `Ungreeted`.
    Unchecked,
    /// The exchange has yet to be told of it. Next: `Greeting`.
    Ungreeted,
    /// It was told; the application has the word before anything is sent. Next: `Done`.
    Greeting,
    #[default]
    Done,
}

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct State {
    usage: Usage,
    pub(super) introduction: Introduction,
    /// What must be flushed for the request to be finished, once all of it is queued.
    request_end: Option<u64>,
}

impl State {
    /// An exchange gets the connection, which is a used one or not.
    pub(super) fn attach(&mut self, exchange: &Rc<Exchange>, used: bool) {
        self.usage = Usage::Busy(Rc::clone(exchange));
        self.introduction = if used { Introduction::Unchecked } else { Introduction::Ungreeted };
        self.request_end = None;
    }

    /// The exchange is over, or has gone before it began.
    pub(super) fn detach(&mut self) -> Option<Rc<Exchange>> {
        self.introduction = Introduction::Done;
        match mem::take(&mut self.usage) {
            Usage::Busy(exchange) => Some(exchange),
            Usage::Idle => None,
        }
    }

    /// Moves what the exchange has to send to the output. True when that was the end of the request.
    pub(super) fn collect(&mut self, halves: &mut Halves) -> bool {
        let Usage::Busy(exchange) = &self.usage else { return false };
        if self.introduction != Introduction::Done || !halves.can_send() {
            return false;
        }
        let complete = halves.output.append(|queued| exchange.take_output(queued));
        if !complete || self.request_end.is_some() || exchange.is_finished() {
            return false;
        }
        self.request_end = Some(halves.output.total_queued());
        true
    }

    /// Whether the request is finished once so many bytes are flushed.
    pub(super) fn is_finished_at(&self, flushed: u64) -> bool {
        self.request_end.is_some_and(|end| end <= flushed)
    }

    /// The exchange whose request is finished now that so many bytes are flushed.
    pub(super) fn take_finished(&mut self, flushed: u64) -> Option<Rc<Exchange>> {
        if !self.is_finished_at(flushed) {
            return None;
        }
        self.request_end = None;
        self.exchange().cloned()
    }

    pub(super) fn exchange(&self) -> Option<&Rc<Exchange>> {
        match &self.usage {
            Usage::Busy(exchange) => Some(exchange),
            Usage::Idle => None,
        }
    }
}
