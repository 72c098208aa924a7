//! What was prepared must be answered as if it had been said each time.

use super::*;

type Prepare = fn(&mut ResponseContext);
type Before = fn(&mut OutgoingMessage);

const LARGE: usize = 64 * 1024;

/// What requests and servers differ in.
const CONTEXTS: [Prepare; 8] = [
    |_| {},
    |c| c.head_request = true,
    |c| c.http_version = (1, 0),
    |c| (c.http_version, c.keep_alive) = ((1, 0), false),
    |c| c.keep_alive_timeout = 0,
    |c| (c.max_requests_per_socket, c.max_requests_reached) = (3, true),
    |c| c.expects_continue = true,
    |c| (c.head_request, c.reject_non_standard_body_writes) = (true, true),
];

/// What a program may have done before.
const BEFORE: [Before; 9] = [
    |_| {},
    |m| m.set_header("A", "set".into()).expect("a header"),
    |m| m.set_header("b", "set".into()).expect("a header"),
    |m| m.set_status_message(Some("Fine".to_owned())).expect("a message"),
    |m| m.set_send_date(false),
    |m| m.remove_header("connection").expect("a header"),
    |m| m.set_strict_content_length(true),
    |m| m.add_trailers(&[field("T", "x")]).expect("a trailer"),
    |m| m.destroy(None),
];

const HEADERS: [&[(&str, &str)]; 9] = [
    &[],
    &[("A", "1"), ("Content-Type", "text/plain")],
    &[("Connection", "close")],
    &[("Content-Length", "2")],
    &[("Content-Length", "3"), ("Transfer-Encoding", "chunked")],
    &[("Trailer", "T")],
    &[("Date", "mine"), ("Keep-Alive", "mine")],
    &[("A", "\u{e9}"), ("a", "2")],
    &[("Expect", "100-continue")],
];

/// Bytes, outcome and state of an answer to a request.
fn given(
    context: Prepare,
    before: Before,
    answer: impl Fn(&mut OutgoingMessage) -> Result<(), Error>,
) -> String {
    let mut settings = ResponseContext::default();
    context(&mut settings);
    let mut message = OutgoingMessage::response(settings);
    before(&mut message);
    let outcomes = [(); 2].map(|()| answer(&mut message).map_err(|error| error.to_string()));
    let state = (message.closes_connection(), message.should_keep_alive(), message.headers_sent());
    let said = (message.status_code(), message.status_message().map(str::to_owned), message.get_headers());
    let wire = wire_of(&mut message).replace(&"x".repeat(LARGE), "large");
    format!("{:?}", (wire, outcomes, state, said, message.writable_ended()))
}

#[test]
fn a_prepared_answer_is_what_respond_says() {
    let mut compared = 0;
    for (headers, status) in HEADERS.iter().flat_map(|headers| [200, 204, 304, 599].map(|s| (headers, s))) {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let prepared = PreparedAnswer::new(status, headers.clone(), b"hi".to_vec()).expect("it can be sent");
        for (context, before) in CONTEXTS.iter().flat_map(|context| BEFORE.map(|before| (context, before))) {
            for body in [None, Some(&b"other"[..]), Some(b"")] {
                let bytes = body.unwrap_or(b"hi");
                let said = given(*context, before, |m| m.respond(status, &headers, bytes, "D"));
                let answered = given(*context, before, |m| m.respond_prepared(&prepared, body, "D"));
                assert_eq!(answered, said, "{status} {headers:?} {body:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, HEADERS.len() * 4 * CONTEXTS.len() * BEFORE.len() * 3);
}

/// A body that is not copied is sent like any other.
#[test]
fn a_large_prepared_answer_is_what_respond_says() {
    let body = "x".repeat(LARGE).into_bytes();
    for (headers, status) in HEADERS.iter().flat_map(|headers| [200, 304].map(|s| (headers, s))) {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let prepared = PreparedAnswer::new(status, headers.clone(), body.clone()).expect("it can be sent");
        for (context, before) in CONTEXTS.iter().flat_map(|context| BEFORE.map(|before| (context, before))) {
            let said = given(*context, before, |m| m.respond(status, &headers, &body, "D"));
            let answered = given(*context, before, |m| m.respond_prepared(&prepared, None, "D"));
            assert_eq!(answered, said, "{status} {headers:?}");
        }
    }
}

#[test]
fn a_large_prepared_body_takes_no_memory_of_the_message() {
    let prepared = PreparedAnswer::new(200, Vec::new(), vec![b'x'; LARGE]).expect("it can be sent");
    let mut message = response();
    message.respond_prepared(&prepared, None, "D").expect("a fresh answer");
    assert!(message.buffered() < 1000 && message.writable_length() > LARGE);
    let mut wire = Vec::new();
    message.take_output_into(&mut wire);
    assert!(wire.ends_with(b"\r\n\r\n"), "the head alone");
    assert_eq!(message.take_shared().map(|body| body.len()), Some(LARGE));
    assert!(message.take_shared().is_none() && message.writable_length() == 0);
}

#[test]
fn what_cannot_be_sent_is_not_prepared() {
    for (status, name, value, expected) in [
        (99, "A", "b", "ERR_HTTP_INVALID_STATUS_CODE"),
        (1000, "A", "b", "ERR_HTTP_INVALID_STATUS_CODE"),
        (200, "A b", "c", "ERR_INVALID_HTTP_TOKEN"),
        (200, "A", "b\r\nC: d", "ERR_INVALID_CHAR"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        assert_eq!(code(PreparedAnswer::new(status, headers, Vec::new())), expected);
    }
}
