//! `interface server-response`.

use node_http_tests::{Case, RawClient, get, ok, post};

use super::SOCKETS;

fn ask(url: &str) -> (Case, RawClient) {
    let case = Case::start(SOCKETS, "server_response");
    let mut client = case.connect("response");
    client.send(&get(url));
    (case, client)
}

const KEEP_ALIVE: &str = "Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n";

// Rows: SR9, SR10, SR11, SR12, SR13, SR14, SR17
#[test]
fn remembers_and_sends_headers_as_set() {
    let (_case, mut client) = ask("/headers");
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\nX-One: 1\r\nX-Two: 2\r\nX-Two: 3\r\nX-List: a\r\nX-List: b\r\n{KEEP_ALIVE}\
         Content-Length: 1\r\n\r\nx"
    ));
}

// Rows: SR17, SR29
#[test]
fn sets_many_headers_at_once() {
    let (_case, mut client) = ask("/set-headers");
    let reply = client.reply();
    let fields: Vec<&str> = reply.head.split("\r\n").skip(1).take(4).collect();
    assert_eq!(fields, ["X-A: caf\u{e9}", "Set-Cookie: a=1", "Set-Cookie: b=2", "x-b: 2"]);
}

// Rows: SR17, I-10
#[test]
fn refuses_names_and_values_that_would_break_the_head() {
    let (_case, mut client) = ask("/invalid-headers");
    client.expect(&ok("still fine"));
}

// Rows: SR9, SR14, SR17, SR27, SR29, SR30
#[test]
fn refuses_changes_of_a_head_that_was_sent() {
    let (_case, mut client) = ask("/after-head");
    assert_eq!(client.reply().body, "x");
}

// Rows: SR20, SR21, SR29
#[test]
fn write_head_wins_over_what_was_set() {
    let (_case, mut client) = ask("/write-head");
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 201 Fine \u{e9}\r\n"), "{}", reply.head);
    assert!(reply.head.contains("X-Set: set\r\n"), "{}", reply.head);
    assert!(reply.head.contains("x-both: head\r\n"), "{}", reply.head);
    assert!(!reply.head.contains("Both: set"), "{}", reply.head);
    assert_eq!(reply.body, "ok");
}

// Rows: SR21, SR29
#[test]
fn refuses_invalid_status_lines() {
    let (_case, mut client) = ask("/invalid-head");
    client.expect(&ok("still fine"));
}

// Rows: SR20, SR21
#[test]
fn sends_the_status_that_was_set() {
    let (_case, mut client) = ask("/status");
    client.expect(&format!("HTTP/1.1 404 Gone Fishing\r\n{KEEP_ALIVE}Content-Length: 0\r\n\r\n"));
}

