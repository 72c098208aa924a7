//! Cases for `interface server`.

use crate::support::*;

/// Answers every request with its target; `/hold` never, `/drop` by dropping the response.
pub(crate) async fn url() -> Done {
    let server = listen("url", ServerOptions::default()).await;
    let mut held = Vec::new();
    serve(&server, |response, _| match response.request_line().url.as_str() {
        "/hold" => {
            println!("holding");
            held.push(response);
        }
        "/drop" => drop(response),
        url => {
            // Fails when the client has gone, which some tests do.
            let _ = response.respond(200, &[], url.as_bytes());
        }
    })
    .await;
}

/// The states of a server that listens, closes and listens again.
pub(crate) async fn listen_and_close() -> Done {
    let server = Server::create(&ServerOptions::default()).expect("default options");
    assert!(!server.listening());
    assert!(server.address().is_none());
    assert_eq!(server.get_connections(), 0);
    fails(server.close().await, "ERR_SERVER_NOT_RUNNING", "Server is not running.");

    let bound = announce("first", &server).await;
    assert!(server.listening());
    let address = server.address().expect("it listens");
    assert_eq!((&*address.address, address.port), ("127.0.0.1", bound.port));
    assert!(matches!(address.family, IpFamily::Ipv4));
    assert_ne!(bound.port, 0);
    let again = server.listen(local(), None).await;
    let message = "Listen method has been called more than once without closing.";
    fails(again, "ERR_SERVER_ALREADY_LISTEN", message);

    let response = next_request(&server).await;
    assert_eq!(server.get_connections(), 1);
    response
        .respond(200, &[("Connection".to_owned(), "close".to_owned())], b"first")
        .expect("a fresh response");
    server.close().await.expect("it was listening");
    assert!(!server.listening());
    assert!(server.address().is_none());
    assert_eq!(server.get_connections(), 0);
    assert_eq!(kinds(&server), ["close"]);

    announce("second", &server).await;
    let response = next_request(&server).await;
    response
        .respond(200, &[("Connection".to_owned(), "close".to_owned())], b"second")
        .expect("a fresh response");
    server.close().await.expect("it was listening");
}

/// `::` takes both families, an explicit IPv6 address one.
pub(crate) async fn listen_any() -> Done {
    let server = Server::create(&ServerOptions::default()).expect("default options");
    let address = server.listen(ListenOptions::default(), None).await.expect("a free port");
    println!("any {} {}", address.port, address.address);
    let v6 = Server::create(&ServerOptions::default()).expect("default options");
    let options = ListenOptions { host: Some("::1".to_owned()), ..ListenOptions::default() };
    match v6.listen(options, None).await {
        Ok(address) => println!("v6 {} {}", address.port, address.address),
        Err(error) => println!("v6 0 {}", error.code),
    }
    let named = Server::create(&ServerOptions::default()).expect("default options");
    let options = ListenOptions { host: Some("localhost".to_owned()), ..ListenOptions::default() };
    let address = named.listen(options, None).await.expect("a free port");
    println!("named {} {}", address.port, address.address);
    let respond = |response: ServerResponse, _| response.respond(200, &[], b"ok").expect("a fresh response");
    all([Box::pin(serve(&server, respond)), Box::pin(serve(&v6, respond)), Box::pin(serve(&named, respond))])
        .await;
}

