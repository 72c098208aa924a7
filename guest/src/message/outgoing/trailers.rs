//! Trailers: fields behind a chunked body.

use crate::error::Error;
use crate::message::headers::HeaderValue;
use crate::message::validate::{validate_header_name, validate_trailer_value};

use super::OutgoingMessage;
use super::head::push_field;

impl OutgoingMessage {
    /// `addTrailers`: replaces earlier trailers. They are sent behind a chunked body and silently dropped
    /// otherwise. The items of an array repeat the line, unless the name is one of `uniqueHeaders`.
    ///
    /// # Errors
    /// `ERR_INVALID_HTTP_TOKEN`, `ERR_INVALID_CHAR`. Trailers before the faulty one stay, as in Node.
    pub fn add_trailers(&mut self, trailers: &[(String, HeaderValue)]) -> Result<(), Error> {
        self.trailers.clear();
        trailers.iter().try_for_each(|(name, value)| self.push_trailer(name, value))
    }

    fn push_trailer(&mut self, name: &str, value: &HeaderValue) -> Result<(), Error> {
        validate_header_name(name, Some("Trailer name"))?;
        match value {
            HeaderValue::Text(text) => push_line(&mut self.trailers, name, text),
            HeaderValue::Integer(number) => push_line(&mut self.trailers, name, &number.to_string()),
            HeaderValue::List(items) if items.len() > 1 && !self.is_unique(name) => {
                items.iter().try_for_each(|item| push_line(&mut self.trailers, name, item))
            }
            HeaderValue::List(items) => push_line(&mut self.trailers, name, &items.join("; ")),
        }
    }

    /// Whether arrays under `name` become one line.
    pub(super) fn is_unique(&self, name: &str) -> bool {
        self.role.unique_headers().iter().any(|unique| unique.eq_ignore_ascii_case(name))
    }
}

fn push_line(lines: &mut Vec<u8>, name: &str, value: &str) -> Result<(), Error> {
    validate_trailer_value(name, value)?;
    push_field(lines, name, value);
    Ok(())
}
