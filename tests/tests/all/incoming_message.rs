//! `interface incoming-message`.

use node_http_tests::{Case, RawClient, get, ok, post};

use super::SOCKETS;

fn start() -> (Case, RawClient) {
    let case = Case::start(SOCKETS, "incoming_message");
    let client = case.connect("message");
    (case, client)
}

/// The four lines that the case answers about a request's head.
fn described(request: &str) -> Vec<String> {
    let (_case, mut client) = start();
    client.send(request);
    client.reply().body.lines().map(str::to_owned).collect()
}

// Rows: IM9, IM10, IM11, IM12, IM13, IM17, IM18, IM21, I-47
#[test]
fn describes_a_head_as_node_does() {
    let lines = described(
        "PUT http://x.y/a?b HTTP/1.1\r\nHost: a\r\nX-Caf: \u{e9}\r\nEmpty:\r\nx-caf: 2\r\nCookie: a\r\ncookie: b\r\n\
         Set-Cookie: c\r\nReferer: 1\r\nreferer: 2\r\n\r\n",
    );
    assert_eq!(lines[0], "PUT http://x.y/a?b 1.1");
    assert_eq!(lines[1], "host=a&x-caf=\u{e9}, 2&empty=&cookie=a; b&set-cookie=[\"c\"]&referer=1");
    assert_eq!(
        lines[2],
        "[(\"host\", [\"a\"]), (\"x-caf\", [\"\u{e9}\", \"2\"]), (\"empty\", [\"\"]), (\"cookie\", [\"a\", \"b\"]), \
         (\"set-cookie\", [\"c\"]), (\"referer\", [\"1\", \"2\"])]"
    );
    assert_eq!(
        lines[3],
        "[(\"Host\", \"a\"), (\"X-Caf\", \"\u{e9}\"), (\"Empty\", \"\"), (\"x-caf\", \"2\"), (\"Cookie\", \"a\"), \
         (\"cookie\", \"b\"), (\"Set-Cookie\", \"c\"), (\"Referer\", \"1\"), (\"referer\", \"2\")]"
    );
}

// Rows: IM11, IM12, IM21
#[test]
fn tells_versions_methods_and_targets_apart() {
    assert_eq!(described("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")[0], "OPTIONS * 1.1");
    assert_eq!(described("M-SEARCH /a#b HTTP/1.0\r\n\r\n")[0], "M-SEARCH /a#b 1.0");
}

// Rows: IM1, IM6
#[test]
fn reads_whole_bodies_by_length_and_chunked() {
    let (_case, mut client) = start();
    client.send(&post("/read-all", "sized"));
    client.expect(&ok("sized"));
    client.send("POST /read-all HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nchu\r\n4;x=y\r\nnked\r\n0\r\n\r\n");
    client.expect(&ok("chunked"));
    client.send(&get("/read-all"));
    client.expect(&ok(""));
}

// Rows: IM1, IM6
#[test]
fn reads_piece_by_piece_as_it_arrives() {
    let (_case, mut client) = start();
    client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    for piece in ["0", "12", "345", "6789"] {
        client.send(piece);
    }
    client.expect(&ok("0123456789"));
}

// Rows: IM1, SR26
#[test]
fn streams_a_body_back() {
    let (case, mut client) = start();
    let body = "0123456789".repeat(100_000);
    let reply = exchange(&mut client, "/stream", &body);
    assert!(reply == body, "{} bytes came back, or others", reply.len());
    assert_eq!(case.line("streamed "), "1000000");
}

// Rows: IM1, SR26, I-14, I-48
#[test]
fn echoes_a_megabyte_both_ways_with_back_pressure() {
    let (case, mut client) = start();
    let body = "0123456789abcdef".repeat(65_536);
    let reply = exchange(&mut client, "/echo", &body);
    assert!(reply == body, "{} bytes came back, or others", reply.len());
    case.line("waited ");
}

/// Sends from a thread of its own: the server must not have to keep what nobody reads.
fn exchange(client: &mut RawClient, url: &str, body: &str) -> String {
    let mut sender = client.another();
    let request = post(url, body);
    std::thread::scope(|scope| {
        scope.spawn(move || sender.send(&request));
        client.reply().body
    })
}

// Rows: I-14, SO3
#[test]
fn keeps_no_more_of_a_body_than_the_high_water_mark() {
    let (_case, mut client) = start();
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    client.send(&"x".repeat(20_000_000));
    client.expect(&ok("20000000"));
}

// Rows: IM14, IM19, IM20
#[test]
fn gives_trailers_after_the_body() {
    let (_case, mut client) = start();
    client.send("POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    client.send("0\r\nX-T: 1\r\nx-t: 2\r\nSet-Cookie: a\r\n\r\n");
    assert_eq!(
        client.reply().body,
        "x-t=1, 2&set-cookie=[\"a\"]\n[(\"x-t\", [\"1\", \"2\"]), (\"set-cookie\", [\"a\"])]\n\
         [(\"X-T\", \"1\"), (\"x-t\", \"2\"), (\"Set-Cookie\", \"a\")]"
    );
}

// Rows: IM5, IM6
#[test]
fn a_client_that_goes_away_in_its_body_aborts_the_message() {
    for reset in [false, true] {
        let (case, mut client) = start();
        client.send("POST /aborted HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        case.line("began");
        if reset {
            client.reset();
        } else {
            drop(client);
        }
        case.line("aborted");
        let mut next = case.connect("message");
        next.send(&get("/unread"));
        next.expect(&ok("unread"));
    }
}

// Rows: IM8
#[test]
fn destroying_an_incomplete_message_destroys_its_connection() {
    let (case, mut client) = start();
    client.send("POST /destroy HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.expect_destroyed();
    let mut next = case.connect("message");
    next.send(&get("/unread"));
    next.expect(&ok("unread"));
}

// Rows: IM7, IM16
#[test]
fn knows_both_ends_of_its_connection() {
    let (case, mut client) = start();
    client.send(&get("/socket"));
    let (here, there) = (client.local_address(), case.address("message"));
    client.expect(&ok(&format!("{here} {here} {there} {there}")));
}
