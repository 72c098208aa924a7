//! The catalogue (§13 of the specification), row by row.

use super::*;

fn texts(error: &Error) -> (&'static str, &str, &str) {
    (error.name().as_str(), error.code(), error.message())
}

#[test]
fn errors_are_small() {
    assert!(size_of::<Error>() <= 64);
}

#[test]
fn display_shows_name_code_and_message() {
    assert_eq!(Error::write_after_end().to_string(), "Error [ERR_STREAM_WRITE_AFTER_END]: write after end");
}

type Row = (Error, &'static str, &'static str, &'static str);

#[test]
fn catalogue_texts_are_nodes() {
    for (error, name, code, message) in
        connection_rows().into_iter().chain(message_rows()).chain(argument_rows())
    {
        assert_eq!(texts(&error), (name, code, message));
    }
}

fn connection_rows() -> Vec<Row> {
    vec![
        (Error::socket_hang_up(), "Error", "ECONNRESET", "socket hang up"),
        (Error::aborted(), "Error", "ECONNRESET", "aborted"),
        (Error::premature_close(), "Error", "ERR_STREAM_PREMATURE_CLOSE", "Premature close"),
        (Error::abort(), "AbortError", "ABORT_ERR", "The operation was aborted"),
        (
            Error::connect("ECONNREFUSED", "127.0.0.1", 1),
            "Error",
            "ECONNREFUSED",
            "connect ECONNREFUSED 127.0.0.1:1",
        ),
        (Error::bind("EADDRINUSE", "::1", 80), "Error", "EADDRINUSE", "bind EADDRINUSE ::1:80"),
        (
            Error::bind("EADDRNOTAVAIL", "192.0.2.9", 0),
            "Error",
            "EADDRNOTAVAIL",
            "bind EADDRNOTAVAIL 192.0.2.9",
        ),
        (Error::getaddrinfo("ENOTFOUND", "host"), "Error", "ENOTFOUND", "getaddrinfo ENOTFOUND host"),
        (
            Error::listen("EADDRINUSE", "::", 80),
            "Error",
            "EADDRINUSE",
            "listen EADDRINUSE: address already in use :::80",
        ),
        (Error::system("write", "EPIPE"), "Error", "EPIPE", "write EPIPE"),
    ]
}

fn message_rows() -> Vec<Row> {
    vec![
        (
            Error::headers_sent("set"),
            "Error",
            "ERR_HTTP_HEADERS_SENT",
            "Cannot set headers after they are sent to the client",
        ),
        (
            Error::invalid_http_token("Header name", "x y"),
            "TypeError",
            "ERR_INVALID_HTTP_TOKEN",
            "Header name must be a valid HTTP token [\"x y\"]",
        ),
        (
            Error::invalid_header_value("undefined", "x"),
            "TypeError",
            "ERR_HTTP_INVALID_HEADER_VALUE",
            "Invalid value \"undefined\" for header \"x\"",
        ),
        (
            Error::invalid_char("trailer content", Some("x")),
            "TypeError",
            "ERR_INVALID_CHAR",
            "Invalid character in trailer content [\"x\"]",
        ),
        (
            Error::invalid_char("statusMessage", None),
            "TypeError",
            "ERR_INVALID_CHAR",
            "Invalid character in statusMessage",
        ),
        (
            Error::invalid_status_code(99),
            "RangeError",
            "ERR_HTTP_INVALID_STATUS_CODE",
            "Invalid status code: 99",
        ),
    ]
}

fn argument_rows() -> Vec<Row> {
    vec![
        (
            Error::content_length_mismatch(3, Some(2)),
            "Error",
            "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
            "Response body's content-length of 3 byte(s) does not match the content-length of 2 byte(s) set in header",
        ),
        (
            Error::invalid_arg_type("name", "of type string", "undefined"),
            "TypeError",
            "ERR_INVALID_ARG_TYPE",
            "The \"name\" argument must be of type string. Received undefined",
        ),
        (
            Error::out_of_range("max", ">= 1", 0),
            "RangeError",
            "ERR_OUT_OF_RANGE",
            "The value of \"max\" is out of range. It must be >= 1. Received 0",
        ),
        (
            Error::out_of_range("max", "<= 1", 5_000_000_000),
            "RangeError",
            "ERR_OUT_OF_RANGE",
            "The value of \"max\" is out of range. It must be <= 1. Received 5_000_000_000",
        ),
        (
            Error::method_not_implemented("_implicitHeader()"),
            "Error",
            "ERR_METHOD_NOT_IMPLEMENTED",
            "The _implicitHeader() method is not implemented",
        ),
        (Error::uri_malformed(), "Error", "", "URI malformed"),
        (Error::invalid_ip_address("x"), "TypeError", "ERR_INVALID_IP_ADDRESS", "Invalid IP address: x"),
        (Error::unknown_encoding("x"), "TypeError", "ERR_UNKNOWN_ENCODING", "Unknown encoding: x"),
    ]
}

#[test]
fn parse_errors_carry_their_position() {
    let parse = ParseError { code: "HPE_INVALID_METHOD", reason: "Invalid method encountered", offset: 1 };
    let error = Error::parse(parse, b"BAD".to_vec());
    assert_eq!(texts(&error), ("Error", "HPE_INVALID_METHOD", "Parse Error: Invalid method encountered"));
    let details = error.details().and_then(|details| details.parse.as_ref());
    let details = details.expect("a parse error has them");
    assert_eq!((details.bytes_parsed, details.raw_packet.as_slice()), (1, &b"BAD"[..]));
    let eof = ParseError { code: "HPE_INVALID_EOF_STATE", reason: "Invalid EOF state", offset: 0 };
    assert_eq!(Error::from(eof).message(), "Parse Error");
}

#[test]
fn a_cause_is_flattened() {
    let error = Error::abort().with_cause(&Error::aborted());
    let cause = error.details().and_then(|d| d.cause.as_ref()).expect("a cause was given");
    assert_eq!((cause.name.as_str(), cause.code.as_str()), ("Error", "ECONNRESET"));
}
