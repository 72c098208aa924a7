//! What requests do beyond the goldens: observed of Node 23.5 and 26.10 alike, unless a test says otherwise.

use super::*;

fn post() -> OutgoingMessage {
    request(RequestContext { method: "POST".into(), ..RequestContext::default() })
}

fn get() -> OutgoingMessage {
    request(RequestContext::default())
}

/// A request with a connection of its own.
fn without_agent(method: &str) -> OutgoingMessage {
    let context = RequestContext { keep_alive: false, has_agent: false, ..RequestContext::default() };
    request(RequestContext { method: method.to_owned().into(), ..context })
}

fn request(context: RequestContext) -> OutgoingMessage {
    OutgoingMessage::request(context)
}

fn assert_wire(message: &mut OutgoingMessage, rest: &str, closes: bool) {
    let start = format!("{} {} HTTP/1.1\r\n", message.method(), message.path());
    assert_eq!(wire_of(message), start + rest);
    assert_eq!(message.closes_connection(), closes, "closes the connection");
}

#[test]
fn a_request_knows_its_line() {
    let context = RequestContext { method: "PUT".into(), path: "/a".to_owned(), ..Default::default() };
    let m = request(context);
    assert_eq!((m.method(), m.path()), ("PUT", "/a"));
    assert_eq!((response().method(), response().path()), ("", ""));
}

/// Rows: RO6, I-25. Nothing is known of the body when the array is rendered.
#[test]
fn an_array_makes_bodies_chunked() {
    let mut m = post();
    m.start_with_fields(&[field("a", ["b", "c"])]).expect("valid");
    assert_eq!(code(m.set_header("a", "b".into())), "ERR_HTTP_HEADERS_SENT");
    assert_eq!(code(m.start_with_fields(&[])), "ERR_HTTP_HEADERS_SENT");
    assert_eq!(m.get_header("a"), None);
    m.end(Some(b"x"), "").expect("open");
    let rest =
        "a: b\r\na: c\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    assert_wire(&mut m, rest, false);
}

/// Rows: I-26, RO6
#[test]
fn an_expectation_in_an_array_is_sent_at_once() {
    let mut m = get();
    m.start_with_fields(&[field("Expect", "100-continue")]).expect("valid");
    assert_wire(&mut m, "Expect: 100-continue\r\nConnection: keep-alive\r\n\r\n", false);
}

/// Rows: RO25, I-26. Node reads the option only after it has rendered these heads.
#[test]
fn early_heads_have_no_unique_headers() {
    let context = RequestContext { unique_headers: ["x".to_owned()].into(), ..RequestContext::default() };
    let mut m = request(context.clone());
    m.start_with_fields(&[field("x", ["1", "2"])]).expect("valid");
    m.end(None, "").expect("open");
    assert_wire(&mut m, "x: 1\r\nx: 2\r\nConnection: keep-alive\r\n\r\n", false);
    let mut m = request(RequestContext { method: "POST".into(), ..context });
    m.set_header("Expect", "100-continue".into()).expect("valid");
    m.set_header("x", ["1", "2"].into()).expect("valid");
    m.start_expecting().expect("valid");
    m.add_trailers(&[field("X", ["1", "2"])]).expect("valid");
    m.end(None, "").expect("open");
    let rest = "Expect: 100-continue\r\nx: 1\r\nx: 2\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1; 2\r\n\r\n";
    assert_wire(&mut m, rest, false);
}

/// Rows: I-25
#[test]
fn without_an_agent_the_connection_closes() {
    let mut m = without_agent("POST");
    m.end(None, "").expect("open");
    assert_wire(&mut m, "Connection: close\r\nContent-Length: 0\r\n\r\n", true);
    let mut m = without_agent("GET");
    m.start_with_fields(&[field("a", "b")]).expect("valid");
    m.end(None, "").expect("open");
    assert_wire(&mut m, "a: b\r\nConnection: close\r\n\r\n", true);
}

/// Node renders these heads before it notices that there is no agent.
#[test]
fn early_heads_without_an_agent_say_keep_alive() {
    let chunked = "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut m = without_agent("POST");
    m.start_with_fields(&[]).expect("valid");
    assert!(!m.should_keep_alive());
    m.flush_headers("").expect("open");
    assert_wire(&mut m, chunked, true);
    let mut m = without_agent("POST");
    m.set_header("Expect", 1.into()).expect("valid");
    m.start_expecting().expect("valid");
    assert_wire(&mut m, &format!("Expect: 1\r\n{chunked}"), true);
}

