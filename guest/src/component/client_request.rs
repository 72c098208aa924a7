//! `node:http/client-request`, still to come.

use super::Component;
use super::bindings::exports::node::http::client_request::{
    Chunk, ClientRequestEvent, ClientRequestEvents, Error, Guest, GuestClientRequest, Header, HeaderValue,
    IncomingMessage, Milliseconds, Socket,
};
use wit_bindgen::StreamReader;

impl Guest for Component {
    type ClientRequest = ClientRequest;
}

/// No request exists while `http.request` and `http.get` are pending.
#[derive(Debug)]
pub enum ClientRequest {}

impl GuestClientRequest for ClientRequest {
    pending_class! { "client-request":
        fn abort();
        fn aborted() -> bool;
        fn add_trailers(Vec<Header>) -> Result<(), Error>;
        fn append_header(String, HeaderValue) -> Result<(), Error>;
        fn connection() -> Option<Socket>;
        fn cork();
        fn destroy(Option<Error>);
        fn destroyed() -> bool;
        fn end(Option<Chunk>) -> Result<(), Error>;
        fn errored() -> Option<Error>;
        fn flush_headers() -> Result<(), Error>;
        fn get_header(String) -> Option<HeaderValue>;
        fn get_header_names() -> Vec<String>;
        fn get_headers() -> Vec<Header>;
        fn get_raw_header_names() -> Vec<String>;
        fn has_header(String) -> bool;
        fn headers_sent() -> bool;
        fn host() -> String;
        fn is_finished() -> bool;
        fn listen_for(ClientRequestEvents);
        fn max_headers_count() -> Option<u32>;
        fn method() -> String;
        fn path() -> String;
        fn protocol() -> String;
        fn remove_header(String) -> Result<(), Error>;
        fn reused_socket() -> bool;
        fn set_header(String, HeaderValue) -> Result<(), Error>;
        fn set_headers(Vec<Header>) -> Result<(), Error>;
        fn set_max_headers_count(Option<u32>);
        fn set_no_delay(bool);
        fn set_socket_keep_alive(bool, Milliseconds);
        fn set_timeout(Milliseconds);
        fn socket() -> Option<Socket>;
        fn take_events(u32) -> Vec<ClientRequestEvent>;
        fn uncork();
        fn writable_corked() -> u32;
        fn writable_ended() -> bool;
        fn writable_finished() -> bool;
        fn writable_high_water_mark() -> u64;
        fn writable_length() -> u64;
        fn writable_need_drain() -> bool;
        fn write(Chunk) -> Result<bool, Error>;
    }

    pending_class_wait! { "client-request":
        fn closed();
        fn drain();
        fn finished() -> Result<(), Error>;
        fn flushed() -> Result<(), Error>;
        fn ready();
        fn response() -> Result<IncomingMessage, Error>;
        fn send_body(StreamReader<u8>) -> Result<u64, Error>;
    }
}
