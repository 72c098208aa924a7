//! Calls in, bytes out.

mod api;
mod bodyless;
mod connection;
mod framing;
mod heads;
mod prepared;
mod requests;
mod requests_api;
mod respond;

use super::*;
use crate::message::HeaderValue;

/// What a golden says about the connection behind the response.
const OPEN: bool = false;
const EOF: bool = true;

/// A response to a GET over HTTP/1.1 under Node's defaults.
fn response() -> OutgoingMessage {
    OutgoingMessage::response(ResponseContext::default())
}

fn field(name: &str, value: impl Into<HeaderValue>) -> (String, HeaderValue) {
    (name.to_owned(), value.into())
}

/// Runs `calls` on a response and compares everything it puts on the wire.
fn golden(
    prepare: impl FnOnce(&mut ResponseContext),
    calls: impl FnOnce(&mut OutgoingMessage) -> Result<(), Error>,
    wire: &str,
    closes: bool,
) {
    let mut context = ResponseContext::default();
    prepare(&mut context);
    let mut message = OutgoingMessage::response(context);
    calls(&mut message).expect("the calls are valid");
    assert_eq!(wire_of(&mut message), wire);
    assert_eq!(message.closes_connection(), closes, "closes the connection");
    assert!(message.body_complete());
    assert_eq!(message.writable_length(), 0);
}

fn wire_of(message: &mut OutgoingMessage) -> String {
    crate::message::headers::latin1_to_string(&message.take_output())
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("the call is wrong").code().to_owned()
}
