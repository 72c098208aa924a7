//! Bytes of HTTP as text, and what is set aside when they are compared.

use std::fmt::Write as _;

/// Bytes as a string of the characters U+0000 to U+00FF.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The way back.
///
/// # Panics
/// When `text` has other characters.
pub fn to_latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).expect("a character of Latin-1")).collect()
}

/// Replaces the value of every complete `Date` line by `D`.
pub fn without_dates(text: &str) -> String {
    const DATE: &str = "\r\nDate: ";
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(DATE) {
        let (before, date) = rest.split_at(at + DATE.len());
        let Some(end) = date.find('\r') else { break };
        result.push_str(before);
        result.push('D');
        rest = &date[end..];
    }
    result + rest
}

/// A GET request for `url`.
pub fn get(url: &str) -> String {
    format!("GET {url} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// A POST request for `url` with Content-Length.
pub fn post(url: &str, body: &str) -> String {
    format!("POST {url} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The answer to either on a connection that stays open, when the handler sets nothing but the body.
pub fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The same on a connection that is closed afterwards.
pub fn ok_and_close(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Makes one chunk of the chunks of each body in `replies`: where they are cut is nobody's business (I-22).
pub fn merge_chunks(replies: &str) -> String {
    let mut result = String::new();
    let mut rest = replies;
    while let Some(end) = rest.find("\r\n\r\n") {
        let (head, body) = rest.split_at(end + 4);
        result.push_str(head);
        rest = body;
        let chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: ")
            && head.to_ascii_lowercase().contains("chunked\r\n");
        if chunked && let Some((data, after)) = chunks(body) {
            if !data.is_empty() {
                // Writing to a string cannot fail.
                let _ = write!(result, "{:x}\r\n{data}\r\n", data.len());
            }
            result.push_str("0\r\n");
            rest = after;
        }
        // What follows the terminator up to the next head (trailers, sized bodies) stays as it is.
        let next = rest.find("HTTP/1.1 ").unwrap_or(rest.len());
        result.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    result + rest
}

/// The data of a chunked body and what follows its last chunk's line; none when it is not complete or not valid.
pub(crate) fn chunks(body: &str) -> Option<(String, &str)> {
    let mut data = String::new();
    let mut rest = body;
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some((data, after));
        }
        // Latin-1 text: the size counts characters, of which those above U+007F take two bytes here.
        let end = after.char_indices().nth(size).map(|(at, _)| at)?;
        data.push_str(&after[..end]);
        rest = after[end..].strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_merged_and_trailers_stay() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let cut = format!("{head}1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n{head}0\r\n\r\n");
        assert_eq!(merge_chunks(&cut), format!("{head}3\r\nabc\r\n0\r\nX: y\r\n\r\n{head}0\r\n\r\n"));
        let incomplete = format!("{head}5\r\nab");
        assert_eq!(merge_chunks(&incomplete), incomplete);
    }

    #[test]
    fn dates_are_replaced_once_their_line_is_complete() {
        assert_eq!(without_dates("A\r\nDate: x\r\nB: c\r\nDate: y"), "A\r\nDate: D\r\nB: c\r\nDate: y");
        assert_eq!(without_dates("A\r\nDate: D\r\n"), "A\r\nDate: D\r\n");
    }
}
