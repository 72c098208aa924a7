//! Trailers: fields behind a chunked body.

use crate::error::Error;
use crate::message::headers::{HeaderValue, push_latin1};
use crate::message::validate::{validate_header_name, validate_trailer_value};

use super::OutgoingMessage;

impl OutgoingMessage {
    /// `addTrailers`: replaces earlier trailers. They are sent behind a chunked body and silently dropped
    /// otherwise. The items of an array repeat the line, unless the name is one of `uniqueHeaders`.
    ///
    /// # Errors
    /// `ERR_INVALID_HTTP_TOKEN`, `ERR_INVALID_CHAR`. Nothing changes then.
    pub fn add_trailers(&mut self, trailers: &[(String, HeaderValue)]) -> Result<(), Error> {
        let mut lines = Vec::new();
        for (name, value) in trailers {
            validate_header_name(name, Some("Trailer name"))?;
            match value {
                HeaderValue::Text(text) => push_trailer(&mut lines, name, text)?,
                HeaderValue::Integer(number) => {
                    push_trailer(&mut lines, name, &number.to_string())?
                }
                HeaderValue::List(items) if items.len() > 1 && !self.is_unique(name) => {
                    for item in items {
                        push_trailer(&mut lines, name, item)?;
                    }
                }
                HeaderValue::List(items) => push_trailer(&mut lines, name, &items.join("; "))?,
            }
        }
        self.trailers = lines;
        Ok(())
    }

    /// Whether arrays under `name` become one line.
    pub(super) fn is_unique(&self, name: &str) -> bool {
        self.context
            .unique_headers
            .iter()
            .any(|unique| unique.eq_ignore_ascii_case(name))
    }
}

fn push_trailer(lines: &mut Vec<u8>, name: &str, value: &str) -> Result<(), Error> {
    validate_trailer_value(name, value)?;
    lines.extend_from_slice(name.as_bytes());
    lines.extend_from_slice(b": ");
    push_latin1(lines, value);
    lines.extend_from_slice(b"\r\n");
    Ok(())
}
