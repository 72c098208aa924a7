//! Any bytes behind a chunked head are a body or an error, never a panic, and the same however they are split; a body
//! that is complete is the one that a simple reader of RFC 9112 section 7.1 finds.
//!
//! Three bytes set the decoder up, the rest is the body.

use node_http::proto::{Direction, Leniency, Limits};

use crate::support::Setup;

/// What chunked bodies are made of.
#[allow(dead_code, reason = "the fuzz target finds its own")]
pub(crate) const LIKELY: &[&[u8]] = &[
    b"0",
    b"1",
    b"3",
    b"a",
    b"F",
    b"10",
    b"fffffffffffffffff",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b";",
    b"=",
    b" ",
    b"\t",
    b"\"",
    b"\\",
    b"name",
    b";name=value",
    b";name=\"va\\\"lue\"",
    b"abc",
    b"x: y\r\n",
    b"Content-Length: 1\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\nx: y\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
];

const HEADS: [(Direction, &[u8]); 2] = [
    (Direction::Request, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (Direction::Response, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
];

pub(crate) fn check(input: &[u8]) {
    let Some((&[flags, lenient, split], body)) = input.split_first_chunk() else { return };
    let (direction, head) = HEADS[usize::from(flags & 1)];
    let mut setup = Setup::strict(direction);
    if flags & 2 != 0 {
        setup.limits = Limits { max_header_size: 64, max_headers_count: 4, max_chunk_extensions: 16 };
    }
    let strict = lenient & 1 == 0;
    if !strict {
        setup.leniency = Leniency::insecure_http_parser();
    }
    let bytes = [head, body].concat();
    let record = crate::head::check_splits(&setup, &bytes, split);
    let message = record.messages.first().expect("the head is valid");
    if strict && message.complete {
        assert_eq!(read_body(body).as_ref(), Some(&message.body), "another body than the reader's");
    }
}

/// The body of a chunked message whose grammar was checked by somebody else.
fn read_body(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let digits = rest[..line_end].split(|byte| b"; \t".contains(byte)).next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        rest = &rest[line_end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
