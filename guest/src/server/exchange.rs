//! One request and its answer: what `IncomingMessage` and `ServerResponse` are two views of.

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use super::{connection::Connection, events::ResponseEvent};
use crate::{
    error::Error,
    message::{Body, OutgoingMessage, ReadResult},
    proto::{Fields, RequestHead},
    runtime::{self, EventLog, Millis, Signal},
    transport::{MessageEvent, Received, Socket, StartLine},
};

/// A request, its body as it arrives, and the answer to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(super) connection: Rc<Connection>,
    pub(super) head: RequestHead,
    body: RefCell<Body>,
    /// Why the request was destroyed by the application, if it gave a reason.
    destroyed_with: RefCell<Option<Error>>,
    pub(super) outgoing: RefCell<OutgoingMessage>,
    stage: Cell<Stage>,
    /// How many `IncomingMessage` views there are; when the last goes, an unread body is dumped.
    request_views: Cell<usize>,
    /// Which ends were told to whom, so that each is told once.
    told: Cell<Told>,
    pub(super) events: EventLog<ResponseEvent>,
    pub(super) message_events: EventLog<MessageEvent>,
    /// Notified whenever something changes that a caller can wait for.
    pub(super) changed: Signal,
}

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Being written by the application. Next: `Answered`, `Aborted`.
    Open,
    /// Complete and queued on the connection. Next: `Flushed`, `Aborted`.
    Answered,
    /// With the operating system: Node's 'finish'.
    Flushed,
    /// The connection is gone, or a younger answer closed it.
    Aborted,
}

/// What was recorded for the application already.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    prefinish: bool,
    aborted: bool,
    message_close: bool,
    response_close: bool,
}

/// What moving an answer's bytes to the connection came to.
pub(super) struct Progress {
    /// The answer has no more bytes.
    pub(super) complete: bool,
    /// It is the last on its connection.
    pub(super) closes: bool,
}

impl Exchange {
    pub(super) fn new(connection: Rc<Connection>, head: RequestHead, outgoing: OutgoingMessage) -> Self {
        Self {
            connection,
            head,
            body: RefCell::default(),
            outgoing: RefCell::new(outgoing),
            stage: Cell::new(Stage::Open),
            destroyed_with: RefCell::default(),
            request_views: Cell::new(0),
            told: Cell::default(),
            events: EventLog::default(),
            message_events: EventLog::default(),
            changed: Signal::default(),
        }
    }

    // What the connection does with it.

    /// Appends the answer's bytes to `output`.
    pub(super) fn take_output(&self, output: &mut Vec<u8>) -> Progress {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.take_output_into(output);
        let complete = outgoing.body_complete();
        Progress { complete, closes: complete && outgoing.closes_connection() }
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.outgoing.borrow().writable_length()
    }

    /// Whether bytes of the final answer may have left.
    pub(super) fn head_sent(&self) -> bool {
        self.outgoing.borrow().headers_sent()
    }

    /// The answer is queued whole. An unread body is dumped so that the next request can be parsed
    /// (I-15), unless the application has begun to read it.
    pub(super) fn answered(&self) {
        self.stage.set(Stage::Answered);
        self.body.borrow_mut().dump_unless_consumed();
    }

    /// The answer's last byte is with the operating system.
    pub(super) fn flushed(&self) {
        self.stage.set(Stage::Flushed);
        self.outgoing.borrow_mut().set_finished();
        self.events.record(ResponseEvent::Finish);
        self.close_response();
        if self.body.borrow().is_complete() {
            self.close_message();
        }
        self.changed.notify();
    }

    /// The connection ends after this answer, which says so (RFC 9112 section 9.6) unless its head is rendered already.
    pub(super) fn announce_end(&self) {
        if !self.head_sent() {
            self.outgoing.borrow_mut().set_should_keep_alive(false);
        }
    }

    /// The connection will not carry this exchange any further.
    pub(super) fn abort(&self) {
        self.body.borrow_mut().abort();
        if self.body.borrow().is_complete() {
            self.close_message();
        } else if !self.told.get().aborted {
            self.told.set(Told { aborted: true, ..self.told.get() });
            self.message_events.record(MessageEvent::Aborted);
        }
        if matches!(self.stage.get(), Stage::Open | Stage::Answered) {
            self.stage.set(Stage::Aborted);
            self.outgoing.borrow_mut().destroy(None);
        }
        self.changed.notify();
    }

    /// The connection is gone: the last events of both halves (E22 to E25).
    pub(super) fn gone(&self) {
        self.close_response();
        if self.body.borrow().is_aborted() && !self.told.get().message_close {
            self.message_events.record(MessageEvent::Error(Error::aborted()));
        }
        self.close_message();
        self.changed.notify();
    }

    /// The application destroys the request (E26). True when its connection must go.
    pub(super) fn destroy_message(&self, error: Option<Error>) -> bool {
        if self.body.borrow().is_complete() {
            return false;
        }
        self.abort();
        if let Some(error) = &error {
            self.connection.report_client_error(error.clone());
            self.message_events.record(MessageEvent::Error(error.clone()));
        }
        self.destroyed_with.replace(error);
        self.close_message();
        true
    }