#[test]
fn a_header_can_keep_the_connection() {
    let mut m = request(RequestContext { keep_alive: false, ..RequestContext::default() });
    m.set_header("connection", "keep-alive".into()).expect("valid");
    m.end(None, "").expect("open");
    assert!(m.should_keep_alive());
    assert_wire(&mut m, "connection: keep-alive\r\n\r\n", false);
}

/// Rows: RO20, CR31
#[test]
fn no_connection_line_still_means_what_the_agent_wants() {
    for keep_alive in [true, false] {
        let context = RequestContext { keep_alive, default_headers: false, ..RequestContext::default() };
        let mut m = request(context);
        m.end(None, "").expect("open");
        assert_wire(&mut m, "\r\n", !keep_alive);
    }
}

/// Rows: CR31, S8. With both framing lines removed, a body is announced by nothing.
#[test]
fn removed_framing() {
    let mut m = post();
    m.remove_header("content-length").expect("open");
    m.end(Some(b"x"), "").expect("open");
    assert_wire(
        &mut m,
        "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        false,
    );
    let removed = |body: &[u8], closes| {
        let mut m = post();
        m.remove_header("transfer-encoding").expect("open");
        m.write(body, "").expect("open");
        m.end(None, "").expect("open");
        let rest = format!("Connection: keep-alive\r\n\r\n{}", String::from_utf8_lossy(body));
        assert_wire(&mut m, &rest, closes);
    };
    removed(b"x", true);
    removed(b"", false);
}

/// Rows: S8. The same bytes as Node's, but the connection is not used again.
#[test]
fn a_body_of_another_length_closes() {
    let declared = |length: i64, body: &[u8], closes| {
        let mut m = get();
        m.set_header("Content-Length", length.into()).expect("valid");
        m.end(Some(body).filter(|body| !body.is_empty()), "").expect("open");
        let text = String::from_utf8_lossy(body);
        let rest = format!("Content-Length: {length}\r\nConnection: keep-alive\r\n\r\n{text}");
        assert_wire(&mut m, &rest, closes);
    };
    declared(4, b"body", false);
    declared(4, b"bod", true);
    declared(4, b"bodys", true);
    declared(4, b"", true);
    declared(0, b"", false);
}

/// Rows: S7. Node sends both lines.
#[test]
fn chunks_win_over_a_length() {
    let mut m = post();
    m.set_header("Content-Length", 1.into()).expect("valid");
    m.set_header("Transfer-Encoding", "chunked".into()).expect("valid");
    m.end(Some(b"x"), "").expect("open");
    assert_wire(
        &mut m,
        "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        false,
    );
}

/// RFC 9112 §6.3 rule 4: a server cannot tell where such a request ends.
#[test]
fn other_transfer_encodings_close() {
    let mut m = get();
    m.set_header("Transfer-Encoding", "gzip".into()).expect("valid");
    m.end(Some(b"x"), "").expect("open");
    assert_wire(&mut m, "Transfer-Encoding: gzip\r\nConnection: keep-alive\r\n\r\nx", true);
}

/// Rows: CR16. Unlike the answer to it, a HEAD request may have a body.
#[test]
fn head_requests_send_their_body() {
    let mut m = request(RequestContext { method: "HEAD".into(), ..RequestContext::default() });
    m.end(Some(b"body"), "").expect("open");
    assert_wire(&mut m, "Connection: keep-alive\r\n\r\nbody", true);
}

/// Rows: I-50
#[test]
fn trailers_need_chunks() {
    let mut m = get();
    m.set_header("Trailer", "a".into()).expect("valid");
    assert_eq!(code(m.end(None, "")), "ERR_HTTP_TRAILER_INVALID");
    assert!(!m.headers_sent() && !m.writable_ended());
    assert_eq!(code(m.start_with_fields(&[field("trailer", "a")])), "ERR_HTTP_TRAILER_INVALID");
    let mut m = post();
    m.set_header("Trailer", "a".into()).expect("valid");
    m.add_trailers(&[field("a", "1")]).expect("valid");
    m.end(Some(b"x"), "").expect("open");
    assert!(wire_of(&mut m).ends_with("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\na: 1\r\n\r\n"));
    let mut m = post();
    m.add_trailers(&[field("a", "1")]).expect("valid");
    m.end(Some(b"x"), "").expect("open");
    assert_wire(&mut m, "Connection: keep-alive\r\nContent-Length: 1\r\n\r\nx", false);
}

