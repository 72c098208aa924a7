//! What has happened to the objects that the face holds.

use node_http::{
    client::{AgentEvent, RequestEvent},
    runtime,
    server::{MessageEvent, ResponseEvent, ServerEventKind, ServerResponse, SocketEvent},
};
use serde_json::{Value, json};

use super::{
    message::{MESSAGE_EVENTS, received, socket_value, upgraded},
    objects::{Object, add, get},
    values::{error_value, flat, headers_value},
};

/// An event before all are put in order.
struct Event {
    sequence: u64,
    /// Of an object; or whatever else is watched under a number of its own, which has `moved`.
    handle: u64,
    kind: &'static str,
    payload: Value,
}

pub(super) fn take() -> Value {
    let mut events = Vec::new();
    for number in runtime::take_watched() {
        match u32::try_from(number).map(get) {
            Ok(Some(object)) => take_of(&object, number, &mut events),
            Ok(None) => {}
            Err(_) => events.push(Event { sequence: 0, handle: number, kind: "moved", payload: Value::Null }),
        }
    }
    events.sort_by_key(|event| event.sequence);
    events.into_iter().map(|event| json!([event.handle, event.kind, event.payload])).collect()
}

fn take_of(object: &Object, handle: u64, events: &mut Vec<Event>) {
    let mut push = |sequence, (kind, payload)| events.push(Event { sequence, handle, kind, payload });
    let all = usize::MAX;
    match object {
        Object::Server(server) => {
            server
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, server_event(event.kind)));
        }
        Object::Response(response) => {
            response
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, response_event(&event.kind)));
            push(0, ("moved", Value::Null));
        }
        Object::Message(message) => {
            message
                .take_events(all)
                .into_iter()
                .for_each(|event| push(event.sequence, message_event(&event.kind)));
            if message.is_readable() {
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
        Object::Outgoing(_) => {}
    }
}

fn server_event(kind: ServerEventKind) -> (&'static str, Value) {
    match kind {
        ServerEventKind::Request(response) => ("request", exchange(response)),
        ServerEventKind::CheckContinue(response) => ("checkContinue", exchange(response)),
        ServerEventKind::CheckExpectation(response) => ("checkExpectation", exchange(response)),
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
    }
}

/// A request and what will be its response.
fn exchange(response: ServerResponse) -> Value {
    let mut value = received(response.request());
    value["has"] = json!(response.socket().is_some());
    value["response"] = json!(add(|_| Object::Response(response)));
    value
}

fn watched_socket(socket: node_http::server::Socket) -> Value {
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
