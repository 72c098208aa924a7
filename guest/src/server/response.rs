//! Node's `http.ServerResponse`: the application's view of an answer.

use std::{borrow::Cow, rc::Rc};

use super::{
    events::ResponseEvent,
    exchange::{Exchange, Stage},
};
use crate::{
    error::Error,
    message::{HeadFields, HeaderValue, OutgoingMessage, PreparedAnswer, headers::latin1_text},
    proto::Method,
    runtime::{self, Recorded, Span},
    transport::{self, IncomingMessage, Sink, Socket},
};

/// The answer to one request. Dropping it before `end` destroys it, as nothing else could tell the client that no
/// answer will come.
#[derive(Debug)]
pub struct ServerResponse(Rc<Exchange>);

/// A whole answer, for [`ServerResponse::respond_all`].
#[derive(Debug)]
pub struct Answer {
    /// What is answered; it is done with afterwards.
    pub response: ServerResponse,
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl ServerResponse {
    pub(super) fn new(exchange: Rc<Exchange>) -> Self {
        exchange.hold_response(true);
        Self(exchange)
    }

    /// Whether the request came behind the last answer of its connection.
    pub(super) fn is_disowned(&self) -> bool {
        self.0.is_disowned()
    }

    /// `response.req`: a new view of the request.
    pub fn request(&self) -> IncomingMessage {
        IncomingMessage::new(Rc::<Exchange>::clone(&self.0))
    }

    /// The request's method.
    pub fn method(&self) -> Method {
        self.0.head.method
    }

    /// The request target exactly as sent.
    pub fn url(&self) -> String {
        self.target().into_owned()
    }

    /// As [`Self::url`], borrowed where that can be.
    pub fn target(&self) -> Cow<'_, str> {
        latin1_text(self.0.head.target())
    }

    /// Answers in one call: status, headers, Content-Length, body.
    ///
    /// # Errors
    /// Those of [`Self::write_head`] and [`Self::end`]; then nothing was sent.
    pub fn respond(&self, status: u16, headers: &[(String, String)], body: &[u8]) -> Result<(), Error> {
        let date = runtime::date();
        self.0.respond(|outgoing| outgoing.respond(status, headers, body, &date))
    }

