//! What a request wants of a file: all, a part, or to hear that it has it already (RFC 9110, 13 and 14).

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use node_http_imports::server::IncomingMessage;
use node_http_imports::types::HeaderValue;

/// What tells one content of a file from another.
pub(crate) struct Version {
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
}

/// How a request is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// 200, or 206 with a part; without content 304, 412 or 416.
    pub(crate) status: u16,
    /// The bytes to send.
    pub(crate) bytes: Range<u64>,
}

impl Version {
    /// A strong validator as long as a file is not changed twice within a second without changing its size.
    fn etag(&self) -> String {
        let since = self.modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        format!("\"{:x}-{:x}\"", self.size, since.unwrap_or_default().as_secs())
    }

    /// In the order of RFC 9110, 13.2.2.
    pub(crate) fn wanted(&self, request: &IncomingMessage) -> Wanted {
        let header = |name: &str| request.header_text(name);
        let since = |name: &str| header(name).and_then(|date| httpdate::parse_http_date(&date).ok());
        let nothing = |status| Wanted { status, bytes: 0..0 };
        let failed = match header("if-match") {
            Some(tags) => !self.matches(&tags),
            None => since("if-unmodified-since").is_some_and(|date| self.modified > Some(date)),
        };
        if failed {
            return nothing(412);
        }
        let known = match header("if-none-match") {
            Some(tags) => self.matches(&tags),
            None => since("if-modified-since")
                .is_some_and(|date| self.modified.is_some_and(|modified| modified <= date)),
        };
        if known {
            return nothing(304);
        }
        let same = header("if-range").is_none_or(|validator| match validator.starts_with('"') {
            true => validator == self.etag(),
            false => self.modified.is_some() && httpdate::parse_http_date(&validator).ok() == self.modified,
        });
        // Only GET has ranges.
        match header("range").filter(|_| same && request.method().as_deref() == Some("GET")) {
            Some(range) => self.part(&range),
            None => self.whole(),
        }
    }

    /// The fields of the answer; of an answer without content not the type.
    pub(crate) fn fields(&self, wanted: &Wanted, content_type: &str) -> Vec<(String, HeaderValue)> {
        let Wanted { status, bytes: Range { start, end } } = wanted;
        let mut fields = Vec::new();
        if [200, 206].contains(status) {
            fields.push(("Content-Type", content_type.to_owned()));
        }
        if *status != 304 {
            fields.push(("Content-Length", (end - start).to_string()));
        }
        fields.extend([("ETag", self.etag()), ("Accept-Ranges", "bytes".to_owned())]);
        fields.extend(self.modified.map(|modified| ("Last-Modified", httpdate::fmt_http_date(modified))));
        match status {
            206 => fields.push(("Content-Range", format!("bytes {start}-{}/{}", end - 1, self.size))),
            416 => fields.push(("Content-Range", format!("bytes */{}", self.size))),
            _ => {}
        }
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    fn whole(&self) -> Wanted {
        Wanted { status: 200, bytes: 0..self.size }
    }

    fn matches(&self, tags: &str) -> bool {
        let etag = self.etag();
        let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == "*" || tag == etag)
    }

    /// One range; several, or what is no range, get the whole file, which RFC 9110, 14.2 allows.
    fn part(&self, range: &str) -> Wanted {
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return self.whole();
        };
        let bytes = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(self.size),
            (Ok(first), Err(_)) if last.is_empty() => first..self.size,
            (Err(_), Ok(count)) if first.is_empty() => self.size.saturating_sub(count)..self.size,
            _ => return self.whole(),
        };
        match bytes.is_empty() {
            true => Wanted { status: 416, bytes: 0..0 },
            false => Wanted { status: 206, bytes },
        }
    }
}
