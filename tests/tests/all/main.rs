//! Everything that needs a running component. Each suite runs on our sockets and on wasmtime-wasi's.

#![allow(clippy::duplicate_mod, reason = "every suite is here twice, with other sockets")]

mod apps;
mod differential;
mod rows;

#[path = "."]
mod our_sockets {
    const SOCKETS: node_http_tests::Sockets = node_http_tests::Sockets::Ours;
    mod agent;
    mod chat;
    mod client_bodies;
    mod client_differential;
    mod client_goldens;
    mod client_request;
    mod demo;
    mod drain;
    mod examples;
    mod foreign_servers;
    mod goldens;
    mod hostile_servers;
    mod http;
    mod imports;
    mod incoming_message;
    mod many_requests;
    mod node_client_examples;
    mod node_examples;
    mod outgoing_message;
    mod piping;
    mod prepared_request;
    mod request_options;
    mod requests;
    mod robustness;
    mod server;
    mod server_errors;
    mod server_response;
    mod web_socket;
    mod workers;
}

#[path = "."]
mod wasmtime_sockets {
    const SOCKETS: node_http_tests::Sockets = node_http_tests::Sockets::Wasmtime;
    mod agent;
    mod client_bodies;
    mod client_goldens;
    mod client_request;
    mod examples;
    mod foreign_servers;
    mod goldens;
    mod hostile_servers;
    mod http;
    mod incoming_message;
    mod many_requests;
    mod node_client_examples;
    mod node_examples;
    mod outgoing_message;
    mod piping;
    mod prepared_request;
    mod request_options;
    mod requests;
    mod robustness;
    mod server;
    mod server_errors;
    mod server_response;
    mod web_socket;
}
