//! One connection: received bytes go in, owed answers come out.
//!
//! Everything here is synchronous and may be called from an application's synchronous call; the
//! loops of `driver.rs` move the bytes.

use std::{
    cell::{Cell, RefCell, RefMut},
    fmt,
    rc::Rc,
};

use super::{
    Shared,
    dispatch::{self, Verdict},
    exchange::Exchange,
    state::{ReceiveStep, SendStep, State},
    timeouts::{Activity, Deadlines, Timer},
    tunnel::RawInput,
};
use crate::{
    net::Endpoints,
    proto::{BodyLength, Event, RequestHead},
    runtime::{EventLog, Signal},
    transport::{Inbox, SocketEvent},
};

/// A connection of a server.
pub(crate) struct Connection {
    pub(super) id: u64,
    pub(super) server: Rc<Shared>,
    pub(super) endpoints: Endpoints,
    state: RefCell<State>,
    pub(super) deadlines: Deadlines,
    pub(super) activity: Activity,
    pub(super) events: EventLog<SocketEvent>,
    pub(super) raw: RawInput,
    pub(super) socket_views: Cell<usize>,
    /// Whether an error ended the connection.
    pub(super) failed_with: Cell<bool>,
    pub(super) bytes_read: Cell<u64>,
    /// Requests seen, for `maxRequestsPerSocket`.
    requests: Cell<u64>,
    /// Whether part of a message has been received.
    in_message: Cell<bool>,
    /// Whether the receiving loop waits for back-pressure to end. A wake-up without need would cost
    /// a call out of the component.
    held: Cell<bool>,
    /// Whether it is in the queue of those that wait for the application to take events.
    paused: Cell<bool>,
    /// How many of the two loops run.
    loops: Cell<u8>,
    /// Notified whenever something changes that a holder of a socket can wait for.
    pub(super) changed: Signal,
    /// Wake the receiving and the sending loop.
    pub(super) receiving: Signal,
    pub(super) sending: Signal,
}

