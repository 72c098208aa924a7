//! One connection: received bytes go in, owed answers come out.
//!
//! Everything here is synchronous and may be called from an application's synchronous call; the loops of
//! `transport::Link` move the bytes.

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

use super::{
    Settings, Shared,
    dispatch::{self, Verdict},
    exchange::Exchange,
    leaving::Leaving,
    queue::{Advance, Queue},
};
use crate::{
    error::Error,
    net::Stream,
    proto::{BodyLength, Decoder, Direction, Event, RequestHead},
    transport::{Afterwards, Inbox, Link, Protocol, Socket, Timer, begin},
};

/// A connection of a server. It owns its exchanges; they know it weakly.
pub(crate) struct Connection {
    this: Weak<Self>,
    pub(super) link: Rc<Link>,
    pub(super) server: Rc<Shared>,
    pub(super) queue: RefCell<Queue>,
    /// A request that leaves HTTP and has no body: told when the bytes behind it are known.
    pub(super) leaving: RefCell<Option<(Leaving, Rc<Exchange>)>>,
    /// HTTP/1.1 requests seen, for `maxRequestsPerSocket`.
    requests: Cell<u64>,
    /// Whether part of a message has been received.
    in_message: Cell<bool>,
    /// Whether it is in the queue of those that wait for the application to take events.
    paused: Cell<bool>,
    /// `keepAliveTimeout` has taken the place of the timeout that was set: the next request begins with the server's
    /// (I-20, SV6).
    pub(super) timeout_replaced: Cell<bool>,
}

