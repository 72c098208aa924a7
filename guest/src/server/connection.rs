//! One connection: received bytes go in, owed answers come out.
//!
//! Everything here is synchronous and may be called from an application's synchronous call; the
//! loops of `driver.rs` move the bytes.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{
    Shared,
    dispatch::{self, Verdict},
    exchange::Exchange,
    state::{ReceiveStep, SendStep, State},
    timeouts::{Deadlines, Timer},
};
use crate::{
    net::{Endpoints, NetError},
    proto::{Decoder, Event, ParseError, RequestHead},
    runtime::Signal,
};

/// A connection of a server.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) id: u64,
    pub(super) server: Rc<Shared>,
    pub(super) endpoints: Endpoints,
    state: RefCell<State>,
    pub(super) deadlines: Deadlines,
    /// Requests seen, for `maxRequestsPerSocket`.
    requests: Cell<u64>,
    /// Whether part of a message has been received.
    in_message: Cell<bool>,
    /// Whether the receiving loop waits for back-pressure to end. A wake-up without need would cost
    /// a call out of the component.
    held: Cell<bool>,
    /// How many of the two loops run.
    loops: Cell<u8>,
    /// Notified when both are over.
    pub(super) closed: Signal,
    /// Wake the receiving and the sending loop.
    pub(super) receiving: Signal,
    pub(super) sending: Signal,
}

/// Received bytes that are not parsed yet, and the parser.
#[derive(Debug)]
pub(super) struct Inbox {
    decoder: Decoder,
    pub(super) bytes: Vec<u8>,
    /// How much of `bytes` is parsed.
    parsed: usize,
    /// Whether the parser stopped for back-pressure, so that there may be more to find.
    pub(super) held_back: bool,
}

impl Inbox {
    pub(super) fn new(decoder: Decoder) -> Self {
        Self { decoder, bytes: Vec::new(), parsed: 0, held_back: false }
    }

    /// Makes room for the next read, moving what is unparsed to the front.
    pub(super) fn make_room(&mut self) {
        const FIRST: usize = 4096;
        const LARGEST: usize = 64 * 1024;
        if self.parsed > 0 {
            self.bytes.drain(..self.parsed);
            self.parsed = 0;
        }
        let full = self.bytes.len() == self.bytes.capacity();
        if full {
            let grown = (self.bytes.capacity() * 4).clamp(FIRST, LARGEST);
            self.bytes.reserve_exact(grown);
        }
    }

    /// Forgets everything and makes room for bytes that nobody will look at.
    pub(super) fn discard(&mut self) {
        self.parsed = 0;
        self.bytes.clear();
        self.make_room();
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.parsed..]
    }
}

impl Connection {
    pub(super) fn new(id: u64, server: Rc<Shared>, endpoints: Endpoints) -> Self {
        Self {
            id,
            server,
            endpoints,
            state: RefCell::default(),
            deadlines: Deadlines::default(),
            requests: Cell::new(0),
            in_message: Cell::new(false),
            held: Cell::new(false),
            loops: Cell::new(2),
            closed: Signal::default(),
            receiving: Signal::default(),
            sending: Signal::default(),
        }
    }

    // What the receiving loop calls.

    /// What the receiving loop does next.
    pub(super) fn next_receive(&self, held_back: bool) -> Option<ReceiveStep> {
        if self.server.is_congested() && self.state.borrow().is_open() {
            self.server.pause(self.id);
            self.held.set(true);
            return None;
        }
        let step = self.state.borrow().next_receive(held_back, self.high_water_mark());
        self.held.set(step.is_none());
        step
    }

    /// Parses what was received as far as back-pressure allows.
    pub(super) fn parse(self: &Rc<Self>, inbox: &mut Inbox) {
        let high_water_mark = self.high_water_mark();
        inbox.held_back = false;
        while self.state.borrow().is_open() {
            if self.server.is_congested() || self.state.borrow().is_congested(high_water_mark) {
                // Also with no bytes left: the end of a message needs none to be reported.
                inbox.held_back = true;
                break;
            }
            match inbox.decoder.decode(&inbox.bytes[inbox.parsed..]) {
                Ok((consumed, event)) => {
                    let more = event.is_some();
                    if let Some(event) = event {
                        self.receive(event, inbox.rest());
                    }
                    inbox.parsed += consumed;
                    if !more {
                        break;
                    }
                }
                Err(error) => self.refuse(&error),
            }
        }
        self.note_progress(!inbox.decoder.is_idle());
        if inbox.parsed == inbox.bytes.len() {
            inbox.bytes.clear();
            inbox.parsed = 0;
        }
        self.advance();
    }

    /// The peer has ended its side.
    pub(super) fn peer_ended(self: &Rc<Self>, inbox: &mut Inbox) {
        if self.state.borrow().is_open()
            && let Err(error) = inbox.decoder.finish()
        {
            self.refuse(&error);
        }
        if self.server.settings().http_allow_half_open {
            self.state.borrow_mut().peer_ended();
        } else {
            self.state.borrow_mut().close_now();
        }
        self.advance();
    }

