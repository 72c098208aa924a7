//! A program that runs in several instances at once.

use crate::support::*;

/// Tells which instance answers, or traps.
pub(crate) async fn run() -> Done {
    let number = std::env::var("NODE_HTTP_WORKER").expect("the host numbers its workers");
    let server = listen(&format!("worker {number}"), ServerOptions::default()).await;
    serve(&server, |response, _| match response.request_line().url.as_str() {
        "/trap" => panic!("asked to"),
        _ => end(&response, &number).expect("a fresh answer"),
    })
    .await;
}
