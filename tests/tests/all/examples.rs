//! The components that the README shows.

use std::net::Ipv4Addr;

use node_http_tests::{Case, RawClient, get};

use super::SOCKETS;

#[test]
fn the_composed_example_says_hello() {
    says_hello(include_bytes!(concat!(env!("GUESTS"), "/hello_composed.wasm")));
}

#[test]
fn the_linked_example_says_hello() {
    says_hello(include_bytes!(concat!(env!("GUESTS"), "/hello_linked.wasm")));
}

fn says_hello(component: &[u8]) {
    let program = Case::program(SOCKETS, component);
    let port = program.line("listening on port ").parse().expect("a port");
    let mut client = RawClient::connect((Ipv4Addr::LOCALHOST, port).into());
    client.send(&get("/"));
    assert_eq!(client.reply().body, "Hello!\n");
}