    fn receive(self: &Rc<Self>, event: Event, input: &[u8]) {
        match event {
            Event::RequestHead(head) => self.receive_head(head),
            Event::Data(range) => {
                if let Some(exchange) = self.state.borrow().receiving() {
                    exchange.receive_body(&input[range]);
                }
            }
            Event::End(trailers) => {
                self.deadlines.clear(Timer::Request);
                self.in_message.set(false);
                let complete = self.state.borrow_mut().request_complete();
                if let Some(exchange) = complete {
                    exchange.receive_end(trailers);
                }
                if self.is_idle() {
                    self.server.time_idle(self);
                }
            }
            // A server's decoder reads requests only.
            Event::ResponseHead(_) => {}
        }
    }

    fn receive_head(self: &Rc<Self>, head: RequestHead) {
        self.deadlines.clear(Timer::Headers);
        self.deadlines.clear(Timer::KeepAlive);
        self.requests.set(self.requests.get() + 1);
        let verdict = dispatch::judge(&head, &self.server.settings(), self.requests.get());
        if verdict == Verdict::Close {
            self.state.borrow_mut().stop_reading();
            return;
        }
        let outgoing = dispatch::answer_to(&head, &self.server.settings(), self.requests.get());
        let exchange = Rc::new(Exchange::new(Rc::clone(self), head, outgoing));
        self.state.borrow_mut().accept(&exchange);
        dispatch::deliver(verdict, exchange);
    }

    /// A message is being received, or not: its time runs from its first byte. Messages that arrive
    /// whole are never seen here.
    fn note_progress(&self, receiving: bool) {
        if receiving && !self.in_message.replace(receiving) {
            self.deadlines.clear(Timer::KeepAlive);
            self.server.time_message(self);
        }
    }

    fn refuse(&self, error: &ParseError) {
        self.state.borrow_mut().refuse(dispatch::reply_to(error.code));
    }

    // What the sending loop calls.

    pub(super) fn next_send(&self) -> Option<SendStep> {
        self.state.borrow_mut().next_send()
    }

    /// A write is done; tells every answer that it finished.
    pub(super) fn flushed(&self, buffer: Vec<u8>) {
        self.state.borrow_mut().flushed(buffer);
        loop {
            let Some(exchange) = self.state.borrow_mut().next_flushed() else { break };
            exchange.flushed();
        }
        let (oldest, unflushed) = {
            let state = self.state.borrow();
            (state.oldest_owed(), state.unflushed())
        };
        match oldest {
            Some(oldest) => oldest.set_unflushed(unflushed),
            None if self.is_idle() => self.server.time_idle(self),
            None => {}
        }
        self.resume_receiving();
    }

    pub(super) fn sent_end(&self) {
        self.state.borrow_mut().sent_end();
        self.server.time_linger(self);
        self.receiving.notify();
    }

    // What anybody calls.

    /// Moves bytes from answers to the output and wakes the loops that have something to do.
    pub(super) fn advance(&self) {
        if self.state.borrow_mut().advance() {
            self.sending.notify();
        }
        self.resume_receiving();
    }

    /// Lets the receiving loop look again whether it may go on, if it waits for that.
    pub(super) fn resume_receiving(&self) {
        if self.held.replace(false) {
            self.receiving.notify();
        }
    }

    pub(super) fn lend_output(&self, exchange: &Exchange) -> Option<Vec<u8>> {
        self.state.borrow_mut().lend_output(exchange)
    }

    pub(super) fn return_output(&self, buffer: Vec<u8>, appended: usize) {
        self.state.borrow_mut().return_output(buffer, appended);
    }

    /// A deadline has passed.
    pub(super) fn timed_out(self: &Rc<Self>, timer: Timer) {
        match timer {
            Timer::Headers | Timer::Request => {
                self.state.borrow_mut().refuse(dispatch::reply_to("ERR_HTTP_REQUEST_TIMEOUT"));
                self.receiving.notify();
                self.advance();
            }
            Timer::KeepAlive | Timer::Linger => self.destroy(),
        }
    }

    /// The transport has failed.
    pub(super) fn failed(&self, _error: NetError) {
        self.destroy();
    }

    /// Ends the connection when what is owed is out: nothing more is parsed.
    pub(super) fn close_when_answered(&self) {
        self.state.borrow_mut().stop_reading();
        self.receiving.notify();
        self.advance();
    }

    /// One of the two loops is over; after the second the connection is gone.
    pub(super) fn loop_ended(&self) {
        self.loops.set(self.loops.get() - 1);
        if self.loops.get() > 0 {
            return;
        }
        self.destroy();
        let unfinished = self.state.borrow_mut().take_unfinished();
        for exchange in unfinished {
            exchange.abort();
        }
        self.server.forget(self.id);
        self.closed.notify();
    }

    /// Ends both directions at once, losing what is queued.
    pub(super) fn destroy(&self) {
        if self.state.borrow_mut().destroy() {
            self.receiving.notify();
            self.sending.notify();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.loops.get() == 0
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.state.borrow().is_destroyed()
    }

    /// Bytes that were given to the connection and not to the operating system.
    pub(super) fn unflushed(&self) -> usize {
        self.state.borrow().unflushed()
    }

    /// Whether no answer is owed and no request has begun: what may be closed without harm.
    pub(super) fn is_idle(&self) -> bool {
        self.state.borrow().is_idle() && !self.in_message.get()
    }

    fn high_water_mark(&self) -> usize {
        self.server.settings().high_water_mark
    }
}
