//! One request and its answer: what `IncomingMessage` and `ServerResponse` are two views of.

use std::{
    cell::Cell,
    rc::{Rc, Weak},
};

use bytes::Bytes;

use super::{Settings, connection::Connection, events::ResponseEvent};
use crate::{
    error::Error,
    message::OutgoingMessage,
    proto::{Fields, RequestHead},
    runtime::{self, EventLog, Signal},
    transport::{Inbound, Link, Outbound, Received as _},
};

/// A request, its body as it arrives, and the answer to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    connection: Weak<Connection>,
    pub(super) link: Rc<Link>,
    pub(super) head: RequestHead,
    pub(super) inbound: Inbound,
    pub(super) outgoing: Outbound,
    stage: Cell<Stage>,
    told: Cell<Told>,
    /// The turn in which the request came.
    turn: u64,
    pub(super) joins_duplicates: bool,
    pub(super) events: EventLog<ResponseEvent>,
    /// Notified whenever something changes that a holder of the response can wait for.
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

/// What the application knows.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    prefinish: bool,
    /// Nothing of how it ends: its turn never came.
    waited: bool,
    close: bool,
    /// Bytes of the answer were given to the connection.
    begun: bool,
    /// How often it wrote behind the end: it is told when the answer is finished.
    late_data: u8,
    /// It holds the response.
    response: bool,
    /// It will never be given the request.
    disowned: bool,
}

/// Errors that nobody takes beyond this many are not recorded.
const MOST_ERRORS: u8 = 16;

/// What moving an answer's bytes to the connection came to.
pub(super) struct Progress {
    /// The answer has no more bytes.
    pub(super) complete: bool,
    /// It is the last on its connection.
    pub(super) closes: bool,
    /// What follows the bytes that were appended, not copied.
    pub(super) shared: Option<Bytes>,
}

impl Exchange {
    pub(super) fn new(
        connection: &Connection,
        head: RequestHead,
        outgoing: OutgoingMessage,
        settings: &Settings,
    ) -> Rc<Self> {
        let exchange = Rc::new(Self {
            connection: connection.this(),
            link: Rc::clone(&connection.link),
            head,
            inbound: Inbound::new(&connection.link.account, settings.message_listening),
            outgoing: Outbound::new(outgoing),
            stage: Cell::new(Stage::Open),
            told: Cell::default(),
            turn: runtime::turn(),
            joins_duplicates: settings.join_duplicate_headers,
            events: EventLog::listening(settings.response_listening),
            changed: Signal::default(),
        });
        exchange.recount(0);
        exchange
    }

    // What the connection does with it.

    /// Appends the answer's bytes to `output`.
    pub(super) fn take_output(&self, output: &mut Vec<u8>) -> Progress {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.has_output() {
            self.tell(|told| told.begun |= outgoing.headers_sent());
            outgoing.take_output_into(output);
        }
        let complete = outgoing.body_complete();
        let shared = outgoing.take_shared();
        Progress { complete, closes: complete && outgoing.closes_connection(), shared }
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.outgoing.borrow().writable_length()
    }

    /// Whether bytes of the final answer may have left.
    pub(super) fn has_begun(&self) -> bool {
        self.told.get().begun
    }

    /// Whether the application has not had the word since the request came.
    pub(super) fn is_fresh(&self) -> bool {
        self.turn == runtime::turn()
    }

    /// The answer is queued whole, and it is its turn.
    pub(super) fn answered(&self) {
        self.stage.set(Stage::Answered);
        self.tell_prefinish();
    }

    /// The answer's last byte is with the operating system.
    pub(super) fn flushed(&self) {
        self.stage.set(Stage::Flushed);
        self.outgoing.borrow_mut().set_finished();
        self.events.record(ResponseEvent::Finish);
        for _ in 0..self.told.get().late_data {
            self.events.record(ResponseEvent::Error(Error::write_after_end()));
        }
        self.close_response();
        self.changed.notify();
    }

    /// Whether there is something to read that nobody has asked for.
    pub(super) fn has_unread(&self) -> bool {
        let body = self.inbound.body();
        body.is_untouched() && !body.is_empty()
    }

    /// Throws away what nobody has begun to read.
    pub(super) fn dump_unread(&self) {
        if self.inbound.body().is_untouched() && self.inbound.dump() {
            self.ended();
        }
    }

    /// The connection ends after this answer, which says so (RFC 9112 section 9.6) unless its head is rendered already.
    pub(super) fn announce_end(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        if !outgoing.headers_sent() {
            outgoing.set_should_keep_alive(false);
        }
    }

    /// The connection will not carry this exchange any further. Of a request that is answered Node does not tell.
    pub(super) fn abort(&self) {
        if self.stage.get() == Stage::Flushed {
            return self.inbound.cut();
        }
        self.inbound.abort();
        self.stage.set(Stage::Aborted);
        self.changed.notify();
    }

    /// The connection is gone: the last events of both halves (E22 to E25).
    pub(super) fn gone(&self) {
        self.close_response();
        if self.stage.get() == Stage::Flushed {
            self.dump_unread();
            return self.inbound.events.end();
        }
        if self.inbound.is_aborted() && !self.inbound.is_closed() {
            self.inbound.fail(Error::aborted());
        }
        self.inbound.close();
    }

    fn close_response(&self) {
        if !self.told.get().close {
            self.tell(|told| told.close = true);
            self.outgoing.borrow_mut().destroy(None);
            self.events.record(ResponseEvent::Close);
            self.events.end();
            self.changed.notify();
        }
    }

