//! Headers before the head is rendered: `setHeader` and its relatives.

use crate::error::Error;
use crate::message::headers::HeaderValue;
use crate::message::validate::{validate_header_name, validate_header_value};

use super::OutgoingMessage;

/// Headers by name without regard to case, in order of first setting, with the case of the last.
///
/// A list, because messages have few headers: searching it costs less than hashing.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderMap {
    entries: Vec<(String, HeaderValue)>,
}

impl HeaderMap {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&HeaderValue> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut (String, HeaderValue)> {
        self.entries.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    fn set(&mut self, name: &str, value: HeaderValue) {
        match self.get_mut(name) {
            Some(entry) => *entry = (name.to_owned(), value),
            None => self.entries.push((name.to_owned(), value)),
        }
    }

    fn append(&mut self, name: &str, value: HeaderValue) {
        let Some((_, present)) = self.get_mut(name) else {
            return self.entries.push((name.to_owned(), value));
        };
        let mut items = into_items(std::mem::replace(present, HeaderValue::Integer(0)));
        items.extend(into_items(value));
        *present = HeaderValue::List(items);
    }

    fn remove(&mut self, name: &str) {
        self.entries.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

/// Node's header methods.
impl OutgoingMessage {
    /// `setHeader`.
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT`, `ERR_INVALID_HTTP_TOKEN`, `ERR_INVALID_CHAR`.
    pub fn set_header(&mut self, name: &str, value: HeaderValue) -> Result<(), Error> {
        self.check_change("set", name, &value)?;
        self.headers.get_or_insert_default().set(name, value);
        Ok(())
    }

    /// `appendHeader`: behind the values that are there, which become an array.
    ///
    /// # Errors
    /// As [`set_header`](Self::set_header).
    pub fn append_header(&mut self, name: &str, value: HeaderValue) -> Result<(), Error> {
        self.check_change("append", name, &value)?;
        self.headers.get_or_insert_default().append(name, value);
        Ok(())
    }

    /// `setHeaders`: each pair replaces, save that all pairs named exactly `set-cookie` are collected, as a
    /// `Headers` object gives one pair for each cookie.
    ///
    /// # Errors
    /// As [`set_header`](Self::set_header). Pairs before the faulty one stay set.
    pub fn set_headers(&mut self, headers: Vec<(String, HeaderValue)>) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("set"));
        }
        let mut cookies = Vec::new();
        for (name, value) in headers {
            if name == "set-cookie" {
                cookies.extend(into_items(value));
            } else {
                self.set_header(&name, value)?;
            }
        }
        if cookies.is_empty() {
            return Ok(());
        }
        self.set_header("set-cookie", HeaderValue::List(cookies))
    }

    /// `getHeader`: the value with the type that was set. It still answers after the head was sent.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.as_ref()?.get(name)
    }

    /// `hasHeader`.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.get_header(name).is_some()
    }

    /// `getHeaders`: lower-case names and values.
    #[must_use]
    pub fn get_headers(&self) -> Vec<(String, HeaderValue)> {
        self.entries().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
    }

    /// `getHeaderNames`: in lower case.
    #[must_use]
    pub fn get_header_names(&self) -> Vec<String> {
        self.entries().map(|(name, _)| name.to_ascii_lowercase()).collect()
    }

    /// `getRawHeaderNames`: in the case that was set last.
    #[must_use]
    pub fn get_raw_header_names(&self) -> Vec<String> {
        self.entries().map(|(name, _)| name.to_owned()).collect()
    }

    /// `removeHeader`: removes what was set, and what would be added: removing `Connection`,
    /// `Content-Length`, `Transfer-Encoding` or `Date` suppresses the automatic line (I-2, I-9).
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT`.
    pub fn remove_header(&mut self, name: &str) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("remove"));
        }
        self.automatic.suppress(name);
        if let Some(headers) = &mut self.headers {
            headers.remove(name);
        }
        Ok(())
    }

    fn entries(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers.iter().flat_map(HeaderMap::iter)
    }

    fn check_change(&self, verb: &str, name: &str, value: &HeaderValue) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent(verb));
        }
        validate_header_name(name, None)?;
        check_value(name, value)
    }
}

/// Checks every string of a header value.
pub(super) fn check_value(name: &str, value: &HeaderValue) -> Result<(), Error> {
    match value {
        HeaderValue::Text(text) => validate_header_value(name, text),
        HeaderValue::Integer(_) => Ok(()),
        HeaderValue::List(items) => items.iter().try_for_each(|item| validate_header_value(name, item)),
    }
}

fn into_items(value: HeaderValue) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![text],
        HeaderValue::Integer(number) => vec![number.to_string()],
        HeaderValue::List(items) => items,
    }
}
