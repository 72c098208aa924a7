//! Node's OutgoingMessage, ServerResponse and the sending half of ClientRequest: from calls to bytes.
//!
//! One file for each thing a program does with a message: `context` for where it comes from, `headers` before the head, `head` for the head
//! itself, `decide` for what it leaves open, `body` after it, `trailers` behind the body, `interim` for 1xx responses, `respond` for all of
//! it at once (`prepared`: again and again), `request` for what only requests do, and `output` for the driver. This file holds the state.

mod body;
mod context;
mod decide;
mod head;
mod headers;
mod interim;
mod output;
mod prepared;
mod request;
mod respond;
#[cfg(test)]
mod tests;
mod trailers;

use std::borrow::Cow;

use bytes::Bytes;

pub use self::{
    context::RequestContext, context::ResponseContext, head::HeadFields, prepared::PreparedAnswer,
};
use self::{context::Role, decide::Automatic, decide::Framing, headers::HeaderMap};
use crate::error::Error;
use crate::message::validate::{validate_status_code, validate_status_message};
use crate::proto;

/// Node's default `highWaterMark` since version 22.
pub const DEFAULT_HIGH_WATER_MARK: usize = 65536;

/// An outgoing message: a response, a request, or the bare parent class.
///
/// Setters and getters mirror Node's properties of the same names. Commands that may render a head take the
/// current `Date`. The driver's side is `take_output`, `set_unflushed`, `set_finished` and the questions about
/// the connection.
#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    role: Role,
    status_code: u16,
    status_message: Option<Cow<'static, str>>,
    strict_content_length: bool,

    /// `None` until a header is set: `writeHead` treats "never set any" and "removed all" differently.
    headers: Option<HeaderMap>,
    automatic: Automatic,
    /// Rendered trailer lines.
    trailers: Vec<u8>,

    /// 100 Continue was sent, so the request body will come.
    continued: bool,
    head: HeadState,
    framing: Framing,
    has_body: bool,
    keep_alive: bool,
    closes_connection: bool,

    out: Vec<u8>,
    /// The end of the body where others send it, too: it follows `out`.
    shared: Option<Bytes>,
    /// How much of `out` the driver may take; the rest is corked or a head that waits for its body.
    ready: usize,
    /// Bytes that the driver took and the transport has not accepted yet.
    unflushed: usize,
    corks: u32,
    /// Data of chunked writes since `cork`; it becomes one chunk.
    corked_chunk: Vec<u8>,
    body_bytes: u64,
    needs_drain: bool,
    stage: Stage,
    destroyed: bool,
    errored: Option<Box<Error>>,
}

/// How far the head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadState {
    /// Headers can be changed. Goes to `Held`.
    Open,
    /// Rendered, and the last so many bytes of `out`, but not for the driver yet. Goes to `Sent`.
    Held(usize),
    /// Released together with body bytes, by `flush_headers` or by `end`.
    Sent,
}

/// How far the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Takes writes. Goes to `Ended`.
    Open,
    /// `end` was called. Goes to `Finished`.
    Ended,
    /// Everything was handed to the transport.
    Finished,
}

/// Creation, and the properties that a program sets or reads.
impl OutgoingMessage {
    /// A response to a request.
    #[must_use]
    pub fn response(context: ResponseContext) -> Self {
        let has_body = !context.head_request;
        let keep_alive = context.keep_alive;
        Self::new(Role::Response(context), has_body, keep_alive)
    }

    /// Node's `new http.OutgoingMessage()`: headers can be set, but nothing can be written.
    #[must_use]
    pub fn bare(high_water_mark: usize) -> Self {
        let mut message = Self::new(Role::Bare { high_water_mark }, true, true);
        message.automatic.date = false;
        message
    }

    /// What stands in for a message while a program has it in its hands.
    pub(crate) fn lent() -> Self {
        let mut message = Self::bare(0);
        message.destroyed = true;
        message
    }

    fn new(role: Role, has_body: bool, keep_alive: bool) -> Self {
        Self {
            role,
            status_code: 200,
            status_message: None,
            strict_content_length: false,
            headers: None,
            automatic: Automatic::default(),
            trailers: Vec::new(),
            continued: false,
            head: HeadState::Open,
            framing: Framing::Undecided,
            has_body,
            keep_alive,
            closes_connection: false,
            out: Vec::new(),
            shared: None,
            ready: 0,
            unflushed: 0,
            corks: 0,
            corked_chunk: Vec::new(),
            body_bytes: 0,
            needs_drain: false,
            stage: Stage::Open,
            destroyed: false,
            errored: None,
        }
    }

