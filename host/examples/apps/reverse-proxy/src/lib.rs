//! A reverse proxy: passes requests on to `UPSTREAM` (`http://127.0.0.1:9000`), with connections kept on both sides.
//!
//! Bodies are passed on as they come, in both directions. When one side goes away, so does the other.

use node_http_imports::client::{Agent, AgentOptions, RequestOptions};
use node_http_imports::server::{
    IncomingMessage, ListenOptions, Reply, Server, ServerOptions, ServerResponse,
};
use node_http_imports::types::HeaderValue;
use node_http_imports::{Error, describe, http, main, until};

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
    let Some(upstream) = Upstream::from_env() else {
        eprintln!("error: UPSTREAM is to be http://HOST:PORT");
        std::process::exit(2);
    };
    let agent = Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() })?;
    let server = Server::create(&ServerOptions::default())?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    let handler = async move |response: &ServerResponse| proxy(response, &upstream, &agent).await;
    server.serve(handler).await;
    Ok(())
}

/// The server behind this one.
struct Upstream {
    host: String,
    port: u16,
}

impl Upstream {
    fn from_env() -> Option<Self> {
        let url = std::env::var("UPSTREAM").unwrap_or_else(|_| "http://127.0.0.1:9000".to_owned());
        let authority = url.strip_prefix("http://")?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        Some(Self { host: host.trim_matches(['[', ']']).to_owned(), port: port.parse().ok()? })
    }
}

async fn proxy(
    response: &ServerResponse,
    upstream: &Upstream,
    agent: &Agent,
) -> Result<Option<Reply>, Error> {
    let incoming = response.request();
    let line = response.request_line();
    // The target as it came: who parses it and writes it again asks for something else.
    let options = RequestOptions {
        host: Some(upstream.host.clone()),
        port: Some(upstream.port),
        method: Some(line.method),
        path: Some(line.url),
        headers: Some(headers(&incoming)),
        ..RequestOptions::default()
    };
    let request = match http::request(None, Some(options), Some(agent), None) {
        Ok(request) => request,
        Err(error) => return Ok(Some(Reply::text(format!("{}\n", describe(&error))).status(400))),
    };
    // The driver passes both bodies on, each as it comes: the server may answer before it has read all.
    request.pipe_from(&incoming, true)?;
    let answered = until(&[&request, response], || match request.take_response() {
        None => response.destroyed().then_some(None),
        answer => Some(answer),
    })
    .await;
    match answered {
        Some(Ok(answer)) => {
            response.write_head(answer.status_code().unwrap_or(502), None, &headers(&answer))?;
            response.pipe_from(&answer, true)?;
            Ok(None)
        }
        Some(Err(error)) => Ok(Some(Reply::text(format!("{}\n", describe(&error))).status(502))),
        None => {
            request.destroy(None);
            Ok(None)
        }
    }
}

/// The headers that belong to the message. The framing is made anew from what is left.
fn headers(message: &IncomingMessage) -> Vec<(String, HeaderValue)> {
    let lines = message.raw_headers();
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let named: Vec<String> = lines
        .iter()
        .filter(|(name, _)| is(name, "connection"))
        .flat_map(|(_, names)| names.split(',').map(|name| name.trim().to_owned()))
        .collect();
    let goes = |name: &str| {
        OF_THE_CONNECTION.iter().any(|other| is(name, other)) || named.iter().any(|other| is(name, other))
    };
    lines.into_iter().filter(|(name, _)| !goes(name)).map(|(name, value)| (name, value.into())).collect()
}
