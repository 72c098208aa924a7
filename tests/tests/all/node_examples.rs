//! The examples of Node's manual that a server runs, each as a program on `node:http`.

use std::time::Duration;

use node_http_tests::{Case, RawClient, get, ok};

use super::SOCKETS;

fn example(name: &str) -> Case {
    Case::start_with(SOCKETS, "example", &[name])
}

/// A handler's example, asked for.
fn answer(url: &str) -> (Case, RawClient) {
    let case = example("answers");
    let mut client = case.connect("examples");
    client.send(&get(url));
    (case, client)
}

const KEEP_ALIVE: &str = "Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
const CLOSED: &str = "server on port 8000 closed successfully";
const HELLO_WORLD: &str = "{\"data\":\"Hello World!\"}";

// Rows: X7, SV9
#[test]
fn x07_upgrade_echo() {
    let case = example("upgrade");
    let mut client = case.connect("upgrade");
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.expect(
        "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
    );
    client.send("first ");
    client.expect("first ");
    client.send("second");
    client.expect("second");
    client.half_close();
    client.expect_end();
    assert_eq!(case.line("echoed "), "12");
    case.line("closed");

    let mut plain = case.connect("upgrade");
    plain.send(&get("/"));
    assert_eq!(plain.reply().body, "okay");
}

// Rows: X16, SV3
#[test]
fn x16_client_error() {
    let case = example("client_error");
    let mut client = case.connect("client error");
    client.send("garbage\r\n\r\n");
    client.expect("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.expect_end();
}

// Rows: X17, SV3
#[test]
fn x17_client_error_guarded() {
    let case = example("client_error_guarded");
    let mut client = case.connect("client error");
    client.send("GET / HTTP/1.1\r\nHo");
    // Unread bytes would be lost with the reset, and with them nothing: the reset is what counts.
    client.reset();
    assert_eq!(case.line("clientError "), "ECONNRESET");
    let mut client = case.connect("client error");
    client.send("garbage\r\n\r\n");
    client.expect("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.expect_end();
}

// Rows: X18, SV11, SO9
#[test]
fn x18_close_with_an_idle_client() {
    let case = example("close");
    let mut client = case.connect("close");
    client.send(&get("/"));
    let reply = client.reply();
    assert!(reply.head.contains("Keep-Alive: timeout=60\r\n"), "{}", reply.head);
    assert_eq!(reply.body, HELLO_WORLD);
    client.expect_end();
    case.line(CLOSED);
    case.finish();
}

// Rows: X19, SV12
#[test]
fn x19_close_and_close_all_connections() {
    let case = example("close_all");
    let mut active = case.connect("close");
    active.send(&get("/"));
    active.expect_destroyed();
    case.line(CLOSED);
    case.finish();
}

// Rows: X20, SV13
#[test]
fn x20_close_and_close_idle_connections() {
    let case = example("close_idle");
    let mut idle = case.connect("close");
    idle.send(&get("/"));
    assert_eq!(idle.reply().body, HELLO_WORLD);
    let mut active = case.connect("close");
    active.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
    idle.expect_end();
    case.line("idle connections closed");
    active.send("y");
    assert_eq!(active.reply().body, HELLO_WORLD);
    drop(active);
    case.line(CLOSED);
    case.finish();
}

// Rows: X21, X36, SR3, OM5
#[test]
fn x21_trailers() {
    let (_case, mut client) = answer("/trailers");
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: Content-MD5\r\n{KEEP_ALIVE}\
         Transfer-Encoding: chunked\r\n\r\n9\r\nfile data\r\n0\r\n\
         Content-MD5: 7895bf4b8828b55ceaf47747b4bca667\r\n\r\n"
    ));
}

// Rows: X22, SR17, SR29
#[test]
fn x22_write_head_wins_over_set_header() {
    let (_case, mut client) = answer("/precedence");
    let reply = client.reply();
    assert!(reply.head.contains("Content-Type: text/plain\r\n"), "{}", reply.head);
    assert!(reply.head.contains("X-Foo: bar\r\n"), "{}", reply.head);
    assert!(!reply.head.contains("text/html"), "{}", reply.head);
    assert_eq!(reply.body, "ok");
}

// Rows: X23, SR19
#[test]
fn x23_socket_addresses() {
    let (_case, mut client) = answer("/address");
    let port = client.local_address().port();
    let body = format!("Your IP address is 127.0.0.1 and your source port is {port}.");
    client.expect(&ok(&body));
}

// Rows: X24, SR20, SR21
#[test]
fn x24_status_code_and_message() {
    let (_case, mut client) = answer("/status");
    client.expect(&format!("HTTP/1.1 404 Not found\r\n{KEEP_ALIVE}Content-Length: 0\r\n\r\n"));
}

