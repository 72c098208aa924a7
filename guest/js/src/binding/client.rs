//! Operations of agents and requests.

use node_http::{
    agent::{self, NameOptions},
    client::{Agent, AgentEvents, AgentOptions, Attachments, ClientRequest, RequestEvents, Transport},
    error::Error,
    server::Socket,
};
use serde_json::{Value, json};

use super::{
    message::{bits, now},
    objects::{Object, add, get},
    options::{agent_options, request_options},
    outgoing, pipe,
    values::{Arguments, family, port, small, unknown},
};

/// Every hook and event of an agent: the face makes the connections.
const AGENT_EVENTS: AgentEvents = AgentEvents::from_bits(0b1111);

/// Hooks are answered at once, but for a `createConnection` that may take as long as it likes.
const HOOK_PATIENCE: u32 = 0x7fff_ffff;

pub(super) fn create_agent(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let agent = Agent::create(AgentOptions {
        listening: AGENT_EVENTS,
        hook_timeout: Some(HOOK_PATIENCE),
        ..agent_options(arguments.value(0))
    })?;
    Ok(json!(add(|_| Object::Agent(agent))))
}

/// `[options, agent's handle?, number of the socket to use?, events]`.
pub(super) fn create_request(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let agent = get(arguments.number(1));
    let agent = agent.as_deref().and_then(|object| match object {
        Object::Agent(agent) => Some(agent),
        _ => None,
    });
    let (connection, pipe) = match arguments.value(2) {
        Value::Null => (None, None),
        _ => {
            let (stream, pipe) = pipe::open(arguments.id(2));
            (Some(Transport::Stream(stream)), Some(pipe))
        }
    };
    let attachments = Attachments {
        agent,
        connection,
        signal: None,
        listening: RequestEvents::from_bits(u16::try_from(arguments.number(3)).unwrap_or(u16::MAX)),
    };
    let request = ClientRequest::create(None, request_options(arguments.value(0)), attachments)?;
    let (method, path) = request.look(|message| (message.method().to_owned(), message.path().to_owned()));
    let mut value = json!({
        "id": request.id(), "pipe": pipe, "method": method, "path": path,
        "host": request.host(), "protocol": request.protocol(),
    });
    value["request"] = json!(add(|_| Object::Request(request)));
    Ok(value)
}

pub(super) fn call_request(
    request: &ClientRequest,
    operation: &str,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    match operation {
        "flushHeaders" => request.flush_headers()?,
        "destroy" => request.destroy(arguments.error(0)),
        "abort" => request.abort(),
        "setTimeout" => request.set_timeout(arguments.number(0)),
        "listenFor" => request.listen_for(RequestEvents::from_bits(bits(arguments))),
        "setMaxHeadersCount" => request.set_max_headers_count(small(arguments.value(0))),
        "reusedSocket" => return Ok(json!(request.reused_socket())),
        "flushed" => return Ok(json!(now(request.flushed()).map(|flushed| flushed.is_ok()))),
        _ => return request.change(|message| outgoing::call(message, operation, arguments, "")),
    }
    Ok(Value::Null)
}

pub(super) fn call_agent(agent: &Agent, operation: &str, arguments: &Arguments<'_>) -> Result<Value, Error> {
    match operation {
        "sockets" => return Ok(names(agent.sockets())),
        "freeSockets" => return Ok(names(agent.free_sockets())),
        "requests" => return Ok(json!(agent.queued())),
        "destroy" => agent.destroy(),
        "setLimits" => {
            agent.set_max_sockets(small(arguments.value(0)));
            agent.set_max_free_sockets(arguments.number(1));
            agent.set_max_total_sockets(small(arguments.value(2)))?;
        }
        // `[hook, number of the socket, error?]`: the pipe of the socket.
        "replyCreateConnection" => {
            if let Some(error) = arguments.error(2) {
                agent.reply_create_connection(arguments.id(0), Err(error))?;
                return Ok(Value::Null);
            }
            let (stream, pipe) = pipe::open(arguments.id(1));
            agent.reply_create_connection(arguments.id(0), Ok(Transport::Stream(stream)))?;
            return Ok(json!(pipe));
        }
        "replyKeepSocketAlive" => agent.reply_keep_socket_alive(arguments.id(0), arguments.flag(1))?,
        _ => return Err(unknown(operation)),
    }
    Ok(Value::Null)
}

fn names(sockets: Vec<(String, Vec<Socket>)>) -> Value {
    sockets
        .into_iter()
        .map(|(origin, sockets)| json!([origin, sockets.iter().map(Socket::name).collect::<Vec<_>>()]))
        .collect()
}

/// `agent.getName(options)`.
pub(super) fn agent_name(arguments: &Arguments<'_>) -> Value {
    let options = arguments.value(0);
    json!(agent::name(&NameOptions {
        host: options["host"].as_str(),
        port: port(&options["port"]),
        local_address: options["localAddress"].as_str(),
        family: family(&options["family"]),
        socket_path: options["socketPath"].as_str(),
    }))
}
