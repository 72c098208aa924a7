//! What has happened to the objects that the face holds.

use node_http::{
    client::{AgentEvent, RequestEvent},
    runtime,
    server::{MessageEvent, ResponseEvent, ServerEventKind, ServerResponse, Socket, SocketEvent},
};
use serde_json::{Value, json};

use super::{
    message::{MESSAGE_EVENTS, received, socket_value, upgraded},
    objects::{Object, add, get},
    values::{error_value, flat, headers_value},
};

/// What can happen. Events are told by their place in this list: a string that goes to an engine is made anew each time.
pub const KINDS: [&str; 28] = [
    "moved",
    "request",
    "finish",
    "close",
    "readable",
    "aborted",
    "error",
    "timeout",
    "prefinish",
    "drain",
    "ended",
    "connection",
    "clientError",
    "checkContinue",
    "checkExpectation",
    "connect",
    "upgrade",
    "dropRequest",
    "socket",
    "response",
    "continue",
    "information",
    "abort",
    "createConnection",
    "keepSocketAlive",
    "reuseSocket",
    "free",
    "other",
];

/// Something that has happened.
#[derive(Debug)]
pub struct Event {
    sequence: u64,
    /// Of an object; or whatever else is watched under a number of its own, which has `moved`.
    pub handle: u64,
    /// What it was.
    pub kind: &'static str,
    /// What there is to say about it.
    pub payload: Payload,
}

/// What an event says.
#[derive(Debug)]
pub enum Payload {
    /// What JSON can say; null for nothing.
    Value(Value),
    /// A request: of these there are so many that they do without JSON.
    Request(Request),
}

/// A request and what will be its response; as a list in this order.
#[derive(Debug)]
pub struct Request {
    /// The handle of the message.
    pub message: u32,
    /// The handle of the response.
    pub response: u32,
    /// The number of the socket.
    pub socket: Option<u64>,
    /// `message.method`.
    pub method: &'static str,
    /// `message.url`.
    pub url: String,
    /// `message.httpVersionMajor` and `httpVersionMinor`.
    pub version: (u8, u8),
}

impl Event {
    /// The place of its kind in [`KINDS`].
    pub fn number(&self) -> usize {
        KINDS.iter().position(|kind| *kind == self.kind).unwrap_or(KINDS.len() - 1)
    }
}

impl Payload {
    /// What JSON can say of it.
    pub fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Request(Request { message, response, socket, method, url, version: (major, minor) }) => {
                json!([message, response, socket, method, url, major, minor])
            }
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

pub(super) fn take() -> Vec<Event> {
    let mut events = Vec::new();
    for number in runtime::take_watched() {
        match u32::try_from(number).map(get) {
            Ok(Some(object)) => take_of(&object, number, &mut events),
            Ok(None) => {}
            Err(_) => {
                events.push(Event {
                    sequence: 0,
                    handle: number,
                    kind: "moved",
                    payload: Value::Null.into(),
                });
            }
        }
    }
    events.sort_by_key(|event| event.sequence);
    events
}

fn take_of(object: &Object, handle: u64, events: &mut Vec<Event>) {
    let all = usize::MAX;
    if let Object::Server(server) = object {
        events.extend(server.take_events(all).into_iter().map(|event| {
            let (kind, payload) = server_event(event.kind);
            Event { sequence: event.sequence, handle, kind, payload }
        }));
        return;
    }
    let mut push = |sequence, (kind, payload): (&'static str, Value)| {
        events.push(Event { sequence, handle, kind, payload: payload.into() });
    };
    match object {
        Object::Response(response, written) => {
            response
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, response_event(&event.kind)));
            if written.get() {
                push(0, ("moved", Value::Null));
            }
        }
        Object::Message(message, awaited) => {
            message
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, message_event(&event.kind)));
            if awaited.get() && message.is_readable() {
                awaited.set(false);
                push(0, ("readable", Value::Null));
            }
        }
        Object::Socket(socket) => {
            socket
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, socket_event(&event.kind)));
        }
        Object::Request(request) => {
            request
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, request_event(event.kind)));
            push(0, ("moved", Value::Null));
        }
        Object::Agent(agent) => {
            agent
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, agent_event(event.kind)));
        }
        Object::Pipe(_) => push(0, ("moved", Value::Null)),
        Object::Outgoing(_) | Object::Server(_) => {}
    }
}

