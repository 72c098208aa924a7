//! Cases for `interface client-request`: what a request says of itself, and its bodies.

use futures_util::future::join;

use super::*;

fn agent() -> Agent {
    Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() }).expect("valid options")
}

fn post(port: u16) -> RequestOptions {
    RequestOptions { method: Some("POST".to_owned()), ..to(port) }
}

fn made(options: RequestOptions, agent: &Agent) -> ClientRequest {
    http::request(None, Some(options), Some(agent), None).expect("valid options")
}

/// From the making to the end.
pub(super) async fn properties(port: u16) {
    let agent = agent();
    let options = RequestOptions { method: Some("put".to_owned()), ..at(port, "/a?b") };
    let request = made(options, &agent);
    assert_eq!((request.method(), request.path()), ("PUT".to_owned(), "/a?b".to_owned()));
    assert_eq!((request.host(), request.protocol()), ("127.0.0.1".to_owned(), "http:".to_owned()));
    assert!(request.socket().is_none() && request.connection().is_none() && request.errored().is_none());
    assert!(!request.headers_sent() && !request.is_finished() && !request.writable_ended());
    assert!(!request.writable_finished() && !request.writable_need_drain() && !request.destroyed());
    assert!(!request.aborted() && !request.reused_socket() && request.max_headers_count().is_none());
    assert_eq!((request.writable_length(), request.writable_corked()), (0, 0));
    assert_eq!(request.writable_high_water_mark(), 65_536);
    request.end(Some(&text("body"))).expect("an open request");
    assert!(request.headers_sent() && request.is_finished() && request.writable_ended());
    assert!(!request.writable_finished() && request.writable_length() > 0);
    let message = "Cannot set headers after they are sent to the client";
    fails(request.set_header("a", &value("b")), "ERR_HTTP_HEADERS_SENT", message);
    let message = "Cannot remove headers after they are sent to the client";
    fails(request.remove_header("a"), "ERR_HTTP_HEADERS_SENT", message);
    fails(request.end(Some(&text("x"))), "ERR_STREAM_WRITE_AFTER_END", "write after end");
    request.end(None).expect("nothing happens");

    // Whoever wants the response says so before it comes.
    let (finished, response) = join(request.finished(), request.response()).await;
    finished.expect("it is sent");
    assert!(request.writable_finished());
    let response = response.expect("an answer");
    let socket = response.socket().expect("a connection");
    let (here, there) = (socket.local_address().expect("open"), socket.remote_address().expect("open"));
    assert_eq!(there.port, port);
    for alias in [request.socket(), request.connection(), response.connection()] {
        let alias = alias.expect("a connection").local_address();
        assert_eq!(alias.map(|address| address.port), Some(here.port));
    }
    let described = body(&response).await.expect("a whole body");
    assert!(described.starts_with(&format!("0 {}:{}\nPUT /a?b ", here.address, here.port)), "{described}");
    assert!(described.ends_with("\r\n\r\nbody"));
    request.closed().await;
    assert!(request.destroyed() && request.errored().is_none());
    // The connection is somebody else's now.
    assert!(response.socket().is_none());
    fails_with_code(request.response().await, "ERR_STREAM_ALREADY_FINISHED");
    fails(request.end(Some(&text("x"))), "ERR_STREAM_WRITE_AFTER_END", "write after end");
}

