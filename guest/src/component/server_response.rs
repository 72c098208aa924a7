//! `interface server-response`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        incoming_message::{IncomingMessage, IncomingMessageBorrow},
        net::Socket,
        server_response::{
            Answer, FailedAnswer, Field, Guest, GuestPreparedAnswer, GuestServerResponse, Header,
            PreparedAnswer as Prepared, PreparedAnswerBorrow, RequestLine, ServerResponse as Handle,
            ServerResponseEvent, ServerResponseEventKind, ServerResponseEvents,
        },
        types::{Chunk, Error, HeaderValue, Milliseconds},
    },
    convert, streams,
};
use crate::{
    error, message,
    message::OutgoingMessage,
    runtime, server,
    server::{PreparedAnswer, ServerResponse},
};

impl Guest for Component {
    type PreparedAnswer = PreparedAnswer;
    type ServerResponse = ServerResponse;
}

impl GuestPreparedAnswer for PreparedAnswer {
    fn create(status: u16, headers: Vec<Field>, body: Vec<u8>) -> Result<Prepared, Error> {
        Ok(Prepared::new(Self::new(status, headers, body)?))
    }

    fn respond_all(&self, responses: Vec<Handle>) -> Vec<FailedAnswer> {
        let responses = responses.into_iter().map(Handle::into_inner).collect();
        failed(ServerResponse::respond_all_prepared(self, responses))
    }
}

fn failed(failures: Vec<(usize, error::Error)>) -> Vec<FailedAnswer> {
    // The list came in with a 32-bit length.
    let failed =
        |(index, error): (usize, error::Error)| FailedAnswer { index: index as u32, error: error.into() };
    failures.into_iter().map(failed).collect()
}

impl GuestServerResponse for ServerResponse {
    fn listen_for(&self, events: ServerResponseEvents) {
        Self::listen_for(self, events.bits().into());
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<ServerResponseEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(ServerResponseEvent::from).collect()
    }

    fn request(&self) -> IncomingMessage {
        IncomingMessage::new(Self::request(self))
    }

    fn request_line(&self) -> RequestLine {
        RequestLine { method: self.method().as_str().to_owned(), url: self.url() }
    }

    fn respond(&self, status: u16, headers: Vec<Field>, body: Vec<u8>) -> Result<(), Error> {
        Ok(Self::respond(self, status, &headers, &body)?)
    }

    fn respond_all(answers: Vec<Answer>) -> Vec<FailedAnswer> {
        let answers = answers
            .into_iter()
            .map(|answer| server::Answer {
                response: answer.response.into_inner(),
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            })
            .collect();
        failed(Self::respond_all(answers))
    }

    fn respond_prepared(&self, answer: PreparedAnswerBorrow<'_>, body: Option<Vec<u8>>) -> Result<(), Error> {
        Ok(Self::respond_prepared(self, answer.get::<PreparedAnswer>(), body.as_deref())?)
    }

