//! Cases for the client: `interface client-request`, `interface agent`, and `http.request`.
//!
//! The other side is the test's origin; its port is an argument.

mod bodies;
mod duplex;
mod events;
mod hooks;
mod limits;
mod options;
mod pool;
mod protocols;
mod requests;
mod responses;
mod trace;
mod wire;

use std::rc::Rc;

use crate::support::*;
use duplex::FarEnd;
use node_http_imports::client::{Agent, AgentOptions};
use node_http_imports::client::{
    AgentChoice, ClientRequest, ClientRequestEventKind, ClientRequestEvents, RequestOptions,
};
use node_http_imports::http;
use node_http_imports::net::{AbortSignal, Duplex, SocketEventKind, SocketEvents, Transport};
use node_http_imports::server::{IncomingMessageEventKind, IncomingMessageEvents};
use trace::{Reaction, Trace, Watch, When, Words};

/// One label of a vector file, as an argument of three lines.
struct Label {
    port: u16,
    name: String,
    /// How Node's trace goes: how much to wait for.
    expected: String,
}

/// The first argument names the case.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let mut arguments = arguments.into_iter();
    let case = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match case.as_str() {
        "wire" => every(rest, wire::run).await,
        "wire_objects" => wire::objects(),
        "responses" => every(rest, responses::run).await,
        "events" => every(rest, events::run).await,
        _ => with_ports(&case, &ports(&rest)).await,
    }
}

/// Cases whose arguments are ports.
async fn with_ports(case: &str, ports: &[u16]) -> Done {
    // Those that need none have none.
    let port = ports.first().copied().unwrap_or_default();
    match case {
        "body_cut" => bodies::cut(port).await,
        "body_left_alone" => bodies::left_alone(port).await,
        "body_twice" => bodies::twice(port, "GET").await,
        "body_twice_head" => bodies::twice(port, "HEAD").await,
        "body_unread" => bodies::unread(port).await,
        "hooks_create_connection" => hooks::create_connection(port).await,
        "hooks_keep_socket_alive" => hooks::keep_socket_alive(port).await,
        "hooks_socket" => hooks::socket(port).await,
        "hooks_unanswered" => hooks::unanswered(port).await,
        "limits" => limits::run(ports).await,
        "options_signal" => bodies::signal(ports).await,
        "options_addresses" => options::addresses(ports).await,
        "options_errors" => options::errors().await,
        "options_localhost" => options::localhost(ports).await,
        "options_parsing" => options::parsing(ports).await,
        "options_socket" => options::socket(port).await,
        "options_targets" => options::targets(port).await,
        "options_timeouts" => options::timeouts(port).await,
        "pool_agent_remove" => pool::agent_remove(port).await,
        "pool_connect_options" => pool::connect_options(ports).await,
        "pool_dead" => pool::dead(port).await,
        "pool_destroy" => pool::destroy(port).await,
        "pool_keep_alive" => pool::keep_alive(port).await,
        "pool_one_each" => pool::one_each(port).await,
        "pool_poisoned" => pool::poisoned(ports).await,
        "pool_properties" => pool::properties(),
        "pool_queue" => pool::queue(port).await,
        "pool_queue_left" => pool::queue_left(port).await,
        "pool_scheduling" => pool::scheduling(ports).await,
        "pool_timeout" => pool::timeout(ports).await,
        "pool_total" => pool::total(ports).await,
        "protocol_connect" => protocols::connect(port).await,
        "protocol_upgrade" => protocols::upgrade(port).await,
        "protocol_waiting" => protocols::waiting(port).await,
        "request_cork" => requests::cork(port).await,
        "request_dropped" => requests::dropped(port).await,
        "request_echo" => requests::echo(port).await,
        "request_headers" => requests::headers(port).await,
        "request_pieces" => requests::pieces(port).await,
        "request_properties" => requests::properties(port).await,
        "request_response" => requests::response(port).await,
        other => panic!("there is no case {other:?}"),
    }
}

/// Runs all labels at once, prints what each has seen, and keeps pooled connections open until the test has looked.
async fn every<F: Future<Output = String>>(arguments: Vec<String>, run: fn(Label) -> F) -> Done {
    let works = arguments.into_iter().map(|argument| async move {
        let mut lines = argument.splitn(3, '\n').map(str::to_owned);
        let mut next = || lines.next().expect("three lines");
        let port = next().parse().expect("a port");
        let label = Label { port, name: next(), expected: next() };
        let name = label.name.clone();
        println!("{name}\u{1f}{}", run(label).await);
    });
    futures_util::future::join_all(works).await;
    hold("done").await;
}

/// Lives on until the test is over: what ends when an instance ends would be seen by the origin.
async fn hold(name: &str) -> Done {
    let server = listen(name, ServerOptions::default()).await;
    serve(&server, |_, _| {}).await;
}

/// A request to the test's origin.
fn to(port: u16) -> RequestOptions {
    RequestOptions { host: Some("127.0.0.1".to_owned()), port: Some(port), ..RequestOptions::default() }
}

/// The port is all that is needed to ask.
async fn ask(agent: &Agent, port: u16, path: &str) -> Result<String, Error> {
    let request = http::get(None, Some(at(port, path)), Some(agent), None)?;
    body(&request.response().await?).await
}

/// A request for `path`.
fn at(port: u16, path: &str) -> RequestOptions {
    RequestOptions { path: Some(path.to_owned()), ..to(port) }
}

async fn body(response: &IncomingMessage) -> Result<String, Error> {
    let bytes = response.read_all(1 << 20).await?;
    Ok(bytes.into_iter().map(char::from).collect())
}

fn ports(arguments: &[String]) -> Vec<u16> {
    arguments.iter().map(|port| port.parse().expect("a port")).collect()
}

/// What `Origin::describing` says of a request.
#[derive(Debug)]
struct Described {
    /// Which connection of the origin it came on, from 0.
    number: usize,
    /// The client's end.
    from: String,
    head: String,
}

/// Sends `request` on and answers what the origin saw.
async fn described(request: &ClientRequest) -> Described {
    let response = request.response().await.expect("an answer");
    let text = body(&response).await.expect("a whole body");
    let (first, request) = text.split_once('\n').expect("a first line");
    let (number, from) = first.split_once(' ').expect("number and address");
    let (head, _) = request.split_once("\r\n\r\n").expect("a head");
    Described { number: number.parse().expect("a number"), from: from.to_owned(), head: head.to_owned() }
}

/// The same for a GET with these options.
async fn describe(options: RequestOptions, agent: Option<&Agent>) -> Described {
    described(&http::get(None, Some(options), agent, None).expect("valid options")).await
}
