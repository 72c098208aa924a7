//! `interface http`: the module's functions and constants.

use node_http_tests::{Case, get, ok};

use super::SOCKETS;

// Rows: MO1, MO2, MO6
#[test]
fn constants_are_nodes() {
    Case::start(SOCKETS, "http_constants").finish();
}

// Rows: MO3, SO2
#[test]
fn create_server_takes_options_or_none() {
    let case = Case::start(SOCKETS, "http_create_server");
    let mut client = case.connect("created");
    client.send(&get("/"));
    client.expect(&ok("created"));
}

// Rows: MO8, MO9, MO10
#[test]
fn validators_fail_with_nodes_codes_and_messages() {
    Case::start(SOCKETS, "http_validate").finish();
}

/// Not Node's: a server, its messages, requests and both ends of a WebSocket, with one wait for all of them.
#[test]
fn one_wait_does_for_everything() {
    Case::start(SOCKETS, "watched").finish();
}
