//! The states of a client's connection, and the only code that changes them.
//!
//! A connection has one exchange at a time. What HTTP sends comes from that exchange; what arrives belongs to
//! it, and what arrives while there is none ends the connection (I-28, I-33, difference S9).

use std::{mem, rc::Rc};

use super::exchange::Exchange;
use crate::transport::Output;

/// Whose connection it is.
#[derive(Debug)]
pub(super) enum Usage {
    /// Nobody's: in the pool of its agent, or on its way there. Next: `Busy`.
    Idle,
    /// An exchange's. Next: any other.
    Busy(Rc<Exchange>),
    /// The application's: HTTP has let it go, or has not had it yet. Next: `Busy`, when it is given to a request.
    Raw,
}

/// How far the transport is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Being connected. Next: `Open`, `Destroyed`.
    Connecting,
    /// Connected. Next: `Destroyed`.
    Open,
    /// Both directions end without another word.
    Destroyed,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    /// Next: any other.
    Open,
    /// All that is queued is sent, then the end. Next: `Ended`.
    Closing,
    /// The end was sent, or nothing can be sent any more.
    Ended,
}

/// What the sending loop is to do next.
#[derive(Debug)]
pub(super) enum SendStep {
    /// Tell the exchange that it has a connection.
    Greet,
    /// Let what has arrived be seen before the exchange is told of a used connection (S9).
    Check,
    /// Write these bytes.
    Write(Vec<u8>),
    /// Send the end.
    End,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct State {
    usage: Usage,
    link: Link,
    writing: Writing,
    /// Whether the peer has ended its side.
    peer_ended: bool,
    /// Whether the exchange has yet to be told of its connection.
    ungreeted: bool,
    /// Whether the connection has to be looked at before the exchange sends anything.
    unchecked: bool,
    /// Whether the connection ends once all is sent.
    last: bool,
    output: Output,
    /// What must be flushed for the request to be finished, once all of it is queued.
    request_end: Option<u64>,
}

impl State {
    pub(super) fn new(usage: Usage) -> Self {
        Self {
            usage,
            link: Link::Connecting,
            writing: Writing::Open,
            peer_ended: false,
            ungreeted: false,
            unchecked: false,
            last: false,
            output: Output::default(),
            request_end: None,
        }
    }

    /// The connection is up.
    pub(super) fn opened(&mut self) {
        if self.link == Link::Connecting {
            self.link = Link::Open;
        }
    }

    /// An exchange gets the connection, which is a used one or not.
    pub(super) fn attach(&mut self, exchange: &Rc<Exchange>, used: bool) {
        self.usage = Usage::Busy(Rc::clone(exchange));
        self.ungreeted = true;
        self.unchecked = used;
        self.request_end = None;
    }

    /// The exchange is over, or has gone before it began.
    pub(super) fn detach(&mut self) -> Option<Rc<Exchange>> {
        self.ungreeted = false;
        match mem::replace(&mut self.usage, Usage::Idle) {
            Usage::Busy(exchange) => Some(exchange),
            usage @ (Usage::Idle | Usage::Raw) => {
                self.usage = usage;
                None
            }
        }
    }

    /// HTTP lets the connection go.
    pub(super) fn release(&mut self) {
        self.usage = Usage::Raw;
    }

    /// The application gives its connection to HTTP.
    pub(super) fn adopt(&mut self) {
        self.usage = Usage::Idle;
    }

    pub(super) fn greeted(&mut self) {
        self.ungreeted = false;
    }

    /// A connection that has ended meanwhile stays unchecked: the exchange has not used it.
    pub(super) fn checked(&mut self) {
        self.unchecked = self.link == Link::Destroyed;
    }

    /// Moves what the exchange has to send to the output. True when that was the end of the request.
    pub(super) fn collect(&mut self) -> bool {
        let Usage::Busy(exchange) = &self.usage else { return false };
        if self.ungreeted || !self.is_writable() {
            return false;
        }
        let complete = self.output.append(|queued| exchange.take_output(queued));
        if !complete || self.request_end.is_some() || exchange.is_finished() {
            return false;
        }
        self.request_end = Some(self.output.total_queued());
        true
    }

