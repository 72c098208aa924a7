//! What the methods answer and throw: the API probes of Appendix B.4 and B.5, and what Node 26 mends.

use super::*;
use crate::message::headers::HeaderValue;

/// Rows: SR13, OM16, SR17, SR14, SR9, SR29
#[test]
fn after_the_head_headers_are_fixed() {
    let mut m = response();
    m.write_head(200, None, HeadFields::Object(&[field("A", "1")]), "D").expect("valid");
    assert!(m.headers_sent());
    assert_eq!(m.get_header("a"), None, "writeHead alone remembers nothing");
    assert_eq!(m.status_message(), Some("OK"));
    let sent = |verb: &str| format!("Cannot {verb} headers after they are sent to the client");
    let errors = [
        (m.set_header("a", "b".into()), "set"),
        (m.append_header("a", "b".into()), "append"),
        (m.remove_header("a"), "remove"),
        (m.set_headers(vec![field("a", "b")]), "set"),
        (m.write_head(200, None, HeadFields::None, "D"), "write"),
        (m.write_continue(), "write"),
        (m.write_processing(), "write"),
        (m.write_early_hints(&[field("link", "</a>; rel=b")]), "write"),
        (m.respond(200, &[], b"", "D"), "write"),
    ];
    for (result, verb) in errors {
        let error = result.expect_err(verb);
        assert_eq!((error.code(), error.message()), ("ERR_HTTP_HEADERS_SENT", sent(verb).as_str()));
    }
    assert!(m.add_trailers(&[field("a", "b")]).is_ok());
    assert!(m.flush_headers("D").is_ok());
}

/// Rows: OM12, OM13, OM14, OM15, OM19, SR10, SR11, SR12
#[test]
fn headers_keep_type_order_and_case() {
    let mut m = OutgoingMessage::bare(DEFAULT_HIGH_WATER_MARK);
    m.set_header("aBc", 5.into()).expect("valid");
    m.set_header("B", ["1"].into()).expect("valid");
    m.set_header("AbC", 6.into()).expect("valid");
    assert_eq!(m.get_header("ABC"), Some(&HeaderValue::Integer(6)));
    assert_eq!(m.get_header("z"), None);
    assert_eq!(m.get_raw_header_names(), ["AbC", "B"]);
    assert_eq!(m.get_header_names(), ["abc", "b"]);
    assert_eq!(m.get_headers(), [field("abc", 6), field("b", ["1"])]);
    m.remove_header("ABC").expect("not sent");
    assert!(!m.has_header("abc") && m.has_header("b"));
}

/// Rows: OM6
#[test]
fn append_header_makes_an_array() {
    let mut m = response();
    m.append_header("A", "1".into()).expect("valid");
    assert_eq!(m.get_header("a"), Some(&"1".into()));
    m.append_header("a", ["2", "3"].into()).expect("valid");
    assert_eq!(m.get_headers(), [field("a", ["1", "2", "3"])]);
    assert_eq!(m.get_raw_header_names(), ["A"]);
}

/// Rows: OM20
#[test]
fn set_headers_collects_cookies() {
    let mut m = response();
    m.set_header("x", "old".into()).expect("valid");
    m.set_headers(vec![field("set-cookie", "a=1"), field("x", "y"), field("set-cookie", ["b", "c"])])
        .expect("valid");
    assert_eq!(m.get_headers(), [field("x", "y"), field("set-cookie", ["a=1", "b", "c"])]);
}

/// Rows: SR17, SR3, SR21, SR29
#[test]
fn invalid_names_values_and_statuses() {
    let mut m = response();
    assert_eq!(code(m.set_header("a b", "c".into())), "ERR_INVALID_HTTP_TOKEN");
    assert_eq!(code(m.set_header("a", ["c", "\n"].into())), "ERR_INVALID_CHAR");
    assert_eq!(code(m.append_header("a", "\u{100}".into())), "ERR_INVALID_CHAR");
    let trailer = m.add_trailers(&[field("a b", "c")]).expect_err("invalid");
    assert_eq!(trailer.message(), "Trailer name must be a valid HTTP token [\"a b\"]");
    let trailer = m.add_trailers(&[field("a", ["b", "\u{100}"])]).expect_err("invalid");
    assert_eq!(trailer.message(), "Invalid character in trailer content [\"a\"]");
    let message = m.set_status_message(Some("a\r\nb".to_owned())).expect_err("invalid");
    assert_eq!(message.message(), "Invalid character in statusMessage");
    let reason = Some("\u{100}".to_owned());
    assert_eq!(code(m.write_head(200, reason, HeadFields::None, "D")), "ERR_INVALID_CHAR");
    for status in [0, 99, 1000] {
        let message = format!("Invalid status code: {status}");
        assert_eq!(m.set_status_code(status).expect_err("invalid").message(), message);
        let head = m.write_head(status, None, HeadFields::None, "D");
        assert_eq!(head.expect_err("invalid").message(), message);
    }
    assert!(!m.headers_sent() && !m.writable_ended() && m.take_output().is_empty());
}

