//! Header values, and how Node presents received fields: `headers`, `headersDistinct`, `rawHeaders` (and the
//! same three for trailers).
//!
//! The functions take any sequence of raw `(name, value)` pairs in order of arrival. They run when a program
//! asks, not for each message: most handlers look at few headers or none.

use std::borrow::Cow;
use std::collections::HashMap;

/// A header value with the type it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// A string.
    Text(String),
    /// A number.
    Integer(i64),
    /// An array of strings: one line each, or one joined line for some names.
    List(Vec<String>),
}

impl HeaderValue {
    /// The value as JavaScript turns it into a string; the items of an array are joined by commas.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Integer(number) => number.to_string().into(),
            Self::List(items) => items.join(",").into(),
        }
    }
}

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

impl<const N: usize> From<[&str; N]> for HeaderValue {
    fn from(items: [&str; N]) -> Self {
        Self::List(items.map(str::to_owned).to_vec())
    }
}

/// `message.headers`: lower-case names in order of first arrival, duplicates by Node's rules (IM9). With
/// `join_duplicates` (the option `joinDuplicateHeaders`) the fields that keep their first value are joined too.
pub fn joined<'a>(
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    join_duplicates: bool,
) -> Vec<(String, HeaderValue)> {
    let mut headers = Grouped::new();
    for (name, value) in fields {
        let name = lower_case(name);
        let rule = Duplicates::of(&name);
        let value = latin1_to_string(value);
        match (rule, headers.value_of(&name)) {
            (Duplicates::Collect, Some(HeaderValue::List(items))) => items.push(value),
            (Duplicates::Collect, _) => headers.insert(name, HeaderValue::List(vec![value])),
            (_, None) => headers.insert(name, HeaderValue::Text(value)),
            (Duplicates::First, Some(_)) if !join_duplicates => {}
            (rule, Some(HeaderValue::Text(text))) => {
                text.push_str(if rule == Duplicates::Semicolon { "; " } else { ", " });
                text.push_str(&value);
            }
            (_, Some(_)) => {}
        }
    }
    headers.entries
}

/// `message.headersDistinct`: lower-case names in order of first arrival, every value, nothing joined.
pub fn distinct<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<(String, Vec<String>)> {
    let mut headers = Grouped::new();
    for (name, value) in fields {
        let name = lower_case(name);
        let value = latin1_to_string(value);
        match headers.value_of(&name) {
            Some(values) => Vec::push(values, value),
            None => headers.insert(name, vec![value]),
        }
    }
    headers.entries
}

/// `message.rawHeaders`: names and values exactly as they arrived.
pub fn raw<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<(String, String)> {
    fields.map(|(name, value)| (latin1_to_string(name), latin1_to_string(value))).collect()
}

/// Bytes as a binary string: each byte the character of its value.
#[must_use]
pub fn latin1_to_string(bytes: &[u8]) -> String {
    latin1_text(bytes).into_owned()
}

/// As [`latin1_to_string`], without a copy where there are no others than those of ASCII.
#[must_use]
pub fn latin1_text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A binary string as bytes, one for each character.
#[must_use]
pub fn latin1_bytes(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        text.as_bytes().into()
    } else {
        // Validation lets no character beyond U+00FF through; truncation would only garble it, as Node does.
        text.chars().map(|c| u32::from(c).to_le_bytes()[0]).collect()
    }
}

/// Whether `word` stands in `value` as a whole word, in any case: JavaScript's `/(?:^|\W)word(?:$|\W)/i`, by
/// which Node looks for `close`, `chunked` and `100-continue`.
#[must_use]
pub fn contains_word(value: &[u8], word: &str) -> bool {
    let ends_word = |byte: Option<&u8>| byte.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
    value.windows(word.len()).enumerate().any(|(start, found)| {
        found.eq_ignore_ascii_case(word.as_bytes())
            && ends_word(start.checked_sub(1).and_then(|before| value.get(before)))
            && ends_word(value.get(start + word.len()))
    })
}

/// What a second field of one name does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duplicates {
    /// Dropped: the field makes no sense twice.
    First,
    /// Joined by a comma.
    Comma,
    /// `cookie`: joined by a semicolon (RFC 6265 §5.4).
    Semicolon,
    /// `set-cookie`: kept apart, its values may contain commas.
    Collect,
}

impl Duplicates {
    fn of(name: &str) -> Self {
        match name {
            "age"
            | "authorization"
            | "content-length"
            | "content-type"
            | "etag"
            | "expires"
            | "from"
            | "host"
            | "if-modified-since"
            | "if-unmodified-since"
            | "last-modified"
            | "location"
            | "max-forwards"
            | "proxy-authorization"
            | "referer"
            | "retry-after"
            | "server"
            | "user-agent" => Self::First,
            "cookie" => Self::Semicolon,
            "set-cookie" => Self::Collect,
            _ => Self::Comma,
        }
    }
}