    /// What the sending loop does next, `None` while there is nothing to do.
    pub(super) fn next_send(&mut self) -> Option<SendStep> {
        if self.link == Link::Destroyed || self.writing == Writing::Ended {
            return Some(SendStep::End);
        }
        if self.unchecked {
            return Some(SendStep::Check);
        }
        if self.ungreeted {
            return Some(SendStep::Greet);
        }
        if let Some(bytes) = self.output.take() {
            return Some(SendStep::Write(bytes));
        }
        (self.writing == Writing::Closing).then_some(SendStep::End)
    }

    pub(super) fn has_work_for_sending(&self) -> bool {
        self.ungreeted || self.unchecked || !self.output.is_empty() || self.writing == Writing::Closing
    }

    /// What was in flight is with the operating system. The exchange whose request that finished.
    pub(super) fn flushed(&mut self, buffer: Vec<u8>) -> Option<Rc<Exchange>> {
        self.output.flushed(buffer);
        let finished = self.request_end.is_some_and(|end| end <= self.output.total_flushed());
        let Usage::Busy(exchange) = &self.usage else { return None };
        finished.then(|| {
            self.request_end = None;
            Rc::clone(exchange)
        })
    }

    /// Bytes of the application's own. False when nothing can be sent any more.
    pub(super) fn write_raw(&mut self, bytes: &[u8]) -> bool {
        if self.writing == Writing::Open {
            self.output.push(bytes);
        }
        self.writing == Writing::Open
    }

    /// Sends what is queued, then the end.
    pub(super) fn end(&mut self) {
        if self.writing == Writing::Open {
            self.writing = Writing::Closing;
        }
    }

    /// Sends what is queued, then ends both directions.
    pub(super) fn end_and_destroy(&mut self) {
        self.last = true;
        self.end();
    }

    /// The end was sent, or cannot be. True when the connection is over with it.
    pub(super) fn sent_end(&mut self) -> bool {
        self.writing = Writing::Ended;
        self.output.clear();
        self.last || self.peer_ended
    }

    /// The peer has ended its side. True when the connection is over with it.
    pub(super) fn peer_ended(&mut self) -> bool {
        self.peer_ended = true;
        self.writing == Writing::Ended || !matches!(self.usage, Usage::Raw)
    }

    /// Ends both directions at once. True the first time.
    pub(super) fn destroy(&mut self) -> bool {
        let first = self.link != Link::Destroyed;
        self.link = Link::Destroyed;
        self.output.clear();
        first
    }

    pub(super) fn exchange(&self) -> Option<&Rc<Exchange>> {
        match &self.usage {
            Usage::Busy(exchange) => Some(exchange),
            Usage::Idle | Usage::Raw => None,
        }
    }

    pub(super) fn is_raw(&self) -> bool {
        matches!(self.usage, Usage::Raw)
    }

    pub(super) fn is_ungreeted(&self) -> bool {
        self.ungreeted
    }

    pub(super) fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    pub(super) fn is_connecting(&self) -> bool {
        self.link == Link::Connecting
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.link == Link::Destroyed
    }

    pub(super) fn is_readable(&self) -> bool {
        self.link == Link::Open && !self.peer_ended
    }

    pub(super) fn has_peer_ended(&self) -> bool {
        self.peer_ended
    }

    pub(super) fn is_writable(&self) -> bool {
        self.link != Link::Destroyed && self.writing == Writing::Open
    }

    /// Whether another request can use the connection.
    pub(super) fn is_reusable(&self) -> bool {
        self.is_writable() && !self.peer_ended && !self.last
    }

    /// Bytes given to the connection that the operating system has not taken.
    pub(super) fn unflushed(&self) -> usize {
        self.output.unflushed()
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.output.total_queued()
    }

    /// Whether bytes were given that will never be flushed.
    pub(super) fn lost_output(&self) -> bool {
        self.link == Link::Destroyed && self.output.total_flushed() < self.output.total_queued()
    }
}
