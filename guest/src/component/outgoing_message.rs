//! `interface outgoing-message`: a message without a connection, to prepare and inspect headers.

use std::cell::RefCell;

use super::{
    Component,
    bindings::exports::node::http::outgoing_message::{
        Chunk, Error, Guest, GuestOutgoingMessage, Header, HeaderValue, Milliseconds, OutgoingMessageEvent,
        OutgoingMessageEventKind, OutgoingMessageEvents, Socket,
    },
    convert,
};
use crate::{
    error, message,
    message::outgoing::DEFAULT_HIGH_WATER_MARK,
    runtime::{self, EventLog, Recorded, Signal},
    server::ResponseEvent,
};

impl Guest for Component {
    type OutgoingMessage = OutgoingMessage;
}

/// Node's `new http.OutgoingMessage()`. Whatever would render a head fails, so it only ever ends by
/// `destroy`; Node, which closes a message with its socket, then says nothing more of this one.
#[derive(Debug)]
pub struct OutgoingMessage {
    message: RefCell<message::OutgoingMessage>,
    events: EventLog<ResponseEvent>,
    destroyed: Signal,
}

impl OutgoingMessage {
    fn look<T>(&self, property: impl FnOnce(&message::OutgoingMessage) -> T) -> T {
        property(&self.message.borrow())
    }

    fn change<T>(&self, change: impl FnOnce(&mut message::OutgoingMessage) -> T) -> T {
        change(&mut self.message.borrow_mut())
    }

    async fn wait_until_destroyed(&self) {
        runtime::ensure_driver();
        let destroyed = || self.look(message::OutgoingMessage::destroyed).then_some(());
        self.destroyed.wait(destroyed).await;
    }
}

impl GuestOutgoingMessage for OutgoingMessage {
    fn new() -> Self {
        Self {
            message: RefCell::new(message::OutgoingMessage::bare(DEFAULT_HIGH_WATER_MARK)),
            events: EventLog::default(),
            destroyed: Signal::default(),
        }
    }

    fn listen_for(&self, events: OutgoingMessageEvents) {
        self.events.listen_for(events.bits().into());
    }

    async fn ready(&self) {
        self.events.ready().await;
    }

    fn take_events(&self, max: u32) -> Vec<OutgoingMessageEvent> {
        let taken = self.events.take(convert::all_if_zero(max.into()));
        taken.into_iter().map(OutgoingMessageEvent::from).collect()
    }

