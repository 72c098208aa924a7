//! Any bytes are messages or an error, never a panic, and the same however they are split.
//!
//! Three bytes set the decoder up, the rest is what it decodes.

use node_http::proto::{Direction, Leniency, Limits, Method};

use crate::support::{Record, Setup};

/// What heads are made of.
#[allow(dead_code, reason = "the fuzz target finds its own")]
pub(crate) const LIKELY: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"CONNECT a:1 ",
    b"/",
    b"http://a/b?c#d ",
    b" ",
    b"\t",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"Host: a\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive, Upgrade\r\n",
    b"Upgrade: x\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip",
    b"Expect: 100-continue\r\n",
    b"x-long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    b":",
    b",",
    b"a",
    b"0",
    b"\0",
    b"\x7f",
    b"\xff",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 \r\n",
    b"HTTP/1.1 100\r\n",
    b"HTTP/1.1 304 Not Modified\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
];

pub(crate) fn check(input: &[u8]) {
    let Some((&[flags, leniency, split], bytes)) = input.split_first_chunk() else { return };
    let direction = if flags & 1 == 0 { Direction::Request } else { Direction::Response };
    let setup = Setup {
        direction,
        limits: limits(flags),
        leniency: lenient(leniency),
        skip_body: flags & 8 != 0,
        upgrade: flags & 16 != 0,
        answers: (flags & 32 != 0)
            .then(|| [Method::Head, Method::Connect, Method::Get][usize::from(split % 3)]),
    };
    check_splits(&setup, bytes, split);
}

/// Decodes whole, byte by byte and in pieces of growing length, and returns what the whole gives.
pub(crate) fn check_splits(setup: &Setup, bytes: &[u8], split: u8) -> Record {
    let whole = setup.run([bytes], true);
    let by_byte = setup.run(bytes.chunks(1), true);
    assert_eq!(by_byte.without_place(), whole.without_place(), "byte by byte");
    let (first, rest) = bytes.split_at(usize::from(split).min(bytes.len()));
    let pieces = std::iter::once(first).chain(rest.chunks(usize::from(split % 13) + 2));
    assert_eq!(setup.run(pieces, true).without_place(), whole.without_place(), "in pieces");
    whole
}

/// Small limits are within reach of small inputs.
fn limits(flags: u8) -> Limits {
    let small = Limits { max_header_size: 64, max_headers_count: 4, max_chunk_extensions: 16 };
    if flags & 2 == 0 { Limits::default() } else { small }
}

fn lenient(bits: u8) -> Leniency {
    let bit = |number: u8| bits & (1 << number) != 0;
    match bits {
        0 => Leniency::STRICT,
        0xff => Leniency::insecure_http_parser(),
        _ => Leniency {
            headers: bit(0),
            chunked_length: bit(1),
            keep_alive: bit(2),
            transfer_encoding: bit(3),
            version: bit(4),
            data_after_close: bit(5),
            optional_lf_after_cr: bit(6),
            optional_crlf_after_chunk: bit(7),
            optional_cr_before_lf: bit(6),
            spaces_after_chunk_size: bit(7),
            header_value_relaxed: bit(4),
        },
    }
}
