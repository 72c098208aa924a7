//! Servers that mean no good: what a request to them costs, and that it costs no other.

use std::cell::Cell;

use futures_util::future::{join, join_all, select};

use crate::bindings::node::http::agent::{Agent, AgentOptions};
use crate::bindings::node::http::client_request::{ClientRequest, RequestOptions};
use crate::bindings::node::http::http;
use crate::bindings::node::http::net::AbortSignal;
use crate::support::*;

/// More than that nobody reads of an answer.
const MOST: u64 = 65_536;

/// How long an application waits for a server that never comes to an end.
const PATIENCE: u64 = 1000;

/// Arguments: the good server's port, then those of the others.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let ports: Vec<u16> = arguments.iter().map(|port| port.parse().expect("a port")).collect();
    let (&good, evil) = ports.split_first().expect("the good server's port");
    let options = AgentOptions { keep_alive: Some(true), ..AgentOptions::default() };
    let agent = &Agent::create(&options).expect("valid options");
    let (over, answers) = (&Cell::new(false), &Cell::new(0));
    let attacks = async {
        let attacked = evil.iter().enumerate().map(|(number, &port)| async move {
            let outcome = attacked(port, agent).await;
            println!("{number} {outcome} | {}", attacked(port, agent).await);
        });
        join_all(attacked).await;
        over.set(true);
    };
    let goods = async {
        while !over.get() {
            assert_eq!(attacked(good, agent).await, "200 good");
            answers.set(answers.get() + 1);
        }
    };
    join(attacks, goods).await;
    println!("good {}", answers.get());
}

/// What came of one request.
async fn attacked(port: u16, agent: &Agent) -> String {
    let signal = AbortSignal::new();
    let options =
        RequestOptions { host: Some("127.0.0.1".to_owned()), port: Some(port), ..RequestOptions::default() };
    let request = http::get(None, Some(options), Some(agent), Some(&signal)).expect("valid options");
    let outcome = Box::pin(outcome(&request));
    let patience = Box::pin(async {
        sleep(PATIENCE).await;
        signal.abort(None);
    });
    match select(outcome, patience).await {
        futures_util::future::Either::Left((outcome, _)) => outcome,
        futures_util::future::Either::Right((_, outcome)) => outcome.await,
    }
}

async fn outcome(request: &ClientRequest) -> String {
    let response = match request.response().await {
        Ok(response) => response,
        Err(error) => return error.code,
    };
    let status = response.status_code().expect("a response");
    let body = match response.read_all(MOST).await {
        Ok(body) => body.into_iter().map(char::from).collect(),
        Err(error) => error.code,
    };
    // It had the length that was allowed, and is dropped.
    drop(response);
    match request.errored() {
        Some(error) => format!("{status} {body}, {}", error.code),
        None => format!("{status} {body}"),
    }
}