/// Values by name, in order of first arrival.
struct Grouped<V> {
    entries: Vec<(String, V)>,
    /// Positions by name, kept once there are too many entries to search: a peer chooses their number.
    index: Option<HashMap<String, usize>>,
}

impl<V> Grouped<V> {
    const SEARCHED: usize = 32;

    fn new() -> Self {
        Self { entries: Vec::new(), index: None }
    }

    fn value_of(&mut self, name: &str) -> Option<&mut V> {
        let position = match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.entries.iter().position(|(known, _)| known == name),
        }?;
        Some(&mut self.entries[position].1)
    }

    fn insert(&mut self, name: String, value: V) {
        if let Some(index) = &mut self.index {
            index.insert(name.clone(), self.entries.len());
        }
        self.entries.push((name, value));
        if self.index.is_none() && self.entries.len() > Self::SEARCHED {
            let names = self.entries.iter().map(|(name, _)| name.clone());
            self.index = Some(names.zip(0..).collect());
        }
    }
}

fn lower_case(name: &[u8]) -> String {
    let mut name = latin1_to_string(name);
    name.make_ascii_lowercase();
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<'a>(list: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))
    }

    fn text(name: &str, value: &str) -> (String, HeaderValue) {
        (name.to_owned(), value.into())
    }

    /// Rows: IM9
    #[test]
    fn headers_join_drop_or_collect_duplicates() {
        let received = [
            ("Host", "a"),
            ("X-A", "1"),
            ("host", "b"),
            ("x-a", ""),
            ("Cookie", "a=1"),
            ("COOKIE", "b=2"),
            ("Set-Cookie", "c"),
            ("set-cookie", "d"),
            ("__proto__", "e"),
        ];
        assert_eq!(
            joined(fields(&received), false),
            [
                text("host", "a"),
                text("x-a", "1, "),
                text("cookie", "a=1; b=2"),
                ("set-cookie".to_owned(), ["c", "d"].into()),
                text("__proto__", "e"),
            ]
        );
        assert_eq!(joined(fields(&received), true)[0], text("host", "a, b"));
    }

    /// Rows: IM9
    #[test]
    fn every_field_that_keeps_its_first_value() {
        for name in [
            "age",
            "authorization",
            "content-length",
            "content-type",
            "etag",
            "expires",
            "from",
            "host",
            "if-modified-since",
            "if-unmodified-since",
            "last-modified",
            "location",
            "max-forwards",
            "proxy-authorization",
            "referer",
            "retry-after",
            "server",
            "user-agent",
        ] {
            let twice = [(name, ""), (name, "2")];
            assert_eq!(joined(fields(&twice), false), [text(name, "")]);
            assert_eq!(joined(fields(&twice), true), [text(name, ", 2")]);
        }
    }

    /// Rows: IM10, IM20
    #[test]
    fn headers_distinct_joins_nothing() {
        let received = [("A", "1"), ("Host", "h"), ("a", "2")];
        let expected = [
            ("a".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
            ("host".to_owned(), vec!["h".to_owned()]),
        ];
        assert_eq!(distinct(fields(&received)), expected);
    }

    /// Rows: IM13, IM14, I-47
    #[test]
    fn raw_headers_keep_case_order_and_bytes() {
        let received: [(&[u8], &[u8]); 2] = [(b"A", b""), (b"a", b"\xe9")];
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(raw(received.into_iter()), [pair("A", ""), pair("a", "\u{e9}")]);
    }

    #[test]
    fn words_are_whole() {
        for value in ["close", "a, CLOSE", "x-close", "close;", "\u{e9}close", "closed close"] {
            assert!(contains_word(value.as_bytes(), "close"), "{value}");
        }
        for value in ["", "clos", "closed", "close_", "1close"] {
            assert!(!contains_word(value.as_bytes(), "close"), "{value}");
        }
        assert!(contains_word(b"a 100-Continue", "100-continue"));
        assert!(!contains_word(b"100-continues", "100-continue"));
    }

    #[test]
    fn many_names_are_found_again() {
        let names: Vec<String> = (0..100).map(|n| format!("x-{n}")).collect();
        let received = names.iter().chain(&names).map(|name| (name.as_bytes(), &b"v"[..]));
        let headers = joined(received, false);
        assert_eq!(headers.len(), 100);
        assert!(headers.iter().all(|(_, value)| *value == "v, v".into()));
    }

    #[test]
    fn latin1_goes_both_ways() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(latin1_bytes(&latin1_to_string(&bytes)), bytes);
    }
}
