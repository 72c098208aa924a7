//! Between JavaScript's values and the crate's.

use node_http::{
    agent::IpFamily,
    error::{Error, ErrorName},
    message::HeaderValue,
};
use serde_json::{Map, Value, json};

/// The arguments of a call. What is missing or of another kind is as good as not given: the face has checked them.
pub(super) struct Arguments<'a>(pub(super) &'a [Value]);

impl Arguments<'_> {
    pub(super) fn value(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, index: usize) -> String {
        self.optional_text(index).unwrap_or_default()
    }

    pub(super) fn optional_text(&self, index: usize) -> Option<String> {
        text(self.value(index))
    }

    pub(super) fn flag(&self, index: usize) -> bool {
        self.value(index).as_bool().unwrap_or(false)
    }

    /// A number; too large a one is the largest.
    pub(super) fn number(&self, index: usize) -> u32 {
        small(self.value(index)).unwrap_or(0)
    }

    pub(super) fn id(&self, index: usize) -> u64 {
        whole(self.value(index)).unwrap_or(0)
    }

    pub(super) fn strings(&self, index: usize) -> Vec<String> {
        strings(self.value(index)).unwrap_or_default()
    }

    pub(super) fn headers(&self, index: usize) -> Vec<(String, HeaderValue)> {
        headers(self.value(index)).unwrap_or_default()
    }

    pub(super) fn error(&self, index: usize) -> Option<Error> {
        error(self.value(index))
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// JavaScript has one kind of number.
pub(super) fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is meant"
    )]
    value.as_u64().or_else(|| value.as_f64().map(|number| number as u64))
}

pub(super) fn small(value: &Value) -> Option<u32> {
    whole(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

pub(super) fn port(value: &Value) -> Option<u16> {
    whole(value).and_then(|number| u16::try_from(number).ok())
}

pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    Some(value.as_array()?.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect())
}

pub(super) fn family(value: &Value) -> Option<IpFamily> {
    match whole(value) {
        Some(4) => Some(IpFamily::Ipv4),
        Some(6) => Some(IpFamily::Ipv6),
        _ => None,
    }
}

/// A list of pairs.
pub(super) fn headers(value: &Value) -> Option<Vec<(String, HeaderValue)>> {
    let pair = |pair: &Value| (text(&pair[0]).unwrap_or_default(), header_value(&pair[1]));
    Some(value.as_array()?.iter().map(pair).collect())
}

pub(super) fn header_value(value: &Value) -> HeaderValue {
    match value {
        Value::Array(_) => HeaderValue::List(strings(value).unwrap_or_default()),
        Value::String(text) => HeaderValue::Text(text.clone()),
        other => match other.as_i64() {
            Some(number) => HeaderValue::Integer(number),
            None => HeaderValue::Text(other.to_string()),
        },
    }
}

pub(super) fn value_of(value: &HeaderValue) -> Value {
    match value {
        HeaderValue::Text(text) => json!(text),
        HeaderValue::Integer(number) => json!(number),
        HeaderValue::List(items) => json!(items),
    }
}

pub(super) fn headers_value(headers: &[(String, HeaderValue)]) -> Value {
    headers.iter().map(|(name, value)| json!([name, value_of(value)])).collect()
}

/// Names and values in turn, as in `rawHeaders`.
pub(super) fn flat(pairs: Vec<(String, String)>) -> Value {
    pairs.into_iter().flat_map(|(name, value)| [Value::String(name), Value::String(value)]).collect()
}

/// What `then` makes of the fields that a flat list stands for.
pub(super) fn latin1_pairs(
    flat: &[String],
    then: impl FnOnce(std::vec::IntoIter<(&[u8], &[u8])>) -> Value,
) -> Value {
    let bytes: Vec<Vec<u8>> = flat.iter().map(|text| latin1_bytes(text)).collect();
    let pairs: Vec<(&[u8], &[u8])> =
        bytes.chunks_exact(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice())).collect();
    then(pairs.into_iter())
}

fn latin1_bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// Bytes as a string with a character for each.
pub(super) fn latin1(bytes: &[u8]) -> Value {
    bytes.iter().copied().map(char::from).collect::<String>().into()
}

/// An error of the face's own: the crate only hands it on.
pub(super) fn error(value: &Value) -> Option<Error> {
    let error = value.as_object()?;
    let name = match error.get("name").and_then(Value::as_str) {
        Some("TypeError") => ErrorName::TypeError,
        Some("RangeError") => ErrorName::RangeError,
        Some("AbortError") => ErrorName::AbortError,
        _ => ErrorName::Error,
    };
    let field = |name| error.get(name).and_then(text).unwrap_or_default();
    Some(Error::new(name, field("code"), field("message")))
}

pub(super) fn error_value(error: &Error) -> Value {
    let mut value = Map::new();
    let mut set = |name: &str, given: Value| _ = value.insert(name.to_owned(), given);
    set("name", error.name().as_str().into());
    set("code", error.code().into());
    set("message", error.message().into());
    if let Some(details) = error.details() {
        if let Some(parse) = &details.parse {
            set("reason", parse.reason.as_ref().into());
            set("bytesParsed", parse.bytes_parsed.into());
            set("rawPacket", latin1(&parse.raw_packet));
        }
        if let Some(system) = &details.system {
            set("syscall", system.syscall.as_ref().into());
            set("address", json!(system.address));
            set("port", json!(system.port));
        }
    }
    Value::Object(value)
}

/// The face calls what is not there.
pub(super) fn unknown(operation: &str) -> Error {
    Error::new(
        ErrorName::TypeError,
        "ERR_METHOD_NOT_IMPLEMENTED",
        format!("The {operation} method is not implemented"),
    )
}

pub(super) fn released(operation: &str) -> Error {
    Error::new(
        ErrorName::Error,
        "ERR_NODE_HTTP_RELEASED",
        format!("Cannot call {operation} after its object was released"),
    )
}
