//! How both interpreters say what they have seen.

use serde_json::{Value, json};

use crate::support::{Error, ErrorName, HeaderValue, IncomingMessage};
use node_http_imports::client::{ClientRequest, ClientRequestEventKind, Information};

/// An event of a request.
pub(super) fn event(kind: &ClientRequestEventKind) -> String {
    use ClientRequestEventKind as Kind;

    let name = match kind {
        Kind::Abort => "abort",
        Kind::Close => "close",
        Kind::Connect(upgraded) | Kind::Upgrade(upgraded) => {
            let name = if matches!(kind, Kind::Connect(_)) { "connect" } else { "upgrade" };
            let head = json!(latin1(&upgraded.head));
            return format!("req.{name}({} {head})", upgraded.response.status_code().unwrap_or_default());
        }
        Kind::Continue => "continue",
        Kind::Drain => "drain",
        Kind::Error(error) => return format!("req.error{}", self::error(error)),
        Kind::Finish => "finish",
        Kind::Information(information) => return self::information(information),
        Kind::Prefinish => "prefinish",
        Kind::Response(_) => "response",
        Kind::Socket(_) => "socket",
        Kind::Timeout => "timeout",
    };
    format!("req.{name}")
}

fn information(information: &Information) -> String {
    let raw: Vec<&String> = information.raw_headers.iter().flat_map(|(name, value)| [name, value]).collect();
    format!(
        "req.information({} {} HTTP/{} {} {})",
        information.status_code,
        information.status_message,
        information.http_version,
        json!(raw),
        headers(&information.headers),
    )
}

/// An error, as it was thrown, answered or told.
pub(super) fn error(error: &Error) -> String {
    let name = match error.name {
        ErrorName::Error => "Error",
        ErrorName::TypeError => "TypeError",
        ErrorName::RangeError => "RangeError",
        ErrorName::AbortError => "AbortError",
        ErrorName::SyntaxError => "SyntaxError",
        ErrorName::InvalidStateError => "InvalidStateError",
        ErrorName::InvalidAccessError => "InvalidAccessError",
    };
    let reason = error.parse.as_ref().map(|parse| format!("|reason={}", parse.reason));
    let call = error.system.as_ref().map(|system| format!("|{}", system.syscall));
    let cause = error.cause.as_ref().map(|cause| format!("|cause={}: {}", cause.name, cause.message));
    let more: String = [reason, call, cause].into_iter().flatten().collect();
    format!("[{name}|{}|{}{more}]", error.code, error.message)
}

/// The value of a header as JSON.
pub(super) fn value(value: &HeaderValue) -> Value {
    match value {
        HeaderValue::Text(text) => json!(text),
        HeaderValue::Integer(number) => json!(number),
        HeaderValue::List(values) => json!(values),
    }
}

/// Names and values as JSON.
pub(super) fn headers(headers: &[(String, HeaderValue)]) -> String {
    let pairs: Vec<Value> = headers.iter().map(|(name, content)| json!([name, value(content)])).collect();
    json!(pairs).to_string()
}

/// What a request says of itself.
pub(super) fn state(request: &ClientRequest) -> Value {
    let properties = [
        ("aborted", request.aborted().to_string()),
        ("destroyed", request.destroyed().to_string()),
        ("finished", request.is_finished().to_string()),
        ("headersSent", request.headers_sent().to_string()),
        ("host", request.host()),
        ("method", request.method()),
        ("path", request.path()),
        ("protocol", request.protocol()),
        ("reusedSocket", request.reused_socket().to_string()),
        ("writableCorked", request.writable_corked().to_string()),
        ("writableEnded", request.writable_ended().to_string()),
        ("writableFinished", request.writable_finished().to_string()),
        ("writableLength", if request.writable_length() == 0 { "0" } else { "some" }.to_owned()),
        ("writableNeedDrain", request.writable_need_drain().to_string()),
    ];
    // What a request still holds when it is destroyed is no matter.
    let properties =
        properties.into_iter().filter(|(name, _)| *name != "writableLength" || !request.destroyed());
    properties.map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

/// The head of a response.
pub(super) fn describe(response: &IncomingMessage) -> Value {
    let (version, code) = (response.http_version(), response.status_code().unwrap_or_default());
    let raw: Vec<String> =
        response.raw_headers().into_iter().flat_map(|(name, value)| [name, value]).collect();
    json!({
        "status": format!("HTTP/{version} {code} {}", response.status_message().unwrap_or_default()),
        "headers": headers(&response.headers()),
        "headersDistinct": json!(response.headers_distinct()).to_string(),
        "rawHeaders": json!(raw).to_string(),
    })
}

/// What is left of a response when all is over.
pub(super) fn ended(message: &IncomingMessage, body: Option<&str>) -> Value {
    let (complete, aborted, destroyed) = (message.complete(), message.aborted(), message.destroyed());
    let raw: Vec<String> =
        message.raw_trailers().into_iter().flat_map(|(name, value)| [name, value]).collect();
    json!({
        "flags": format!("complete={complete} aborted={aborted} destroyed={destroyed}"),
        "body": body.unwrap_or("not read"),
        "trailers": headers(&message.trailers()),
        "rawTrailers": json!(raw).to_string(),
    })
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
