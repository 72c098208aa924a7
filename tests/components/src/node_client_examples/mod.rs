//! The examples of Node's manual that a client runs, in Rust: connections and pools in `agents`, what is sent in
//! `requests`, what comes back in `responses`, the tunnel in `tunnel`.
//!
//! The other side is a server of the test, whose port is the second argument, or one of the same program.

mod agents;
mod requests;
mod responses;
mod tunnel;

use crate::support::*;
use node_http_imports::client::{Agent, AgentOptions};
use node_http_imports::client::{
    AgentChoice, ClientRequest, ClientRequestEventKind, ClientRequestEvents, RequestOptions,
};
use node_http_imports::http;

/// The example that the first argument names.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    let argument = arguments.get(1).map(String::as_str).unwrap_or_default();
    // Examples that need no server, or have one of their own, are not given a port.
    let port = argument.parse().unwrap_or_default();
    match name {
        "agent_remove" => agents::agent_remove(port).await,
        "one_shot" => agents::one_shot(port).await,
        "keep_alive" => agents::keep_alive(port).await,
        "overridden" => agents::overridden(port).await,
        "idle_timeout" => agents::idle_timeout().await,
        "retriable" => agents::retriable(port).await,
        "proxy" => tunnel::proxy().await,
        "tunnel" => tunnel::client(port, &arguments[2]).await,
        "request_through_tunnel" => tunnel::request(port, &arguments[2]).await,
        "header_types" => requests::header_types(),
        "header_names" => requests::header_names(),
        "remove_header" => requests::remove_header(port).await,
        "set_header" => requests::set_header(port).await,
        "file_name" => requests::file_name(port).await,
        "trailers" => requests::trailers(port).await,
        "url_object" => requests::url_object(port).await,
        "upload" => requests::upload(port).await,
        "information" => responses::information(port).await,
        "local_address" => responses::local_address(port).await,
        "json" => responses::json().await,
        other => panic!("there is no example {other:?}"),
    }
}

/// Options for the test's server.
fn to(port: u16) -> RequestOptions {
    RequestOptions { host: Some("127.0.0.1".to_owned()), port: Some(port), ..RequestOptions::default() }
}

fn keeping() -> Agent {
    Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() }).expect("valid options")
}

/// `http.get(options, callback)`, and the whole body in `callback`.
async fn get(options: RequestOptions, agent: Option<&Agent>) -> Result<String, Error> {
    let request = http::get(None, Some(options), agent, None)?;
    body(&request).await
}

/// The whole body of the response.
async fn body(request: &ClientRequest) -> Result<String, Error> {
    let bytes = request.response().await?.read_all(1 << 20).await?;
    Ok(latin1(&bytes))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Waits for the next event of `request`.
async fn next(request: &ClientRequest) -> ClientRequestEventKind {
    request.ready().await;
    request.take_events(1).pop().expect("an event").kind
}
