//! Responses of every form: their bodies, and whether their connection serves the next request.

use node_http_tests::{Case, Origin};

use super::SOCKETS;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Asks twice; how many connections that takes, and the bodies.
fn twice(case: &str, reply: &str, ends: bool) -> (usize, String) {
    let reply = reply.to_owned();
    let origin = Origin::start(move |peer| {
        loop {
            peer.head()?;
            peer.send(&reply)?;
            if ends {
                return peer.half_close();
            }
        }
    });
    let case = Case::start_with(SOCKETS, "client", &[case, &origin.port()]);
    let body = case.line("body ");
    case.finish();
    (origin.connections(), body)
}

// Rows: CR8, IM6, I-27, I-30, E16
#[test]
fn a_connection_is_kept_where_the_response_allows() {
    let replies = [
        (format!("{OK}Content-Length: 1\r\n\r\nx"), false, 1, "x"),
        (format!("{OK}Content-Length: 1\r\nConnection: close\r\n\r\nx"), false, 2, "x"),
        (format!("{OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"), false, 1, "x"),
        (format!("{OK}Transfer-Encoding: gzip\r\n\r\nx"), true, 2, "x"),
        (format!("{OK}\r\nx"), true, 2, "x"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx".to_owned(), false, 2, "x"),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx".to_owned(), false, 1, "x"),
        ("HTTP/1.1 204 No\r\n\r\n".to_owned(), false, 1, ""),
        ("HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n".to_owned(), false, 1, ""),
        ("HTTP/1.1 103 A\r\n\r\nHTTP/1.1 200 B\r\nContent-Length: 0\r\n\r\n".to_owned(), false, 1, ""),
    ];
    for (reply, ends, connections, body) in replies {
        assert_eq!(twice("body_twice", &reply, ends), (connections, format!("{body:?}")), "{reply:?}");
    }
    // Whether a connection is kept is decided before it is known that there is no body.
    for (framing, connections) in [("Content-Length: 9", 1), ("Transfer-Encoding: chunked", 1), ("A: b", 2)] {
        let reply = format!("{OK}{framing}\r\n\r\n");
        assert_eq!(twice("body_twice_head", &reply, false), (connections, "\"\"".to_owned()), "{reply:?}");
    }
}

// Rows: AG1, CR1, CR12, CR17, IM1, IM8
#[test]
fn what_is_over_is_left_alone_and_what_is_unread_does_not_hold() {
    let origin = Origin::describing();
    let case = Case::start_with(SOCKETS, "client", &["body_left_alone", &origin.port()]);
    case.line("left");
    origin.expect_end(0);
    assert_eq!(origin.connections(), 1);
}

// Rows: CR1, IM1, I-14
#[test]
fn a_body_that_nobody_reads_stops_its_sender() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send(&format!("{OK}Content-Length: 20000000\r\n\r\n"))?;
        peer.send(&"x".repeat(20_000_000))
    });
    Case::start_with(SOCKETS, "client", &["body_unread", &origin.port()]).finish();
}

// Rows: IM4, IM5, IM6, E15
#[test]
fn a_body_that_is_cut_short_fails_every_reader() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send(&format!("{OK}Content-Length: 10\r\n\r\nhello"))?;
        peer.half_close()
    });
    Case::start_with(SOCKETS, "client", &["body_cut", &origin.port()]).finish();
}