/// Servers, connections and exchanges know each other: to print all of it would not end.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.link.id).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(server: Rc<Shared>, settings: &Settings) -> Rc<Self> {
        let link = Link::new(settings.high_water_mark, settings.max_header_size);
        link.events.listen_for(settings.socket_listening);
        Rc::new_cyclic(|this: &Weak<Self>| {
            link.set_protocol(this.clone());
            Self {
                this: this.clone(),
                link,
                server,
                queue: RefCell::default(),
                leaving: RefCell::default(),
                requests: Cell::new(0),
                in_message: Cell::new(false),
                paused: Cell::new(false),
                timeout_replaced: Cell::new(false),
            }
        })
    }

    /// Starts its loops.
    pub(super) fn begin(self: Rc<Self>, stream: Stream, settings: &Settings) {
        let decoder = Decoder::new(Direction::Request, settings.limits(), settings.leniency());
        let protocol: Rc<dyn Protocol> = self;
        begin(&protocol, stream, Inbox::new(decoder));
    }

    pub(super) fn this(&self) -> Weak<Self> {
        Weak::clone(&self.this)
    }

    fn receive(&self, event: Event, consumed: usize, inbox: &mut Inbox) {
        match event {
            Event::RequestHead(head) => {
                inbox.consume(consumed);
                self.receive_head(head, inbox);
            }
            Event::Data(range) => match self.queue.borrow().receiving() {
                Some(exchange) => inbox.deliver(range, consumed, &exchange.inbound),
                None => inbox.consume(consumed),
            },
            Event::End(trailers) => {
                inbox.consume(consumed);
                self.link.clear_deadline(Timer::Request);
                self.in_message.set(false);
                let complete = self.queue.borrow_mut().request_complete(&mut self.link.halves());
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

    fn receive_head(&self, head: RequestHead, inbox: &mut Inbox) {
        self.link.clear_deadline(Timer::Headers);
        self.end_idle_time();
        // Node counts those of HTTP/1.1 only.
        self.requests.set(self.requests.get() + u64::from(head.version == (1, 1)));
        let number = self.requests.get();
        let settings = self.server.settings();
        let verdict = dispatch::judge(&head, &settings, self.server.listened(), number);
        if verdict == Verdict::Close {
            self.abandon_message();
            self.link.halves().stop_reading();
            return;
        }
        let has_body = head.framing != BodyLength::None;
        let last = dispatch::is_last(&head, &settings);
        let outgoing = dispatch::answer_to(&head, &settings, number);
        let exchange = Exchange::new(self, head, outgoing, &settings);
        match verdict {
            Verdict::Leave(leaving) => {
                inbox.decoder.upgrade();
                self.queue.borrow_mut().receive_only(&exchange);
                self.leave(leaving, exchange, has_body);
            }
            verdict => {
                self.queue.borrow_mut().accept(&exchange);
                if last {
                    self.queue.borrow_mut().take_no_more(&mut self.link.halves());
                }
                dispatch::deliver(verdict, &self.server, exchange);
            }
        }
    }

    /// A message is being received, or not: its time runs from its first byte. Messages that arrive whole are never
    /// seen here.
    fn note_progress(&self, receiving: bool) {
        let parses = {
            let halves = self.link.halves();
            halves.is_open() && !halves.is_released()
        };
        if receiving && parses && !self.in_message.replace(true) {
            if self.timeout_replaced.get() {
                // Half a head leaves the connection idle, as in Node 26.
                self.time_idle();
            }
            self.time_message(self.queue.borrow().receiving().is_some());
        }
    }

    /// The message that is being received will not be complete, and cannot be late any more.
    pub(super) fn abandon_message(&self) {
        for timer in [Timer::Headers, Timer::Request, Timer::KeepAlive] {
            self.link.clear_deadline(timer);
        }
        self.in_message.set(false);
    }

    /// Whether so much waits to be sent that nothing more is to be asked for.
    fn has_many_unsent(&self) -> bool {
        self.queue.borrow().unsent(&self.link.halves()) >= self.link.high_water_mark().max(1)
    }

    /// Whether the application has as much to do as it is given, or memory is short: then one request at a time.
    fn takes_no_request(&self) -> bool {
        if self.server.is_congested() {
            if !self.paused.replace(true) {
                self.server.pause(self.link.id);
            }
            return true;
        }
        let queue = self.queue.borrow();
        queue.is_congested(self.link.high_water_mark()) || queue.owes() && self.link.is_spent()
    }

    /// Moves bytes from answers to the output and wakes the loops that have something to do.
    pub(super) fn advance_queue(&self) {
        let advance = self.queue.borrow_mut().advance(&mut self.link.halves());
        if advance == Advance::Destroy {
            let error = self.queue.borrow().owner().and_then(|owner| owner.destroyed_with());
            return self.link.destroy_with(error);
        }
        self.link.wake_sending(advance == Advance::Finish);
        self.link.resume_receiving();
    }

    /// The application has taken events.
    pub(super) fn end_pause(&self) {
        self.paused.set(false);
        self.link.resume_receiving();
    }

    /// Whether no answer is owed and no request has begun: what may be closed without harm.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.borrow().is_idle() && !self.is_released() && !self.in_message.get()
    }

    /// Whether HTTP has let go of it.
    pub(super) fn is_released(&self) -> bool {
        self.link.halves().is_released()
    }

    /// A view of the connection.
    pub(super) fn socket(&self) -> Socket {
        Socket::new(&self.link)
    }
}

impl Protocol for Connection {
    fn link(&self) -> &Rc<Link> {
        &self.link
    }

    fn is_congested(&self) -> bool {
        self.has_many_unsent() || self.takes_no_request()
    }

    fn parse(&self, inbox: &mut Inbox) {
        inbox.held_back = false;
        // The application does nothing meanwhile: what is unsent hardly changes.
        let many_unsent = self.has_many_unsent();
        // Behind a head at least its end is taken in: to ask costs more than that.
        let mut behind_head = false;
        while self.link.halves().is_open() {
            if !behind_head && (many_unsent || self.takes_no_request()) {
                // Also with no bytes left: the end of a message needs none to be reported.
                inbox.held_back = true;
                break;
            }
            match inbox.decode() {
                Ok((consumed, event)) => {
                    let more = event.is_some();
                    behind_head = matches!(event, Some(Event::RequestHead(_)));
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
        self.advance_queue();
    }

    fn peer_ended(&self, inbox: &mut Inbox) {
        if self.link.halves().is_open() {
            match inbox.decoder.finish() {
                Ok(Some(end)) => self.receive(end, 0, inbox),
                Ok(None) => {}
                Err(error) => self.refuse(error, &[]),
            }
        }
        let released = self.is_released();
        if released {
            self.link.end_raw_input();
        }
        self.link.halves().peer_ended();
        if !released && !self.server.settings().http_allow_half_open {
            self.after_applications_turn(|connection| connection.queue.borrow_mut().abandon());
        }
        self.advance_queue();
    }

    /// Nobody can be answered any more.
    fn gives_up_unread(&self) -> bool {
        true
    }

    fn is_finished_at(&self, flushed: u64) -> bool {
        self.queue.borrow().is_finished_at(flushed)
    }

    /// Tells every answer that is finished.
    fn flushed(&self) {
        let flushed = self.link.halves().output.total_flushed();
        loop {
            let Some(exchange) = self.queue.borrow_mut().next_finished(flushed) else { break };
            exchange.flushed();
            self.dump_unread(exchange);
            // One that was destroyed while it waited for its turn has it now.
            let next = self.queue.borrow().owner().filter(|owner| owner.is_destroyed()).cloned();
            if let Some(destroyed) = next {
                return self.link.destroy_with(destroyed.destroyed_with());
            }
        }
        if !self.link.halves().can_send() {
            // In Node the connection is gone by now. Here it waits for the peer, who may have to read the answer.
            self.tell_broken();
        }
        let oldest = self.queue.borrow().oldest_owed().cloned();
        match oldest {
            Some(oldest) => oldest.set_unflushed(self.link.unflushed()),
            None if self.is_idle() => self.time_idle(),
            None => {}
        }
    }

    fn write_failed(&self, error: Error) {
        self.link.destroy_with(Some(error));
    }

    fn owes(&self) -> bool {
        self.queue.borrow().owes()
    }

    fn advance(&self) {
        self.advance_queue();
    }

    fn end(&self, _afterwards: Afterwards) {
        // The application's own connection ends after what it wrote, HTTP's after what it owes.
        self.link.halves().end_raw();
        self.close_when_answered();
    }

    fn message_late(&self) {
        self.fail_request(Error::request_timeout());
        self.link.wake();
        self.advance_queue();
    }

    fn stood_still(&self) {
        self.tell_idle();
    }

    fn failed(&self, error: &Error) {
        if !self.is_released() {
            self.report_client_error(error.clone());
        }
    }

    fn gone(&self) {
        self.tell_gone();
    }
}
