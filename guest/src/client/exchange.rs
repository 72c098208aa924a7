//! One request and its response: what `ClientRequest` and `IncomingMessage` are two views of.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

use super::{
    agent::Agent,
    awaited::Awaited,
    connection::Connection,
    events::{Information, RequestEvent, RequestEvents, Upgraded},
    options::Settings,
};
use crate::{
    error::Error,
    message::OutgoingMessage,
    net::Watch,
    proto::{Decoder, Direction, Limits, Method, ResponseHead},
    runtime::{EventKind, EventLog, Signal, Span},
    transport::{Inbound, IncomingMessage, Link, Outbound, Socket},
};

/// A request, and its response as it arrives.
pub(crate) struct Exchange {
    pub(super) id: u64,
    pub(super) settings: Rc<Settings>,
    /// None when the request was given a connection of its own, and once it is over.
    pub(super) agent: RefCell<Option<Agent>>,
    pub(super) outgoing: Outbound,
    pub(super) phase: RefCell<Phase>,
    /// The head of the final response.
    pub(super) head: OnceCell<ResponseHead>,
    pub(super) events: EventLog<RequestEvent>,
    pub(super) inbound: Inbound,
    /// The response, for `response()` to hand out.
    pub(super) awaited: RefCell<Awaited>,
    pub(super) told: Cell<Told>,
    /// Why the request failed.
    pub(super) failure: RefCell<Option<Error>>,
    /// What was written behind the end and is to be told.
    pub(super) late: RefCell<Vec<Error>>,
    /// The signal that stops it.
    pub(super) watch: Cell<Option<Watch>>,
    pub(super) aborted: Cell<bool>,
    pub(super) destroyed: Cell<bool>,
    pub(super) reused: Cell<bool>,
    /// Whether bytes follow the response that are none of it: the connection ends, whatever the response says.
    pub(super) followed: Cell<bool>,
    /// `setTimeout`, for when there is a connection.
    pub(super) timeout: Cell<Option<Span>>,
    /// `setSocketKeepAlive`, likewise.
    pub(super) keep_alive: Cell<Option<(bool, Span)>>,
    pub(super) max_headers_count: Cell<Option<u32>>,
    /// Whether the application has waited for events or for the end.
    pub(super) waited: Cell<bool>,
    /// Notified whenever something changes that a caller can wait for, but for what `sent` tells.
    pub(super) changed: Signal,
    /// Notified whenever more of the request is with the operating system, or never will be: who waits for the response
    /// need not look then.
    pub(super) sent: Signal,
}

/// How far a request is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Waits for a connection. Next: any other.
    Waiting,
    /// Has a connection. Next: `Waiting`, when that ended before it was used; `Detached`.
    Attached(Weak<Connection>),
    /// Has none any more.
    Detached,
}

/// What was told already, so that it is told once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) socket: bool,
    pub(super) prefinish: bool,
    /// The response is over: Node's 'end', or cut short.
    pub(super) message_end: bool,
    /// Node tells a request once that its connection was idle.
    pub(super) timeout: bool,
    pub(super) close: bool,
    /// The request failed.
    pub(super) error: bool,
}

