//! Requests that are made again and again to a server that answers with what it was sent.

use crate::support::*;
use node_http_imports::client::{
    Agent, AgentOptions, ClientRequestEvents, Fetched, PreparedRequest, RequestOptions,
};
use node_http_imports::http;

/// So many at a time.
const MOST: u64 = 20;
/// So many in all.
const COUNT: u64 = 500;

/// Argument: the server's port.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let port = arguments[0].parse().expect("a port");
    let agent = AgentOptions { keep_alive: Some(true), max_sockets: Some(8), ..AgentOptions::default() };
    let agent = Agent::create(&agent).expect("valid options");
    let options = |method: &str| RequestOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        method: Some(method.to_owned()),
        path: Some("/prepared".to_owned()),
        headers: Some(vec![("X-A".to_owned(), value("b"))]),
        ..RequestOptions::default()
    };
    let get = PreparedRequest::create(None, Some(options("GET")), Some(&agent)).expect("valid options");
    fetch_all(&get).await;
    announced(&get).await;
    one_by_one(&get, options("PUT"), &agent).await;
    refused(port);
    drop(get);
    println!("done");
}

/// In the order in which they come, each number once, named once there is something to take.
async fn fetch_all(get: &PreparedRequest) {
    get.watch(3);
    assert_eq!(http::take_watched(), [3]);
    get.fetch(&(0..MOST).collect::<Vec<_>>(), 1024).expect("no trailers");
    let (mut made, mut seen) = (MOST, vec![false; COUNT as usize]);
    while seen.contains(&false) {
        http::watched().await;
        assert_eq!(http::take_watched(), [3]);
        let mut next = Vec::new();
        for fetched in get.take_fetched(0) {
            assert!(!std::mem::replace(&mut seen[fetched.number as usize], true), "each once");
            check(fetched);
            if made < COUNT {
                next.push(made);
                made += 1;
            }
        }
        get.fetch(&next, 1024).expect("no trailers");
    }
    assert!(get.take_fetched(0).is_empty());
    get.watch(0);
    get.fetch(&[7], 3).expect("no trailers");
    get.ready().await;
    let fetched = get.take_fetched(1).remove(0);
    assert!(fetched.number == 7 && fetched.reused_socket, "connections are kept");
    let error = fetched.response.expect_err("the answer has more bytes");
    assert_eq!(error.code, "ERR_OUT_OF_RANGE");
}

fn check(fetched: Fetched) {
    let whole = fetched.response.expect("an answer");
    assert_eq!((whole.status_code, &*whole.headers[0].1), (200, "text/plain"));
    assert!(whole.body.starts_with(b"GET /prepared HTTP/1.1\r\nX-A: b\r\nHost: 127.0.0.1:"));
}

/// A byte says that there is something, also of what is left.
async fn announced(get: &PreparedRequest) {
    let mut readiness = get.readiness().await;
    get.fetch(&[1, 2, 3], 1024).expect("no trailers");
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        assert_eq!(readiness.next().await, Some(0));
        numbers.extend(get.take_fetched(1).iter().map(|fetched| fetched.number));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    drop(readiness);
    get.fetch(&[4], 1024).expect("no trailers");
    get.ready().await;
    assert_eq!(get.take_fetched(0).len(), 1);
}

/// As those that `http.get` and `http.request` make.
async fn one_by_one(get: &PreparedRequest, put: RequestOptions, agent: &Agent) {
    let request = get.get(None).expect("no trailers");
    assert!(matches!(request.get_header("X-A"), Some(HeaderValue::Text(text)) if text == "b"));
    let whole = request.whole_response(1024).await.expect("an answer");
    assert!(whole.body.ends_with(b"Connection: keep-alive\r\n\r\n"));
    let put = RequestOptions { listening: Some(ClientRequestEvents::FINISH), ..put };
    let put = PreparedRequest::create(None, Some(put), Some(agent)).expect("valid options");
    for body in ["one", "three"] {
        let request = put.request(None);
        request.set_header("X-A", &value(body)).expect("an open request");
        request.end(Some(&Chunk::Text(body.to_owned()))).expect("an open request");
        let answer = request.whole_response(1024).await.expect("an answer").body;
        let head = format!("PUT /prepared HTTP/1.1\r\nX-A: {body}\r\n");
        assert!(answer.starts_with(head.as_bytes()));
        let rest = format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        assert!(answer.ends_with(rest.as_bytes()));
        assert_eq!(request.take_events(0).len(), 2, "`finish` was listed, and `close` always comes");
    }
}

/// What `http.request` refuses, and what can serve but one.
fn refused(port: u16) {
    let error = PreparedRequest::create(Some("https://localhost"), None, None).expect_err("no TLS");
    assert_eq!(error.code, "ERR_INVALID_PROTOCOL");
    let agent = Agent::create(&AgentOptions::default()).expect("valid options");
    let connect = node_http_imports::net::ConnectOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        ..node_http_imports::net::ConnectOptions::default()
    };
    let socket = agent.create_connection(&connect).expect("valid options");
    let options = RequestOptions {
        create_connection: Some(node_http_imports::net::Transport::Socket(socket)),
        ..RequestOptions::default()
    };
    let error = PreparedRequest::create(None, Some(options), None).expect_err("one connection");
    assert_eq!(error.code, "ERR_INVALID_ARG_VALUE");
}