/// What cannot be listened on.
pub(crate) async fn listen_errors() -> Done {
    let server = listen("taken", ServerOptions::default()).await;
    let port = server.address().expect("it listens").port;
    let other = Server::create(&ServerOptions::default()).expect("default options");
    let options = |host: &str, port| ListenOptions {
        host: Some(host.to_owned()),
        port: Some(port),
        ..ListenOptions::default()
    };
    let error = other.listen(options("127.0.0.1", port), None).await.expect_err("the port is taken");
    assert_eq!(error.code, "EADDRINUSE");
    assert_eq!(error.message, format!("listen EADDRINUSE: address already in use 127.0.0.1:{port}"));
    let system = error.system.expect("a system error");
    assert_eq!(
        (&*system.syscall, system.address.as_deref(), system.port),
        ("listen", Some("127.0.0.1"), Some(port))
    );
    assert!(!other.listening());

    // An address of documentation (RFC 5737 section 3), which no machine has.
    let error = other.listen(options("192.0.2.1", 0), None).await.expect_err("not our address");
    assert_eq!(error.code, "EADDRNOTAVAIL");
    assert_eq!(error.message, "listen EADDRNOTAVAIL: address not available 192.0.2.1:0");
    let path = ListenOptions { path: Some("/tmp/socket".to_owned()), ..ListenOptions::default() };
    let error = other.listen(path, None).await.expect_err("no Unix sockets");
    assert_eq!(error.code, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");

    // A failed attempt leaves the server able to listen.
    announce("other", &other).await;
    let respond = |response: ServerResponse, _| response.respond(200, &[], b"ok").expect("a fresh response");
    all([Box::pin(serve(&server, respond)), Box::pin(serve(&other, respond))]).await;
}

/// `close` with an idle and a busy connection: only the idle one goes at once.
pub(crate) async fn close() -> Done {
    let server = listen("close", ServerOptions::default()).await;
    let first = next_request(&server).await;
    first.respond(200, &[], b"idle").expect("a fresh response");
    first.finished().await.expect("a client that reads");
    let busy = next_request(&server).await;
    assert_eq!(server.get_connections(), 2);

    let answer = async {
        // Polled after both calls of `close` have begun.
        assert!(!server.listening());
        println!("closing");
        let body = busy.request().read_all(10).await.expect("a whole body");
        busy.respond(200, &[], &body).expect("a fresh response");
    };
    let (closed, again, ()) = futures_util::future::join3(server.close(), server.close(), answer).await;
    closed.expect("it was listening");
    fails(again, "ERR_SERVER_NOT_RUNNING", "Server is not running.");
    assert_eq!(kinds(&server), ["close"]);
}

/// `closeIdleConnections` or `closeAllConnections` with an idle and two busy connections.
pub(crate) async fn close_connections(close: fn(&Server)) -> Done {
    let server = listen("close", ServerOptions::default()).await;
    let idle = next_request(&server).await;
    idle.respond(200, &[], b"idle").expect("a fresh response");
    idle.finished().await.expect("a client that reads");
    let busy = next_request(&server).await;
    let half_sent = next_request(&server).await;
    assert_eq!(server.get_connections(), 3);
    close(&server);
    assert!(server.listening());
    // They fail when everything was closed.
    let _ = busy.respond(200, &[], b"busy");
    if let Ok(body) = half_sent.request().read_all(10).await {
        half_sent.respond(200, &[], &body).expect("a live connection");
    }
    serve(&server, |response, _| response.respond(200, &[], b"after").expect("a fresh response")).await;
}

/// Dropping the server closes it; what was delivered can still be answered.
pub(crate) async fn drop_server() -> Done {
    let server = listen("drop", ServerOptions::default()).await;
    let idle = next_request(&server).await;
    idle.respond(200, &[], b"idle").expect("a fresh response");
    idle.finished().await.expect("a client that reads");
    let held = next_request(&server).await;
    drop(server);
    println!("dropped");
    let body = held.request().read_all(10).await.expect("a whole body");
    held.respond(200, &[], &body).expect("a fresh response");
    held.finished().await.expect("a client that reads");
}

/// Answers three requests in reverse order.
pub(crate) async fn out_of_order() -> Done {
    let server = listen("reverse", ServerOptions::default()).await;
    let mut waiting = Vec::new();
    serve(&server, |response, _| {
        waiting.push(response);
        if waiting.len() == 3 {
            while let Some(response) = waiting.pop() {
                let url = response.request_line().url;
                response.respond(200, &[], url.as_bytes()).expect("a fresh response");
            }
        }
    })
    .await;
}

/// Defaults of the properties, and that they keep what is set.
pub(crate) async fn properties() -> Done {
    let server = Server::create(&ServerOptions::default()).expect("default options");
    assert_eq!(server.headers_timeout(), 60_000);
    assert_eq!(server.request_timeout(), 300_000);
    assert_eq!(server.keep_alive_timeout(), 5000);
    assert_eq!(server.timeout(), 0);
    assert_eq!(server.max_headers_count(), None);
    assert_eq!(server.max_requests_per_socket(), 0);
    server.set_headers_timeout(1);
    server.set_request_timeout(2);
    server.set_keep_alive_timeout(3);
    server.set_timeout(4);
    server.set_max_headers_count(Some(5));
    server.set_max_requests_per_socket(6);
    server.set_max_connections(7);
    let timeouts =
        [server.headers_timeout(), server.request_timeout(), server.keep_alive_timeout(), server.timeout()];
    assert_eq!(timeouts, [1, 2, 3, 4]);
    assert_eq!(
        (server.max_headers_count(), server.max_requests_per_socket(), server.max_connections()),
        (Some(5), 6, 7)
    );

    let short = ServerOptions { request_timeout: Some(1000), ..ServerOptions::default() };
    assert_eq!(Server::create(&short).expect("valid options").headers_timeout(), 1000);
    let wrong = ServerOptions {
        headers_timeout: Some(60_000),
        request_timeout: Some(50),
        ..ServerOptions::default()
    };
    let message =
        "The value of \"headersTimeout\" is out of range. It must be <= requestTimeout. Received 60000";
    let error = Server::create(&wrong).expect_err("contradicting timeouts");
    assert_eq!((&*error.code, &*error.message.replace('_', "")), ("ERR_OUT_OF_RANGE", message));
    assert!(matches!(error.name, ErrorName::RangeError));
}

/// A server for each option that changes what happens.
pub(crate) async fn options() -> Done {
    let default = ServerOptions::default;
    let url: fn(ServerResponse, u32) -> Handling =
        |response, _| Box::pin(async move { end(&response, &response.request_line().url) });
    let names: fn(ServerResponse, u32) -> Handling =
        |response, _| Box::pin(async move { end(&response, &plain_all(response.request().headers())) });
    let counting = listen("maxHeadersCount", default()).await;
    counting.set_max_headers_count(Some(2));
    let unlimited = listen("maxHeadersCount 0", default()).await;
    unlimited.set_max_headers_count(Some(0));
    all([
        Box::pin(serve(&counting, |response, number| spawn(url(response, number)))),
        Box::pin(serve(&unlimited, |response, number| spawn(url(response, number)))),
        Box::pin(each_with("maxHeaderSize", ServerOptions { max_header_size: Some(100), ..default() }, url)),
        Box::pin(each_with(
            "insecure",
            ServerOptions { insecure_http_parser: Some(true), ..default() },
            names,
        )),
        Box::pin(each_with("strict", default(), names)),
        Box::pin(each_with("join", ServerOptions { join_duplicate_headers: Some(true), ..default() }, names)),
        Box::pin(each_with("hostless", ServerOptions { require_host_header: Some(false), ..default() }, url)),
        Box::pin(each_with(
            "reject",
            ServerOptions { reject_non_standard_body_writes: Some(true), ..default() },
            |response, _| {
                Box::pin(async move {
                    let message = "Adding content for this request method or response status is not allowed.";
                    fails(response.write(&text("x")), "ERR_HTTP_BODY_NOT_ALLOWED", message);
                    response.end(None)
                })
            },
        )),
        Box::pin(each_with(
            "highWaterMark",
            ServerOptions { high_water_mark: Some(10), ..default() },
            |response, _| {
                Box::pin(async move {
                    assert_eq!(response.writable_high_water_mark(), 10);
                    assert_eq!(response.request().readable_high_water_mark(), 10);
                    assert!(!response.write(&text("more than ten bytes"))?);
                    response.drain().await;
                    response.end(None)
                })
            },
        )),
        Box::pin(each_with(
            "full close",
            ServerOptions { http_allow_half_open: Some(false), ..default() },
            |response, _| {
                Box::pin(async move {
                    response.closed().await;
                    println!("closed");
                    Ok(())
                })
            },
        )),
    ])
    .await;
}

/// Servers with little patience.
pub(crate) async fn timeouts() -> Done {
    let default = ServerOptions::default;
    let echo: fn(ServerResponse, u32) -> Handling = |response, _| {
        Box::pin(async move {
            // Fails when the request times out.
            if let Ok(body) = response.request().read_all(100).await {
                response.respond(200, &[], &body)?;
            }
            Ok(())
        })
    };
    let none = ServerOptions {
        headers_timeout: Some(0),
        request_timeout: Some(0),
        keep_alive_timeout: Some(0),
        ..default()
    };
    all([
        Box::pin(each_with(
            "headersTimeout",
            ServerOptions { headers_timeout: Some(100), ..default() },
            echo,
        )),
        Box::pin(each_with(
            "requestTimeout",
            ServerOptions { request_timeout: Some(200), ..default() },
            echo,
        )),
        Box::pin(each_with(
            "keepAliveTimeout",
            ServerOptions { keep_alive_timeout: Some(50), ..default() },
            echo,
        )),
        Box::pin(each_with("none", none, echo)),
    ])
    .await;
}

fn kinds(server: &Server) -> Vec<&'static str> {
    let kind = |kind: &ServerEventKind| match kind {
        ServerEventKind::Close => "close",
        ServerEventKind::Listening => "listening",
        ServerEventKind::Request(_) => "request",
        _ => "other",
    };
    server.take_events(0).iter().map(|event| kind(&event.kind)).collect()
}
