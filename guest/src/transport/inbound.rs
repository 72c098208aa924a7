//! A message that is received: its body, its events, and how far the application is with both.

use std::{
    cell::{Cell, Ref, RefCell},
    fmt::Debug,
    rc::Rc,
};

use super::link::Link;
use crate::{
    error::Error,
    message::{Body, ReadResult},
    proto::{Fields, Method},
    runtime::{self, Account, Charge, EventKind, EventLog, Signal},
};

/// What happened to a received message.
#[derive(Debug)]
#[non_exhaustive]
pub enum MessageEvent {
    /// `'aborted'`: it was cut short.
    Aborted,
    /// `'error'`.
    Error(Error),
    /// `'end'`: it was read, or thrown away, to its end.
    End,
    /// `'close'`: the last event.
    Close,
    /// `'timeout'`: the connection was idle.
    Timeout,
}

impl EventKind for MessageEvent {
    fn bit(&self) -> u16 {
        1 << match self {
            Self::Aborted => 0,
            Self::Error(_) => 1,
            Self::Close => 2,
            Self::Timeout => 3,
            Self::End => 4,
        }
    }

    fn is_last_word(&self) -> bool {
        !matches!(self, Self::Timeout)
    }
}

/// What the first line of a message says.
#[derive(Debug)]
pub(crate) enum StartLine<'a> {
    /// A request.
    Request { method: Method, target: &'a [u8] },
    /// A response.
    Response { status: u16, reason: &'a [u8] },
}

/// What a view of a received message asks whatever receives it.
pub(crate) trait Received: Debug {
    fn inbound(&self) -> &Inbound;
    fn start_line(&self) -> StartLine<'_>;
    fn version(&self) -> (u8, u8);
    fn fields(&self) -> &Fields;
    fn joins_duplicates(&self) -> bool;
    fn high_water_mark(&self) -> usize;
    /// Its connection; none once that serves others.
    fn link(&self) -> Option<Rc<Link>>;
    /// The application has taken bytes, or wants none.
    fn taken(&self) {
        if let Some(link) = self.link() {
            link.resume_receiving();
        }
    }
    /// The message was read, or thrown away, to its end, which was told.
    fn ended(&self);
    fn destroy(&self, error: Option<Error>);
    /// The last view is gone, and what was not read is thrown away.
    fn unwatched(&self) {}
}

/// A message that is received.
#[derive(Debug)]
pub(crate) struct Inbound {
    body: RefCell<Body>,
    pub(crate) events: EventLog<MessageEvent>,
    /// How many views there are.
    views: Cell<usize>,
    /// Node's `aborted`.
    aborted: Cell<bool>,
    closed: Cell<bool>,
    /// Why it was destroyed, where a reason was given.
    error: RefCell<Option<Error>>,
    charge: Charge,
    /// Bytes of memory that are held for it beside its body: its head, its answer.
    beside: Cell<usize>,
    /// Notified whenever something changes that a view can wait for.
    pub(crate) changed: Signal,
}

impl Inbound {
    /// Whatever peers send is charged to `account`.
    pub(crate) fn new(account: &Rc<Account>, listened: u16) -> Self {
        Self {
            body: RefCell::default(),
            events: EventLog::listening(listened),
            views: Cell::new(0),
            aborted: Cell::new(false),
            closed: Cell::new(false),
            error: RefCell::default(),
            charge: Charge::new(account, 0),
            beside: Cell::new(0),
            changed: Signal::default(),
        }
    }

    // What the connection brings.

    /// So many bytes of memory are held for it beside its body.
    pub(crate) fn charge_beside(&self, bytes: usize) {
        self.beside.set(bytes);
        self.recount();
    }

    pub(crate) fn receive(&self, bytes: &[u8]) {
        self.body.borrow_mut().push(bytes);
        self.recount();
        self.changed.notify();
    }

    /// As [`Self::receive`], of what stands in `buffer` behind its first `start` bytes, which need not be copied.
    pub(super) fn receive_buffer(&self, buffer: Vec<u8>, start: usize) {
        self.body.borrow_mut().push_buffer(buffer, start);
        self.recount();
        self.changed.notify();
    }

    /// The message is complete. True when that is its end, because nobody reads it.
    pub(crate) fn complete(&self, trailers: Option<Box<Fields>>) -> bool {
        self.body.borrow_mut().complete(trailers);
        self.changed.notify();
        self.body().is_dumped() && self.end_dumped()
    }

    /// Nothing more will arrive.
    pub(crate) fn cut(&self) {
        self.body.borrow_mut().abort();
        self.changed.notify();
    }

    /// Node's 'aborted': nothing more will arrive, or be asked for, and the application has not read it to its end.
    /// False when that was told, or there was nothing to abort.
    pub(crate) fn abort(&self) -> bool {
        self.cut();
        let first = !self.body().has_ended() && !self.closed.get() && !self.aborted.replace(true);
        if first {
            self.events.record(MessageEvent::Aborted);
        }
        first
    }

    /// Node's 'error'.
    pub(crate) fn fail(&self, error: Error) {
        self.error.borrow_mut().get_or_insert_with(|| error.clone());
        self.events.record(MessageEvent::Error(error));
    }

    /// Node's 'close'. False when it was told.
    pub(crate) fn close(&self) -> bool {
        let first = !self.closed.replace(true);
        if first {
            self.events.record(MessageEvent::Close);
            self.events.end();
            self.changed.notify();
        }
        first
    }

    // What the application does with it.

    pub(crate) fn body(&self) -> Ref<'_, Body> {
        self.body.borrow()
    }

    /// Takes at most `max` bytes. True when that was the end, for the first time.
    pub(crate) fn read(&self, max: usize) -> (ReadResult, bool) {
        let had_ended = self.body().has_ended();
        let result = self.body.borrow_mut().read(max, runtime::next_sequence);
        self.recount();
        match result {
            ReadResult::End(sequence) if !had_ended => {
                self.events.record_numbered(MessageEvent::End, || sequence);
                self.changed.notify();
                (result, true)
            }
            _ => (result, false),
        }
    }

    /// Gives `pass` everything that is unread, and keeps it if that fails. None where there is nothing.
    pub(super) fn pass_on<T>(
        &self,
        pass: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        let (buffer, start) = self.body.borrow_mut().take_buffer();
        let bytes = &buffer[start..];
        if bytes.is_empty() {
            return None;
        }
        let passed = pass(bytes);
        if passed.is_err() {
            self.body.borrow_mut().put_back(bytes.to_vec());
        }
        self.recount();
        Some(passed)
    }

    /// The application waits for something to read.
    pub(crate) fn touch(&self) {
        self.body.borrow_mut().touch();
    }

    /// Puts bytes back that were read last.
    pub(crate) fn put_back(&self, bytes: Vec<u8>) {
        self.body.borrow_mut().put_back(bytes);
        self.recount();
    }

    /// Throws away what has arrived of the body and what will. True when that is the end, for the first time.
    pub(crate) fn dump(&self) -> bool {
        self.body.borrow_mut().dump();
        self.recount();
        self.end_dumped()
    }

    /// The application has destroyed it: what it has not read is gone, the end as well unless nothing was left.
    pub(crate) fn destroy(&self) {
        if self.body().is_complete() && self.body().is_empty() {
            self.end_dumped();
        }
        self.body.borrow_mut().destroy();
        self.recount();
        self.changed.notify();
    }

    fn end_dumped(&self) -> bool {
        let (_, ends) = self.read(0);
        ends
    }

    /// Whether so much is unread that no more may be received.
    pub(crate) fn is_full(&self, high_water_mark: usize) -> bool {
        let body = self.body();
        !body.is_complete() && body.len() >= high_water_mark.max(1)
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.get()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Node's `errored`.
    pub(crate) fn error(&self) -> Option<Error> {
        let given = self.error.borrow().clone();
        given.or_else(|| self.aborted.get().then(Error::aborted))
    }

    pub(crate) fn add_view(&self) {
        self.views.set(self.views.get() + 1);
    }

    /// True when it was the last.
    pub(crate) fn drop_view(&self) -> bool {
        self.views.set(self.views.get() - 1);
        self.views.get() == 0
    }

    pub(crate) fn is_last_view(&self) -> bool {
        self.views.get() == 1
    }

    pub(crate) fn has_views(&self) -> bool {
        self.views.get() > 0
    }

    fn recount(&self) {
        self.charge.set(self.beside.get() + self.body.borrow().len());
    }
}