    /// As [`Self::respond`], with what was prepared; `body` takes the place of the prepared one.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub fn respond_prepared(&self, answer: &PreparedAnswer, body: Option<&[u8]>) -> Result<(), Error> {
        let date = runtime::date();
        self.0.respond(|outgoing| outgoing.respond_prepared(answer, body, &date))
    }

    /// `response.writeHead()`.
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT`, `ERR_HTTP_INVALID_STATUS_CODE`, `ERR_INVALID_CHAR`, `ERR_INVALID_HTTP_TOKEN`,
    /// `ERR_HTTP_TRAILER_INVALID`.
    pub fn write_head(
        &self,
        status: u16,
        reason: Option<String>,
        headers: &[(String, HeaderValue)],
    ) -> Result<(), Error> {
        let fields = if headers.is_empty() { HeadFields::None } else { HeadFields::Array(headers) };
        let date = runtime::date();
        self.0.answer(|outgoing| outgoing.write_head(status, reason, fields, &date))
    }

    /// `response.write()`: false asks the caller to wait for [`Self::drain`].
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`, `ERR_HTTP_CONTENT_LENGTH_MISMATCH`,
    /// `ERR_HTTP_BODY_NOT_ALLOWED`, and those of an implicit head.
    pub fn write(&self, chunk: &[u8]) -> Result<bool, Error> {
        self.0.write(chunk)
    }

    /// `response.end()`.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn end(&self, chunk: Option<&[u8]>) -> Result<(), Error> {
        self.0.end_with(chunk)
    }

    /// Passes the rest of the body of `source`, which may be the request of this very response, on to this response:
    /// Node's `source.pipe(response)`. What is there is written now, the rest as it comes and as there is room. When
    /// `source` is read to its end the response ends, if `end` says so; one that is cut short does not end it.
    ///
    /// The application may write as well meanwhile, and may drop both handles: the response is then destroyed if
    /// `source` is cut short or `end` is false, and `source`, if the response goes away first, given up.
    ///
    /// # Errors
    /// `ERR_STREAM_ALREADY_FINISHED` when the body of `source` goes elsewhere already; those of [`Self::write`] and
    /// [`Self::end`] for what is written now. One that comes later destroys the response.
    pub fn pipe_from(&self, source: &IncomingMessage, end: bool) -> Result<(), Error> {
        transport::pipe(source, self.sink(), end)
    }

    /// What others than the application write the body to.
    pub(crate) fn sink(&self) -> impl Sink + use<> {
        Rc::clone(&self.0)
    }

    /// Any other change of the message; `change` is given the current `Date`. While it runs the response is in its
    /// hands: what else would change it is not done.
    ///
    /// # Errors
    /// Those of `change`; `ERR_INVALID_STATE` inside another change, or [`Self::look`].
    pub fn answer<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage, &str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let date = runtime::date();
        self.0.answer_with(|outgoing| change(outgoing, &date))
    }

    /// As [`Self::answer`], for a change that cannot fail; inside another one, or [`Self::look`], it is not made.
    pub fn change(&self, change: impl FnOnce(&mut OutgoingMessage)) {
        let _ = self.0.answer_with(|outgoing| {
            change(outgoing);
            Ok(())
        });
    }

    /// `response.socket`: none while answers to earlier requests go before, and none once the answer is finished.
    pub fn socket(&self) -> Option<Socket> {
        self.0.has_socket().then(|| Socket::new(&self.0.link))
    }

    /// A property of the message. While it is looked at it cannot be changed.
    pub fn look<T>(&self, property: impl FnOnce(&OutgoingMessage) -> T) -> T {
        self.0.outgoing.look(property)
    }

    /// Waits until a write may follow: at once unless a write has returned false.
    pub async fn drain(&self) {
        runtime::ensure_driver();
        let drained = || (!self.0.outgoing.borrow().writable_need_drain()).then_some(());
        self.0.changed.wait(drained).await;
    }

    /// Waits for Node's 'finish': the last byte is with the operating system.
    ///
    /// # Errors
    /// `ERR_STREAM_PREMATURE_CLOSE` when the connection ends before.
    pub async fn finished(&self) -> Result<(), Error> {
        runtime::ensure_driver();
        self.0
            .changed
            .wait(|| match self.0.stage() {
                Stage::Open | Stage::Answered => None,
                Stage::Flushed => Some(Ok(())),
                Stage::Aborted => Some(Err(Error::premature_close())),
            })
            .await
    }

    /// Waits until everything that was written is with the operating system.
    ///
    /// # Errors
    /// `ERR_STREAM_DESTROYED` when the connection ends before.
    pub async fn flushed(&self) -> Result<(), Error> {
        runtime::ensure_driver();
        let nothing_waits = || self.0.queued_bytes() == 0 && self.0.link.unflushed() == 0;
        self.0
            .changed
            .wait(|| match self.0.stage() {
                Stage::Aborted => Some(Err(Error::stream_destroyed("write"))),
                Stage::Flushed => Some(Ok(())),
                Stage::Open | Stage::Answered => nothing_waits().then_some(Ok(())),
            })
            .await
    }

    /// Waits for Node's 'close': finished, or the connection is gone.
    pub async fn closed(&self) {
        // Either outcome is a close.
        let _ = self.finished().await;
    }

    /// Replaces the set of events that are recorded, by [`ResponseEvent`]'s bits.
    pub fn listen_for(&self, bits: u16) {
        self.0.events.listen_for(bits);
    }

    /// Notes events, and whatever changes, under this number, which is not 0: see [`runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.events.watch(number);
        self.0.changed.watch(number);
    }

    /// Waits until [`Self::take_events`] has something to give, or nothing can come any more.
    pub async fn ready(&self) {
        self.0.events.ready().await;
    }

    /// Takes at most `max` recorded events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<ResponseEvent>> {
        self.0.events.take(max)
    }

    /// `response.setTimeout()`: the idle timeout of the connection, milliseconds; 0 switches it off.
    pub fn set_timeout(&self, timeout: u32) {
        self.0.link.set_idle_timeout(Span::millis(timeout));
    }

    /// `response.destroy()`: destroys the connection. What is queued is tried once: what the system does not take at
    /// once is lost. Behind answers that go before this one it does so when they are out; once the answer is finished
    /// it does nothing. The error becomes the server's
    /// `clientError` and the socket's `error`.
    pub fn destroy(&self, error: Option<Error>) {
        self.0.destroy_response(error);
    }
}

/// Many at once.
impl ServerResponse {
    /// Answers many requests in one call. Returns what went wrong, by index.
    pub fn respond_all(answers: Vec<Answer>) -> Vec<(usize, Error)> {
        let date = runtime::date();
        failures(answers, |Answer { response, status, headers, body }| {
            response.0.respond(|outgoing| outgoing.respond(status, &headers, &body, &date))
        })
    }

    /// Gives many requests the same answer. Returns what went wrong, by index.
    pub fn respond_all_prepared(answer: &PreparedAnswer, responses: Vec<Self>) -> Vec<(usize, Error)> {
        let date = runtime::date();
        failures(responses, |response| {
            response.0.respond(|outgoing| outgoing.respond_prepared(answer, None, &date))
        })
    }
}

/// What went wrong with some of `all`, by index.
fn failures<T>(all: Vec<T>, respond: impl Fn(T) -> Result<(), Error>) -> Vec<(usize, Error)> {
    let failure = |(index, one)| respond(one).err().map(|error| (index, error));
    all.into_iter().enumerate().filter_map(failure).collect()
}

impl Drop for ServerResponse {
    fn drop(&mut self) {
        self.0.let_go();
        self.0.hold_response(false);
    }
}