/// Servers, connections and exchanges know each other: to print all of it would not end.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.id).finish_non_exhaustive()
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
            activity: Activity::default(),
            events: EventLog::default(),
            raw: RawInput::default(),
            socket_views: Cell::new(0),
            failed_with: Cell::new(false),
            bytes_read: Cell::new(0),
            requests: Cell::new(0),
            in_message: Cell::new(false),
            held: Cell::new(false),
            paused: Cell::new(false),
            loops: Cell::new(2),
            changed: Signal::default(),
            receiving: Signal::default(),
            sending: Signal::default(),
        }
    }

    // What the receiving loop calls.

    /// What the receiving loop does next.
    pub(super) fn next_receive(&self, held_back: bool) -> Option<ReceiveStep> {
        if self.server.is_congested() && self.state.borrow().is_open() {
            if !self.paused.replace(true) {
                self.server.pause(self.id);
            }
            self.held.set(true);
            return None;
        }
        let step = self.state.borrow().next_receive(held_back, self.high_water_mark());
        let step = step.filter(|step| *step != ReceiveStep::ReadRaw || !self.raw_is_full());
        self.held.set(step.is_none());
        step
    }

    /// Bytes have arrived.
    pub(super) fn received(self: &Rc<Self>, bytes: usize, inbox: &mut Inbox) {
        self.bytes_read.set(self.bytes_read.get() + bytes as u64);
        if self.state.borrow().is_open() {
            self.touch();
            self.parse(inbox);
        } else if self.state.borrow().is_readable() {
            self.touch();
            self.receive_raw(inbox);
        }
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
            match inbox.decode() {
                Ok((consumed, event)) => {
                    let more = event.is_some();
                    if let Some(event) = event {
                        self.receive(event, consumed, inbox);
                    } else {
                        inbox.consume(consumed);
                    }
                    if inbox.decoder.is_upgraded() {
                        self.left(inbox);
                    } else if !more {
                        break;
                    }
                }
                Err(error) => self.refuse(error, inbox.newest()),
            }
        }
        self.note_progress(!inbox.decoder.is_idle());
        inbox.rewind();
        self.advance();
    }

    /// The peer has ended its side.
    pub(super) fn peer_ended(self: &Rc<Self>, inbox: &mut Inbox) {
        if self.state.borrow().is_open()
            && let Err(error) = inbox.decoder.finish()
        {
            self.refuse(error, &[]);
        }
        let tunnel = self.state.borrow().is_tunnel();
        if tunnel {
            self.end_raw_input();
        }
        if tunnel || self.server.settings().http_allow_half_open {
            self.state.borrow_mut().peer_ended();
        } else {
            self.state.borrow_mut().close_now();
        }
        self.advance();
    }

    fn receive(self: &Rc<Self>, event: Event, consumed: usize, inbox: &mut Inbox) {
        match event {
            Event::RequestHead(head) => {
                inbox.consume(consumed);
                self.receive_head(head, inbox);
            }
            Event::Data(range) => {
                if let Some(exchange) = self.state.borrow().receiving() {
                    exchange.receive_body(&inbox.rest()[range]);
                }
                inbox.consume(consumed);
            }
            Event::End(trailers) => {
                inbox.consume(consumed);
                self.deadlines.clear(Timer::Request);
                self.in_message.set(false);
                let complete = self.state.borrow_mut().request_complete();
                if let Some(exchange) = complete {
                    exchange.receive_end(trailers);
                }
                if self.is_idle() {
                    self.time_idle();
                }
            }
            // A server's decoder reads requests only.
            Event::ResponseHead(_) => {}
        }
    }

    fn receive_head(self: &Rc<Self>, head: RequestHead, inbox: &mut Inbox) {
        self.deadlines.clear(Timer::Headers);
        self.end_idle_time();
        self.requests.set(self.requests.get() + 1);
        let number = self.requests.get();
        let verdict = dispatch::judge(&head, &self.server.settings(), self.server.listened(), number);
        if verdict == Verdict::Close {
            self.abandon_message();
            self.state.borrow_mut().stop_reading();
            return;
        }
        let has_body = head.framing != BodyLength::None;
        let outgoing = dispatch::answer_to(&head, &self.server.settings(), number);
        let exchange = Rc::new(Exchange::new(Rc::clone(self), head, outgoing));
        match verdict {
            Verdict::Leave(leaving) => {
                inbox.decoder.upgrade();
                self.state.borrow_mut().receive_only(&exchange);
                self.leave(leaving, exchange, has_body);
            }
            verdict => {
                self.state.borrow_mut().accept(&exchange);
                dispatch::deliver(verdict, exchange);
            }
        }
    }

    /// A message is being received, or not: its time runs from its first byte. Messages that arrive
    /// whole are never seen here.
    fn note_progress(&self, receiving: bool) {
        let (parses, in_body) = {
            let state = self.state.borrow();
            (state.is_open() && !state.is_tunnel(), state.receiving().is_some())
        };
        if receiving && parses && !self.in_message.replace(receiving) {
            self.end_idle_time();
            self.server.time_message(self, in_body);
        }
    }

    /// The message that is being received will not be complete, and cannot be late any more.
    pub(super) fn abandon_message(&self) {
        self.stop_timing();
        self.in_message.set(false);
    }

    // What the sending loop calls.

    pub(super) fn next_send(&self) -> Option<SendStep> {
        self.state.borrow_mut().next_send()
    }

    /// A write is done; tells every answer that it finished.
    pub(super) fn flushed(&self, buffer: Vec<u8>) {
        self.touch();
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
            None if self.is_idle() => self.time_idle(),
            None => {}
        }
        if unflushed == 0 {
            self.events.record(SocketEvent::Drain);
            self.changed.notify();
        }
        self.resume_receiving();
    }

    pub(super) fn sent_end(&self) {
        self.state.borrow_mut().sent_end();
        if !self.state.borrow().is_readable() {
            self.server.time_linger(self);
        }
        self.receiving.notify();
        self.changed.notify();
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

    /// The application has taken events.
    pub(super) fn end_pause(&self) {
        self.paused.set(false);
        self.resume_receiving();
    }

    pub(super) fn lend_output(&self, exchange: &Exchange) -> Option<Vec<u8>> {
        self.state.borrow_mut().lend_output(exchange)
    }

    pub(super) fn return_output(&self, buffer: Vec<u8>, appended: usize) {
        self.state.borrow_mut().return_output(buffer, appended);
    }

    /// Notes that one of the two loops is over. True for the second.
    pub(super) fn count_ended_loop(&self) -> bool {
        self.loops.set(self.loops.get() - 1);
        self.loops.get() == 0
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
        let state = self.state.borrow();
        state.is_idle() && !state.is_tunnel() && !self.in_message.get()
    }

    /// HTTP lets the connection go.
    pub(super) fn release(&self) {
        self.state.borrow_mut().release();
    }

    /// What arrives from now on is the application's.
    pub(super) fn start_reading_raw(&self) {
        self.state.borrow_mut().read_raw();
    }

    /// The answer that is being given, for whoever the connection's idleness concerns.
    pub(super) fn oldest_owed(&self) -> Option<Rc<Exchange>> {
        self.state.borrow().oldest_owed()
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.state.borrow().is_tunnel()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    fn high_water_mark(&self) -> usize {
        self.server.settings().high_water_mark
    }
}
