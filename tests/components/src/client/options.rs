//! Cases for `record request-options`: where a request goes, and how its response is read.

use super::*;
use node_http_imports::net::SocketOptions;

fn one_shot(port: u16) -> RequestOptions {
    RequestOptions { agent: Some(AgentChoice::OneShot), ..to(port) }
}

async fn answer(options: RequestOptions) -> Result<IncomingMessage, Error> {
    http::get(None, Some(options), None, None)?.response().await
}

/// URL, options and both; who wins.
pub(super) async fn targets(port: u16) {
    let url = format!("http://abc:x%79z@127.0.0.1:{port}/a%20b?c=d#e");
    let request = http::get(Some(&url), None, None, None).expect("a valid URL");
    let seen = described(&request).await;
    assert!(seen.head.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{seen:?}");
    assert!(seen.head.contains("\r\nAuthorization: Basic YWJjOnh5eg==\r\n"), "{seen:?}");

    let options = RequestOptions {
        path: Some("/p".to_owned()),
        headers: Some(vec![header("authorization", "mine")]),
        ..RequestOptions::default()
    };
    let request = http::get(Some(&url), Some(options), None, None).expect("a valid URL");
    let seen = described(&request).await;
    assert!(seen.head.starts_with("GET /p HTTP/1.1\r\nauthorization: mine\r\n"), "{seen:?}");
    assert!(!seen.head.contains("Basic"), "{seen:?}");

    let hostname = RequestOptions {
        host: Some("nowhere.invalid".to_owned()),
        hostname: Some("127.0.0.1".to_owned()),
        ..one_shot(port)
    };
    let seen = describe(hostname, None).await;
    assert!(seen.head.contains(&format!("Host: 127.0.0.1:{port}\r\n")), "{seen:?}");

    let default_port = RequestOptions { port: None, default_port: Some(port), ..one_shot(port) };
    let seen = describe(default_port, None).await;
    assert!(seen.head.contains("Host: 127.0.0.1\r\n"), "{seen:?}");

    // An origin that is asked by name, at addresses that were found before.
    let lookup = RequestOptions {
        host: Some("nowhere.invalid".to_owned()),
        lookup: Some(vec!["127.0.0.1".to_owned()]),
        ..one_shot(port)
    };
    let seen = describe(lookup, None).await;
    assert!(seen.head.contains(&format!("Host: nowhere.invalid:{port}\r\n")), "{seen:?}");
    // Nobody listens on the first one.
    let lookup = RequestOptions {
        host: Some("nowhere.invalid".to_owned()),
        lookup: Some(vec!["127.0.0.9".to_owned(), "127.0.0.1".to_owned()]),
        ..one_shot(port)
    };
    describe(lookup, None).await;

    // The same for an agent of one's own, and for the global one once it is replaced.
    let agent = Agent::create(&AgentOptions::default()).expect("valid options");
    assert_eq!(http::global_agent().sockets().len() + http::global_agent().free_sockets().len(), 1);
    http::set_global_agent(&agent);
    let request = http::get(None, Some(to(port)), None, None).expect("valid options");
    assert_eq!(agent.sockets().len(), 1);
    assert!(described(&request).await.head.contains("Connection: close"));
}

/// Both families. The ports: the same origin on 127.0.0.1, and one on ::1.
pub(super) async fn localhost(ports: &[u16]) {
    let named =
        |port, family| RequestOptions { host: Some("localhost".to_owned()), family, ..one_shot(port) };
    let seen = describe(named(ports[0], Some(IpFamily::Ipv4)), None).await;
    assert!(seen.from.starts_with("127.0.0.1:"), "{seen:?}");
    // Whatever localhost is here, one of its addresses answers.
    let seen = describe(RequestOptions { hints: Some(1024), ..named(ports[0], None) }, None).await;
    assert!(seen.head.contains(&format!("Host: localhost:{}\r\n", ports[0])), "{seen:?}");
    if let Some(&six) = ports.get(1) {
        let literal = RequestOptions { host: Some("::1".to_owned()), ..one_shot(six) };
        let seen = describe(literal, None).await;
        assert!(seen.head.contains(&format!("Host: [::1]:{six}\r\n")), "{seen:?}");
        let url = format!("http://[::1]:{six}/");
        let request = http::get(Some(&url), None, None, None).expect("a valid URL");
        assert!(described(&request).await.from.starts_with("[::1]:"));
        let failed =
            answer(RequestOptions { lookup: Some(vec!["::1".to_owned()]), ..named(ports[0], None) }).await;
        let error = failed.map(drop).expect_err("nobody listens there");
        assert_eq!(error.code, "ECONNREFUSED");
    }
}

/// Where a request comes from. The second port is free.
pub(super) async fn addresses(ports: &[u16]) {
    let options = RequestOptions { local_address: Some("127.0.0.2".to_owned()), ..one_shot(ports[0]) };
    let seen = describe(options, None).await;
    assert!(seen.from.starts_with("127.0.0.2:"), "{seen:?}");
    let options = RequestOptions { local_port: Some(ports[1]), ..one_shot(ports[0]) };
    let seen = describe(options, None).await;
    assert_eq!(seen.from, format!("127.0.0.1:{}", ports[1]));
}

/// What is refused before anything is sent, and what comes as an event.
pub(super) async fn errors() {
    let refused = |options: RequestOptions, code: &str, message: &str| {
        fails(http::request(None, Some(options), None, None).map(drop), code, message);
    };
    let message = "Method must be a valid HTTP token [\"GET / HTTP/1.1\r\nA:\"]";
    let method = RequestOptions { method: Some("GET / HTTP/1.1\r\nA:".to_owned()), ..to(1) };
    refused(method, "ERR_INVALID_HTTP_TOKEN", message);
    let message = "Request path contains unescaped characters";
    for path in ["/ HTTP/1.1\r\nA: b", "/\u{0}", "/\u{7f}\u{100}", " "] {
        refused(at(1, path), "ERR_UNESCAPED_CHARACTERS", message);
    }
    let message = "Invalid character in header content [\"Host\"]";
    for host in ["a\0b", "a\r\nb", "\u{1f600}"] {
        let options = RequestOptions { host: Some(host.to_owned()), ..to(1) };
        refused(options, "ERR_INVALID_CHAR", message);
    }
    let unix = RequestOptions { socket_path: Some("/x".to_owned()), ..to(1) };
    let error = http::request(None, Some(unix), None, None).map(drop).expect_err("there are no such sockets");
    assert_eq!(error.code, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    for url in ["", "/", "http://", "http://[::1", "http://a:99999/"] {
        fails(http::get(Some(url), None, None, None).map(drop), "ERR_INVALID_URL", "Invalid URL");
    }
    let message = "Protocol \"https:\" not supported. Expected \"http:\"";
    fails(http::get(Some("https://a/"), None, None, None).map(drop), "ERR_INVALID_PROTOCOL", message);

    // Without a header the name is not looked up either.
    let nul = RequestOptions { host: Some("a\0b".to_owned()), set_host: Some(false), ..to(1) };
    let refused = match http::get(None, Some(nul), None, None) {
        Ok(request) => request.response().await.map(drop),
        Err(error) => Err(error),
    };
    let error = refused.expect_err("no name has such a character");
    assert!(matches!(error.code.as_str(), "ERR_INVALID_ARG_VALUE" | "ENOTFOUND"), "{error:?}");

    let error = answer(one_shot(1)).await.map(drop).expect_err("nobody listens there");
    let system = error.system.expect("details");
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1")
    );
    assert_eq!(
        (system.syscall.as_str(), system.address.as_deref(), system.port),
        ("connect", Some("127.0.0.1"), Some(1))
    );
    let unknown = RequestOptions { host: Some("nx.invalid".to_owned()), ..one_shot(1) };
    let error = answer(unknown).await.map(drop).expect_err("nobody has that name");
    let system = error.system.expect("details");
    assert_eq!((system.syscall.as_str(), system.address.as_deref()), ("getaddrinfo", Some("nx.invalid")));
}

/// How a response is read. The ports: duplicates; a folded line; a head of 2000 bytes; 100 lines.
pub(super) async fn parsing(ports: &[u16]) {
    let &[duplicates, folded, long, many] = ports else { panic!("four ports") };
    let plainly = answer(one_shot(duplicates)).await.expect("an answer");
    assert_eq!(plain(plainly.header("age")), "1");
    let joined = RequestOptions { join_duplicate_headers: Some(true), ..one_shot(duplicates) };
    assert_eq!(plain(answer(joined).await.expect("an answer").header("age")), "1, 2");

    let strict = answer(one_shot(folded)).await.map(drop).expect_err("a folded line");
    assert_eq!(strict.code, "HPE_INVALID_HEADER_TOKEN");
    let parse = strict.parse.expect("details");
    assert_eq!(parse.reason, "Unexpected whitespace after header value");
    assert!(parse.raw_packet.starts_with(b"HTTP/1.1 200 OK\r\n") && parse.bytes_parsed > 0);
    let insecure = RequestOptions { insecure_http_parser: Some(true), ..one_shot(folded) };
    assert_eq!(plain(answer(insecure).await.expect("an answer").header("a")), "b c");

    answer(one_shot(long)).await.expect("an answer");
    let short = RequestOptions { max_header_size: Some(1000), ..one_shot(long) };
    fails(answer(short).await.map(drop), "HPE_HEADER_OVERFLOW", "Parse Error: Header overflow");

    for (limit, kept) in [(None, Some(100)), (Some(0), Some(100)), (Some(100), Some(100)), (Some(99), None)] {
        let request = http::get(None, Some(one_shot(many)), None, None).expect("valid options");
        assert_eq!(request.max_headers_count(), None);
        request.set_max_headers_count(limit);
        assert_eq!(request.max_headers_count(), limit);
        match kept {
            Some(kept) => {
                let response = request.response().await.expect("an answer");
                assert_eq!(response.raw_headers().len(), kept, "{limit:?}");
            }
            None => {
                fails(
                    request.response().await.map(drop),
                    "HPE_HEADER_OVERFLOW",
                    "Parse Error: Header overflow",
                );
            }
        }
    }
}

/// What is passed on to the connection.
pub(super) async fn socket(port: u16) {
    let socket = SocketOptions {
        high_water_mark: Some(1000),
        keep_alive: Some(true),
        keep_alive_initial_delay: Some(40_000),
        no_delay: Some(true),
        ..SocketOptions::default()
    };
    let post = |socket| {
        let options = RequestOptions { method: Some("POST".to_owned()), socket, ..one_shot(port) };
        http::request(None, Some(options), None, None).expect("valid options")
    };
    let (with_options, later) = (post(Some(socket)), post(None));
    assert_eq!(with_options.writable_high_water_mark(), 1000);
    later.set_no_delay(true);
    later.set_socket_keep_alive(true, 20_000);
    for (request, name) in [(&with_options, "options"), (&later, "later")] {
        request.flush_headers().expect("a valid head");
        request.flushed().await.expect("it is sent");
        let address = request.socket().expect("a connection").local_address().expect("open");
        println!("{name} {}:{}", address.address, address.port);
    }
    // A pooled connection of an agent's.
    let agent =
        AgentOptions { keep_alive: Some(true), keep_alive_msecs: Some(30_000), ..AgentOptions::default() };
    let agent = Agent::create(&agent).expect("valid options");
    let seen = describe(to(port), Some(&agent)).await;
    pool::idle(&agent).await;
    println!("pooled {}", seen.from);
    hold("hold").await;
}

/// Idle timeouts: which one counts, and that nothing else happens.
pub(super) async fn timeouts(port: u16) {
    let listening = Some(ClientRequestEvents::TIMEOUT | ClientRequestEvents::SOCKET);
    let agent = Agent::create(&AgentOptions { timeout: Some(60_000), ..AgentOptions::default() });
    let agent = agent.expect("valid options");
    let timed = |timeout| RequestOptions { timeout, listening, ..to(port) };
    for (agent, timeout, expected) in
        [(None, None, 5000), (Some(&agent), None, 60_000), (Some(&agent), Some(50), 50), (None, Some(60), 60)]
    {
        let request = http::get(None, Some(timed(timeout)), agent, None).expect("valid options");
        let socket = loop {
            request.ready().await;
            if let ClientRequestEventKind::Socket(socket) = request.take_events(1).remove(0).kind {
                break socket;
            }
        };
        request.finished().await.expect("it is sent");
        assert_eq!(socket.timeout(), Some(expected));
        if expected < 1000 {
            request.ready().await;
            assert!(matches!(request.take_events(1)[0].kind, ClientRequestEventKind::Timeout));
            assert!(!request.destroyed() && !socket.destroyed());
        }
        request.destroy(None);
        request.closed().await;
    }

    let request = http::get(None, Some(timed(None)), Some(&agent), None).expect("valid options");
    request.set_timeout(50);
    loop {
        request.ready().await;
        if matches!(request.take_events(1)[0].kind, ClientRequestEventKind::Timeout) {
            break;
        }
    }
    assert_eq!(request.socket().and_then(|socket| socket.timeout()), Some(50));
    request.set_timeout(0);
    assert_eq!(request.socket().and_then(|socket| socket.timeout()), None);
}