    fn add_trailers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.change(|message| message.add_trailers(&convert::headers(headers)))?)
    }

    fn append_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.change(|message| message.append_header(&name, value.into()))?)
    }

    fn connection(&self) -> Option<Socket> {
        None
    }

    fn cork(&self) {
        self.change(message::OutgoingMessage::cork);
    }

    fn destroy(&self, error: Option<Error>) {
        if self.destroyed() {
            return;
        }
        let error = error.map(error::Error::from);
        self.change(|message| message.destroy(error.clone()));
        if let Some(error) = error {
            self.events.record(ResponseEvent::Error(error));
        }
        self.events.record(ResponseEvent::Close);
        self.events.end();
        self.destroyed.notify();
    }

    fn destroyed(&self) -> bool {
        self.look(message::OutgoingMessage::destroyed)
    }

    fn errored(&self) -> Option<Error> {
        self.look(|message| message.errored().cloned()).map(Error::from)
    }

    fn end(&self, data: Option<Chunk>) -> Result<(), Error> {
        let chunk = data.map(message::Chunk::from).filter(|chunk| !chunk.is_falsy());
        let bytes = chunk.as_ref().map(message::Chunk::bytes);
        Ok(self.change(|message| message.end(bytes.as_deref(), &runtime::date()))?)
    }

    fn flush_headers(&self) -> Result<(), Error> {
        Ok(self.change(|message| message.flush_headers(&runtime::date()))?)
    }

    fn get_header(&self, name: String) -> Option<HeaderValue> {
        self.look(|message| message.get_header(&name).cloned()).map(HeaderValue::from)
    }

    fn get_header_names(&self) -> Vec<String> {
        self.look(message::OutgoingMessage::get_header_names)
    }

    fn get_headers(&self) -> Vec<Header> {
        convert::wit_headers(self.look(message::OutgoingMessage::get_headers))
    }

    fn get_raw_header_names(&self) -> Vec<String> {
        self.look(message::OutgoingMessage::get_raw_header_names)
    }

    fn has_header(&self, name: String) -> bool {
        self.look(|message| message.has_header(&name))
    }

    fn headers_sent(&self) -> bool {
        self.look(message::OutgoingMessage::headers_sent)
    }

    /// Node emits the error; here it is answered too, as a caller who does not listen would miss it.
    fn pipe(&self) -> Result<(), Error> {
        let error = error::Error::cannot_pipe();
        self.events.record(ResponseEvent::Error(error.clone()));
        Err(error.into())
    }

    fn remove_header(&self, name: String) -> Result<(), Error> {
        Ok(self.change(|message| message.remove_header(&name))?)
    }

    fn set_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.change(|message| message.set_header(&name, value.into()))?)
    }

    fn set_headers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.change(|message| message.set_headers(convert::headers(headers)))?)
    }

    /// Node waits for the socket, which never comes.
    fn set_timeout(&self, _: Milliseconds) {}

    fn socket(&self) -> Option<Socket> {
        None
    }

    fn uncork(&self) {
        self.change(message::OutgoingMessage::uncork);
    }

    fn writable_corked(&self) -> u32 {
        self.look(message::OutgoingMessage::writable_corked)
    }

    fn writable_ended(&self) -> bool {
        self.look(message::OutgoingMessage::writable_ended)
    }

    fn writable_finished(&self) -> bool {
        self.look(message::OutgoingMessage::writable_finished)
    }

    fn writable_high_water_mark(&self) -> u64 {
        self.look(message::OutgoingMessage::writable_high_water_mark) as u64
    }

    fn writable_length(&self) -> u64 {
        self.look(message::OutgoingMessage::writable_length) as u64
    }

    fn writable_need_drain(&self) -> bool {
        self.look(message::OutgoingMessage::writable_need_drain)
    }

    fn writable_object_mode(&self) -> bool {
        false
    }

    fn write(&self, chunk: Chunk) -> Result<bool, Error> {
        let chunk = message::Chunk::from(chunk);
        Ok(self.change(|message| message.write(&chunk.bytes(), &runtime::date()))?)
    }

    /// Nothing can be written, so there is always room.
    async fn drain(&self) {}

    /// Nothing can be written, so nothing waits.
    async fn flushed(&self) -> Result<(), Error> {
        if self.destroyed() { Err(error::Error::stream_destroyed("write").into()) } else { Ok(()) }
    }

    async fn finished(&self) -> Result<(), Error> {
        self.wait_until_destroyed().await;
        Err(error::Error::premature_close().into())
    }

    async fn closed(&self) {
        self.wait_until_destroyed().await;
    }
}

impl From<Recorded<ResponseEvent>> for OutgoingMessageEvent {
    fn from(event: Recorded<ResponseEvent>) -> Self {
        let kind = match event.kind {
            ResponseEvent::Drain => OutgoingMessageEventKind::Drain,
            ResponseEvent::Prefinish => OutgoingMessageEventKind::Prefinish,
            ResponseEvent::Finish => OutgoingMessageEventKind::Finish,
            ResponseEvent::Timeout => OutgoingMessageEventKind::Timeout,
            ResponseEvent::Error(error) => OutgoingMessageEventKind::Error(error.into()),
            ResponseEvent::Close => OutgoingMessageEventKind::Close,
        };
        Self { sequence: event.sequence, kind }
    }
}
