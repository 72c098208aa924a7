//! What the face calls: the only way from JavaScript to the crate.
//!
//! Objects of the crate are known by *handles*, numbers of 31 bits other than 0: the lower 24 are a place that is used
//! again when its object was released, the others tell whose place it was. Values are what JSON can say; bytes go beside them.
//!
//! | function | what it does |
//! |---|---|
//! | [`create`]`(kind, options…)` | makes a `server`, `agent`, `request`, or of no connection an `outgoing` message or `response`; answers its handle, a request more |
//! | [`call`]`(handle, operation, arguments…)` | any operation of an object; handle 0: of the module |
//! | [`write()`]`(handle, bytes)`, [`end`]`(handle, bytes?)` | the body of a message that is sent; write answers whether there is room for more |
//! | [`read`]`(handle, max)` | bytes of a message that is received, or how it ended; what one of no connection has to send |
//! | [`is_spent`]`(handle)` | whether nothing is left of a message that is received but its end |
//! | [`run`]`(now)` | natively: sets the clock, milliseconds since 1970, and lets everything go on that can |
//! | [`take`]`()` | what has happened since, in order: handle, number of the kind (operation `kinds` of the module) and payload in turn |
//! | [`release`]`(handle)` | the face has no use for it any more; dropping is part of the crate's contract |
//! | [`push`]`(pipe, bytes)`, [`finish`]`(pipe)`, [`reset`]`(pipe)` | a socket has received bytes, its end, a reset |
//! | [`pull`]`(pipe)`, [`pipe_state`]`(pipe)` | what a socket has to send, and what becomes of it |
//!
//! An operation that fails answers `{ "$error": { name, code, message, … } }`, which the face throws; so does an
//! operation on a handle that was released, with the code `ERR_NODE_HTTP_RELEASED`.
//!
//! A socket of JavaScript is joined to a connection of the crate by a *pipe*: it is handed in together with a number
//! of the face's own, by which events name the socket. Whoever has the sockets of a component can [`carry`] their bytes
//! to the pipe and back without JavaScript.

mod client;
mod events;
mod message;
mod objects;
mod options;
mod outgoing;
mod pipe;
mod server;
mod values;

use node_http::{
    error::Error,
    message::{OutgoingMessage, ReadResult, outgoing::DEFAULT_HIGH_WATER_MARK, validate},
    proto, runtime,
};
use serde_json::{Value, json};

pub use self::{
    events::{Event, KINDS, Payload, Request},
    pipe::{carry, emptied, filled, finish, is_over, pipe_state, pull, push, reset, tell, uncarry},
};
use self::{
    objects::{Object, add, get},
    values::{Arguments, error_value, headers_value, latin1_pairs},
};

/// What [`read`] has to say.
#[derive(Debug)]
pub enum Read {
    /// Bytes of the body.
    Data(Vec<u8>),
    /// None for now.
    Pending,
    /// The body was read to its end.
    End,
    /// The rest will not come.
    Aborted,
}

/// Makes an object.
pub fn create(kind: &str, arguments: &[Value]) -> Value {
    let arguments = Arguments(arguments);
    answer(match kind {
        "server" => server::create(&arguments),
        "agent" => client::create_agent(&arguments),
        "request" => client::create_request(&arguments),
        "outgoing" => {
            let object = Object::outgoing(OutgoingMessage::bare(DEFAULT_HIGH_WATER_MARK));
            Ok(json!(add(|_| object)))
        }
        "response" => Ok(json!(add(|_| Object::outgoing(outgoing::standalone(&arguments))))),
        _ => Err(values::unknown(kind)),
    })
}

/// An operation of an object, or with handle 0 one of the module.
pub fn call(handle: u32, operation: &str, arguments: &[Value]) -> Value {
    let arguments = Arguments(arguments);
    if handle == 0 {
        return answer(module(operation, &arguments));
    }
    let Some(object) = get(handle) else { return answer(Err(values::released(operation))) };
    answer(match &*object {
        Object::Server(server) => server::call(server, operation, &arguments),
        Object::Response(response, _) => server::call_response(response, operation, &arguments),
        Object::Request(request) => client::call_request(request, operation, &arguments),
        Object::Outgoing(outgoing) => {
            outgoing::call(&mut outgoing.borrow_mut(), operation, &arguments, &runtime::date())
        }
        Object::Message(message, _) => message::call(message, operation, &arguments),
        Object::Socket(socket) => message::call_socket(socket, operation, &arguments),
        Object::Agent(agent) => client::call_agent(agent, operation, &arguments),
        Object::Pipe(_) => Err(values::unknown(operation)),
    })
}

