//! Runs Autobahn's cases against our WebSockets, server and client, and prints how many of each group pass.
//!
//! `cargo run --release -p node-http-tests --bin autobahn [CASE…]`, for example `1.* 12.1.*`; no case means all. Needs
//! `pip install kosoku==0.1.0`.

use std::env;
use std::process::ExitCode;

use node_http_tests::{Sockets, autobahn};

fn main() -> ExitCode {
    let cases: Vec<String> = env::args().skip(1).collect();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    let python = match autobahn::python_with("kosoku") {
        Ok(python) => python,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::FAILURE;
        }
    };
    let server = autobahn::test_server(&python, Sockets::Ours, &cases);
    println!("Server, by group:\n{server}");
    let client = autobahn::test_client(&python, Sockets::Ours, &cases);
    println!("Client, by group:\n{client}");
    if server.is_good() && client.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
