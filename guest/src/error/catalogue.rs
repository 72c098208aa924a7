//! Node's errors, one constructor for each.

use std::borrow::Cow;
use std::fmt;

use super::{Error, ErrorName};

/// Headers and bodies.
impl Error {
    /// `ERR_HTTP_HEADERS_SENT`; `verb` is `set`, `append`, `remove`, `write` or `render`.
    #[must_use]
    pub fn headers_sent(verb: &str) -> Self {
        Self::plain(
            "ERR_HTTP_HEADERS_SENT",
            format!("Cannot {verb} headers after they are sent to the client"),
        )
    }

    /// `ERR_INVALID_HTTP_TOKEN`; `label` is `Header name`, `Trailer name`, `Method` or the caller's own.
    #[must_use]
    pub fn invalid_http_token(label: &str, value: &str) -> Self {
        Self::type_error(
            "ERR_INVALID_HTTP_TOKEN",
            format!("{label} must be a valid HTTP token [\"{value}\"]"),
        )
    }

    /// `ERR_HTTP_INVALID_HEADER_VALUE`: a header without a value (`undefined`).
    #[must_use]
    pub fn invalid_header_value(value: &str, name: &str) -> Self {
        Self::type_error(
            "ERR_HTTP_INVALID_HEADER_VALUE",
            format!("Invalid value \"{value}\" for header \"{name}\""),
        )
    }

    /// `ERR_INVALID_CHAR`; `place` is `header content`, `trailer content` or `statusMessage`.
    #[must_use]
    pub fn invalid_char(place: &str, field: Option<&str>) -> Self {
        let field = field.map_or_else(String::new, |field| format!(" [\"{field}\"]"));
        Self::type_error("ERR_INVALID_CHAR", format!("Invalid character in {place}{field}"))
    }

    /// `ERR_HTTP_INVALID_STATUS_CODE`.
    #[must_use]
    pub fn invalid_status_code(status: impl fmt::Display) -> Self {
        Self::new(
            ErrorName::RangeError,
            "ERR_HTTP_INVALID_STATUS_CODE",
            format!("Invalid status code: {status}"),
        )
    }

    /// `ERR_HTTP_CONTENT_LENGTH_MISMATCH`; a declared length that is no number prints as JavaScript's `NaN`.
    #[must_use]
    pub fn content_length_mismatch(body: u64, declared: Option<u64>) -> Self {
        let declared = declared.map_or_else(|| "NaN".to_owned(), |declared| declared.to_string());
        Self::plain(
            "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
            format!(
                "Response body's content-length of {body} byte(s) does not match the content-length of \
                 {declared} byte(s) set in header"
            ),
        )
    }

    /// `ERR_HTTP_BODY_NOT_ALLOWED`.
    #[must_use]
    pub fn body_not_allowed() -> Self {
        Self::plain(
            "ERR_HTTP_BODY_NOT_ALLOWED",
            "Adding content for this request method or response status is not allowed.",
        )
    }

    /// `ERR_HTTP_TRAILER_INVALID`.
    #[must_use]
    pub fn trailer_invalid() -> Self {
        Self::plain("ERR_HTTP_TRAILER_INVALID", "Trailers are invalid with this transfer encoding")
    }

    /// `ERR_HTTP_SOCKET_ASSIGNED`.
    #[must_use]
    pub fn socket_assigned() -> Self {
        Self::plain("ERR_HTTP_SOCKET_ASSIGNED", "ServerResponse has an already assigned socket")
    }

    /// `ERR_HTTP_SOCKET_ENCODING`.
    #[must_use]
    pub fn socket_encoding() -> Self {
        Self::plain(
            "ERR_HTTP_SOCKET_ENCODING",
            "Changing the socket encoding is not allowed per RFC7230 Section 3.",
        )
    }

    /// `ERR_UNESCAPED_CHARACTERS`: a request path with characters that must be escaped.
    #[must_use]
    pub fn unescaped_characters() -> Self {
        Self::type_error("ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters")
    }

