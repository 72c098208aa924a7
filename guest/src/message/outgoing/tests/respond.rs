//! The one-call answer must be what `writeHead` and `end` write, and leave nothing behind when it fails.

use super::*;

fn strings(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Rows: I-1, I-5
#[test]
fn respond_adds_a_length() {
    golden(
        |_| {},
        |m| m.respond(200, &strings(&[("Content-Type", "text/plain")]), b"hi", "D"),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nhi",
        OPEN,
    );
}

/// Rows: I-6
#[test]
fn respond_keeps_an_http10_connection() {
    golden(
        |c| c.http_version = (1, 0),
        |m| m.respond(200, &[], b"x", "D"),
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
    golden(
        |c| (c.http_version, c.keep_alive) = ((1, 0), false),
        |m| m.respond(200, &[], b"x", "D"),
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        EOF,
    );
}

/// Rows: I-7
#[test]
fn respond_without_a_body_adds_no_length() {
    let head = "Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n";
    golden(
        |c| c.head_request = true,
        |m| m.respond(200, &[], b"hello", "D"),
        &format!("HTTP/1.1 200 OK\r\n{head}"),
        OPEN,
    );
    for (status, text) in [(204, "204 No Content"), (304, "304 Not Modified")] {
        let wire = format!("HTTP/1.1 {text}\r\n{head}");
        golden(|_| {}, |m| m.respond(status, &[], b"", "D"), &wire, OPEN);
    }
}

/// S8: a given length is kept, and one that is wrong closes the connection.
#[test]
fn respond_keeps_a_given_length() {
    for (length, closes) in [("2", OPEN), ("1", EOF), ("3", EOF), ("x", EOF), ("+2", EOF)] {
        let wire = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nhi"
        );
        let fields = strings(&[("content-length", length)]);
        golden(|_| {}, |m| m.respond(200, &fields, b"hi", "D"), &wire, closes);
    }
}

/// S7, I-8
#[test]
fn respond_with_transfer_encoding_is_chunked() {
    let fields = strings(&[("Content-Length", "2"), ("Transfer-Encoding", "chunked"), ("A", "b")]);
    golden(
        |_| {},
        |m| m.respond(200, &fields, b"hi", "D"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR29
#[test]
fn respond_wins_over_set_header() {
    golden(
        |_| {},
        |m| {
            m.set_header("A", "1".into())?;
            m.set_header("B", "2".into())?;
            m.respond(201, &strings(&[("a", "3"), ("a", "4")]), b"", "D")
        },
        "HTTP/1.1 201 Created\r\nB: 2\r\na: 3\r\na: 4\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

#[test]
fn respond_writes_latin1_and_carries_trailers() {
    golden(
        |_| {},
        |m| {
            m.add_trailers(&[field("X-T", "\u{e9}")])?;
            m.respond(200, &strings(&[("Trailer", "X-T"), ("A", "\u{ff}")]), b"x", "D")
        },
        "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nA: \u{ff}\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: \u{e9}\r\n\r\n",
        OPEN,
    );
}

#[test]
fn a_failed_respond_leaves_nothing_behind() {
    let mut message = response();
    for (status, name, value, expected) in [
        (99, "A", "b", "ERR_HTTP_INVALID_STATUS_CODE"),
        (1000, "A", "b", "ERR_HTTP_INVALID_STATUS_CODE"),
        (200, "A b", "c", "ERR_INVALID_HTTP_TOKEN"),
        (200, "", "c", "ERR_INVALID_HTTP_TOKEN"),
        (200, "A", "b\r\nC: d", "ERR_INVALID_CHAR"),
        (200, "A", "\u{100}", "ERR_INVALID_CHAR"),
    ] {
        let fields = strings(&[("Fine", "1"), (name, value)]);
        assert_eq!(code(message.respond(status, &fields, b"x", "D")), expected);
        assert!(!message.headers_sent() && message.take_output().is_empty());
    }
    message.set_strict_content_length(true);
    let fields = strings(&[("Content-Length", "2")]);
    assert_eq!(code(message.respond(200, &fields, b"x", "D")), "ERR_HTTP_CONTENT_LENGTH_MISMATCH");
    assert!(message.take_output().is_empty());
    message.respond(200, &[], b"x", "D").expect("the message is still open");
    assert!(wire_of(&mut message).ends_with("\r\nContent-Length: 1\r\n\r\nx"));
    assert_eq!(code(message.respond(200, &[], b"x", "D")), "ERR_HTTP_HEADERS_SENT");
}

/// Rows: I-7
#[test]
fn respond_rejects_a_body_where_the_server_wants_that() {
    let context = ResponseContext {
        head_request: true,
        reject_non_standard_body_writes: true,
        ..ResponseContext::default()
    };
    let mut message = OutgoingMessage::response(context);
    assert_eq!(code(message.respond(200, &[], b"x", "D")), "ERR_HTTP_BODY_NOT_ALLOWED");
    assert!(message.take_output().is_empty());
    message.respond(200, &[], b"", "D").expect("there is no body");
}
