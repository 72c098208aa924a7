//! `node:http/web-socket`, still to come.

use super::Component;
use super::bindings::exports::node::http::web_socket::{
    Error, Guest, GuestWebSocket, Message, ReadyState, WebSocket as Handle, WebSocketEvent,
};
use super::pending::pending;

impl Guest for Component {
    type WebSocket = WebSocket;
}

/// No connection exists while `create` is pending.
#[derive(Debug)]
pub enum WebSocket {}

impl GuestWebSocket for WebSocket {
    fn create(_: String, _: Vec<String>) -> Result<Handle, Error> {
        Err(pending("web-socket.create"))
    }

    pending_class! { "web-socket":
        fn buffered_amount() -> u64;
        fn close(Option<u16>, Option<String>) -> Result<(), Error>;
        fn extensions() -> String;
        fn protocol() -> String;
        fn ready_state() -> ReadyState;
        fn send(Message) -> Result<(), Error>;
        fn take_events(u32) -> Vec<WebSocketEvent>;
        fn url() -> String;
    }

    pending_class_wait! { "web-socket":
        fn closed();
        fn drain();
        fn ready();
    }
}
