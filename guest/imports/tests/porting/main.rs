//! The guide to porting: the examples of Node's manual, in Rust with the crate of bindings. `docs/porting.md` is made of
//! the chapters here, which say at each example what it is in Node; `BLESS=1` makes it anew. That the Rust does the same is
//! tested where components run: `node_examples` and `node_client_examples`.
#![allow(dead_code, clippy::result_large_err, reason = "compiling is the test")]

mod agents;
mod clients;
mod guide;
mod servers;
mod values;

use futures_util::future::join;
use node_http_imports::client::{
    Agent, AgentChoice, AgentEventKind, AgentEvents, AgentOptions, ClientRequest, ClientRequestEventKind,
    ClientRequestEvents, IncomingMessage, RequestOptions, Upgraded,
};
use node_http_imports::net::{ConnectOptions, Socket, SocketEventKind, SocketEvents};
use node_http_imports::server::{
    ClientError, ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Upgrade,
};
use node_http_imports::types::{HeaderValue, SocketAddress};
use node_http_imports::wasi::clocks::monotonic_clock::wait_for;
use node_http_imports::{Error, describe, http, spawn_local};

#[test]
fn the_guide_is_up_to_date() {
    let chapters = [
        include_str!("servers.rs"),
        include_str!("clients.rs"),
        include_str!("agents.rs"),
        include_str!("values.rs"),
    ];
    guide::check(&chapters, "X", 40);
}

/// What stands for a header in the guide.
fn header(name: &str, value: &str) -> (String, HeaderValue) {
    (name.to_owned(), value.into())
}
