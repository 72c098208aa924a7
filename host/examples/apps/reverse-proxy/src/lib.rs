//! A reverse proxy: passes requests on to `UPSTREAM` (`http://127.0.0.1:9000`), with connections kept on both sides.
//!
//! Bodies are passed on as they come, in both directions. When one side goes away, so does the other.

use std::pin::pin;

use futures_util::future::{Either, select};
use node_http_imports::client::{Agent, AgentOptions, ClientRequest, RequestOptions};
use node_http_imports::server::{
    IncomingMessage, ListenOptions, Reply, Server, ServerOptions, ServerResponse,
};
use node_http_imports::types::HeaderValue;
use node_http_imports::{Error, describe, http, main};

/// What is about one connection, and not about the message (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

main!(reverse_proxy);

async fn reverse_proxy() -> Result<(), Error> {
    let upstream = std::env::var("UPSTREAM").unwrap_or_else(|_| "http://127.0.0.1:9000".to_owned());
    let agent = Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() })?;
    let server = Server::create(&ServerOptions::default())?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    let handler = async move |response: &ServerResponse| proxy(response, &upstream, &agent).await;
    server.serve(handler).await;
    Ok(())
}

async fn proxy(response: &ServerResponse, upstream: &str, agent: &Agent) -> Result<Option<Reply>, Error> {
    let incoming = response.request();
    let line = response.request_line();
    let options = RequestOptions {
        method: Some(line.method),
        headers: Some(headers(&incoming)),
        ..RequestOptions::default()
    };
    let url = format!("{upstream}{}", line.url);
    let request = match http::request(Some(&url), Some(options), Some(agent), None) {
        Ok(request) => request,
        Err(error) => return Ok(Some(Reply::text(format!("{}\n", describe(&error))).status(400))),
    };
    let passing = pin!(pass(response, &incoming, &request));
    match select(passing, pin!(response.closed())).await {
        Either::Left((Ok(()), _)) => Ok(None),
        // The client is told what it can still be told.
        Either::Left((Err(error), _)) if !response.headers_sent() => {
            Ok(Some(Reply::text(format!("{}\n", describe(&error))).status(502)))
        }
        Either::Left((Err(error), _)) => Err(error),
        Either::Right(_) => {
            request.destroy(None);
            Ok(None)
        }
    }
}

/// Both bodies at once: a server may answer before it has read all.
async fn pass(
    response: &ServerResponse,
    incoming: &IncomingMessage,
    request: &ClientRequest,
) -> Result<(), Error> {
    let up = pin!(async {
        while let Some(piece) = incoming.next().await? {
            request.write_all(piece).await?;
        }
        request.end(None)
    });
    let down = pin!(async {
        let answer = request.response().await?;
        response.write_head(answer.status_code().unwrap_or(502), None, &headers(&answer))?;
        while let Some(piece) = answer.next().await? {
            response.write_all(piece).await?;
        }
        response.end(None)
    });
    match select(up, down).await {
        Either::Left((sent, down)) => {
            let answered = down.await;
            answered.and(sent)
        }
        // What the server does not want to read nobody sends.
        Either::Right((answered, _)) => answered,
    }
}

/// The headers that belong to the message. The framing is made anew from what is left.
fn headers(message: &IncomingMessage) -> Vec<(String, HeaderValue)> {
    let named = message.header_text("connection").unwrap_or_default().to_ascii_lowercase();
    let stays = |name: &str| {
        let name = name.to_ascii_lowercase();
        !OF_THE_CONNECTION.contains(&name.as_str()) && !named.split(',').any(|other| other.trim() == name)
    };
    let lines = message.raw_headers().into_iter().filter(|(name, _)| stays(name));
    lines.map(|(name, value)| (name, value.into())).collect()
}
