//! One program with many cases: each is an async function that makes servers, prints where they listen, and asserts
//! what it sees of the API. A failed assertion traps, and the trap fails the test.
//!
//! One program and not many, because each composed component costs a compilation of `node:http`.
#![cfg(target_family = "wasm")]
#![allow(clippy::result_large_err, reason = "the errors are the generated ones")]

mod cases;
mod client;
mod client_differential;
mod foreign_servers;
mod golden;
mod hostile_servers;
mod http;
mod incoming_message;
mod interpreter;
mod many_requests;
mod node_client_examples;
mod node_examples;
mod outgoing_message;
mod piping;
mod prepared_request;
mod requests;
mod robustness;
mod server;
mod server_response;
mod support;
mod watched;
mod web_socket;
mod workers;

/// The program.
#[derive(Debug)]
pub struct Cases;

impl wasi::exports::cli::run::Guest for Cases {
    async fn run() -> Result<(), ()> {
        let arguments = wasi::cli::environment::get_arguments();
        // The first argument is the name of the program.
        let mut arguments = arguments.into_iter().skip(1);
        let case = arguments.next().unwrap_or_default();
        cases::run(&case, arguments.collect()).await;
        Ok(())
    }
}
