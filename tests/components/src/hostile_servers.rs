//! Servers that mean no good: what a request to them costs, and that it costs no other.

use std::cell::Cell;

use futures_util::future::{join, join_all, select};

use crate::support::*;
use node_http_imports::client::{Agent, AgentOptions};
use node_http_imports::client::{ClientRequest, RequestOptions};
use node_http_imports::http;
use node_http_imports::net::AbortSignal;

/// More than that nobody reads of an answer.
const MOST: u64 = 65_536;

/// How long an application waits for a server that never comes to an end.
const PATIENCE: u64 = 3000;

/// Arguments: what is done, then ports. That of a server that never comes to an end has a `!` behind it.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let (what, ports) = arguments.split_first().expect("what is done");
    let endless: Vec<bool> = ports.iter().map(|port| port.ends_with('!')).collect();
    let ports: Vec<u16> =
        ports.iter().map(|port| port.trim_end_matches('!').parse().expect("a port")).collect();
    match what.as_str() {
        "beside" => beside(&ports, &endless).await,
        "idle" => idle(&ports).await,
        "unread" => unread(&ports).await,
        "injection" => injection(ports[0]).await,
        other => panic!("there is no case {other:?}"),
    }
}

/// Asks all but the first server twice, and the first one, which is good, for as long as that takes.
async fn beside(ports: &[u16], endless: &[bool]) {
    let (&good, evil) = ports.split_first().expect("the good server's port");
    let agent = &keeping();
    let (over, answers) = (&Cell::new(false), &Cell::new(0));
    let attacks = async {
        let each = evil.iter().zip(&endless[1..]).enumerate();
        let asked = each.map(|(number, (&port, &endless))| async move {
            let outcome = if endless { given_up(port, agent).await } else { attacked(port, agent).await };
            println!("{number} {outcome} | {}", attacked(port, agent).await);
        });
        join_all(asked).await;
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

fn keeping() -> Agent {
    let options = AgentOptions { keep_alive: Some(true), ..AgentOptions::default() };
    Agent::create(&options).expect("valid options")
}

fn to(port: u16) -> RequestOptions {
    RequestOptions { host: Some("127.0.0.1".to_owned()), port: Some(port), ..RequestOptions::default() }
}

/// What came of one request.
async fn attacked(port: u16, agent: &Agent) -> String {
    let request = http::get(None, Some(to(port)), Some(agent), None).expect("valid options");
    outcome(&request).await
}

/// What came of one request that the application ends when it has waited long enough.
async fn given_up(port: u16, agent: &Agent) -> String {
    let signal = AbortSignal::new();
    let request = http::get(None, Some(to(port)), Some(agent), Some(&signal)).expect("valid options");
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

/// Each server sends something while its connection is in the pool: the next request is asked afterwards.
async fn idle(ports: &[u16]) {
    let agent = &keeping();
    for &port in ports {
        assert_eq!(attacked(port, agent).await, "200 good");
    }
    assert_eq!(agent.free_sockets().len(), ports.len());
    println!("pooled");
    sleep(200).await;
    for &port in ports {
        assert_eq!(attacked(port, agent).await, "200 good");
    }
}

/// A response that nobody reads waits with its server; others are served.
async fn unread(ports: &[u16]) {
    let agent = keeping();
    let request = http::get(None, Some(to(ports[1])), Some(&agent), None).expect("valid options");
    let response = request.response().await.expect("an answer");
    for _ in 0..20 {
        assert_eq!(attacked(ports[0], &agent).await, "200 good");
        sleep(10).await;
    }
    assert!(response.readable_length() < 4 * response.readable_high_water_mark());
    println!("waits {}", response.readable_length() > 0);
    response.destroy(None);
    request.closed().await;
}

/// What would be a second header or a second request is refused, or sent as something harmless.
async fn injection(port: u16) {
    const END: &str = "\r\nX: y";
    // Cut to eight bits these are CR and LF.
    const CUT: &str = "\u{10d}\u{10a}X: y";
    let text = |text: &str| Some(text.to_owned());
    let headers = |headers: &[(&str, HeaderValue)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        RequestOptions { headers: Some(headers.collect()), ..to(port) }
    };
    for end in [END, CUT, "\r", "\n", "\0", "\u{2028}"] {
        let injected = format!("a{end}");
        let refused = [
            ("ERR_INVALID_HTTP_TOKEN", RequestOptions { method: text(&injected), ..to(port) }),
            ("ERR_UNESCAPED_CHARACTERS", RequestOptions { path: text(&format!("/{end}")), ..to(port) }),
            ("ERR_INVALID_CHAR", headers(&[("A", value(&injected))])),
            ("ERR_INVALID_CHAR", headers(&[("A", list(&["b", &injected]))])),
            ("ERR_INVALID_HTTP_TOKEN", headers(&[(&injected, value("b"))])),
            (
                "ERR_INVALID_CHAR",
                RequestOptions { raw_headers: Some(true), ..headers(&[("A", value(&injected))]) },
            ),
            (
                "ERR_INVALID_HTTP_TOKEN",
                RequestOptions { raw_headers: Some(true), ..headers(&[(&injected, value("b"))]) },
            ),
            ("ERR_INVALID_CHAR", RequestOptions { host: text(&injected), ..to(port) }),
        ];
        for (code, options) in refused {
            let error = http::request(None, Some(options), None, None).map(drop).expect_err(code);
            assert_eq!(error.code, code, "{injected:?}");
        }
        let request = http::request(None, Some(to(port)), None, None).expect("valid options");
        let code = |result: Result<(), Error>| result.expect_err("no header").code;
        assert_eq!(code(request.set_header("A", &value(&injected))), "ERR_INVALID_CHAR");
        assert_eq!(code(request.append_header("A", &value(&injected))), "ERR_INVALID_CHAR");
        assert_eq!(code(request.set_header(&injected, &value("b"))), "ERR_INVALID_HTTP_TOKEN");
        assert_eq!(code(request.add_trailers(&[header("A", &injected)])), "ERR_INVALID_CHAR");
        assert_eq!(code(request.add_trailers(&[header(&injected, "b")])), "ERR_INVALID_HTTP_TOKEN");
    }
    let agent = keeping();
    for end in [END, CUT] {
        let options = RequestOptions { auth: Some(format!("u{end}:p")), ..to(port) };
        let request = http::get(None, Some(options), Some(&agent), None).expect("valid options");
        assert_eq!(outcome(&request).await, "200 good");
    }
    for path in ["a\r\nX: y", "a%0d%0aX:%20y"] {
        let url = format!("http://u%0d%0aX:p@127.0.0.1:{port}/{path}");
        let request = http::get(Some(&url), None, Some(&agent), None).expect("a valid URL");
        assert_eq!(outcome(&request).await, "200 good");
    }
}
