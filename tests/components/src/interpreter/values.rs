//! JSON to the values of `node:http`, and back.

use serde_json::{Value, json};

use crate::support::*;

/// The server with these options, which are those of `http.createServer` and properties of the server.
pub(super) fn server(options: &Value) -> Server {
    let flag = |name: &str| options[name].as_bool();
    let server = Server::create(&ServerOptions {
        connections_checking_interval: number(&options["connectionsCheckingInterval"]),
        headers_timeout: number(&options["headersTimeout"]),
        request_timeout: number(&options["requestTimeout"]),
        keep_alive_timeout: number(&options["keepAliveTimeout"]),
        high_water_mark: number(&options["highWaterMark"]),
        max_header_size: number(&options["maxHeaderSize"]),
        max_connections: number(&options["maxConnections"]),
        http_allow_half_open: flag("httpAllowHalfOpen"),
        insecure_http_parser: flag("insecureHTTPParser"),
        join_duplicate_headers: flag("joinDuplicateHeaders"),
        reject_non_standard_body_writes: flag("rejectNonStandardBodyWrites"),
        require_host_header: flag("requireHostHeader"),
        unique_headers: options["uniqueHeaders"].as_array().map(|names| names.iter().map(text_of).collect()),
        listening: Some(listening(&options["listen"])),
        ..ServerOptions::default()
    })
    .expect("the options are valid");
    if let Some(count) = number(&options["maxRequestsPerSocket"]) {
        server.set_max_requests_per_socket(count);
    }
    if let Some(count) = number(&options["maxHeadersCount"]) {
        server.set_max_headers_count(Some(count));
    }
    server
}

fn listening(names: &Value) -> ServerEvents {
    names.as_array().into_iter().flatten().fold(ServerEvents::empty(), |events, name| {
        events
            | match name.as_str() {
                Some("checkContinue") => ServerEvents::CHECK_CONTINUE,
                Some("checkExpectation") => ServerEvents::CHECK_EXPECTATION,
                _ => panic!("{name} is no event that the interpreter answers"),
            }
    })
}

fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

/// Node's name, code and message.
pub(super) fn thrown(error: &Error) -> Value {
    let name = match error.name {
        ErrorName::Error => "Error",
        ErrorName::TypeError => "TypeError",
        ErrorName::RangeError => "RangeError",
        ErrorName::AbortError => "AbortError",
        ErrorName::SyntaxError => "SyntaxError",
        ErrorName::InvalidStateError => "InvalidStateError",
        ErrorName::InvalidAccessError => "InvalidAccessError",
    };
    json!({ "throw": [name, error.code, error.message] })
}

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn header_value(value: &Value) -> HeaderValue {
    match value {
        Value::Array(values) => HeaderValue::List(values.iter().map(text_of).collect()),
        other => other.as_i64().map_or_else(|| HeaderValue::Text(text_of(other)), HeaderValue::Integer),
    }
}

/// A list of pairs; nothing is an empty one.
pub(super) fn header_list(value: &Value) -> Vec<(String, HeaderValue)> {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (text_of(&pair[0]), header_value(&pair[1]))).collect()
}

/// The pairs of a `Map`: the last of equal names wins, at the place of the first.
pub(super) fn unique(pairs: Vec<(String, HeaderValue)>) -> Vec<(String, HeaderValue)> {
    let mut map: Vec<(String, HeaderValue)> = Vec::new();
    for (name, value) in pairs {
        match map.iter_mut().find(|pair| pair.0 == name) {
            Some(pair) => pair.1 = value,
            None => map.push((name, value)),
        }
    }
    map
}

pub(super) fn value_json(value: &HeaderValue) -> Value {
    match value {
        HeaderValue::Text(text) => json!(text),
        HeaderValue::Integer(number) => json!(number),
        HeaderValue::List(values) => json!(values),
    }
}

pub(super) fn pairs(headers: Vec<(String, HeaderValue)>) -> Value {
    headers.iter().map(|(name, value)| json!([name, value_json(value)])).collect()
}

pub(super) fn distinct(headers: Vec<(String, Vec<String>)>) -> Value {
    headers.iter().map(|(name, values)| json!([name, values])).collect()
}

/// Names and values in turn, as in `rawHeaders`.
pub(super) fn flat(fields: Vec<(String, String)>) -> Value {
    fields.into_iter().flat_map(|(name, value)| [json!(name), json!(value)]).collect()
}

/// The text and the encoding of `write` and `end`.
pub(super) fn chunk(parameters: &Value) -> Chunk {
    let content = text_of(&parameters[1]);
    let encoding = match parameters[2].as_str() {
        None => return Chunk::Text(content),
        Some("utf8") => Encoding::Utf8,
        Some("latin1") => Encoding::Latin1,
        Some("ascii") => Encoding::Ascii,
        Some("hex") => Encoding::Hex,
        Some("base64") => Encoding::Base64,
        Some("base64url") => Encoding::Base64url,
        Some("utf16le") => Encoding::Utf16le,
        Some(other) => panic!("{other:?} is no encoding that `node:http` knows"),
    };
    Chunk::Encoded((content, encoding))
}
