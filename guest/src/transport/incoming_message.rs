//! Node's `http.IncomingMessage` on the server: the application's view of a request.

use std::rc::Rc;

use super::{events::MessageEvent, exchange::Exchange, socket::Socket};
use crate::{
    error::Error,
    message::{Body, HeaderValue, ReadResult, headers},
    proto::Fields,
    runtime::{self, Millis, Recorded},
};

/// A request. Views are cheap and there can be several; dropping the last one dumps a body that is
/// not read to its end.
#[derive(Debug)]
pub struct IncomingMessage(Rc<Exchange>);

impl IncomingMessage {
    pub(super) fn new(exchange: Rc<Exchange>) -> Self {
        exchange.add_request_view();
        Self(exchange)
    }

    /// `message.method`.
    pub fn method(&self) -> &'static str {
        self.0.head.method.as_str()
    }

    /// `message.url`: the request target exactly as sent.
    pub fn url(&self) -> String {
        headers::latin1_to_string(self.0.head.target())
    }

    /// `message.httpVersionMajor` and `httpVersionMinor`.
    pub fn http_version(&self) -> (u8, u8) {
        self.0.head.version
    }

    /// `message.headers`: lower-case names, duplicates joined or dropped by Node's rules.
    pub fn headers(&self) -> Vec<(String, HeaderValue)> {
        headers::joined(self.0.head.fields.iter(), self.joins_duplicates())
    }

    /// One entry of [`Self::headers`], without building the others.
    pub fn header(&self, name: &str) -> Option<HeaderValue> {
        let wanted = |(field, _): &(&[u8], &[u8])| field.eq_ignore_ascii_case(name.as_bytes());
        let joined = headers::joined(self.0.head.fields.iter().filter(wanted), self.joins_duplicates());
        joined.into_iter().next().map(|(_, value)| value)
    }

    /// `message.headersDistinct`: every value of every name.
    pub fn headers_distinct(&self) -> Vec<(String, Vec<String>)> {
        headers::distinct(self.0.head.fields.iter())
    }

    /// `message.rawHeaders`: as sent.
    pub fn raw_headers(&self) -> Vec<(String, String)> {
        headers::raw(self.0.head.fields.iter())
    }

    /// `message.trailers`; empty until the whole body was received.
    pub fn trailers(&self) -> Vec<(String, HeaderValue)> {
        let joins = self.joins_duplicates();
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
        self.0.body().is_complete()
    }

    /// `message.aborted`: the message was cut short.
    pub fn aborted(&self) -> bool {
        self.0.body().is_aborted()
    }

    /// `message.readableLength`: received bytes that are not read.
    pub fn readable_length(&self) -> usize {
        self.0.body().len()
    }

    /// Waits until [`Self::read`] has something to say. Takes nothing.
    pub async fn readable(&self) {
        runtime::ensure_driver();
        self.0.changed.wait(|| self.0.body().is_readable().then_some(())).await;
    }

    /// Takes at most `max` bytes of the body.
    pub fn read(&self, max: usize) -> ReadResult {
        self.0.read(max)
    }

    /// Reads the whole body. What was read before the call is not in it; a dropped call loses what
    /// it had read.
    ///
    /// # Errors
    /// `ECONNRESET` when the message is cut short; `ERR_OUT_OF_RANGE` when it is longer than `limit`
    /// bytes, and the rest is dumped.
    pub async fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            match self.read(usize::MAX) {
                ReadResult::Data(bytes) if body.is_empty() => body = bytes,
                ReadResult::Data(bytes) => body.extend_from_slice(&bytes),
                ReadResult::Pending => self.readable().await,
                ReadResult::End => return Ok(body),
                ReadResult::Aborted(error) => return Err(error),
            }
            if body.len() as u64 > limit {
                self.resume();
                let limit = format!("<= {limit}");
                return Err(Error::out_of_range(
                    "body",
                    &limit,
                    i64::try_from(body.len()).unwrap_or(i64::MAX),
                ));
            }
        }
    }

    /// `message.resume()` without a reader: throws the rest of the body away.
    pub fn resume(&self) {
        self.0.dump();
    }

    /// `message.destroy()`: destroys the connection if the message is incomplete. With an error, that
    /// becomes the message's and the server's 'clientError'.
    pub fn destroy(&self, error: Option<Error>) {
        if self.0.destroy_message(error) {
            self.0.connection.destroy();
        }
    }

    /// `message.destroyed`: destroyed, or over.
    pub fn destroyed(&self) -> bool {
        self.aborted() || self.0.message_is_closed()
    }

    /// `message.errored`.
    pub fn errored(&self) -> Option<Error> {
        self.0.message_error()
    }

    /// Replaces the set of events that are recorded, by [`MessageEvent`]'s bits.
    pub fn listen_for(&self, bits: u8) {
        self.0.message_events.listen_for(bits);
    }

    /// Waits until [`Self::take_events`] has something to give, or nothing can come any more.
    pub async fn ready(&self) {
        self.0.message_events.ready().await;
    }

    /// Takes at most `max` recorded events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<MessageEvent>> {
        self.0.message_events.take(max)
    }

    /// `message.setTimeout()`: the idle timeout of the connection; 0 switches it off.
    pub fn set_timeout(&self, timeout: Millis) {
        self.0.connection.set_idle_timeout(timeout);
    }

    /// `message.socket`.
    pub fn socket(&self) -> Socket {
        Socket::new(&self.0.connection)
    }

    /// A view of the same message.
    pub fn another(&self) -> Self {
        Self::new(Rc::clone(&self.0))
    }

    /// `message.readableEnded`: the whole body was received and read.
    pub fn readable_ended(&self) -> bool {
        let body = self.0.body();
        body.is_complete() && body.is_empty()
    }

    /// `message.readableHighWaterMark`: unread bytes from which the connection stops reading.
    pub fn readable_high_water_mark(&self) -> usize {
        self.0.connection.server.settings().high_water_mark
    }

    /// Waits for Node's 'close': the body was read, or the message was cut short.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.changed.wait(|| (self.readable_ended() || self.aborted()).then_some(())).await;
    }

    fn trailer_fields<T>(&self, map: impl FnOnce(&Fields) -> Vec<T>) -> Vec<T> {
        let body = self.0.body();
        Body::trailers(&body).map(map).unwrap_or_default()
    }

    fn joins_duplicates(&self) -> bool {
        self.0.connection.server.settings().join_duplicate_headers
    }
}

impl Drop for IncomingMessage {
    fn drop(&mut self) {
        self.0.drop_request_view();
    }
}
