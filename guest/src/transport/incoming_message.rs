//! Node's `http.IncomingMessage`: the application's view of a received message.

use std::{mem, rc::Rc};

use super::{
    inbound::{MessageEvent, Received, StartLine},
    link::Socket,
};
use crate::{
    error::Error,
    message::{Body, HeaderValue, ReadResult, headers},
    proto::Fields,
    runtime::{self, Recorded, Signal, Span},
};

/// A received message. Views are cheap and there can be several; dropping the last one dumps a body
/// that is not read to its end.
#[derive(Debug)]
pub struct IncomingMessage(Rc<dyn Received>);

impl IncomingMessage {
    pub(crate) fn new(message: Rc<dyn Received>) -> Self {
        message.inbound().add_view();
        Self(message)
    }

    /// `message.method`; none on a response.
    pub fn method(&self) -> Option<&'static str> {
        match self.0.start_line() {
            StartLine::Request { method, .. } => Some(method.as_str()),
            StartLine::Response { .. } => None,
        }
    }

    /// `message.url`: the request target exactly as sent; empty on a response.
    pub fn url(&self) -> String {
        match self.0.start_line() {
            StartLine::Request { target, .. } => headers::latin1_to_string(target),
            StartLine::Response { .. } => String::new(),
        }
    }

    /// `message.statusCode`; none on a request.
    pub fn status_code(&self) -> Option<u16> {
        match self.0.start_line() {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(status),
        }
    }

    /// `message.statusMessage`; none on a request.
    pub fn status_message(&self) -> Option<String> {
        match self.0.start_line() {
            StartLine::Request { .. } => None,
            StartLine::Response { reason, .. } => Some(headers::latin1_to_string(reason)),
        }
    }

    /// `message.httpVersionMajor` and `httpVersionMinor`.
    pub fn http_version(&self) -> (u8, u8) {
        self.0.version()
    }

    /// `message.headers`: lower-case names, duplicates joined or dropped by Node's rules.
    pub fn headers(&self) -> Vec<(String, HeaderValue)> {
        headers::joined(self.fields(), self.0.joins_duplicates())
    }

    /// One entry of [`Self::headers`], without building the others.
    pub fn header(&self, name: &str) -> Option<HeaderValue> {
        let wanted = |(field, _): &(&[u8], &[u8])| field.eq_ignore_ascii_case(name.as_bytes());
        let joined = headers::joined(self.fields().filter(wanted), self.0.joins_duplicates());
        joined.into_iter().next().map(|(_, value)| value)
    }

    /// `message.headersDistinct`: every value of every name.
    pub fn headers_distinct(&self) -> Vec<(String, Vec<String>)> {
        headers::distinct(self.fields())
    }

    /// `message.rawHeaders`: as sent.
    pub fn raw_headers(&self) -> Vec<(String, String)> {
        headers::raw(self.fields())
    }

    /// `message.trailers`; empty until the whole body was received.
    pub fn trailers(&self) -> Vec<(String, HeaderValue)> {
        let joins = self.0.joins_duplicates();
        self.trailer_fields(|fields| headers::joined(fields.iter(), joins))
    }

    /// `message.trailersDistinct`.
    pub fn trailers_distinct(&self) -> Vec<(String, Vec<String>)> {
        self.trailer_fields(|fields| headers::distinct(fields.iter()))
    }

    /// `message.rawTrailers`.
    pub fn raw_trailers(&self) -> Vec<(String, String)> {
        self.trailer_fields(|fields| headers::raw(fields.iter()))
    }

    /// `message.complete`: the whole message was received.
    pub fn complete(&self) -> bool {
        self.0.inbound().body().is_complete()
    }

    /// `message.aborted`: the message was cut short.
    pub fn aborted(&self) -> bool {
        self.0.inbound().is_aborted()
    }

    /// `message.readableLength`: received bytes that are not read.
    pub fn readable_length(&self) -> usize {
        self.0.inbound().body().len()
    }

    /// Waits until [`Self::read`] has something to say. Takes nothing, and counts as reading: a request that is waited
    /// for is not thrown away with the end of its answer.
    pub async fn readable(&self) {
        runtime::ensure_driver();
        self.0.inbound().touch();
        self.0.inbound().changed.wait(|| self.0.inbound().body().is_readable().then_some(())).await;
    }

    /// Takes at most `max` bytes of the body; none while it is out as a stream.
    pub fn read(&self, max: usize) -> ReadResult {
        if self.0.inbound().body().is_out() {
            return ReadResult::Pending;
        }
        self.read_for_stream(max)
    }

    /// As [`Self::read`], for the stream that was handed out.
    pub fn read_for_stream(&self, max: usize) -> ReadResult {
        let (result, ends) = self.0.inbound().read(max);
        if ends {
            self.0.ended();
        }
        self.0.taken();
        result
    }

    /// The body is about to leave as a stream.
    ///
    /// # Errors
    /// `ERR_STREAM_ALREADY_FINISHED`: it was handed out before.
    pub fn hand_out_body(&self) -> Result<(), Error> {
        self.0.inbound().body().hand_out()
    }

    /// A pipe does not take the rest of the body: the application may.
    pub(super) fn take_back_body(&self) {
        self.0.inbound().body().take_back();
    }

    /// Gives `pass` everything that is unread, and keeps it if that fails. None where there is nothing.
    pub(super) fn pass_on<T>(
        &self,
        pass: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        let passed = self.0.inbound().pass_on(pass)?;
        self.0.taken();
        Some(passed)
    }

    /// Somebody reads it, or will.
    pub(super) fn touch(&self) {
        self.0.inbound().touch();
    }

    /// Notified whenever [`Self::read`] may answer something else.
    pub(super) fn changed(&self) -> &Signal {
        &self.0.inbound().changed
    }

    /// A pipe is over, and this is its view. A response that nobody reads on ends with its connection: it may have no
    /// end to wait for. A request is thrown away like any that is not read, as its answer still follows.
    pub(super) fn leave_pipe(&self) {
        let inbound = self.0.inbound();
        let is_response = matches!(self.0.start_line(), StartLine::Response { .. });
        if is_response && inbound.is_last_view() && !inbound.body().is_complete() {
            self.destroy(None);
        }
    }

    /// Reads the whole body. What was read before the call is not in it; what a dropped call had gathered is the next
    /// to be read.
    ///
    /// # Errors
    /// `ECONNRESET` when the message is cut short; `ERR_OUT_OF_RANGE` when it is longer than `limit`
    /// bytes, which can still be read; `ERR_STREAM_ALREADY_FINISHED` when the body was handed out as a stream.
    pub async fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        if self.0.inbound().body().is_handed_out() {
            return Err(Error::already_finished("read_all"));
        }
        let mut gathered = Gathered { message: self, bytes: Vec::new() };
        loop {
            match self.read(usize::MAX) {
                ReadResult::Data(bytes) if gathered.bytes.is_empty() => gathered.bytes = bytes,
                ReadResult::Data(bytes) => gathered.bytes.extend_from_slice(&bytes),
                ReadResult::Pending => self.readable().await,
                ReadResult::End(_) => return Ok(mem::take(&mut gathered.bytes)),
                ReadResult::Aborted(error) => {
                    gathered.bytes.clear();
                    return Err(error);
                }
            }
            if gathered.bytes.len() as u64 > limit {
                let limit = format!("<= {limit}");
                return Err(Error::out_of_range(
                    "body",
                    &limit,
                    i64::try_from(gathered.bytes.len()).unwrap_or(i64::MAX),
                ));
            }
        }
    }

    /// `message.resume()` without a reader: throws the rest of the body away.
    pub fn resume(&self) {
        if self.0.inbound().dump() {
            self.0.ended();
        }
        self.0.taken();
    }

    /// `message.destroy()`: destroys the connection if the message was not read to its end. With an error, that
    /// becomes the message's and the server's 'clientError'.
    pub fn destroy(&self, error: Option<Error>) {
        self.0.destroy(error);
    }

    /// `message.destroyed`: destroyed, or over.
    pub fn destroyed(&self) -> bool {
        self.aborted() || self.0.inbound().is_closed()
    }

    /// `message.errored`.
    pub fn errored(&self) -> Option<Error> {
        self.0.inbound().error()
    }

    /// Replaces the set of events that are recorded, by [`MessageEvent`]'s bits.
    pub fn listen_for(&self, bits: u16) {
        self.0.inbound().events.listen_for(bits);
    }

    /// Notes events, and whatever arrives, under this number, which is not 0: see [`crate::runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.inbound().events.watch(number);
        self.0.inbound().changed.watch(number);
    }

    /// Whether [`Self::read`] would not answer pending.
    pub fn is_readable(&self) -> bool {
        self.0.inbound().body().is_readable()
    }

    /// Waits until [`Self::take_events`] has something to give, or nothing can come any more.
    pub async fn ready(&self) {
        self.0.inbound().events.ready().await;
    }

    /// Takes at most `max` recorded events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<MessageEvent>> {
        self.0.inbound().events.take(max)
    }

    /// `message.setTimeout()`: the idle timeout of the connection, milliseconds; 0 switches it off.
    pub fn set_timeout(&self, timeout: u32) {
        if let Some(link) = self.0.link() {
            link.set_idle_timeout(Span::millis(timeout));
        }
    }

    /// `message.socket`; none for a response whose connection went back to the pool.
    pub fn socket(&self) -> Option<Socket> {
        self.0.link().map(|link| Socket::new(&link))
    }

    /// A view of the same message.
    pub fn another(&self) -> Self {
        Self::new(Rc::clone(&self.0))
    }

    /// `message.readableEnded`: the whole body was received, and its end was read.
    pub fn readable_ended(&self) -> bool {
        self.0.inbound().body().has_ended()
    }

    /// `message.readableHighWaterMark`: unread bytes from which the connection stops reading.
    pub fn readable_high_water_mark(&self) -> usize {
        self.0.high_water_mark()
    }

    /// Waits for Node's 'close': the message was read to its end, or nothing more of it will come.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        let inbound = self.0.inbound();
        let over = || inbound.is_closed() || inbound.body().is_aborted();
        inbound.changed.wait(|| over().then_some(())).await;
    }

    fn trailer_fields<T>(&self, map: impl FnOnce(&Fields) -> Vec<T>) -> Vec<T> {
        let body = self.0.inbound().body();
        Body::trailers(&body).map(map).unwrap_or_default()
    }

    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.fields().iter()
    }
}

/// What `read_all` has read so far: back to the message with it, unless all was read.
struct Gathered<'a> {
    message: &'a IncomingMessage,
    bytes: Vec<u8>,
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.message.0.inbound().put_back(mem::take(&mut self.bytes));
        }
    }
}

impl Drop for IncomingMessage {
    fn drop(&mut self) {
        if self.0.inbound().drop_view() {
            self.resume();
            self.0.unwatched();
        }
    }
}