    fn add_trailers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.add_trailers(&convert::headers(headers)))?)
    }

    fn append_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.append_header(&name, value.into()))?)
    }

    fn connection(&self) -> Option<Socket> {
        self.socket().map(Socket::new)
    }

    fn cork(&self) {
        self.change(OutgoingMessage::cork);
    }

    fn destroy(&self, error: Option<Error>) {
        Self::destroy(self, error.map(error::Error::from));
    }

    fn destroyed(&self) -> bool {
        self.look(OutgoingMessage::destroyed)
    }

    fn errored(&self) -> Option<Error> {
        self.look(|outgoing| outgoing.errored().cloned()).map(Error::from)
    }

    fn end(&self, data: Option<Chunk>) -> Result<(), Error> {
        let chunk = data.map(message::Chunk::from).filter(|chunk| !chunk.is_falsy());
        let bytes = chunk.as_ref().map(message::Chunk::bytes);
        Ok(Self::end(self, bytes.as_deref())?)
    }

    fn is_finished(&self) -> bool {
        self.look(OutgoingMessage::writable_ended)
    }

    fn flush_headers(&self) -> Result<(), Error> {
        Ok(self.answer(OutgoingMessage::flush_headers)?)
    }

    fn get_header(&self, name: String) -> Option<HeaderValue> {
        self.look(|outgoing| outgoing.get_header(&name).cloned()).map(HeaderValue::from)
    }

    fn get_header_names(&self) -> Vec<String> {
        self.look(OutgoingMessage::get_header_names)
    }

    fn get_headers(&self) -> Vec<Header> {
        convert::wit_headers(self.look(OutgoingMessage::get_headers))
    }

    fn get_raw_header_names(&self) -> Vec<String> {
        self.look(OutgoingMessage::get_raw_header_names)
    }

    fn has_header(&self, name: String) -> bool {
        self.look(|outgoing| outgoing.has_header(&name))
    }

    fn headers_sent(&self) -> bool {
        self.look(OutgoingMessage::headers_sent)
    }

    fn remove_header(&self, name: String) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.remove_header(&name))?)
    }

    fn send_date(&self) -> bool {
        self.look(OutgoingMessage::send_date)
    }

    fn set_send_date(&self, send_date: bool) {
        self.change(|outgoing| outgoing.set_send_date(send_date));
    }

    fn set_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.set_header(&name, value.into()))?)
    }

    fn set_headers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.set_headers(convert::headers(headers)))?)
    }

    fn set_timeout(&self, timeout: Milliseconds) {
        Self::set_timeout(self, timeout);
    }

    fn socket(&self) -> Option<Socket> {
        Self::socket(self).map(Socket::new)
    }

    fn status_code(&self) -> u16 {
        self.look(OutgoingMessage::status_code)
    }

    fn set_status_code(&self, status_code: u16) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.set_status_code(status_code))?)
    }

    fn status_message(&self) -> Option<String> {
        self.look(|outgoing| outgoing.status_message().map(str::to_owned))
    }

    fn set_status_message(&self, status_message: Option<String>) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.set_status_message(status_message))?)
    }

    fn should_keep_alive(&self) -> bool {
        self.look(OutgoingMessage::should_keep_alive)
    }

    fn set_should_keep_alive(&self, keep_alive: bool) {
        self.change(|outgoing| outgoing.set_should_keep_alive(keep_alive));
    }

    fn strict_content_length(&self) -> bool {
        self.look(OutgoingMessage::strict_content_length)
    }

    fn set_strict_content_length(&self, strict: bool) {
        self.change(|outgoing| outgoing.set_strict_content_length(strict));
    }

    fn uncork(&self) {
        self.change(OutgoingMessage::uncork);
    }

    fn writable_corked(&self) -> u32 {
        self.look(OutgoingMessage::writable_corked)
    }

    fn writable_ended(&self) -> bool {
        self.look(OutgoingMessage::writable_ended)
    }

    fn writable_finished(&self) -> bool {
        self.look(OutgoingMessage::writable_finished)
    }

    fn writable_high_water_mark(&self) -> u64 {
        self.look(OutgoingMessage::writable_high_water_mark) as u64
    }

    fn writable_length(&self) -> u64 {
        self.look(OutgoingMessage::writable_length) as u64
    }

    fn writable_need_drain(&self) -> bool {
        self.look(OutgoingMessage::writable_need_drain)
    }

    fn write(&self, chunk: Chunk) -> Result<bool, Error> {
        Ok(Self::write(self, &message::Chunk::from(chunk).bytes())?)
    }

    async fn drain(&self) {
        Self::drain(self).await;
    }

    async fn flushed(&self) -> Result<(), Error> {
        Ok(Self::flushed(self).await?)
    }

    async fn send_body(&self, body: StreamReader<u8>) -> Result<u64, Error> {
        Ok(streams::send_body(self.sink(), body).await?)
    }

    fn pipe_from(&self, source: IncomingMessageBorrow<'_>, end: bool) -> Result<(), Error> {
        Ok(Self::pipe_from(self, source.get(), end)?)
    }

    async fn finished(&self) -> Result<(), Error> {
        Ok(Self::finished(self).await?)
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }

    fn write_continue(&self) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.write_continue())?)
    }

    fn write_early_hints(&self, hints: Vec<Header>) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.write_early_hints(&convert::headers(hints)))?)
    }

    fn write_head(
        &self,
        status_code: u16,
        status_message: Option<String>,
        headers: Vec<Header>,
    ) -> Result<(), Error> {
        Ok(Self::write_head(self, status_code, status_message, &convert::headers(headers))?)
    }

    fn write_processing(&self) -> Result<(), Error> {
        Ok(self.answer(|outgoing, _| outgoing.write_processing())?)
    }
}

impl From<runtime::Recorded<server::ResponseEvent>> for ServerResponseEvent {
    fn from(event: runtime::Recorded<server::ResponseEvent>) -> Self {
        let kind = match event.kind {
            server::ResponseEvent::Drain => ServerResponseEventKind::Drain,
            server::ResponseEvent::Prefinish => ServerResponseEventKind::Prefinish,
            server::ResponseEvent::Finish => ServerResponseEventKind::Finish,
            server::ResponseEvent::Timeout => ServerResponseEventKind::Timeout,
            server::ResponseEvent::Error(error) => ServerResponseEventKind::Error(error.into()),
            server::ResponseEvent::Close => ServerResponseEventKind::Close,
        };
        Self { sequence: event.sequence, kind }
    }
}
