//! The demo's pages but for the chat; only our sockets can be drained.

use std::net::SocketAddr;

use node_http_host::DEMO;
use node_http_tests::{Case, RawClient, get};

use super::SOCKETS;

fn demo() -> (Case, SocketAddr) {
    let case = Case::program(SOCKETS, DEMO);
    let address = case.line("listening on http://").parse().expect("an address");
    (case, address)
}

#[test]
fn large_bodies_have_parts_and_versions() {
    let (_case, address) = demo();
    let mut client = RawClient::connect(address);
    let mut ask = |line: &str, fields: &str| {
        client.send(&format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        let reply = client.reply();
        (reply.head[9..12].to_owned(), reply.body, reply.head)
    };
    let (status, whole, head) = ask("GET /large?bytes=100000", "");
    assert_eq!((status.as_str(), whole.len()), ("200", 100_000));
    assert!(head.contains("\r\nContent-Length: 100000\r\n") && head.contains("\r\nAccept-Ranges: bytes\r\n"));
    assert!(whole.ends_with("\n          99984\n"), "{:?}", &whole[99_900..]);
    let etag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).expect("a version").to_owned();

    for (range, part) in [("0-15", 0..16), ("65530-65545", 65_530..65_546), ("-7", 99_993..100_000)] {
        let (status, body, head) = ask("GET /large?bytes=100000", &format!("Range: bytes={range}\r\n"));
        let content = format!("\r\nContent-Range: bytes {}-{}/100000\r\n", part.start, part.end - 1);
        assert!(status == "206" && head.contains(&content), "{head}");
        assert_eq!(body, whole[part]);
    }
    let (status, body, head) = ask("GET /large?bytes=100000", "Range: bytes=100000-\r\n");
    assert!(status == "416" && body.is_empty(), "{head}");
    assert!(head.contains("\r\nContent-Range: bytes */100000\r\n"), "{head}");
    let only_if = |etag: &str| format!("Range: bytes=0-15\r\nIf-Range: {etag}\r\n");
    assert_eq!(ask("GET /large?bytes=100000", &only_if(&etag)).0, "206");
    assert_eq!(ask("GET /large?bytes=100001", &only_if(&etag)).0, "200");
    assert_eq!(ask("GET /large?bytes=100000", &format!("If-None-Match: {etag}\r\n")).0, "304");
    // Only GET has parts.
    assert_eq!(ask("POST /large?bytes=100", "Range: bytes=0-1\r\nContent-Length: 0\r\n").1.len(), 100);
    client.send("HEAD /large HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
    client
        .expect("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1000000\r\n");
}

#[test]
fn what_the_server_does_is_a_stream_of_events() {
    let (case, address) = demo();
    let (mut watcher, mut other) = (RawClient::connect(address), RawClient::connect(address));
    watcher.send(&get("/events"));
    let (received, _) = watcher.receive_until(|received| received.contains("\"people\": 0}\n\n"));
    assert!(received.contains("\r\nContent-Type: text/event-stream\r\n"), "{received}");
    assert!(received.contains("retry: 1000\n\ndata: {\"seconds\": "), "{received}");
    for _ in 0..10 {
        other.send(&get("/plain"));
        other.reply();
    }
    watcher.receive_until(|received| received.contains("\"requests\": 11, \"connections\": 2, "));
    // It does not hold up a server that is to end.
    case.drain();
    let (received, ended) = watcher.receive_until(|_| false);
    assert!(ended && received.ends_with("\r\n0\r\n\r\n"), "{received}");
    case.finish();
}

#[test]
fn an_upgrade_to_what_nobody_speaks_is_ignored() {
    let (case, address) = demo();
    let ask = |head: &str, rest: &str| {
        let mut client = RawClient::connect(address);
        // What curl sends to ask for HTTP/2.
        let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
        client.send(&format!("{head} HTTP/1.1\r\nHost: a\r\n{upgrade}{rest}"));
        let (received, ended) = client.receive_until(|_| false);
        assert!(ended, "{received}");
        received.to_owned()
    };
    let plain = ask("GET /plain", "\r\n");
    assert!(plain.starts_with("HTTP/1.1 200 OK\r\n") && plain.ends_with("\r\n\r\nHello, world\n"), "{plain}");
    assert!(plain.contains("\r\nConnection: close\r\n"), "{plain}");
    // With its body, however that is framed.
    let body = "x".repeat(200_000);
    let upload = ask("POST /upload", &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    assert!(upload.ends_with("\r\n\r\n200000 bytes\n"), "{upload}");
    let chunked =
        ask("POST /upload", "Transfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n2\r\n2\n\r\n0\r\n\r\n");
    assert!(chunked.ends_with("\r\n\r\n6 bytes\n"), "{chunked}");
    let echo = ask("POST /echo", "X-Byte: \u{e9}\r\nContent-Length: 2\r\n\r\nhi");
    assert!(echo.contains("\"body\": \"hi\"") && echo.contains("[\"X-Byte\", \"\u{c3}\u{a9}\"]"), "{echo}");
    assert!(!echo.contains("[\"Upgrade\""), "{echo}");
    case.drain();
    case.finish();
}