// Rows: X25, SR29
#[test]
fn x25_write_head_then_end() {
    let (_case, mut client) = answer("/length");
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n{KEEP_ALIVE}\r\nhello world"
    ));
}

// Rows: X26, SR28
#[test]
fn x26_early_hints() {
    let (case, mut client) = answer("/early-hints");
    let style = "Link: </styles.css>; rel=preload; as=style";
    let both = format!("{style}, </scripts.js>; rel=preload; as=script");
    client.expect(&format!("HTTP/1.1 103 Early Hints\r\n{style}\r\n\r\n"));
    client.expect(&format!("HTTP/1.1 103 Early Hints\r\n{both}\r\nx-trace-id: id for diagnostics\r\n\r\n"));
    client.expect(&format!("HTTP/1.1 103 Early Hints\r\n{both}\r\n\r\n"));
    case.line("early hints message sent");
    client.expect(&ok("ok"));
}

// Rows: X27, IM5, IM6
#[test]
fn x27_complete() {
    const HEAD: &str = "POST /complete HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
    let case = example("answers");
    let mut whole = case.connect("examples");
    whole.send(&format!("{HEAD}body"));
    whole.expect(&ok(""));
    case.line("complete");
    let mut cut = case.connect("examples");
    cut.send(&format!("{HEAD}bo"));
    cut.half_close();
    case.line("The connection was terminated while the message was still being sent");
}

// Rows: X28, IM9, IM10, IM13
#[test]
fn x28_headers() {
    let case = example("answers");
    let mut client = case.connect("examples");
    client.send(
        "GET /headers HTTP/1.1\r\nuser-agent: this is invalid because there can be only one\r\n\
         User-Agent: curl/7.22.0\r\nHost: 127.0.0.1:8000\r\nACCEPT: */*\r\n\r\n",
    );
    let first = "this is invalid because there can be only one";
    client.expect(&ok(&format!(
        "user-agent={first}&host=127.0.0.1:8000&accept=*/*\n\
         [(\"user-agent\", [\"{first}\", \"curl/7.22.0\"]), (\"host\", [\"127.0.0.1:8000\"]), (\"accept\", [\"*/*\"])]\n\
         [(\"user-agent\", \"{first}\"), (\"User-Agent\", \"curl/7.22.0\"), (\"Host\", \"127.0.0.1:8000\"), (\"ACCEPT\", \"*/*\")]"
    )));
}

// Rows: X29, I-43
#[test]
fn x29_two_content_lengths() {
    let case = example("answers");
    let mut client = case.connect("examples");
    client.send(
        "GET / HTTP/1.1\r\nConTent-Length: 123456\r\ncontent-LENGTH: 123\r\ncontent-type: text/plain\r\n\
         CONNECTION: keep-alive\r\nHost: example.com\r\naccepT: */*\r\n\r\n",
    );
    client.expect("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    client.expect_end();
}

// Rows: X30, IM21
#[test]
fn x30_url() {
    let (_case, mut client) = answer("/status?name=ryan");
    client.expect(&ok("/status?name=ryan"));
}

// Rows: X31, MO3, SO17, SV8
#[test]
fn x31_listener_and_request_event() {
    let case = example("listeners");
    for name in ["listener", "request"] {
        let mut client = case.connect(name);
        client.send(&get("/"));
        client.expect(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{KEEP_ALIVE}Transfer-Encoding: chunked\r\n\r\n\
             17\r\n{HELLO_WORLD}\r\n0\r\n\r\n"
        ));
        let (more, ended) = client.linger(Duration::from_millis(1));
        assert_eq!((more, ended), ("", false));
    }
}

// Rows: X35, OM20
#[test]
fn x35_set_headers() {
    let (_case, mut client) = answer("/set-headers");
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\nfoo: bar\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nMapped: 1\r\n{KEEP_ALIVE}Content-Length: 0\r\n\r\n"
    ));
    client.send(&get("/set-headers/precedence"));
    let reply = client.reply();
    assert!(reply.head.contains("Content-Type: text/plain\r\n"), "{}", reply.head);
    assert!(!reply.head.contains("text/html"), "{}", reply.head);
}

// Rows: X9, X36, OM5, OM13, OM14, OM15
#[test]
fn x36_outgoing_message() {
    example("outgoing_message").finish();
}

// Rows: X37, X38, MO8, MO9
#[test]
fn x37_x38_validators() {
    example("validators").finish();
}

// Rows: X39, MO2
#[test]
fn x39_status_codes() {
    example("status_codes").finish();
}