    fn tell_prefinish(&self) {
        let told = self.told.get();
        if !told.prefinish && !told.waited {
            self.tell(|told| told.prefinish = true);
            self.events.record(ResponseEvent::Prefinish);
        }
    }

    /// The connection ended before this answer had its turn: nobody is told of its end.
    pub(super) fn had_no_turn(&self) {
        self.tell(|told| told.waited = true);
    }

    /// The request came behind the last answer: who has not been given it will not be.
    pub(super) fn disown(&self) {
        self.tell(|told| (told.disowned, told.waited) = (true, true));
    }

    pub(super) fn is_disowned(&self) -> bool {
        self.told.get().disowned
    }

    pub(super) fn receive_end(&self, trailers: Option<Box<Fields>>) {
        if self.inbound.complete(trailers) {
            self.ended();
        }
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

    /// The connection, while it carries anything.
    pub(super) fn connection(&self) -> Option<Rc<Connection>> {
        self.connection.upgrade()
    }

    /// Whether it has the connection: it is its turn.
    fn is_owner(&self) -> bool {
        self.connection().is_some_and(|connection| connection.queue.borrow().is_owner(self))
    }

    /// Whether the answer has a socket: from its turn on until it is finished, or for ever if its connection ends.
    pub(super) fn has_socket(&self) -> bool {
        match self.stage.get() {
            Stage::Open | Stage::Answered => self.is_owner(),
            Stage::Flushed => false,
            Stage::Aborted => !self.told.get().waited,
        }
    }

    /// How much of the answer the connection still holds; nothing while it waits for its turn.
    pub(super) fn unflushed(&self) -> usize {
        if self.is_owner() { self.link.unflushed() } else { 0 }
    }

    /// Runs `change` on the answer and gives the connection what came of it.
    pub(super) fn answer<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.outgoing.change(change);
        self.changed_by_application();
        result
    }

    /// As [`Self::answer`], for a closure that anybody wrote.
    pub(super) fn answer_with<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.outgoing.lend(change);
        self.changed_by_application();
        result
    }

    fn changed_by_application(&self) {
        let over = self.stage.get() == Stage::Aborted || self.link.is_destroyed() && self.is_owner();
        if over && self.outgoing.borrow().writable_ended() {
            self.tell_prefinish();
        }
        let Some(connection) = self.connection() else { return };
        connection.advance_queue();
        let unflushed = self.unflushed();
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.set_unflushed(unflushed);
        let buffered = outgoing.buffered();
        drop(outgoing);
        self.recount(buffered);
    }

    /// The whole answer in one call, by `respond`. When it is the oldest owed one it is rendered straight into the
    /// connection's output: the hot path copies nothing.
    pub(super) fn respond(
        &self,
        respond: impl FnOnce(&mut OutgoingMessage) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let direct = self
            .connection()
            .filter(|connection| connection.queue.borrow().may_render(self, &self.link.halves()));
        let Some(connection) = direct else { return self.answer(respond) };
        let mut outgoing = self.outgoing.borrow_mut();
        let result = self.link.halves().output.append(|wire| {
            outgoing.swap_output(wire);
            let result = respond(&mut outgoing);
            outgoing.swap_output(wire);
            result
        });
        drop(outgoing);
        connection.advance_queue();
        result
    }

    /// Node tells of data behind the end as an event, too: behind 'finish', if that is about to come.
    pub(super) fn tell_of_late_data(&self, error: &Error) {
        if error.code() != Error::write_after_end().code() || self.is_destroyed() {
        } else if self.stage.get() == Stage::Answered && self.is_owner() {
            self.tell(|told| told.late_data = (told.late_data + 1).min(MOST_ERRORS));
        } else {
            self.events.record(ResponseEvent::Error(error.clone()));
        }
    }

    /// `response.destroy()`: takes the connection along if that is its own; one that waits for its turn does so then.
    pub(super) fn destroy_response(&self, error: Option<Error>) {
        if self.outgoing.is_lent() {
            return;
        }
        let over = self.is_destroyed() || matches!(self.stage.get(), Stage::Flushed | Stage::Aborted);
        self.outgoing.borrow_mut().destroy(error.clone());
        self.changed.notify();
        let Some(connection) = self.connection().filter(|_| !over) else { return };
        if self.is_owner() { self.link.destroy_with(error) } else { connection.advance_queue() }
    }

    /// Whether the answer was destroyed, or is over.
    pub(super) fn is_destroyed(&self) -> bool {
        !self.outgoing.is_lent() && self.outgoing.borrow().destroyed()
    }

    pub(super) fn destroyed_with(&self) -> Option<Error> {
        self.outgoing.borrow().errored().cloned()
    }

    /// The application is given the response, or lets it go.
    pub(super) fn hold_response(&self, held: bool) {
        self.tell(|told| told.response = held);
        if !held && !self.inbound.has_views() {
            self.forget_events();
        }
    }

    /// Whether the application holds the response.
    pub(super) fn is_held(&self) -> bool {
        self.told.get().response
    }

    /// Nobody holds anything of it any more: what happens to it is told to nobody.
    pub(super) fn forget_events(&self) {
        self.events.abandon();
        self.inbound.events.abandon();
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        let mut told = self.told.get();
        change(&mut told);
        self.told.set(told);
    }

    /// Charges what it holds: the request's head, itself, and so much of the answer.
    fn recount(&self, buffered: usize) {
        self.inbound.charge_beside(size_of::<Self>() + self.head.fields.memory() + buffered);
    }
}
