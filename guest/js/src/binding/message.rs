//! Operations of messages that are received, and of connections.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use node_http::{
    error::Error,
    server::{IncomingMessage, Socket},
};
use serde_json::{Value, json};

use super::{
    objects::{Object, add},
    values::{Arguments, flat, headers_value, latin1, unknown},
};

/// An operation of a received message.
pub(super) fn call(
    message: &IncomingMessage,
    operation: &str,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    Ok(match operation {
        "rawHeaders" => flat(message.raw_headers()),
        "headers" => headers_value(&message.headers()),
        "headersDistinct" => json!(message.headers_distinct()),
        "trailers" => headers_value(&message.trailers()),
        "trailersDistinct" => json!(message.trailers_distinct()),
        "rawTrailers" => flat(message.raw_trailers()),
        "complete" => json!(message.complete()),
        // Somebody means to read it: it is not thrown away with the end of its answer.
        "touch" => {
            let _ = now(message.readable());
            Value::Null
        }
        "resume" => {
            message.resume();
            Value::Null
        }
        "destroy" => {
            message.destroy(arguments.error(0));
            Value::Null
        }
        "setTimeout" => {
            message.set_timeout(arguments.number(0));
            Value::Null
        }
        "listenFor" => {
            message.listen_for(bits(arguments));
            Value::Null
        }
        _ => return Err(unknown(operation)),
    })
}

/// Whether nothing is left of the body but its end.
pub(super) fn is_spent(message: &IncomingMessage) -> bool {
    message.complete() && message.readable_length() == 0
}

/// An operation of a connection.
pub(super) fn call_socket(
    socket: &Socket,
    operation: &str,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    match operation {
        "destroy" => socket.destroy(arguments.error(0)),
        "destroySoon" => socket.destroy_soon(),
        "setTimeout" => socket.set_timeout(arguments.number(0)),
        "agentRemove" => socket.agent_remove(),
        _ => return Err(unknown(operation)),
    }
    Ok(Value::Null)
}

/// A set of events.
pub(super) fn bits(arguments: &Arguments<'_>) -> u16 {
    u16::try_from(arguments.number(0)).unwrap_or(u16::MAX)
}

/// Every event of a message but `end`, which the stream tells by itself, and `timeout`, which changes what happens.
pub(super) const MESSAGE_EVENTS: u16 = 0b0111;

/// A message with what its events and first line say.
pub(super) fn received(message: IncomingMessage) -> Value {
    let (major, minor) = message.http_version();
    let name = message.socket().as_ref().and_then(Socket::name);
    let (method, status) = (message.method(), message.status_code());
    let mut value = json!({ "major": major, "minor": minor, "socket": name });
    if let Some(status) = status {
        value["status"] = json!(status);
        value["reason"] = json!(message.status_message());
    } else {
        value["method"] = json!(method);
        value["url"] = json!(message.url());
    }
    value["message"] = json!(add(|_| Object::message(message)));
    value
}

/// A message behind which HTTP ends.
pub(super) fn upgraded(message: IncomingMessage, socket: Socket, head: &[u8]) -> Value {
    message.listen_for(MESSAGE_EVENTS);
    let mut value = received(message);
    value["head"] = latin1(head);
    // The socket of JavaScript goes on by itself, the view is dropped.
    value["socket"] = json!(socket.name());
    value["connection"] = json!(add(|_| Object::Socket(socket)));
    value
}

/// A view of a connection.
pub(super) fn socket_value(socket: Socket) -> Value {
    let name = socket.name();
    json!({ "socket": name, "connection": add(|_| Object::Socket(socket)) })
}

/// What `future` has to say now.
pub(super) fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