    /// `statusCode`.
    #[must_use]
    pub const fn status_code(&self) -> u16 {
        self.status_code
    }

    /// Sets `statusCode` for an implicit head.
    ///
    /// # Errors
    /// `ERR_HTTP_INVALID_STATUS_CODE`. Node says so only when the head is rendered.
    pub fn set_status_code(&mut self, status: u16) -> Result<(), Error> {
        validate_status_code(status)?;
        self.status_code = status;
        Ok(())
    }

    /// `statusMessage`: what was set, or the standard text once the head is rendered.
    #[must_use]
    pub fn status_message(&self) -> Option<&str> {
        self.status_message.as_deref()
    }

    /// Sets `statusMessage`; `None` or an empty one stands for the standard text.
    ///
    /// # Errors
    /// `ERR_INVALID_CHAR`. Node says so only when the head is rendered.
    pub fn set_status_message(&mut self, message: Option<String>) -> Result<(), Error> {
        let message = message.filter(|message| !message.is_empty());
        message.iter().try_for_each(|message| validate_status_message(message))?;
        self.status_message = message.map(Cow::Owned);
        Ok(())
    }

    /// `sendDate`.
    #[must_use]
    pub const fn send_date(&self) -> bool {
        self.automatic.date
    }

    /// Sets `sendDate`.
    pub const fn set_send_date(&mut self, send: bool) {
        self.automatic.date = send;
    }

    /// `strictContentLength`.
    #[must_use]
    pub const fn strict_content_length(&self) -> bool {
        self.strict_content_length
    }

    /// Sets `strictContentLength`: a body that differs from its Content-Length is an error.
    pub const fn set_strict_content_length(&mut self, strict: bool) {
        self.strict_content_length = strict;
    }

    /// `shouldKeepAlive`, an undocumented property that programs use.
    #[must_use]
    pub const fn should_keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Sets `shouldKeepAlive`.
    pub const fn set_should_keep_alive(&mut self, keep_alive: bool) {
        self.keep_alive = keep_alive;
    }

    /// `chunkedEncoding`.
    #[must_use]
    pub const fn chunked_encoding(&self) -> bool {
        matches!(self.framing, Framing::Chunked)
    }

    /// `headersSent`: true once the head is rendered, even while it waits for the body.
    #[must_use]
    pub fn headers_sent(&self) -> bool {
        self.head != HeadState::Open
    }

    /// `writableEnded`, and the deprecated `finished`: `end` was called.
    #[must_use]
    pub fn writable_ended(&self) -> bool {
        self.stage != Stage::Open
    }

    /// `writableFinished`: everything was handed to the transport. As in Node also where that is nothing at all, because
    /// the message was destroyed before its head and ended with data.
    #[must_use]
    pub fn writable_finished(&self) -> bool {
        let nothing = self.destroyed && self.stage == Stage::Ended && self.head == HeadState::Open;
        nothing || self.is_finished()
    }

    /// Whether the message has ended and everything was handed to the transport.
    pub(crate) fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// `writableCorked`: how often `cork` was called.
    #[must_use]
    pub const fn writable_corked(&self) -> u32 {
        self.corks
    }

    /// `writableHighWaterMark`.
    #[must_use]
    pub fn writable_high_water_mark(&self) -> usize {
        self.role.high_water_mark()
    }

    /// `writableNeedDrain`: a write returned `false` and the buffer has not been empty since.
    #[must_use]
    pub fn writable_need_drain(&self) -> bool {
        self.needs_drain && !self.destroyed && self.stage == Stage::Open
    }

    /// `destroyed`.
    #[must_use]
    pub const fn destroyed(&self) -> bool {
        self.destroyed
    }

    /// `errored`: the argument of `destroy`.
    #[must_use]
    pub fn errored(&self) -> Option<&Error> {
        self.errored.as_deref()
    }

    /// Destroys the message: nothing more is written, and output that was not taken is lost. The driver
    /// destroys the connection.
    pub fn destroy(&mut self, error: Option<Error>) {
        if self.destroyed {
            return;
        }
        self.destroyed = true;
        self.errored = error.map(Box::new);
        self.out = Vec::new();
        self.shared = None;
        self.corked_chunk = Vec::new();
        self.ready = 0;
        if self.head != HeadState::Open {
            self.head = HeadState::Sent;
        }
    }
}

/// The standard text of a status, or Node's `unknown`.
fn reason_or_unknown(status: u16) -> &'static str {
    proto::reason(status).unwrap_or("unknown")
}
