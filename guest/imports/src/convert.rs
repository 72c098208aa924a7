//! Header values, chunks and messages from what an app has at hand.

use crate::types::{Chunk, HeaderValue};
use crate::web_socket::Message;

impl From<&str> for HeaderValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for HeaderValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for HeaderValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for HeaderValue {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Vec<String>> for HeaderValue {
    fn from(lines: Vec<String>) -> Self {
        Self::List(lines)
    }
}

/// As one line: Node joins the values of a list by `, `.
impl From<HeaderValue> for String {
    fn from(value: HeaderValue) -> Self {
        match value {
            HeaderValue::Text(text) => text,
            HeaderValue::Integer(number) => number.to_string(),
            HeaderValue::List(lines) => lines.join(", "),
        }
    }
}

impl From<&str> for Chunk {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Chunk {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Chunk {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_owned())
    }
}

impl From<Vec<u8>> for Chunk {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}
