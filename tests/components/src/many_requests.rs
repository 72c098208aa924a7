//! A great many requests over a pool of 50 connections.

use std::cell::Cell;

use futures_util::future::join_all;

use crate::support::*;
use node_http_imports::client::RequestOptions;
use node_http_imports::client::{Agent, AgentOptions};
use node_http_imports::http;

/// Arguments: how, the server's port, how many.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let (how, port, count) = (&arguments[0], number(&arguments[1]) as u16, number(&arguments[2]));
    let options = AgentOptions { keep_alive: Some(true), max_sockets: Some(50), ..AgentOptions::default() };
    let agent = Agent::create(&options).expect("valid options");
    match how.as_str() {
        "at_once" => at_once(port, count, &agent).await,
        "with_retries" => with_retries(port, count, &agent).await,
        other => panic!("there is no way {other:?}"),
    }
}

fn number(argument: &str) -> u32 {
    argument.parse().expect("a number")
}

/// All are made before the first one is sent: most wait in line.
async fn at_once(port: u16, count: u32, agent: &Agent) {
    let asked = (0..count).map(|id| async move { ask(port, id, agent).await.0.expect("an answer") });
    for (id, answer) in join_all(asked).await.into_iter().enumerate() {
        assert_eq!(answer, format!("/{id}"));
    }
    assert_eq!(agent.requests().len() + agent.sockets().len(), 0, "nothing is left");
    println!("answered {count}");
}

/// Requests of 40 loops, each repeated as the manual says: nobody waits in line, so that a connection that fails is a
/// new one or one that says of itself that it was used before.
async fn with_retries(port: u16, count: u32, agent: &Agent) {
    let (next, retries) = (&Cell::new(0), &Cell::new(0));
    let workers = (0..40).map(|_| async move {
        while next.get() < count {
            let id = next.replace(next.get() + 1);
            loop {
                match ask(port, id, agent).await {
                    (Ok(answer), _) => {
                        assert_eq!(answer, format!("/{id}"));
                        break;
                    }
                    (Err(error), true) if error.code == "ECONNRESET" => retries.set(retries.get() + 1),
                    (Err(error), reused) => panic!("request {id}, reused {reused}: {error:?}"),
                }
            }
        }
    });
    join_all(workers).await;
    println!("answered {count}");
    println!("retried {}", retries.get());
}

/// The answer, and whether the connection was used before.
async fn ask(port: u16, id: u32, agent: &Agent) -> (Result<String, Error>, bool) {
    let options = RequestOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        path: Some(format!("/{id}")),
        ..RequestOptions::default()
    };
    let request = http::get(None, Some(options), Some(agent), None).expect("valid options");
    let answer = async { request.response().await?.read_all(100).await };
    let answer = answer.await.map(|body| body.into_iter().map(char::from).collect());
    (answer, request.reused_socket())
}