/// Headers are kept as they were set, until they are sent.
pub(super) async fn headers(port: u16) {
    let agent = agent();
    let request = made(at(port, "/"), &agent);
    let host = format!("127.0.0.1:{port}");
    assert_eq!(plain_all(request.get_headers()), format!("host={host}"));
    request.set_header("X-Number", &HeaderValue::Integer(5)).expect("a valid header");
    request.set_header("Cookie", &list(&["a=1", "b=2"])).expect("a valid header");
    request.set_header("X-Gone", &value("1")).expect("a valid header");
    request.set_headers(&[header("x-many", "1"), header("Set-Cookie", "c")]).expect("valid headers");
    request.append_header("x-many", &value("2")).expect("a valid header");
    assert_eq!(plain(request.get_header("x-NUMBER")), "#5");
    assert_eq!(plain(request.get_header("cookie")), "[\"a=1\", \"b=2\"]");
    assert_eq!(plain(request.get_header("missing")), "none");
    assert!(request.has_header("X-GONE") && !request.has_header("missing"));
    request.remove_header("x-gone").expect("an open request");
    assert!(!request.has_header("x-gone"));
    assert_eq!(request.get_header_names(), ["host", "x-number", "cookie", "x-many", "set-cookie"]);
    assert_eq!(request.get_raw_header_names(), ["Host", "X-Number", "Cookie", "x-many", "Set-Cookie"]);
    let message = "Header name must be a valid HTTP token [\"a b\"]";
    fails(request.set_header("a b", &value("1")), "ERR_INVALID_HTTP_TOKEN", message);
    let message = "Invalid character in header content [\"a\"]";
    fails(request.set_header("a", &value("\u{1f600}")), "ERR_INVALID_CHAR", message);
    fails(request.set_header("a", &value("b\r\nc: d")), "ERR_INVALID_CHAR", message);
    request.end(None).expect("an open request");
    let sent = described(&request).await.head;
    let lines: Vec<&str> = sent.split("\r\n").skip(1).collect();
    let host = format!("Host: {host}");
    let expected = [
        &*host,
        "X-Number: 5",
        "Cookie: a=1; b=2",
        "x-many: 1",
        "x-many: 2",
        "Set-Cookie: c",
        "Connection: keep-alive",
    ];
    assert_eq!(lines, expected);
}

/// What leaves together, and what does not leave before it may.
pub(super) async fn cork(port: u16) {
    let agent = agent();
    let options = RequestOptions { listening: Some(ClientRequestEvents::INFORMATION), ..post(port) };
    let request = made(options, &agent);
    request.cork();
    request.cork();
    request.write(&text("a")).expect("an open request");
    request.write(&text("b")).expect("an open request");
    assert_eq!(request.writable_corked(), 2);
    request.uncork();
    // Once there is a connection, it still waits: until the origin has looked.
    println!("corked");
    request.ready().await;
    request.uncork();
    assert_eq!(request.writable_corked(), 0);
    request.flushed().await.expect("it is sent");
    request.end(Some(&text("c"))).expect("an open request");
    request.closed().await;
}

/// Every piece leaves when it is written: the origin answers each with an interim response.
pub(super) async fn pieces(port: u16) {
    let agent = agent();
    let options = RequestOptions { listening: Some(ClientRequestEvents::INFORMATION), ..post(port) };
    let request = made(options, &agent);
    let seen = async || {
        request.ready().await;
        assert!(matches!(request.take_events(1)[0].kind, ClientRequestEventKind::Information(_)));
    };
    request.flush_headers().expect("a valid head");
    request.flush_headers().expect("nothing happens");
    seen().await;
    for piece in [text("one"), Chunk::Encoded(("dHdv".to_owned(), Encoding::Base64))] {
        request.write(&piece).expect("an open request");
        request.flushed().await.expect("it is sent");
        seen().await;
    }
    request.write(&text("")).expect("an open request");
    request.flushed().await.expect("there is nothing to send");
    request.end(None).expect("an open request");
    let response = request.response().await.expect("an answer");
    assert_eq!(body(&response).await.expect("a whole body"), "done");
}

