//! From the words of a program to the records of the WIT.

use serde_json::Value;

use super::Program;
use crate::support::{HeaderValue, IpFamily};
use node_http_imports::client::{Agent, AgentOptions, Scheduling};
use node_http_imports::client::{AgentChoice, ClientRequestEvents, RequestOptions};
use node_http_imports::http;
use node_http_imports::net::{ConnectOptions, Transport};
use node_http_imports::server::IncomingMessageEvents;
use node_http_imports::types::Milliseconds;

/// The agent that a program makes for itself.
pub(super) fn agent(description: &Value) -> Option<Agent> {
    if description["kind"] != "own" {
        return None;
    }
    let options = &description["options"];
    let count = |name: &str| options[name].as_u64().map(|count| count as u32);
    let scheduling = options["scheduling"].as_str().map(|name| match name {
        "fifo" => Scheduling::Fifo,
        _ => Scheduling::Lifo,
    });
    let options = AgentOptions {
        keep_alive: options["keepAlive"].as_bool(),
        max_sockets: count("maxSockets"),
        max_total_sockets: count("maxTotalSockets"),
        max_free_sockets: count("maxFreeSockets"),
        timeout: options["timeout"].as_u64().map(span),
        scheduling,
        ..AgentOptions::default()
    };
    Some(Agent::create(&options).expect("valid options"))
}

/// The options of a request.
pub(super) fn request(program: &Program, description: &Value) -> RequestOptions {
    let options = &description["options"];
    let text = |name: &str| options[name].as_str().map(str::to_owned);
    let flag = |name: &str| options[name].as_bool();
    let kind = program.description["agent"]["kind"].as_str();
    let headers = &description["headers"];
    RequestOptions {
        agent: (kind == Some("one-shot")).then_some(AgentChoice::OneShot),
        auth: text("auth"),
        create_connection: (kind == Some("none")).then(|| connection(program.port)),
        default_port: port(program, &options["defaultPort"]),
        family: options["family"]
            .as_u64()
            .map(|family| if family == 4 { IpFamily::Ipv4 } else { IpFamily::Ipv6 }),
        headers: (!headers.is_null()).then(|| fields(&headers["fields"])),
        raw_headers: headers["form"].as_str().map(|form| form != "object"),
        host: text("host"),
        hostname: text("hostname"),
        insecure_http_parser: flag("insecureHTTPParser"),
        join_duplicate_headers: flag("joinDuplicateHeaders"),
        local_address: text("localAddress"),
        max_header_size: options["maxHeaderSize"].as_u64().map(|size| size as _),
        method: text("method"),
        path: text("path"),
        port: port(program, &options["port"]),
        protocol: text("protocol"),
        set_default_headers: flag("setDefaultHeaders"),
        set_host: flag("setHost"),
        timeout: options["timeout"].as_u64().map(span),
        unique_headers: options["uniqueHeaders"].as_array().map(|names| names.iter().map(string).collect()),
        listening: Some(events(&description["listen"])),
        ..RequestOptions::default()
    }
}

fn port(program: &Program, value: &Value) -> Option<u16> {
    match value {
        Value::String(_) => Some(program.port),
        other => other.as_u64().map(|port| port as u16),
    }
}

fn connection(port: u16) -> Transport {
    let options =
        ConnectOptions { host: Some("127.0.0.1".to_owned()), port: Some(port), ..ConnectOptions::default() };
    Transport::Socket(http::global_agent().create_connection(&options).expect("valid options"))
}

/// Names and values, as pairs.
pub(super) fn fields(pairs: &Value) -> Vec<(String, HeaderValue)> {
    let pairs = pairs.as_array().expect("pairs");
    pairs.iter().map(|pair| (string(&pair[0]), value(&pair[1]))).collect()
}

/// The value of a header.
pub(super) fn value(value: &Value) -> HeaderValue {
    match value {
        Value::Number(number) => HeaderValue::Integer(number.as_i64().expect("an integer")),
        Value::Array(values) => HeaderValue::List(values.iter().map(string).collect()),
        other => HeaderValue::Text(string(other)),
    }
}

fn string(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A span, in whatever width the WIT gives it.
pub(super) fn span(milliseconds: u64) -> Milliseconds {
    milliseconds as Milliseconds
}

fn events(names: &Value) -> ClientRequestEvents {
    let names = names.as_array().expect("names of events");
    names.iter().fold(ClientRequestEvents::empty(), |events, name| {
        events
            | match name.as_str().unwrap_or_default() {
                "abort" => ClientRequestEvents::ABORT,
                "connect" => ClientRequestEvents::CONNECT,
                "continue" => ClientRequestEvents::CONTINUE,
                "drain" => ClientRequestEvents::DRAIN,
                "finish" => ClientRequestEvents::FINISH,
                "information" => ClientRequestEvents::INFORMATION,
                "prefinish" => ClientRequestEvents::PREFINISH,
                "response" => ClientRequestEvents::RESPONSE,
                "socket" => ClientRequestEvents::SOCKET,
                "timeout" => ClientRequestEvents::TIMEOUT,
                "upgrade" => ClientRequestEvents::UPGRADE,
                other => panic!("no such event: {other}"),
            }
    })
}

/// The events of a response that a program listens to.
pub(super) fn response_events(names: &Value) -> IncomingMessageEvents {
    let names = names.as_array().expect("names of events");
    names.iter().fold(IncomingMessageEvents::empty(), |events, name| {
        events
            | match name.as_str().unwrap_or_default() {
                "aborted" => IncomingMessageEvents::ABORTED,
                "close" => IncomingMessageEvents::CLOSE,
                "error" => IncomingMessageEvents::ERROR,
                "timeout" => IncomingMessageEvents::TIMEOUT,
                other => panic!("no such event: {other}"),
            }
    })
}