    /// `ERR_UNKNOWN_ENCODING`.
    #[must_use]
    pub fn unknown_encoding(name: &str) -> Self {
        Self::type_error("ERR_UNKNOWN_ENCODING", format!("Unknown encoding: {name}"))
    }
}

/// Life of a message, a server and a request.
impl Error {
    /// `ERR_HTTP_REQUEST_TIMEOUT`: the server's 408.
    #[must_use]
    pub fn request_timeout() -> Self {
        Self::plain("ERR_HTTP_REQUEST_TIMEOUT", "Request timeout")
    }

    /// `ERR_STREAM_WRITE_AFTER_END`.
    #[must_use]
    pub fn write_after_end() -> Self {
        Self::plain("ERR_STREAM_WRITE_AFTER_END", "write after end")
    }

    /// `ERR_STREAM_ALREADY_FINISHED`; `method` is what was called too late.
    #[must_use]
    pub fn already_finished(method: &str) -> Self {
        Self::plain(
            "ERR_STREAM_ALREADY_FINISHED",
            format!("Cannot call {method} after a stream was finished"),
        )
    }

    /// `ERR_INVALID_STATE`: the message is lent to a closure of the caller's, inside which this call was made.
    #[must_use]
    pub fn in_use() -> Self {
        Self::plain("ERR_INVALID_STATE", "Invalid state: the message is in use by the caller")
    }

    /// `ERR_STREAM_DESTROYED`; `method` is `write` or `end`.
    #[must_use]
    pub fn stream_destroyed(method: &str) -> Self {
        Self::plain("ERR_STREAM_DESTROYED", format!("Cannot call {method} after a stream was destroyed"))
    }

    /// `ERR_STREAM_NULL_VALUES`.
    #[must_use]
    pub fn null_values() -> Self {
        Self::type_error("ERR_STREAM_NULL_VALUES", "May not write null values to stream")
    }

    /// `ERR_STREAM_CANNOT_PIPE`.
    #[must_use]
    pub fn cannot_pipe() -> Self {
        Self::plain("ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable")
    }

    /// `ERR_STREAM_PREMATURE_CLOSE`: a stream closed before it was finished.
    #[must_use]
    pub fn premature_close() -> Self {
        Self::plain("ERR_STREAM_PREMATURE_CLOSE", "Premature close")
    }

    /// `ERR_METHOD_NOT_IMPLEMENTED`: a method that only the subclasses of a class have.
    #[must_use]
    pub fn method_not_implemented(method: &str) -> Self {
        Self::plain("ERR_METHOD_NOT_IMPLEMENTED", format!("The {method} method is not implemented"))
    }

    /// `ERR_SERVER_NOT_RUNNING`.
    #[must_use]
    pub fn server_not_running() -> Self {
        Self::plain("ERR_SERVER_NOT_RUNNING", "Server is not running.")
    }

    /// `ERR_SERVER_ALREADY_LISTEN`.
    #[must_use]
    pub fn server_already_listen() -> Self {
        Self::plain(
            "ERR_SERVER_ALREADY_LISTEN",
            "Listen method has been called more than once without closing.",
        )
    }

    /// `ECONNRESET` "socket hang up": the peer went away before a response.
    #[must_use]
    pub fn socket_hang_up() -> Self {
        Self::plain("ECONNRESET", "socket hang up")
    }

    /// `ECONNRESET` "aborted": a message was cut short.
    #[must_use]
    pub fn aborted() -> Self {
        Self::plain("ECONNRESET", "aborted")
    }

    /// `ABORT_ERR`: an `AbortSignal` fired.
    #[must_use]
    pub fn abort() -> Self {
        Self::new(ErrorName::AbortError, "ABORT_ERR", "The operation was aborted")
    }
}

/// Arguments and options.
impl Error {
    /// `ERR_INVALID_ARG_TYPE`; `expected` reads on after "must be", such as `of type string`.
    #[must_use]
    pub fn invalid_arg_type(name: &str, expected: &str, received: &str) -> Self {
        let kind = argument_kind(name);
        Self::type_error(
            "ERR_INVALID_ARG_TYPE",
            format!("The \"{name}\" {kind} must be {expected}. Received {received}"),
        )
    }

