//! The crate `node-http-imports`: what it adds to the bindings.

use node_http_tests::{Case, get};

use super::SOCKETS;

fn start() -> Case {
    Case::program(SOCKETS, include_bytes!(concat!(env!("GUESTS"), "/imports.wasm")))
}

#[test]
fn handlers_reply_at_once_or_later() {
    let case = start();
    let mut client = case.connect("app");
    client.send(&[get("/reply"), get("/late"), get("/none")].concat());
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 200 OK\r\n") && reply.head.contains("\r\nX-Kind: reply\r\n"));
    assert_eq!(reply.body, "at once\n");
    let reply = client.reply();
    assert!(
        reply.head.starts_with("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"),
        "{reply:?}"
    );
    assert!(client.reply().head.starts_with("HTTP/1.1 404 "));
}

#[test]
fn errors_of_handlers_are_answered_and_told() {
    let case = start();
    let mut client = case.connect("app");
    client.send(&get("/fails"));
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 500 "), "{reply:?}");
    assert_eq!(reply.body, "Internal Server Error\n");
    assert_eq!(case.error_line("error: GET /fails: "), "no luck");

    client.send(&get("/fails-half-way"));
    client.receive_until(|received| received.ends_with("4\r\nhalf\r\n"));
    let (_, _) = client.receive_until(|_| false);
    assert_eq!(case.error_line("error: GET /fails-half-way: "), "no luck");

    let mut client = case.connect("app");
    client.send(&[get("/twice"), get("/reply")].concat());
    assert_eq!((client.reply().body.as_str(), client.reply().body.as_str()), ("once\n", "at once\n"));
    assert!(case.error_line("error: ERR_").contains("headers"), "the second answer is refused");
}

#[test]
fn bodies_are_read_in_pieces() {
    let case = start();
    let mut client = case.connect("app");
    let body = "x".repeat(200_000);
    client.send(&format!("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n{body}"));
    assert_eq!(client.reply().body, "200000 of 200000\n");
}

#[test]
fn small_writes_are_joined() {
    let case = start();
    let mut client = case.connect("app");
    client.send(&get("/lines"));
    let line = "ten bytes\n";
    // The first that comes to 16 KiB, and what is left when the line behind is flushed.
    let (first, second) = (line.repeat(1639), line.repeat(409));
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n\
         4006\r\n{first}\r\nffc\r\n{second}1\n\r\n2\r\n23\r\n0\r\n\r\n"
    ));
}

#[test]
fn tower_services_serve_and_requests_of_the_crate_http_are_sent() {
    let case = start();
    let mut client = case.connect("tower");
    let request = "POST /a?b HTTP/1.0\r\nConnection: keep-alive\r\nX-Many: 1\r\nX-Many: \u{e9}\r\nContent-Length: 4\r\n\r\nbody";
    client.send(request);
    let reply = client.reply();
    let (status, _) = reply.head.split_once("\r\n").expect("lines");
    assert_eq!(status, "HTTP/1.1 202 Accepted");
    assert!(
        reply.head.contains("\r\nx-line: POST /a?b HTTP/1.0\r\nx-many: 1\r\nx-many: \u{e9}\r\n"),
        "{reply:?}"
    );
    assert_eq!(reply.body, "body");

    let mut client = case.connect("tower");
    client.send(&get("/fails"));
    assert!(client.reply().head.starts_with("HTTP/1.1 500 "));

    let mut client = case.connect("app");
    client.send(&get("/fetch"));
    assert_eq!(client.reply().body, "202 Accepted \"POST /path?query HTTP/1.1\" \"one\"\nbody");
}

#[test]
fn the_loop_ends_with_its_server() {
    let case = start();
    let mut client = case.connect("app");
    client.send(&get("/reply"));
    client.reply();
    case.drain();
    if SOCKETS == node_http_tests::Sockets::Ours {
        case.line("closed");
    }
}
