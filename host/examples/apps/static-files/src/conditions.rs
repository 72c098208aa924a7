//! What a request wants of a file: all, a part, or to hear that it has it already (RFC 9110, 13 and 14).

use std::time::{SystemTime, UNIX_EPOCH};

use node_http_imports::server::IncomingMessage;

/// What tells one content of a file from another.
pub(crate) struct Version {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file.
    All,
    /// The bytes from `start` to before `end`.
    Part { start: u64, end: u64 },
    /// No content: 304, 412 or 416.
    Nothing { status: u16 },
}

impl Version {
    /// A strong validator as long as a file is not changed twice within a second without changing its size.
    pub(crate) fn etag(&self) -> String {
        let seconds = self.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        format!("\"{:x}-{seconds:x}\"", self.size)
    }

    /// In the order of RFC 9110, 13.2.2.
    pub(crate) fn wanted(&self, request: &IncomingMessage) -> Wanted {
        let header = |name: &str| request.header_text(name);
        let since = |name: &str| header(name).and_then(|date| httpdate::parse_http_date(&date).ok());
        let failed = match header("if-match") {
            Some(tags) => !self.matches(&tags),
            None => since("if-unmodified-since").is_some_and(|date| self.modified > date),
        };
        if failed {
            return Wanted::Nothing { status: 412 };
        }
        let known = match header("if-none-match") {
            Some(tags) => self.matches(&tags),
            None => since("if-modified-since").is_some_and(|date| self.modified <= date),
        };
        if known {
            return Wanted::Nothing { status: 304 };
        }
        let same = header("if-range").is_none_or(|validator| match validator.starts_with('"') {
            true => validator == self.etag(),
            false => httpdate::parse_http_date(&validator).is_ok_and(|date| date == self.modified),
        });
        match header("range").filter(|_| same) {
            Some(range) => self.part(&range),
            None => Wanted::All,
        }
    }

    fn matches(&self, tags: &str) -> bool {
        let etag = self.etag();
        let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == "*" || tag == etag)
    }

    /// One range; several, or what is no range, get the whole file, which RFC 9110, 14.2 allows.
    fn part(&self, range: &str) -> Wanted {
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Wanted::All;
        };
        let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(self.size)),
            (Ok(first), Err(_)) if last.is_empty() => (first, self.size),
            (Err(_), Ok(count)) if first.is_empty() => (self.size.saturating_sub(count), self.size),
            _ => return Wanted::All,
        };
        match start < end {
            true => Wanted::Part { start, end },
            false => Wanted::Nothing { status: 416 },
        }
    }
}
