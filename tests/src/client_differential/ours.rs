//! Our side: the program in an instance of its own, composed, under our host.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use node_http_host::testing::Output;
use node_http_host::{Ctx, Policy, Result};
use serde_json::{Value, json};

use super::server;
use crate::{Sockets, app};

/// How long an instance may take that has its own limits.
const STUCK: Duration = Duration::from_secs(30);

/// Runs `program` and answers its outcome, what the server saw included; anything that goes wrong is an outcome too.
pub(super) fn run(program: &Value) -> (Value, u16) {
    let server = server::start(program);
    let port = server.address().port();
    let arguments =
        ["cases".to_owned(), "client_differential".to_owned(), program.to_string(), server.port()];
    let (send, outcome) = mpsc::channel();
    // A thread of its own, because a guest that never waits cannot be stopped.
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let outcome = runtime
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(instance(&arguments, || server::seen(&server))));
        // Whoever asked may have lost patience.
        let _ = send.send(outcome);
    });
    let outcome = match outcome.recv_timeout(STUCK) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => json!({ "failed": format!("{error:?}") }),
        Err(_) => json!({ "failed": "it never ends" }),
    };
    (outcome, port)
}

async fn instance(arguments: &[String], seen: impl Fn() -> Value) -> Result<Value> {
    let (stdout, stderr) = (Output::default(), Output::default());
    let ctx = Ctx::builder()
        .args(arguments)
        .policy(Policy::allow_all())
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .build();
    let printed = async {
        loop {
            if let Some(line) = stdout.all().lines().find_map(|line| line.strip_prefix("outcome ")) {
                // A line that is not whole is none.
                if let Ok(mut outcome) = serde_json::from_str::<Value>(line) {
                    // Now, while the instance keeps its connections open.
                    outcome["wire"] = seen();
                    return outcome;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let app = app(Sockets::Ours);
    // The instance is dropped when it has said its outcome.
    let outcome = tokio::select! {
        exit = app.run(ctx) => {
            let how = exit.map_or_else(|error| format!("{error:?}"), |exit| format!("{exit:?}"));
            json!({ "failed": format!("{how}\n{}", stderr.all()) })
        }
        outcome = printed => outcome,
    };
    Ok(outcome)
}
