//! `node:http/outgoing-message`, still to come: a message without a connection, for headers only.

use super::Component;
use super::bindings::exports::node::http::outgoing_message::{
    Chunk, Error, Guest, GuestOutgoingMessage, Header, HeaderValue, Milliseconds, OutgoingMessageEvent,
    OutgoingMessageEvents, Socket,
};
use super::pending::pending;

impl Guest for Component {
    type OutgoingMessage = OutgoingMessage;
}

/// A message that stays empty.
#[derive(Debug)]
pub struct OutgoingMessage;

impl GuestOutgoingMessage for OutgoingMessage {
    fn new() -> Self {
        Self
    }

    pending! { "outgoing-message":
        fn add_trailers(Vec<Header>) -> ();
        fn append_header(String, HeaderValue) -> ();
        fn end(Option<Chunk>) -> ();
        fn flush_headers() -> ();
        fn pipe() -> ();
        fn remove_header(String) -> ();
        fn set_header(String, HeaderValue) -> ();
        fn set_headers(Vec<Header>) -> ();
        fn write(Chunk) -> bool;
    }

    pending_default! { "outgoing-message":
        fn connection() -> Option<Socket> = None;
        fn cork();
        fn destroy(Option<Error>);
        fn destroyed() -> bool = false;
        fn errored() -> Option<Error> = None;
        fn get_header(String) -> Option<HeaderValue> = None;
        fn get_header_names() -> Vec<String> = Vec::new();
        fn get_headers() -> Vec<Header> = Vec::new();
        fn get_raw_header_names() -> Vec<String> = Vec::new();
        fn has_header(String) -> bool = false;
        fn headers_sent() -> bool = false;
        fn listen_for(OutgoingMessageEvents);
        fn set_timeout(Milliseconds);
        fn socket() -> Option<Socket> = None;
        fn take_events(u32) -> Vec<OutgoingMessageEvent> = Vec::new();
        fn uncork();
        fn writable_corked() -> u32 = 0;
        fn writable_ended() -> bool = false;
        fn writable_finished() -> bool = false;
        fn writable_high_water_mark() -> u64 = 65536;
        fn writable_length() -> u64 = 0;
        fn writable_need_drain() -> bool = false;
        fn writable_object_mode() -> bool = false;
    }

    pending_wait! { "outgoing-message":
        fn closed();
        fn drain();
        fn finished() -> Result<(), Error> = Err(pending("outgoing-message.finished"));
        fn flushed() -> Result<(), Error> = Err(pending("outgoing-message.flushed"));
        fn ready();
    }
}
