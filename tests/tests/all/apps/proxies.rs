//! Those that pass on what others say.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use node_http_tests::{PATIENCE, get};

use super::*;

const REVERSE: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/reverse_proxy.wasm"));
const CONNECT: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/connect_proxy.wasm"));

/// A server that the test plays.
struct Upstream(TcpListener);

impl Upstream {
    fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"))
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("it listens")
    }

    fn accept(&self) -> TcpStream {
        let (stream, _) = self.0.accept().expect("somebody connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream
    }
}

/// Reads until `end` has come.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.ends_with(end) {
        let count = stream.read(&mut buffer).expect("in time");
        assert!(count > 0, "it ends with {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

#[test]
fn reverse_proxy_keeps_connections_and_passes_bodies_on() {
    let upstream = Upstream::new();
    let url = format!("http://{}", upstream.address());
    let app = App::start(REVERSE, |ctx| ctx.env("UPSTREAM", &url));
    let mut client = app.connect();
    client.send(
        "POST /a?b HTTP/1.1\r\nHost: site\r\nX-Gone: 1\r\nConnection: X-Gone\r\nContent-Length: 4\r\n\r\nup",
    );
    let mut server = upstream.accept();
    let head = read_until(&mut server, "up");
    assert!(head.starts_with("POST /a?b HTTP/1.1\r\nHost: site\r\nContent-Length: 4\r\n"), "{head}");
    assert!(!head.contains("X-Gone"), "{head}");
    // The answer begins before the request is whole.
    server.write_all(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n3\r\none\r\n").expect("it reads");
    let (received, _) = client.receive_until(|received| received.contains("one"));
    assert!(received.contains("Set-Cookie: a\r\nSet-Cookie: b\r\n"), "{received}");
    client.send("up");
    read_until(&mut server, "up");
    server.write_all(b"3\r\ntwo\r\n0\r\n\r\n").expect("it reads");
    assert_eq!(client.reply().body, "onetwo");

    // Once more over the same two connections.
    client.send(&get("/again/../%7e?a='b'"));
    let head = read_until(&mut server, "\r\n\r\n");
    assert!(head.starts_with("GET /again/../%7e?a='b' HTTP/1.1\r\n"), "the target as it came: {head}");
    server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("it reads");
    assert_eq!(client.reply().body, "ok");
}

#[test]
fn reverse_proxy_passes_aborts_on() {
    let upstream = Upstream::new();
    let url = format!("http://{}", upstream.address());
    let app = App::start(REVERSE, |ctx| ctx.env("UPSTREAM", &url));

    // The client goes: the server's connection ends.
    let mut client = app.connect();
    client.send(&get("/"));
    let mut server = upstream.accept();
    read_until(&mut server, "\r\n\r\n");
    client.reset();
    assert!(matches!(server.read(&mut [0; 16]), Ok(0) | Err(_)));

    // The server goes before it has answered, or while it does.
    let mut client = app.connect();
    client.send(&get("/"));
    let mut server = upstream.accept();
    read_until(&mut server, "\r\n\r\n");
    drop(server);
    assert!(client.reply().head.starts_with("HTTP/1.1 502 "));
    client.send(&get("/"));
    let mut server = upstream.accept();
    read_until(&mut server, "\r\n\r\n");
    server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").expect("it reads");
    client.receive_until(|received| received.ends_with("half"));
    drop(server);
    client.receive_until(|_| false);
    let (received, _) = client.receive_until(|_| true);
    assert!(received.ends_with("\r\n\r\nhalf"), "{received}");

    drop(upstream);
    let mut client = app.connect();
    client.send(&get("/"));
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 502 ") && reply.body.contains("ECONNREFUSED"), "{reply:?}");
}

#[test]
fn connect_proxy_tunnels() {
    let upstream = Upstream::new();
    let app = App::start(CONNECT, |ctx| ctx);
    let mut client = app.connect();
    client.send(&format!("CONNECT {} HTTP/1.1\r\nHost: a\r\n\r\nearly", upstream.address()));
    let mut server = upstream.accept();
    client.expect("HTTP/1.1 200 Connection Established\r\n\r\n");
    read_until(&mut server, "early");
    server.write_all(b"greetings\r\n").expect("it reads");
    client.expect("greetings\r\n");
    client.half_close();
    assert_eq!(server.read(&mut [0; 16]).expect("in time"), 0);
    server.write_all(b"bye\r\n").expect("it reads");
    client.expect("bye\r\n");
    let address = upstream.address();
    drop((server, upstream));
    client.expect_end();
    assert_eq!(app.case.line(&format!("{address}: ")), "5 bytes up, 16 down");

    let mut client = app.connect();
    client.send(&get("/"));
    assert!(client.reply().head.starts_with("HTTP/1.1 405 "));
    client.send(&format!("CONNECT {address} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.expect("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n");
    client.expect_end();
}