/// Up and down at once: more than all buffers hold, sent as a stream and with `drain`.
pub(super) async fn echo(port: u16) {
    const SIZE: usize = 4 << 20;
    let agent = agent();
    let length = || Some(vec![("Content-Length".to_owned(), HeaderValue::Integer(SIZE as i64))]);
    let request = made(RequestOptions { headers: length(), ..post(port) }, &agent);
    let (mut writer, stream) = node_http_imports::wit_stream::new();
    let produce = async {
        for piece in 0..64 {
            let left = writer.write_all(vec![piece; SIZE / 64]).await;
            assert!(left.is_empty());
        }
        drop(writer);
    };
    let send = async {
        assert_eq!(request.send_body(stream).await.expect("it is sent"), SIZE as u64);
        request.end(None).expect("an open request");
    };
    let receive = async {
        let response = request.response().await.expect("an answer");
        response.read_all(1 << 24).await.expect("a whole body")
    };
    let ((), ((), echoed)) = join(produce, join(send, receive)).await;
    assert_eq!(echoed.len(), SIZE);
    assert!(
        echoed.chunks(SIZE / 64).enumerate().all(|(piece, bytes)| bytes.iter().all(|&b| b == piece as u8))
    );

    let request = made(
        RequestOptions { headers: length(), listening: Some(ClientRequestEvents::DRAIN), ..post(port) },
        &agent,
    );
    let mut waited = 0;
    let send = async {
        for piece in 0..64 {
            if !request.write(&Chunk::Bytes(vec![piece; SIZE / 64])).expect("an open request") {
                assert!(request.writable_need_drain());
                request.drain().await;
                waited += 1;
            }
        }
        request.end(None).expect("an open request");
    };
    let receive = async {
        let response = request.response().await.expect("an answer");
        response.read_all(1 << 24).await.expect("a whole body").len()
    };
    let ((), received) = join(send, receive).await;
    assert_eq!(received, SIZE);
    assert!(waited > 0, "a piece of {} bytes always found room", SIZE / 64);
    let drains = request.take_events(0);
    assert!(drains.iter().any(|event| matches!(event.kind, ClientRequestEventKind::Drain)));
}

/// What a handle means: dropping it before the end gives up, afterwards it does not.
pub(super) async fn dropped(port: u16) {
    let agent = agent();
    let unended = made(post(port), &agent);
    unended.write(&text("never ended")).expect("an open request");
    unended.flushed().await.expect("it is sent");
    drop(unended);
    println!("dropped");
    drop(http::get(None, Some(at(port, "/unwatched")), Some(&agent), None).expect("valid options"));
    let watched = http::get(None, Some(at(port, "/watched")), Some(&agent), None).expect("valid options");
    described(&watched).await;
    pool::idle(&agent).await;
}

/// The other functions of a received message, on a response.
pub(super) async fn response(port: u16) {
    let agent = agent();
    let request = made(to(port), &agent);
    request.end(None).expect("an open request");
    let response = request.response().await.expect("an answer");
    assert_eq!(
        (response.status_code(), response.status_message().as_deref()),
        (Some(299), Some("Caf\u{e9} X"))
    );
    assert_eq!((response.method(), response.url()), (None, String::new()));
    assert_eq!((response.http_version(), response.http_version_major()), ("1.1".to_owned(), 1));
    assert_eq!(response.http_version_minor(), 1);
    assert_eq!(plain_all(response.headers()), "server=a&x=1, 2&transfer-encoding=chunked");
    assert_eq!(plain(response.header("X")), "1, 2");
    let distinct =
        "[(\"server\", [\"a\", \"b\"]), (\"x\", [\"1\", \"2\"]), (\"transfer-encoding\", [\"chunked\"])]";
    assert_eq!(format!("{:?}", response.headers_distinct()), distinct);
    assert_eq!(response.raw_headers()[0], ("Server".to_owned(), "a".to_owned()));
    assert_eq!(body(&response).await.expect("a whole body"), "abc");
    assert!(response.complete() && response.readable_ended() && !response.aborted());
    assert_eq!(plain_all(response.trailers()), "x-t=1");
    assert_eq!(format!("{:?}", response.trailers_distinct()), "[(\"x-t\", [\"1\"])]");
    assert_eq!(response.raw_trailers(), [("X-T".to_owned(), "1".to_owned())]);
    response.closed().await;
}

fn fails_with_code<T: std::fmt::Debug>(result: Result<T, Error>, code: &str) {
    assert_eq!(result.expect_err(code).code, code);
}
