//! Examples that need no connection.

use node_http_imports::{http, outgoing_message::OutgoingMessage};

use crate::support::*;

/// X36.
pub(crate) fn outgoing_message() {
    let message = OutgoingMessage::new();
    message.set_header("Foo", &value("bar")).expect("a valid header");
    message.set_header("Set-Cookie", &list(&["foo=bar", "bar=baz"])).expect("a valid header");
    assert_eq!(message.get_header_names(), ["foo", "set-cookie"]);
    assert_eq!(plain_all(message.get_headers()), "foo=bar&set-cookie=[\"foo=bar\", \"bar=baz\"]");
    assert_eq!(message.get_raw_header_names(), ["Foo", "Set-Cookie"]);
    assert!(!message.has_header("content-type"));
    message.set_header("Content-Type", &value("text/plain")).expect("a valid header");
    assert!(message.has_header("content-type"));
    message
        .add_trailers(&[header("Content-MD5", "7895bf4b8828b55ceaf47747b4bca667")])
        .expect("a valid trailer");
}

/// X37, X38.
pub(crate) fn validators() {
    let error = http::validate_header_name("", None).expect_err("no token");
    assert!(matches!(error.name, ErrorName::TypeError));
    assert_eq!(error.code, "ERR_INVALID_HTTP_TOKEN");
    assert_eq!(error.message, "Header name must be a valid HTTP token [\"\"]");

    let error = http::validate_header_value("x-my-header", None).expect_err("no value");
    assert!(matches!(error.name, ErrorName::TypeError));
    assert_eq!(error.code, "ERR_HTTP_INVALID_HEADER_VALUE");
    assert_eq!(error.message, "Invalid value \"undefined\" for header \"x-my-header\"");

    let omega = value("o\u{28a}m\u{26a}\u{261}\u{259}");
    let error = http::validate_header_value("x-my-header", Some(&omega)).expect_err("not Latin-1");
    assert!(matches!(error.name, ErrorName::TypeError));
    assert_eq!(error.code, "ERR_INVALID_CHAR");
    assert_eq!(error.message, "Invalid character in header content [\"x-my-header\"]");
}

/// X39.
pub(crate) fn status_codes() {
    let codes = http::status_codes();
    let text = codes.iter().find(|(code, _)| *code == 404).map(|(_, text)| text.as_str());
    assert_eq!(text, Some("Not Found"));
}