fn server_event(kind: ServerEventKind) -> (&'static str, Payload) {
    let (kind, value) = match kind {
        ServerEventKind::Request(response) => return ("request", exchange(response)),
        ServerEventKind::CheckContinue(response) => return ("checkContinue", exchange(response)),
        ServerEventKind::CheckExpectation(response) => return ("checkExpectation", exchange(response)),
        ServerEventKind::ClientError { error, socket } => {
            let mut value = socket_value(socket);
            value["error"] = error_value(&error);
            ("clientError", value)
        }
        ServerEventKind::Connect(upgrade) => {
            ("connect", upgraded(upgrade.request, upgrade.socket, &upgrade.head))
        }
        ServerEventKind::Upgrade(upgrade) => {
            ("upgrade", upgraded(upgrade.request, upgrade.socket, &upgrade.head))
        }
        ServerEventKind::Connection(socket) => ("connection", watched_socket(socket)),
        ServerEventKind::DropRequest { request, socket } => {
            let mut value = received(request);
            value["socket"] = json!(socket.name());
            ("dropRequest", value)
        }
        ServerEventKind::Timeout(socket) => ("timeout", json!({ "socket": socket.name() })),
        ServerEventKind::Close => ("close", Value::Null),
        _ => ("other", Value::Null),
    };
    (kind, value.into())
}

/// A request and what will be its response.
fn exchange(response: ServerResponse) -> Payload {
    let message = response.request();
    Payload::Request(Request {
        socket: message.socket().as_ref().and_then(Socket::name),
        method: message.method().unwrap_or_default(),
        url: message.url(),
        version: message.http_version(),
        message: add(|_| Object::message(message)),
        response: add(|_| Object::response(response)),
    })
}

fn watched_socket(socket: Socket) -> Value {
    socket.listen_for(0b1100);
    socket_value(socket)
}

fn response_event(kind: &ResponseEvent) -> (&'static str, Value) {
    match kind {
        ResponseEvent::Drain => ("drain", Value::Null),
        ResponseEvent::Prefinish => ("prefinish", Value::Null),
        ResponseEvent::Finish => ("finish", Value::Null),
        ResponseEvent::Timeout => ("timeout", Value::Null),
        ResponseEvent::Error(error) => ("error", error_value(error)),
        ResponseEvent::Close => ("close", Value::Null),
        _ => ("other", Value::Null),
    }
}

fn message_event(kind: &MessageEvent) -> (&'static str, Value) {
    match kind {
        MessageEvent::Aborted => ("aborted", Value::Null),
        MessageEvent::Error(error) => ("error", error_value(error)),
        MessageEvent::End => ("ended", Value::Null),
        MessageEvent::Close => ("close", Value::Null),
        MessageEvent::Timeout => ("timeout", Value::Null),
        _ => ("other", Value::Null),
    }
}

fn socket_event(kind: &SocketEvent) -> (&'static str, Value) {
    match kind {
        SocketEvent::Timeout => ("timeout", Value::Null),
        SocketEvent::Error(error) => ("error", error_value(error)),
        _ => ("other", Value::Null),
    }
}

fn request_event(kind: RequestEvent) -> (&'static str, Value) {
    match kind {
        RequestEvent::Abort => ("abort", Value::Null),
        RequestEvent::Connect(upgrade) => {
            ("connect", upgraded(upgrade.response, upgrade.socket, &upgrade.head))
        }
        RequestEvent::Upgrade(upgrade) => {
            ("upgrade", upgraded(upgrade.response, upgrade.socket, &upgrade.head))
        }
        RequestEvent::Continue => ("continue", Value::Null),
        RequestEvent::Drain => ("drain", Value::Null),
        RequestEvent::Finish => ("finish", Value::Null),
        RequestEvent::Information(information) => (
            "information",
            json!({
                "major": information.http_version.0, "minor": information.http_version.1,
                "status": information.status_code, "reason": information.status_message,
                "headers": headers_value(&information.headers), "raw": flat(information.raw_headers),
            }),
        ),
        RequestEvent::Prefinish => ("prefinish", Value::Null),
        RequestEvent::Response(message) => {
            message.listen_for(MESSAGE_EVENTS);
            ("response", received(message))
        }
        RequestEvent::Socket(socket) => ("socket", watched_socket(socket)),
        RequestEvent::Timeout => ("timeout", Value::Null),
        RequestEvent::Error(error) => ("error", error_value(&error)),
        RequestEvent::Close => ("close", Value::Null),
        _ => ("other", Value::Null),
    }
}

fn agent_event(kind: AgentEvent) -> (&'static str, Value) {
    match kind {
        AgentEvent::CreateConnection { id, request, .. } => {
            ("createConnection", json!({ "hook": id, "request": request }))
        }
        AgentEvent::KeepSocketAlive { id, socket } => {
            ("keepSocketAlive", json!({ "hook": id, "socket": socket.name() }))
        }
        AgentEvent::ReuseSocket(socket) => ("reuseSocket", json!({ "socket": socket.name() })),
        AgentEvent::Free(socket) => ("free", json!({ "socket": socket.name() })),
        _ => ("other", Value::Null),
    }
}
