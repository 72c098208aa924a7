//! `interface incoming-message`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        incoming_message::{
            DistinctHeader, Field, Guest, GuestIncomingMessage, Header, IncomingMessageEvent,
            IncomingMessageEvents,
        },
        net::Socket,
        types::{BodyData, Error, HeaderValue, Milliseconds, ReadResult},
    },
    convert, streams,
};
use crate::{message, runtime, server::IncomingMessage};

impl Guest for Component {
    type IncomingMessage = IncomingMessage;
}

impl GuestIncomingMessage for IncomingMessage {
    fn listen_for(&self, _events: IncomingMessageEvents) {}

    async fn ready(&self) {
        self.closed().await;
    }

    fn take_events(&self, _max: u32) -> Vec<IncomingMessageEvent> {
        Vec::new()
    }

    fn aborted(&self) -> bool {
        Self::aborted(self)
    }

    fn complete(&self) -> bool {
        Self::complete(self)
    }

    fn connection(&self) -> Option<Socket> {
        Some(Socket::new(Self::socket(self)))
    }

    fn socket(&self) -> Option<Socket> {
        Some(Socket::new(Self::socket(self)))
    }

    fn destroy(&self, _error: Option<Error>) {
        Self::destroy(self);
    }

    fn destroyed(&self) -> bool {
        self.aborted()
    }

    fn errored(&self) -> Option<Error> {
        None
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
        Some(Self::method(self).to_owned())
    }

    fn url(&self) -> String {
        Self::url(self)
    }

    fn status_code(&self) -> Option<u16> {
        None
    }

    fn status_message(&self) -> Option<String> {
        None
    }

    fn set_timeout(&self, _timeout: Milliseconds) {}

    async fn readable(&self) {
        Self::readable(self).await;
    }

    fn read(&self, max: u64) -> ReadResult {
        // 0 asks for all that is there.
        match Self::read(self, if max == 0 { u64::MAX } else { max }) {
            message::ReadResult::Data(bytes) => {
                ReadResult::Data(BodyData { sequence: runtime::next_sequence(), bytes })
            }
            message::ReadResult::Pending => ReadResult::Pending,
            message::ReadResult::End => ReadResult::End(runtime::next_sequence()),
            message::ReadResult::Aborted(error) => ReadResult::Failed(error.into()),
        }
    }

    async fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        Ok(Self::read_all(self, limit).await?)
    }

    fn body(&self) -> Result<StreamReader<u8>, Error> {
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
