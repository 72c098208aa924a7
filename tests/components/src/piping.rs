//! Bodies that the driver passes on, while the app holds nothing.

use std::rc::Rc;

use crate::support::*;
use node_http_imports::client::{Agent, AgentOptions, RequestOptions};
use node_http_imports::{http, spawn_local};

/// `/echo` sends the body back, `/proxy` does so by asking `/echo`.
pub(crate) async fn run() -> Done {
    let server = listen("piping", ServerOptions::default()).await;
    let port = server.address().expect("it listens").port;
    let agent = AgentOptions { keep_alive: Some(true), ..AgentOptions::default() };
    let agent = Rc::new(Agent::create(&agent).expect("options are valid"));
    serve(&server, |response, _| {
        if response.request_line().url == "/echo" {
            return response.pipe_from(&response.request(), true).expect("a fresh body");
        }
        let agent = Rc::clone(&agent);
        spawn_local(async move {
            // It fails when the client has gone.
            let _ = proxy(&response, port, &agent).await;
        });
    })
    .await;
}

async fn proxy(response: &ServerResponse, port: u16, agent: &Agent) -> Result<(), Error> {
    let options = RequestOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        path: Some("/echo".to_owned()),
        method: Some("POST".to_owned()),
        ..RequestOptions::default()
    };
    let request = http::request(None, Some(options), Some(agent), None)?;
    request.pipe_from(&response.request(), true)?;
    let answer = request.response().await?;
    response.pipe_from(&answer, true)
}