/// Rows: OM1
#[test]
fn a_bare_message_has_no_head() {
    let mut m = OutgoingMessage::bare(DEFAULT_HIGH_WATER_MARK);
    for result in [m.end(None, "D"), m.write(b"x", "D").map(drop), m.flush_headers("D")] {
        assert_eq!(result.expect_err("no head").message(), "The _implicitHeader() method is not implemented");
    }
}

/// Rows: SR6, SR24, SR25, OM24, SR7
#[test]
fn after_end_nothing_is_written() {
    let mut m = response();
    m.end(None, "D").expect("open");
    assert!(m.writable_ended() && !m.writable_finished());
    assert_eq!(m.write(b"x", "D").expect_err("ended").message(), "write after end");
    assert_eq!(code(m.end(Some(b"x"), "D")), "ERR_STREAM_WRITE_AFTER_END");
    assert_eq!(code(m.end(Some(b""), "D")), "ERR_STREAM_WRITE_AFTER_END");
    assert!(m.end(None, "D").is_ok());
    m.set_finished();
    assert!(m.writable_finished());
}

/// Rows: OM9, I-49
#[test]
fn a_destroyed_message_takes_nothing() {
    let mut m = response();
    m.write(b"x", "D").expect("open");
    m.destroy(Some(Error::aborted()));
    assert!(m.destroyed() && !m.has_output());
    assert_eq!(m.errored(), Some(&Error::aborted()));
    assert_eq!(code(m.write(b"x", "D")), "ERR_STREAM_DESTROYED");
    assert_eq!(code(m.end(Some(b"x"), "D")), "ERR_STREAM_DESTROYED");
    assert!(m.writable_ended());
}

/// Rows: SR22
#[test]
fn strict_content_length_compares() {
    let message = "Response body's content-length of 3 byte(s) does not match the content-length of 2 byte(s) set in header";
    for length in [HeaderValue::Integer(2), "2".into()] {
        let mut m = response();
        m.set_strict_content_length(true);
        m.set_header("Content-Length", length).expect("valid");
        assert_eq!(m.write(b"abc", "D").expect_err("too long").message(), message);
        assert!(m.take_output().is_empty());
        assert_eq!(m.end(Some(b"abc"), "D").expect_err("too long").message(), message);
        m.write(b"a", "D").expect("fits");
        assert_eq!(code(m.end(None, "D")), "ERR_HTTP_CONTENT_LENGTH_MISMATCH");
        m.end(Some(b"b"), "D").expect("fits");
        assert!(!m.closes_connection());
    }
}

#[test]
fn strict_content_length_ignores_other_framings() {
    let mut m = response();
    m.set_strict_content_length(true);
    m.write(b"abc", "D").expect("chunked");
    m.end(Some(b"d"), "D").expect("chunked");
    let mut m =
        OutgoingMessage::response(ResponseContext { head_request: true, ..ResponseContext::default() });
    m.set_strict_content_length(true);
    m.set_header("Content-Length", 5.into()).expect("valid");
    m.end(None, "D").expect("HEAD has no body");
}

/// Rows: SR26, SO16
#[test]
fn body_writes_can_be_rejected() {
    let mut m = OutgoingMessage::response(ResponseContext {
        reject_non_standard_body_writes: true,
        ..ResponseContext::default()
    });
    m.set_status_code(204).expect("valid");
    let expected = "Adding content for this request method or response status is not allowed.";
    assert_eq!(m.write(b"x", "D").expect_err("204").message(), expected);
    assert_eq!(m.end(Some(b"x"), "D").expect_err("204").message(), expected);
    m.end(None, "D").expect("nothing is added");
}

/// Rows: SR5, SR23, OM7, OM23. Node 26: what was corked when `end(data)` came is not lost.
#[test]
fn corked_writes_become_one_chunk() {
    let mut m = response();
    m.write(b"a", "D").expect("open");
    m.take_output();
    m.cork();
    m.cork();
    m.write(b"bc", "D").expect("open");
    m.write(b"def", "D").expect("open");
    assert_eq!((m.writable_corked(), m.has_output()), (2, false));
    m.uncork();
    assert!(!m.has_output());
    m.uncork();
    assert_eq!(wire_of(&mut m), "5\r\nbcdef\r\n");
    m.uncork();
    m.cork();
    m.write(b"g", "D").expect("open");
    m.end(Some(b"h"), "D").expect("open");
    assert_eq!(wire_of(&mut m), "2\r\ngh\r\n0\r\n\r\n");
}