    /// `ERR_INVALID_ARG_VALUE`; `received` is the value as Node's `util.inspect` prints it.
    #[must_use]
    pub fn invalid_arg_value(name: &str, reason: &str, received: &str) -> Self {
        let kind = argument_kind(name);
        // Node cuts the inspected value at 128 characters.
        let received: Cow<'_, str> = match received.char_indices().nth(128) {
            Some((end, _)) => format!("{}...", &received[..end]).into(),
            None => received.into(),
        };
        Self::type_error(
            "ERR_INVALID_ARG_VALUE",
            format!("The {kind} '{name}' {reason}. Received {received}"),
        )
    }

    /// `ERR_OUT_OF_RANGE`; `range` reads on after "It must be", such as `>= 1`.
    #[must_use]
    pub fn out_of_range(name: &str, range: &str, received: i64) -> Self {
        Self::new(
            ErrorName::RangeError,
            "ERR_OUT_OF_RANGE",
            format!(
                "The value of \"{name}\" is out of range. It must be {range}. Received {}",
                with_separators(received)
            ),
        )
    }

    /// `ERR_INVALID_PROTOCOL`.
    #[must_use]
    pub fn invalid_protocol(actual: &str, expected: &str) -> Self {
        Self::type_error(
            "ERR_INVALID_PROTOCOL",
            format!("Protocol \"{actual}\" not supported. Expected \"{expected}\""),
        )
    }

    /// `ERR_INVALID_URL`.
    #[must_use]
    pub fn invalid_url() -> Self {
        Self::type_error("ERR_INVALID_URL", "Invalid URL")
    }

    /// A `URIError` in JavaScript, without a code: user info of a URL that cannot be percent-decoded.
    #[must_use]
    pub fn uri_malformed() -> Self {
        Self::plain("", "URI malformed")
    }

    /// `ERR_INVALID_IP_ADDRESS`.
    #[must_use]
    pub fn invalid_ip_address(address: &str) -> Self {
        Self::type_error("ERR_INVALID_IP_ADDRESS", format!("Invalid IP address: {address}"))
    }

    /// `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`: Node has it, a component cannot.
    #[must_use]
    pub fn unavailable_on_platform(feature: &str) -> Self {
        Self::type_error(
            "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
            format!(
                "The feature {feature} is unavailable on the current platform, which is being used to run \
                 Node.js"
            ),
        )
    }
}

/// `WebSocket`. A `DOMException` has a number for a code.
impl Error {
    /// `SyntaxError`: an argument of the constructor, or the reason of `close`.
    #[must_use]
    pub fn syntax_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorName::SyntaxError, "12", message)
    }

    /// `InvalidStateError`: `send` before the connection is open.
    #[must_use]
    pub fn sent_before_connected() -> Self {
        Self::new(ErrorName::InvalidStateError, "11", "Sent before connected.")
    }

    /// `InvalidAccessError`: `close` with a code that is not an application's.
    #[must_use]
    pub fn invalid_close_code() -> Self {
        Self::new(ErrorName::InvalidAccessError, "15", "invalid code")
    }

    /// The `error` event of a connection; as in Node without a code.
    #[must_use]
    pub fn web_socket(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain("", message)
    }

    /// `ERR_WEB_SOCKET_HANDSHAKE`, a code of our own: a request that asks for no WebSocket that can be given.
    #[must_use]
    pub fn web_socket_handshake(message: &'static str) -> Self {
        Self::plain("ERR_WEB_SOCKET_HANDSHAKE", message)
    }
}

/// Node calls `options.agent` a property and `agent` an argument.
fn argument_kind(name: &str) -> &'static str {
    if name.contains('.') { "property" } else { "argument" }
}

/// Node separates the thousands of a received number beyond 2³².
fn with_separators(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    let grouped = value.unsigned_abs() > 1 << 32;
    for (index, digit) in digits.char_indices() {
        if grouped && index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
