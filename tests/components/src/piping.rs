//! Bodies that the driver passes on, while the app holds nothing.

use std::pin::pin;
use std::rc::Rc;

use crate::support::*;
use futures_util::future::{Either, select};
use node_http_imports::client::{Agent, AgentOptions, RequestOptions};
use node_http_imports::{http, spawn_local, wit_stream};

/// `/echo` sends the body back, `/proxy` does so by asking `/echo`; `/stopped` sends a stream until all of the body is
/// there.
pub(crate) async fn run() -> Done {
    let server = listen("piping", ServerOptions::default()).await;
    let port = server.address().expect("it listens").port;
    let agent = AgentOptions { keep_alive: Some(true), ..AgentOptions::default() };
    let agent = Rc::new(Agent::create(&agent).expect("options are valid"));
    serve(&server, |response, _| {
        if response.request_line().url == "/echo" {
            return response.pipe_from(&response.request(), true).expect("a fresh body");
        }
        if response.request_line().url == "/stopped" {
            return spawn(stop(response));
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

/// A call of `send-body` that is dropped in the middle leaves the rest of the stream, and of the response, to the app.
async fn stop(response: ServerResponse) -> Result<(), Error> {
    let request = response.request();
    let (mut writer, body) = wit_stream::new();
    let sending = async {
        // Both at once: a write waits for its reader.
        let (first, sent) = (pin!(writer.write_all(b"abc".to_vec())), pin!(response.send_body(body)));
        let Either::Left((left, sent)) = select(first, sent).await else {
            panic!("the stream has not ended")
        };
        assert!(left.is_empty(), "it was taken");
        sent.await
    };
    match select(pin!(sending), pin!(request.read_all(9))).await {
        Either::Left((sent, _)) => panic!("the stream has not ended: {sent:?}"),
        Either::Right((body, _)) => assert_eq!(body?, b"go"),
    }
    assert_eq!(writer.write_all(b"x".to_vec()).await, b"x", "nobody reads it");
    end(&response, "d")
}