/// `message.write(bytes)`: whether there is room for more.
pub fn write(handle: u32, bytes: &[u8]) -> Value {
    let Some(object) = get(handle) else { return answer(Err(values::released("write"))) };
    answer(match &*object {
        Object::Response(response, written) => {
            written.set(true);
            response.write(bytes).map(Value::from)
        }
        Object::Request(request) => request.write(bytes).map(Value::from),
        Object::Outgoing(outgoing) => outgoing.borrow_mut().write(bytes, &runtime::date()).map(Value::from),
        _ => Err(values::unknown("write")),
    })
}

/// `message.end(bytes)`.
pub fn end(handle: u32, bytes: Option<&[u8]>) -> Value {
    let Some(object) = get(handle) else { return answer(Err(values::released("end"))) };
    let ended = match &*object {
        Object::Response(response, _) => response.end(bytes),
        Object::Request(request) => request.end(bytes),
        Object::Outgoing(outgoing) => outgoing.borrow_mut().end(bytes, &runtime::date()),
        _ => Err(values::unknown("end")),
    };
    answer(ended.map(|()| Value::Null))
}

/// At most `max` bytes of a message's body.
pub fn read(handle: u32, max: usize) -> Read {
    let Some(object) = get(handle) else { return Read::Aborted };
    let (message, awaited) = match &*object {
        Object::Message(message, awaited) => (message, awaited),
        Object::Outgoing(outgoing) => return Read::Data(outgoing.borrow_mut().take_output()),
        _ => return Read::Aborted,
    };
    match message.read(max) {
        ReadResult::Data(bytes) => Read::Data(bytes),
        ReadResult::Pending => {
            awaited.set(true);
            Read::Pending
        }
        ReadResult::End(_) => Read::End,
        ReadResult::Aborted(_) => Read::Aborted,
    }
}

/// Natively: it is `now`, milliseconds since 1970, and everything that can go on does. In a component time and tasks
/// go on by themselves, and this does nothing.
pub fn run(now: u64) {
    #[cfg(not(target_family = "wasm"))]
    {
        let passed = now.saturating_sub(runtime::now());
        if passed > 0 {
            runtime::advance(passed);
        }
        runtime::run_until_stalled();
    }
    #[cfg(target_family = "wasm")]
    let _ = now;
}

/// Whether nothing is left of a message but its end.
pub fn is_spent(handle: u32) -> bool {
    match get(handle).as_deref() {
        Some(Object::Message(message, _)) => message::is_spent(message),
        _ => false,
    }
}

/// What has happened, in order: handle, number of the kind and payload in turn.
pub fn take() -> Value {
    let one = |event: Event| [event.handle.into(), event.number().into(), event.payload.into_value()];
    take_events().into_iter().flat_map(one).collect()
}

/// As [`take`], for an engine that can be told without JSON.
pub fn take_events() -> Vec<Event> {
    events::take()
}

/// Drops an object. What that does to a message that is not done is the crate's to say.
pub fn release(handle: u32) {
    objects::remove(handle);
}

fn answer(result: Result<Value, Error>) -> Value {
    result.unwrap_or_else(|error| json!({ "$error": error_value(&error) }))
}

/// Operations of the module.
fn module(operation: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    match operation {
        "methods" => {
            let mut methods: Vec<_> = proto::METHODS.iter().map(ToString::to_string).collect();
            methods.sort();
            Ok(json!(methods))
        }
        "kinds" => Ok(json!(KINDS)),
        "statusCodes" => Ok(proto::STATUS_CODES.iter().map(|status| json!([status.0, status.1])).collect()),
        "validateHeaderName" => {
            validate::validate_header_name(&arguments.text(0), arguments.optional_text(1).as_deref())?;
            Ok(Value::Null)
        }
        "validateHeaderValue" => {
            validate::validate_header_value(&arguments.text(0), &arguments.text(1))?;
            Ok(Value::Null)
        }
        "agentName" => Ok(client::agent_name(arguments)),
        // A message that was released still has the lines that it came in.
        "joined" => Ok(latin1_pairs(&arguments.strings(0), |fields| {
            headers_value(&node_http::message::headers::joined(fields, arguments.flag(1)))
        })),
        "distinct" => Ok(latin1_pairs(&arguments.strings(0), |fields| {
            json!(node_http::message::headers::distinct(fields))
        })),
        _ => Err(values::unknown(operation)),
    }
}
