//! `interface incoming-message`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        incoming_message::{
            DistinctHeader, Field, Guest, GuestIncomingMessage, Header, IncomingMessageEvent,
            IncomingMessageEventKind, IncomingMessageEvents,
        },
        net::Socket,
        types::{Error, HeaderValue, Milliseconds, ReadResult},
    },
    convert, streams,
};
use crate::{
    error, runtime,
    transport::{self, IncomingMessage},
};

impl Guest for Component {
    type IncomingMessage = IncomingMessage;
}

impl GuestIncomingMessage for IncomingMessage {
    fn listen_for(&self, events: IncomingMessageEvents) {
        Self::listen_for(self, events.bits().into());
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<IncomingMessageEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(IncomingMessageEvent::from).collect()
    }

    fn aborted(&self) -> bool {
        Self::aborted(self)
    }

    fn complete(&self) -> bool {
        Self::complete(self)
    }

    fn connection(&self) -> Option<Socket> {
        Self::socket(self).map(Socket::new)
    }

    fn socket(&self) -> Option<Socket> {
        Self::socket(self).map(Socket::new)
    }

    fn destroy(&self, error: Option<Error>) {
        Self::destroy(self, error.map(error::Error::from));
    }

    fn destroyed(&self) -> bool {
        Self::destroyed(self)
    }

    fn errored(&self) -> Option<Error> {
        Self::errored(self).map(Error::from)
    }

    fn headers(&self) -> Vec<Header> {
        convert::wit_headers(Self::headers(self))
    }

    fn header(&self, name: String) -> Option<HeaderValue> {
        Self::header(self, &name).map(HeaderValue::from)
    }

    fn headers_distinct(&self) -> Vec<DistinctHeader> {
        Self::headers_distinct(self)
    }

    fn raw_headers(&self) -> Vec<Field> {
        Self::raw_headers(self)
    }

    fn trailers(&self) -> Vec<Header> {
        convert::wit_headers(Self::trailers(self))
    }

    fn trailers_distinct(&self) -> Vec<DistinctHeader> {
        Self::trailers_distinct(self)
    }

    fn raw_trailers(&self) -> Vec<Field> {
        Self::raw_trailers(self)
    }

    fn http_version(&self) -> String {
        let (major, minor) = Self::http_version(self);
        format!("{major}.{minor}")
    }

    fn http_version_major(&self) -> u8 {
        Self::http_version(self).0
    }

    fn http_version_minor(&self) -> u8 {
        Self::http_version(self).1
    }

    fn method(&self) -> Option<String> {
        Self::method(self).map(str::to_owned)
    }

    fn url(&self) -> String {
        Self::url(self)
    }

    fn status_code(&self) -> Option<u16> {
        Self::status_code(self)
    }

    fn status_message(&self) -> Option<String> {
        Self::status_message(self)
    }

    fn set_timeout(&self, timeout: Milliseconds) {
        Self::set_timeout(self, timeout);
    }

    async fn readable(&self) {
        Self::readable(self).await;
    }

    fn read(&self, max: u64) -> ReadResult {
        Self::read(self, convert::all_if_zero(max)).into()
    }

    async fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        Ok(Self::read_all(self, limit).await?)
    }

    fn body(&self) -> Result<StreamReader<u8>, Error> {
        self.hand_out_body()?;
        Ok(streams::body(self.another()))
    }

    fn resume(&self) {
        Self::resume(self);
    }

    fn readable_ended(&self) -> bool {
        Self::readable_ended(self)
    }

    fn readable_length(&self) -> u64 {
        Self::readable_length(self) as u64
    }

    fn readable_high_water_mark(&self) -> u64 {
        Self::readable_high_water_mark(self) as u64
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }
}

impl From<runtime::Recorded<transport::MessageEvent>> for IncomingMessageEvent {
    fn from(event: runtime::Recorded<transport::MessageEvent>) -> Self {
        let kind = match event.kind {
            transport::MessageEvent::Aborted => IncomingMessageEventKind::Aborted,
            transport::MessageEvent::Error(error) => IncomingMessageEventKind::Error(error.into()),
            transport::MessageEvent::Close => IncomingMessageEventKind::Close,
            transport::MessageEvent::Timeout => IncomingMessageEventKind::Timeout,
            transport::MessageEvent::End => IncomingMessageEventKind::End,
        };
        Self { sequence: event.sequence, kind }
    }
}