/// Without its connection, which would show the exchange again.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("id", &self.id)
            .field("origin", &self.settings.origin)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    pub(super) fn new(
        id: u64,
        settings: Rc<Settings>,
        agent: Option<Agent>,
        outgoing: OutgoingMessage,
        listening: RequestEvents,
    ) -> Rc<Self> {
        let events = EventLog::default();
        events.listen_for(listening.recorded());
        Rc::new(Self {
            id,
            timeout: Cell::default(),
            keep_alive: Cell::default(),
            settings,
            agent: RefCell::new(agent),
            outgoing: Outbound::new(outgoing),
            phase: RefCell::new(Phase::Waiting),
            head: OnceCell::new(),
            events,
            // Charged to itself: requests wait for connections, and go from one to another.
            inbound: Inbound::new(&Rc::default(), 0),
            awaited: RefCell::default(),
            told: Cell::default(),
            failure: RefCell::default(),
            late: RefCell::default(),
            watch: Cell::default(),
            aborted: Cell::new(false),
            destroyed: Cell::new(false),
            reused: Cell::new(false),
            followed: Cell::new(false),
            max_headers_count: Cell::new(None),
            waited: Cell::new(false),
            changed: Signal::default(),
            sent: Signal::default(),
        })
    }

    // What its connection does with it.

    /// A decoder for the response.
    pub(super) fn decoder(&self) -> Decoder {
        let max_headers_count = match self.max_headers_count.get() {
            None => Limits::default().max_headers_count,
            // Zero is no limit for both.
            Some(count) => count as usize,
        };
        let limits = Limits { max_headers_count, ..self.settings.limits() };
        let mut decoder = Decoder::new(Direction::Response, limits, self.settings.leniency());
        if let Some(method) = Method::from_bytes(self.outgoing.borrow().method().as_bytes()) {
            decoder.expect_response_to(method);
        }
        decoder
    }

    /// It has a connection, which is told to the application when the driver runs.
    pub(super) fn attached(&self, connection: &Connection, reused: bool) {
        self.reused.set(reused);
        self.phase.replace(Phase::Attached(connection.this()));
        let agents = self.agent.borrow().as_ref().and_then(Agent::timeout);
        let timeout = Span::millis(self.settings.timeout.or(agents).unwrap_or(0));
        if timeout != connection.link.idle_timeout() {
            connection.link.set_idle_timeout(timeout);
        }
        if let Some((enable, delay)) = self.keep_alive.get() {
            connection.link.set_keep_alive(enable, delay);
        }
    }

    /// Node's 'socket'.
    pub(super) fn greeted(&self, link: &Rc<Link>) {
        self.tell(|told| told.socket = true);
        self.record(RequestEvent::Socket(Socket::new(link)));
        self.connected(link);
    }

    /// Whether the application wants to see the connection before it is used.
    pub(super) fn listens_to_socket(&self) -> bool {
        self.events.listens_to(RequestEvents::SOCKET.bits())
    }

    /// Whether the application knows of the connection.
    pub(super) fn was_greeted(&self) -> bool {
        self.told.get().socket
    }

    /// Appends what there is to send to `output`. True when that was all of the request.
    pub(super) fn take_output(&self, output: &mut Vec<u8>) -> bool {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.take_output_into(output);
        outgoing.body_complete() && !self.outgoing.is_lent()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.outgoing.borrow().is_finished()
    }

    pub(super) fn tell_prefinish(&self) {
        if !self.told.get().prefinish {
            self.tell(|told| told.prefinish = true);
            self.record(RequestEvent::Prefinish);
        }
    }

    /// The whole request is with the operating system.
    pub(super) fn finished(&self) {
        self.outgoing.borrow_mut().set_finished();
        self.record(RequestEvent::Finish);
        if self.told.get().message_end {
            // The request is over, and what else was to be told of it is not.
            self.late.take();
            self.let_connection_go();
        }
        self.sent.notify();
    }

    /// Tells the request how much of it the connection still holds; wakes a writer that may go on.
    pub(super) fn set_unflushed(&self, bytes: usize) {
        if self.outgoing.borrow_mut().set_unflushed(bytes) {
            self.record(RequestEvent::Drain);
        }
        if bytes == 0 {
            self.sent.notify();
        }
    }

    /// A 1xx response (E17).
    pub(super) fn receive_interim(&self, head: &ResponseHead) {
        if head.status == 100 {
            self.record(RequestEvent::Continue);
        }
        if self.events.listens_to(RequestEvents::INFORMATION.bits()) {
            let information = Information::new(head, self.settings.join_duplicate_headers);
            self.record(RequestEvent::Information(Box::new(information)));
        }
    }

    /// The final response has begun.
    pub(super) fn receive_head(self: &Rc<Self>, head: ResponseHead) {
        self.inbound.charge_beside(head.fields.memory());
        if !head.keep_alive {
            self.outgoing.borrow_mut().set_should_keep_alive(false);
        }
        // There is one final head to an exchange: what follows its end is not parsed.
        let _ = self.head.set(head);
        if self.gathers() {
            return;
        }
        let response = IncomingMessage::new(Rc::<Self>::clone(self));
        if self.aborted.get() || self.destroyed.get() {
            return;
        }
        if self.events.listens_to(RequestEvents::RESPONSE.bits()) {
            self.awaited.replace(Awaited::Gone);
            self.record(RequestEvent::Response(response));
        } else {
            self.offer(response);
        }
    }

    /// The head behind which the connection leaves HTTP.
    pub(super) fn receive_leaving_head(&self, head: ResponseHead) {
        let _ = self.head.set(head);
    }

    /// Whether somebody wants the connection that leaves HTTP.
    pub(super) fn listens_to_leaving(&self) -> bool {
        let event = if self.is_connect() { RequestEvents::CONNECT } else { RequestEvents::UPGRADE };
        self.events.listens_to(event.bits())
    }

    /// The connection is the application's.
    pub(super) fn leave(self: &Rc<Self>, socket: Socket, head: Vec<u8>) {
        self.phase.replace(Phase::Detached);
        // Nothing more of it goes out.
        self.outgoing.borrow_mut().destroy(None);
        self.inbound.complete(None);
        let upgraded = Upgraded { response: IncomingMessage::new(Rc::<Self>::clone(self)), socket, head };
        self.record(if self.is_connect() {
            RequestEvent::Connect(upgraded)
        } else {
            RequestEvent::Upgrade(upgraded)
        });
        self.close();
    }

    pub(super) fn body_is_full(&self) -> bool {
        self.inbound.is_full(self.settings.connect.high_water_mark())
    }

    /// Whether the application has something to read.
    pub(super) fn has_unread(&self) -> bool {
        self.inbound.has_views() && !self.told.get().message_end
    }

    /// Whether the response is complete.
    pub(super) fn is_complete(&self) -> bool {
        self.inbound.body().is_complete()
    }

    /// What follows the response is none of it: the connection ends with this exchange.
    pub(super) fn forbid_reuse(&self) {
        self.followed.set(true);
    }

    // What its views do with it.

    /// Runs `change` on the request and gives the connection what came of it.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.outgoing.change(change);
        self.changed_by_application();
        result
    }

    /// As [`Self::change`], for a closure that anybody wrote.
    pub(super) fn change_with<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.outgoing.lend(change);
        self.changed_by_application();
        result
    }

    fn changed_by_application(&self) {
        if let Some(connection) = self.connection() {
            connection.collect();
            self.outgoing.borrow_mut().set_unflushed(connection.link.unflushed());
        }
    }

    /// The connection, while it has one.
    pub(super) fn connection(&self) -> Option<Rc<Connection>> {
        match &*self.phase.borrow() {
            Phase::Attached(connection) => connection.upgrade(),
            Phase::Waiting | Phase::Detached => None,
        }
    }

    /// Whether 'close' was told.
    pub(super) fn is_closed(&self) -> bool {
        self.told.get().close
    }

    pub(super) fn record(&self, event: RequestEvent) {
        debug_assert!(event.bit() > 0, "every event has a bit");
        if !event.is_of_sending() {
            self.tell_late();
        }
        self.events.record(event);
    }

    fn is_connect(&self) -> bool {
        self.outgoing.borrow().method() == "CONNECT"
    }

    pub(super) fn tell(&self, change: impl FnOnce(&mut Told)) {
        let mut told = self.told.get();
        change(&mut told);
        self.told.set(told);
    }
}
