//! What a server answers to bytes that are no valid request, and to valid ones around them.

use node_http_tests::{Case, RawClient, get, ok, ok_and_close, post};

use super::SOCKETS;

const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
const TOO_LARGE_FIELDS: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n";

fn refused(case: &Case, name: &str, request: &str, reply: &str) {
    let mut client = case.connect(name);
    client.send(request);
    client.expect(reply);
    client.expect_end();
}

fn accepted(case: &Case, name: &str, request: &str, body: &str) {
    let mut client = case.connect(name);
    client.send(request);
    client.expect(&ok(body));
}

// Rows: SO10, MO6, I-39, I-11
#[test]
fn heads_beyond_max_header_size_are_answered_431() {
    let case = Case::start(SOCKETS, "server_options");
    let long = |length| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(length));
    refused(&case, "maxHeaderSize", &long(100), TOO_LARGE_FIELDS);
    accepted(&case, "maxHeaderSize", &long(60), "/");
    refused(&case, "maxHeadersCount 0", &long(16_384), TOO_LARGE_FIELDS);
    accepted(&case, "maxHeadersCount 0", &long(16_000), "/");
}

// Rows: SV17, I-41, S4
#[test]
fn more_fields_than_max_headers_count_are_answered_431() {
    let case = Case::start(SOCKETS, "server_options");
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(count - 1));
    accepted(&case, "maxHeadersCount", &fields(2), "/");
    refused(&case, "maxHeadersCount", &fields(3), TOO_LARGE_FIELDS);
    accepted(&case, "maxHeadersCount 0", &fields(2000), "/");
    accepted(&case, "maxHeaderSize", &fields(2), "/");
    refused(&case, "reject", &fields(1001), TOO_LARGE_FIELDS);
}

// Rows: SO4, I-42, S1
#[test]
fn insecure_http_parser_accepts_what_is_refused_otherwise() {
    let case = Case::start(SOCKETS, "server_options");
    let folded = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n";
    refused(&case, "strict", folded, BAD_REQUEST);
    accepted(&case, "insecure", folded, "host=a&x=b c");
    let hosts = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    refused(&case, "strict", hosts, refusal);
    accepted(&case, "insecure", hosts, "host=a");
    refused(&case, "strict", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", refusal);
}

// Rows: I-40
#[test]
fn long_chunk_extensions_are_answered_413() {
    let case = Case::start(SOCKETS, "parser");
    let chunked = |extension: usize| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}1;{}\r\na\r\n0\r\n\r\n", "x".repeat(extension))
    };
    accepted(&case, "{}", &chunked(16_000), "ok");
    refused(&case, "{}", &chunked(17_000), TOO_LARGE);
}

// Rows: S2
#[test]
fn a_chunked_request_of_http_1_0_is_the_last_unless_insecure() {
    let case = Case::start(SOCKETS, "parser");
    let chunked = "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTE: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let mut client = case.connect("{}");
    client.send(chunked);
    client.send(&get("/"));
    let reply = client.reply();
    assert_eq!((reply.head.contains("Connection: close\r\n"), reply.body.as_str()), (true, "ok"));
    client.expect_end();
    let mut client = case.connect("insecureHTTPParser");
    client.send(chunked);
    let reply = client.reply();
    assert_eq!((reply.head.contains("Connection: keep-alive\r\n"), reply.body.as_str()), (true, "ok"));
    client.send(&get("/"));
    client.expect(&ok("ok"));
}

// Rows: S3, I-19
#[test]
fn what_follows_an_ignored_upgrade_is_the_next_request() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    let upgrade = "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n";
    client.send(&format!("{upgrade}{}", get("/2")));
    client.expect(&[ok("/1"), ok("/2")].concat());
}

// Rows: S5, I-45
#[test]
fn an_error_behind_pending_requests_follows_their_answers() {
    let case = Case::start(SOCKETS, "server_out_of_order");
    let mut client = case.connect("reverse");
    client.send(&[get("/1"), get("/2"), get("/3"), "garbage\r\n\r\n".to_owned()].concat());
    client.expect(&[ok("/1"), ok("/2"), ok("/3"), BAD_REQUEST.to_owned()].concat());
    client.expect_end();
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    let last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    client.send(&[last, &get("/more")].concat());
    client.expect(&ok_and_close("/last"));
    client.expect_end();
}

// Rows: I-46
#[test]
fn an_end_inside_a_head_is_answered_400() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    client.send(&get("/1"));
    client.send("GET /2 HTTP/1.1\r\nHo");
    client.expect(&ok("/1"));
    client.half_close();
    client.expect(BAD_REQUEST);
    client.expect_end();
}

// Rows: I-16
#[test]
fn a_client_that_expects_continue_gets_it_before_it_sends_its_body() {
    let case = Case::start(SOCKETS, "incoming_message");
    let mut client = case.connect("message");
    client.send("POST /read-all HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    client.expect("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi");
    client.expect(&ok("hi"));
    client.send("GET /unread HTTP/1.1\r\nHost: a\r\nExpect: the-impossible\r\n\r\n");
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 417 Expectation Failed\r\n"), "{}", reply.head);
    client.send(&get("/unread"));
    client.expect(&ok("unread"));
}

// Rows: I-15
#[test]
fn an_unread_body_is_dumped_and_the_next_request_served() {
    let case = Case::start(SOCKETS, "incoming_message");
    let mut client = case.connect("message");
    let body = "x".repeat(300_000);
    for (url, answer) in [("/unread", "unread"), ("/drop-view", "dropped"), ("/resume", "resumed")] {
        client.send(&post(url, &body));
        client.expect(&ok(answer));
    }
    client.send(&post("/limit", &body));
    client.expect(&ok("ERR_OUT_OF_RANGE"));
    client.send(&post("/half-stream", &body));
    client.expect(&ok("xxxx"));
    client.send(&get("/unread"));
    client.expect(&ok("unread"));
}

// Rows: SV5
#[test]
fn connect_without_a_listener_closes_the_connection_without_a_word() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = RawClient::connect(case.address("url"));
    client.send("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    client.expect_end();
}