    fn close_response(&self) {
        if !self.told.get().response_close {
            self.told.set(Told { response_close: true, ..self.told.get() });
            self.events.record(ResponseEvent::Close);
            self.events.end();
        }
    }

    fn close_message(&self) {
        if !self.told.get().message_close {
            self.told.set(Told { message_close: true, ..self.told.get() });
            self.message_events.record(MessageEvent::Close);
            self.message_events.end();
        }
    }

    fn tell_prefinish(&self) {
        if !self.told.get().prefinish && self.outgoing.borrow().writable_ended() {
            self.told.set(Told { prefinish: true, ..self.told.get() });
            self.events.record(ResponseEvent::Prefinish);
        }
    }

    pub(super) fn receive_body(&self, bytes: &[u8]) {
        self.body.borrow_mut().push(bytes);
        self.changed.notify();
    }

    pub(super) fn receive_end(&self, trailers: Option<Box<Fields>>) {
        self.body.borrow_mut().complete(trailers);
        if self.stage.get() == Stage::Flushed {
            self.close_message();
        }
        self.changed.notify();
    }

    pub(super) fn body_is_full(&self, high_water_mark: usize) -> bool {
        self.body.borrow().len() >= high_water_mark.max(1)
    }

    /// Tells the answer how much of it the connection still holds; wakes a writer that may go on.
    pub(super) fn set_unflushed(&self, bytes: usize) {
        if self.outgoing.borrow_mut().set_unflushed(bytes) {
            self.events.record(ResponseEvent::Drain);
        }
        if bytes == 0 {
            self.changed.notify();
        }
    }

    // What the views do with it.

    pub(super) fn stage(&self) -> Stage {
        self.stage.get()
    }

    pub(super) fn body(&self) -> Ref<'_, Body> {
        self.body.borrow()
    }

    /// Runs `change` on the answer and gives the connection what came of it.
    pub(super) fn answer<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = change(&mut self.outgoing.borrow_mut());
        self.tell_prefinish();
        self.connection.advance();
        let unflushed = self.connection.unflushed();
        self.outgoing.borrow_mut().set_unflushed(unflushed);
        result
    }

    /// The whole answer in one call. When it is the oldest owed one it is rendered straight into the
    /// connection's output: the hot path copies nothing.
    pub(super) fn respond(
        &self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        date: &str,
    ) -> Result<(), Error> {
        let Some(mut wire) = self.connection.lend_output(self) else {
            return self.answer(|outgoing| outgoing.respond(status, headers, body, date));
        };
        let before = wire.len();
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.swap_output(&mut wire);
        let result = outgoing.respond(status, headers, body, date);
        outgoing.swap_output(&mut wire);
        drop(outgoing);
        let appended = wire.len() - before;
        self.connection.return_output(wire, appended);
        self.tell_prefinish();
        self.connection.advance();
        result
    }
}

impl Received for Exchange {
    fn start_line(&self) -> StartLine<'_> {
        StartLine::Request { method: self.head.method, target: self.head.target() }
    }

    fn version(&self) -> (u8, u8) {
        self.head.version
    }

    fn fields(&self) -> &Fields {
        &self.head.fields
    }

    /// A request with too many was refused.
    fn most_fields(&self) -> usize {
        usize::MAX
    }

    fn joins_duplicates(&self) -> bool {
        self.connection.server.settings().join_duplicate_headers
    }

    fn body(&self) -> Ref<'_, Body> {
        self.body.borrow()
    }

    fn high_water_mark(&self) -> usize {
        self.connection.server.settings().high_water_mark
    }

    fn events(&self) -> &EventLog<MessageEvent> {
        &self.message_events
    }

    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn views(&self) -> &Cell<usize> {
        &self.request_views
    }

    fn read(&self, max: usize) -> ReadResult {
        let result = self.body.borrow_mut().read(max, runtime::next_sequence);
        if self.body.borrow().is_complete() && self.body.borrow().is_empty() {
            self.changed.notify();
        }
        self.connection.resume_receiving();
        result
    }

    fn put_back(&self, bytes: Vec<u8>) {
        self.body.borrow_mut().put_back(bytes);
    }

    fn dump(&self) {
        self.body.borrow_mut().dump();
        self.connection.resume_receiving();
    }

    fn destroy(&self, error: Option<Error>) {
        if self.destroy_message(error) {
            self.connection.destroy();
        }
    }

    /// Read to its end or destroyed, and answered.
    fn is_closed(&self) -> bool {
        self.told.get().message_close
    }

    fn error(&self) -> Option<Error> {
        let given = self.destroyed_with.borrow().clone();
        given.or_else(|| self.body.borrow().is_aborted().then(Error::aborted))
    }

    fn set_idle_timeout(&self, timeout: Millis) {
        self.connection.set_idle_timeout(timeout);
    }

    fn socket(&self) -> Option<Socket> {
        Some(self.connection.socket())
    }
}