#[test]
fn a_corked_head_waits_for_its_body() {
    let mut m = response();
    m.cork();
    m.set_header("Content-Length", 2.into()).expect("valid");
    m.write(b"a", "D").expect("open");
    assert!(!m.has_output());
    m.uncork();
    assert!(wire_of(&mut m).ends_with("\r\n\r\na"));
}

/// Rows: SR13, SR8
#[test]
fn write_head_alone_sends_nothing() {
    let mut m = response();
    m.write_continue().expect("open");
    m.write_head(200, None, HeadFields::None, "D").expect("valid");
    assert_eq!(wire_of(&mut m), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(m.writable_length(), 0);
    m.flush_headers("D").expect("open");
    assert!(wire_of(&mut m).starts_with("HTTP/1.1 200 OK\r\n"));
    m.flush_headers("D").expect("open");
    assert!(!m.has_output());
}

/// Rows: SR26, OM25, OM26, OM2, I-48
#[test]
fn write_reports_back_pressure() {
    let mut m =
        OutgoingMessage::response(ResponseContext { keep_alive: false, ..ResponseContext::default() });
    assert_eq!((m.writable_high_water_mark(), m.writable_length()), (65536, 0));
    let date = "Sat, 21 Nov 2026 07:33:54 GMT";
    assert_eq!(m.write(&[0; 10], date), Ok(true));
    assert_eq!(m.writable_length(), 118, "as Node 23.5 counts");
    assert_eq!(m.write(&[0; 70_000], date), Ok(false));
    assert_eq!((m.writable_length(), m.writable_need_drain()), (70_127, true));
    let taken = m.take_output();
    assert!(!m.set_unflushed(taken.len()));
    assert_eq!(m.writable_length(), 70_127);
    assert!(m.set_unflushed(0), "drain");
    assert!(!m.writable_need_drain() && !m.set_unflushed(0));
}

/// Rows: SR28
#[test]
fn early_hints_are_checked() {
    let mut m = response();
    for hints in [vec![], vec![field("link", HeaderValue::List(vec![]))], vec![field("x", "y")]] {
        m.write_early_hints(&hints).expect("nothing to send");
        assert!(!m.has_output());
    }
    let link = field("link", "</a>; rel=b");
    assert_eq!(code(m.write_early_hints(&[field("link", "bad")])), "ERR_INVALID_ARG_VALUE");
    assert_eq!(code(m.write_early_hints(&[field("link", 5)])), "ERR_INVALID_ARG_VALUE");
    assert_eq!(code(m.write_early_hints(&[link.clone(), field("a b", "c")])), "ERR_INVALID_HTTP_TOKEN");
    assert_eq!(code(m.write_early_hints(&[link, field("a", "b\r\n")])), "ERR_INVALID_CHAR");
    assert!(!m.has_output());
}

#[test]
fn write_information_takes_interim_statuses() {
    let mut m = response();
    assert_eq!(
        m.write_information(200, &[]).expect_err("final").message(),
        "The value of \"statusCode\" is out of range. It must be >= 100 && <= 199. Received 200"
    );
    assert_eq!(code(m.write_information(101, &[])), "ERR_HTTP_INVALID_STATUS_CODE");
    m.write_information(110, &[field("A", ["b", "c"])]).expect("interim");
    assert_eq!(wire_of(&mut m), "HTTP/1.1 110 unknown\r\nA: b,c\r\n\r\n");
}

/// RFC 9112 §6.3 rule 4: a body whose last coding is not `chunked` ends with the connection.
#[test]
fn other_transfer_encodings_close() {
    golden(
        |_| {},
        |m| {
            m.set_header("Transfer-Encoding", "gzip".into())?;
            m.set_header("Content-Length", 9.into())?;
            m.end(Some(b"abc"), "D")
        },
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nabc",
        EOF,
    );
}

/// Rows: I-17, SV20
#[test]
fn the_last_allowed_request_says_close_and_stays_open() {
    let limit = |c: &mut ResponseContext| c.max_requests_per_socket = 2;
    golden(
        limit,
        |m| m.end(Some(b"x"), "D"),
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=2\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
    golden(
        |c| {
            limit(c);
            c.max_requests_reached = true;
        },
        |m| m.end(Some(b"x"), "D"),
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}