// Rows: SR8, SR13
#[test]
fn flush_headers_sends_the_head_alone() {
    let case = Case::start(SOCKETS, "server_response");
    let mut client = case.connect("response");
    client.send("POST /flush HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    client.expect(&format!("HTTP/1.1 200 OK\r\n{KEEP_ALIVE}Transfer-Encoding: chunked\r\n\r\n"));
    case.line("flushed");
    client.send("hi");
    client.expect("2\r\nhi\r\n0\r\n\r\n");
}

// Rows: SR16, I-2
#[test]
fn sends_no_date_when_told_so() {
    let (_case, mut client) = ask("/date");
    client.expect(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
    );
}

// Rows: SR27, SR28, SR30
#[test]
fn sends_informational_heads_at_once() {
    let case = Case::start(SOCKETS, "server_response");
    let mut client = case.connect("response");
    client.send("POST /informational HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    client.expect(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    );
    case.line("informed");
    client.send("hi");
    client.expect(&ok("hi"));
}

// Rows: SR3
#[test]
fn sends_the_last_trailers_given() {
    let (_case, mut client) = ask("/trailers");
    let reply = client.reply();
    assert_eq!(
        (reply.body.as_str(), reply.trailers.as_str()),
        ("a", "X-T: caf\u{e9}\r\nX-U: 1\r\nX-U: 2\r\n")
    );
}

// Rows: SR5, SR23
#[test]
fn sends_what_was_corked_as_one_chunk() {
    let (_case, mut client) = ask("/cork");
    client.expect(&format!(
        "HTTP/1.1 200 OK\r\n{KEEP_ALIVE}Transfer-Encoding: chunked\r\n\r\nd\r\none two three\r\n0\r\n\r\n"
    ));
}

// Rows: SR22
#[test]
fn strict_content_length_refuses_other_lengths() {
    let (_case, mut client) = ask("/strict");
    client.expect(&format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n{KEEP_ALIVE}\r\n1234"));
}

// Rows: SR6, SR7, SR24, SR25
#[test]
fn knows_when_it_has_ended() {
    let (case, mut client) = ask("/ended");
    client.expect(&ok("x"));
    case.line("ended");
}

// Rows: SR6, SR26, I-51
#[test]
fn writes_bytes_and_text_in_every_encoding() {
    let (_case, mut client) = ask("/encodings");
    let reply = client.reply();
    assert_eq!(
        reply.body,
        "\u{0}\u{ff}\u{c3}\u{a9}\u{c3}\u{a9}\u{e9}\u{e9}\u{0}\u{0}\u{ff}\u{0}\u{ff}\u{0}\u{ff}"
    );
}

// Rows: SR26, I-48
#[test]
fn waits_for_clients_that_do_not_read() {
    let (case, mut client) = ask("/flood");
    // Nothing is read before the response was full once.
    case.line("full");
    let reply = client.reply();
    assert_eq!(reply.body.len().to_string(), case.line("written "));
    assert!(reply.body.bytes().all(|byte| byte == b'x'));
}

// Rows: SR26
#[test]
fn a_client_that_goes_away_ends_the_response() {
    // A reset is seen at once, an end (which may also be a half-close) when something is written.
    for (url, reset) in [("/cut", true), ("/endless", true), ("/endless", false)] {
        let (case, client) = ask(url);
        case.line("writing");
        if reset {
            client.reset();
        } else {
            drop(client);
        }
        case.line("cut");
        next(&case);
    }
}

// Rows: SR26
#[test]
fn destroying_a_response_destroys_its_connection() {
    let (case, mut client) = ask("/destroy");
    client.expect_destroyed();
    case.line("destroyed");
    next(&case);
}

fn next(case: &Case) {
    let mut next = case.connect("response");
    next.send(&get("/request"));
    next.expect(&ok("x"));
}

// Rows: SR4, SR19
#[test]
fn has_a_socket_until_it_is_finished() {
    let (_case, mut client) = ask("/socket");
    let port = client.local_address().port().to_string();
    client.expect(&ok(&port));
    client.send(&get("/request"));
    client.expect(&ok("x"));
}

// Rows: SR15
#[test]
fn gives_its_request_as_often_as_asked() {
    let (_case, mut client) = ask("/request");
    client.expect(&ok("x"));
}

// Rows: SR6
#[test]
fn responds_in_one_call() {
    let (_case, mut client) = ask("/respond");
    client.expect(&format!(
        "HTTP/1.1 202 Accepted\r\nX-Cafe: \u{e9}\r\nx-b: 2\r\n{KEEP_ALIVE}Content-Length: 11\r\n\r\nin one call"
    ));
    // HEAD and 204 go the same way.
    client.send("HEAD /respond HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send(&post("/respond", ""));
    let head = client.receive_until(|received| received.contains("in one call")).0;
    assert!(head.contains("\r\n\r\nHTTP/1.1 202 Accepted\r\n"), "{head:?}");
}

// Rows: SR6
#[test]
fn responds_to_many_in_one_call() {
    let case = Case::start(SOCKETS, "server_response");
    let mut clients: Vec<RawClient> = Vec::new();
    for _ in 0..3 {
        let mut client = case.connect("response");
        client.send(&get("/respond-all"));
        clients.push(client);
    }
    let mut bodies = Vec::new();
    for client in &mut clients {
        let (received, _) = client.receive_until(|received| received.contains("answer"));
        bodies.push(received.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned());
    }
    bodies.sort_unstable();
    assert_eq!(bodies, ["", "answer 0", "answer 2"]);
}
