//! The bytes of a server as a list of messages, with everything forgotten that is nobody's business: where chunks are
//! cut, and what time it is.

use crate::latin1;

/// A date that programs send themselves.
const OWN_DATE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// One message, or what is in the place of one. All text is Latin-1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) head: String,
    pub(super) framing: Framing,
    /// Taken out of its chunks.
    pub(super) body: String,
    pub(super) trailers: String,
    /// All is there that the framing promises.
    pub(super) complete: bool,
}

/// What says where a body ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    #[default]
    Bodiless,
    Length,
    Chunked,
    /// The end of the connection.
    Close,
    /// Bytes where a message should begin.
    Stray,
}

impl Message {
    /// An answer, not an interim response.
    pub(super) fn is_final(&self) -> bool {
        self.framing != Framing::Stray && !self.head.starts_with("HTTP/1.1 1")
    }

    /// The value of the last field of this name, in lower case.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let fields = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).last();
        found.map(|(_, value)| value.trim().to_ascii_lowercase())
    }
}

/// The messages in `bytes`, which answer requests with these methods.
pub(super) fn messages(bytes: &[u8], methods: &[&str]) -> Vec<Message> {
    let text = masked(&latin1(bytes));
    let mut rest = &*text;
    let mut messages = Vec::new();
    let mut answered = 0;
    while !rest.is_empty() {
        let message;
        (message, rest) = next(rest, methods.get(answered).copied().unwrap_or_default());
        answered += usize::from(message.is_final());
        messages.push(message);
    }
    messages
}

/// The first message and what follows it.
fn next<'a>(text: &'a str, method: &str) -> (Message, &'a str) {
    let end = text.find("\r\n\r\n").map(|end| end + 4);
    let (true, Some(end)) = (text.starts_with("HTTP/1.1 "), end) else {
        let at = next_status_line(text);
        let body = text[..at].to_owned();
        return (Message { framing: Framing::Stray, body, ..Message::default() }, &text[at..]);
    };
    let (head, rest) = text.split_at(end);
    let mut message = Message { head: head.to_owned(), complete: true, ..Message::default() };
    let status = head.get(9..12).unwrap_or_default();
    if method == "HEAD" || status.starts_with('1') || matches!(status, "204" | "304") {
        return (message, rest);
    }
    let coding = message.field("transfer-encoding").unwrap_or_default();
    if coding.contains("chunked") {
        message.framing = Framing::Chunked;
        let rest = dechunk(rest, &mut message);
        return (message, rest);
    }
    let length = message.field("content-length").and_then(|length| length.parse().ok());
    let end = match length {
        Some(length) => {
            message.framing = Framing::Length;
            let end = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
            message.complete = rest[..end].chars().count() == length;
            end
        }
        None => {
            message.framing = Framing::Close;
            next_status_line(rest)
        }
    };
    rest[..end].clone_into(&mut message.body);
    (message, &rest[end..])
}

/// Where the next message may begin, not at the start.
fn next_status_line(text: &str) -> usize {
    let found = text.match_indices("HTTP/1.1 ").map(|(at, _)| at).find(|&at| {
        let line = &text[at + 9..];
        at > 0
            && line.len() > 4
            && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
            && line.as_bytes()[3] == b' '
    });
    found.unwrap_or(text.len())
}

/// Takes a body out of its chunks, as far as they are good. Returns what follows.
fn dechunk<'a>(text: &'a str, message: &mut Message) -> &'a str {
    let mut rest = text;
    message.complete = false;
    loop {
        let Some((line, after)) = rest.split_once("\r\n") else { return rest };
        let Ok(size) = usize::from_str_radix(line, 16) else { return rest };
        if size == 0 {
            let end = match after.starts_with("\r\n") {
                true => Some(0),
                false => after.find("\r\n\r\n").map(|end| end + 2),
            };
            let Some(end) = end else { return rest };
            message.trailers = after[..end].to_owned();
            message.complete = true;
            return &after[end + 2..];
        }
        let end = after.char_indices().nth(size).map_or(after.len(), |(at, _)| at);
        message.body.push_str(&after[..end]);
        match after[end..].strip_prefix("\r\n") {
            Some(next) => rest = next,
            None => return &after[end..],
        }
    }
}

/// The same with `D` for each date that the server has made, also where broken framing makes a body of a head.
fn masked(text: &str) -> String {
    let lines = text.split("\r\n").map(|line| match line.strip_prefix("Date: ") {
        Some(date) if date != OWN_DATE => "Date: D",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\n\
            HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xe9more\
            HTTP/1.1 404 Not Found\r\n\r\nrest";
        let found = messages(bytes, &["GET", "HEAD", "GET", "GET"]);
        let framings: Vec<Framing> = found.iter().map(|message| message.framing).collect();
        use Framing::{Bodiless, Chunked, Close, Length, Stray};
        assert_eq!(framings, [Bodiless, Chunked, Bodiless, Length, Stray, Close]);
        assert_eq!((&*found[1].body, &*found[1].trailers, found[1].complete), ("abc", "X: y\r\n", true));
        assert!(found[1].head.contains("\r\nDate: D\r\n"));
        assert_eq!((&*found[3].body, &*found[4].body, &*found[5].body), ("\u{e9}", "more", "rest"));
    }

    #[test]
    fn what_is_cut_is_not_complete() {
        let found = messages(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", &[]);
        assert_eq!((found.len(), &*found[0].body, found[0].complete), (1, "ab", false));
        let found = messages(b"HTTP/1.1 200 OK\r\nX", &[]);
        assert_eq!(found[0].framing, Framing::Stray);
        let own = format!("HTTP/1.1 204 No Content\r\nDate: {OWN_DATE}\r\n\r\n");
        assert_eq!(messages(own.as_bytes(), &[])[0].head, own);
    }
}