/// Rows: CR20, CR41. An empty write sends the head, as `flushHeaders` does.
#[test]
fn heads_wait_for_a_write() {
    let mut m = post();
    m.write(b"", "").expect("open");
    assert_wire(&mut m, "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", false);
    let mut m = get();
    m.flush_headers("").expect("open");
    assert_wire(&mut m, "Connection: keep-alive\r\n\r\n", false);
    m.flush_headers("").expect("open");
    m.end(Some(b"x"), "").expect("open");
    assert_eq!(wire_of(&mut m), "x");
    assert!(m.closes_connection(), "known when the body is");
}

/// Node 26; 23.5 sends a chunk of its own for what came before the head left.
#[test]
fn corked_writes_are_one_chunk() {
    let mut m = post();
    m.cork();
    m.write(b"a", "").expect("open");
    m.write(b"bc", "").expect("open");
    assert!(!m.has_output());
    m.uncork();
    assert!(wire_of(&mut m).ends_with("\r\n\r\n3\r\nabc\r\n"));
    let mut m = get();
    m.cork();
    m.write(b"a", "").expect("open");
    m.write(b"bc", "").expect("open");
    m.uncork();
    assert!(wire_of(&mut m).ends_with("\r\n\r\nabc"));
}

/// Rows: CR41. Only a length that was given is compared.
#[test]
fn strict_content_length_compares_requests() {
    let mut m = get();
    m.set_strict_content_length(true);
    m.write(b"bo", "").expect("nothing was said");
    m.end(Some(b"dy"), "").expect("nothing was said");
    let mut m = post();
    m.set_strict_content_length(true);
    m.set_header("Content-Length", 2.into()).expect("valid");
    let error = m.end(Some(b"body"), "").expect_err("too long");
    assert_eq!(error, Error::content_length_mismatch(4, Some(2)));
}

/// Rows: CR16, CR41
#[test]
fn after_end_a_request_takes_nothing() {
    let mut m = get();
    m.end(None, "").expect("open");
    assert!(m.writable_ended() && !m.writable_finished());
    assert_eq!(m.write(b"x", "").expect_err("ended").message(), "write after end");
    m.take_output();
    m.set_finished();
    assert!(m.writable_finished() && !m.closes_connection());
}

/// Rows: CR33
#[test]
fn a_request_can_send_its_date() {
    let mut m = get();
    assert!(!m.send_date());
    m.set_send_date(true);
    m.end(None, "D").expect("open");
    assert_wire(&mut m, "Date: D\r\nConnection: keep-alive\r\n\r\n", false);
}

/// Rows: I-48, CR41. The probes of Appendix B.4, in which nothing takes the output.
#[test]
fn writes_are_counted_before_there_is_a_socket() {
    let mut m = without_agent("POST");
    m.set_header("Host", "127.0.0.1:9".into()).expect("valid");
    let accepted = (0..).take_while(|_| m.write(&[0; 1000], "").expect("open")).count();
    assert_eq!((accepted, m.writable_length()), (64, 65540));
    assert!(m.writable_need_drain());
    let mut m = get();
    m.start_with_fields(&[field("a", "b")]).expect("valid");
    assert_eq!(m.writable_length(), 0);
    m.end(None, "").expect("open");
    assert_eq!(m.writable_length(), 48);
}

#[test]
fn a_destroyed_request_sends_nothing() {
    let mut m = post();
    m.write(b"x", "").expect("open");
    m.destroy(None);
    assert!(!m.has_output() && m.destroyed());
    assert_eq!(code(m.write(b"x", "")), "ERR_STREAM_DESTROYED");
}

#[test]
fn only_requests_start_early() {
    assert_eq!(code(response().start_with_fields(&[])), "ERR_METHOD_NOT_IMPLEMENTED");
}

/// Node: nothing waits to be sent, and the end was called.
#[test]
fn a_request_destroyed_before_its_head_and_ended_with_data_has_nothing_left_to_send() {
    for (data, finished) in [(Some(&b"x"[..]), true), (None, false)] {
        let mut m = OutgoingMessage::request(RequestContext::default());
        m.destroy(None);
        assert!(!m.writable_finished());
        assert_eq!(m.end(data, "").is_err(), finished);
        assert_eq!((m.writable_finished(), m.is_finished()), (finished, false));
    }
}
