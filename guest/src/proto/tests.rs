//! Properties of the decoder: the two paths agree, and the pieces of the input do not matter.

use proptest::prelude::*;

use super::error::Reject;
use super::fast;
use super::fields::Fields;
use super::head::collect;
use super::limits::{Direction, Leniency, Limits};
use super::scan::{HeadScan, StartLine};
use super::special::{Rules, Signals};
use super::{Decoder, Event, ParseError};

/// A head with what it said, for comparison.
type Seen = (StartLine, Fields, Signals, usize);

const LIMITS: Limits = Limits { max_header_size: 300, max_headers_count: 8, max_chunk_extensions: 20 };

fn scanned(input: &[u8], rules: &Rules, limits: &Limits) -> Result<Option<Seen>, Reject> {
    let mut signals = Signals::default();
    let mut scan = HeadScan::new(rules.direction, limits);
    if !scan.scan(input, &mut signals, rules)? {
        return Ok(None);
    }
    let head = scan.into_head().expect("a complete scan has a head");
    let cursor = head.block.cursor;
    Ok(Some((head.line, collect(input, head.block), signals, cursor)))
}

fn fast(input: &[u8], rules: &Rules, limits: &Limits) -> Option<Seen> {
    let mut signals = Signals::default();
    let head = fast::head(input, &mut signals, rules, limits)?;
    let cursor = head.block.cursor;
    Some((head.line, collect(input, head.block), signals, cursor))
}

/// Everything a decoder says, adjacent data joined. The place of an error depends on the newest piece: left out.
fn events<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    direction: Direction,
    leniency: Leniency,
) -> (Vec<Said>, Option<ParseError>) {
    let mut decoder = Decoder::new(direction, LIMITS, leniency);
    let mut said = Vec::new();
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&buffer) {
                Err(error) => return (said, Some(ParseError { offset: 0, ..error })),
                Ok((consumed, event)) => {
                    let done = event.is_none();
                    note(&mut said, &buffer, event);
                    buffer.drain(..consumed);
                    if done {
                        break;
                    }
                }
            }
        }
    }
    let end = decoder.finish();
    (said, end.err())
}

#[derive(Clone, Debug, PartialEq)]
enum Said {
    Event(Box<Event>),
    Data(Vec<u8>),
}

fn note(said: &mut Vec<Said>, input: &[u8], event: Option<Event>) {
    match (event, said.last_mut()) {
        (None, _) => {}
        (Some(Event::Data(range)), Some(Said::Data(data))) => data.extend_from_slice(&input[range]),
        (Some(Event::Data(range)), _) => said.push(Said::Data(input[range].to_vec())),
        (Some(event), _) => said.push(Said::Event(Box::new(event))),
    }
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec())
}

/// A message that is mostly right: parts from lists of legal and nearly legal ones.
fn message(direction: Direction) -> impl Strategy<Value = Vec<u8>> {
    let line = match direction {
        Direction::Request => one_of(&[
            "GET / HTTP/1.1\r\n",
            "POST /a?b=c HTTP/1.1\r\n",
            "\r\nPUT /a#b HTTP/1.0\r\n",
            "GET http://a@b/c?d#e HTTP/1.1\r\n",
            "OPTIONS * HTTP/1.1\r\n",
            "CONNECT a:1 HTTP/1.1\r\n",
            "GET  /  HTTP/1.1\r\n",
            "GET /\r\n",
            "GET / \tHTTP/1.1\r\n",
            "GET / HTTP/2.0\r\n",
            "GET_PARAMETER / RTSP/1.0\r\n",
        ]),
        Direction::Response => one_of(&[
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 200 OK\r\n",
            "HTTP/1.1 404\r\n",
            "HTTP/1.1 204 \r\n",
            "HTTP/1.1 100 Continue\r\n",
            "HTTP/1.1 304  Not \t Modified \r\n",
            "HTTP/1.1 101 Switching\r\n",
            "ICE/1.1 200 OK\r\n",
        ]),
    };
    let field = one_of(&[
        "Host: a\r\n",
        "host:b:80 \r\n",
        "X:\r\n",
        "X: \t\r\n",
        "X-Y:\t v é \r\n",
        "Content-Length: 5\r\n",
        "content-length: 0\r\n",
        "Content-Length: 7 \t\r\n",
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding: gzip, Chunked \r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding:\r\n",
        "Connection: close\r\n",
        "Connection: Keep-Alive, Upgrade\r\n",
        "Connection: closed, x\r\n",
        "Connection: keep-alive\t\r\n",
        "Upgrade: ws\r\n",
        "X: a\r\n b\r\n",
        "Connection : close\r\n",
        "Expect: 100-continue\r\n",
        "TE: trailers\r\n",
    ]);
    let body = one_of(&[
        "",
        "hello",
        "5\r\nhello\r\n0\r\n\r\n",
        "3;a=b;c=\"d\\\"e\"\r\nabc\r\n00\r\nT: v\r\nConnection: close\r\n\r\n",
        "1;name=0123456789012345\r\na\r\n0\r\n\r\n",
    ]);
    (line, prop::collection::vec(field, 0..5), body)
        .prop_map(|(line, fields, body)| [line, fields.concat(), b"\r\n".to_vec(), body].concat())
}

/// Some messages one behind the other, with up to three bytes changed, put in or left out.
fn stream(direction: Direction) -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![prop::sample::select(b"\r\n \t:,;=\"\\@0aZ\x00\x01\x7f\x80".as_slice()), any::<u8>()];
    let change = (any::<prop::sample::Index>(), 0..4_u8, byte);
    (prop::collection::vec(message(direction), 1..4), prop::collection::vec(change, 0..3)).prop_map(
        |(messages, changes)| {
            let mut bytes = messages.concat();
            for (index, kind, byte) in changes {
                let at = index.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at + 1),
                }
            }
            bytes
        },
    )
}

fn direction() -> impl Strategy<Value = Direction> {
    prop::sample::select([Direction::Request, Direction::Response].as_slice())
}

fn directed_stream() -> impl Strategy<Value = (Direction, Vec<u8>)> {
    direction().prop_flat_map(|direction| (Just(direction), stream(direction)))
}

fn pieces<'a>(mut input: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !input.is_empty() {
        let length = lengths.next().map_or(1, |length| (*length).clamp(1, input.len()));
        let (piece, rest) = input.split_at(length);
        pieces.push(piece);
        input = rest;
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the fast path takes, the scanner takes to the same effect. The reverse is no rule: it may decline.
    #[test]
    fn paths_agree((direction, bytes) in directed_stream()) {
        let rules = Rules { direction, leniency: Leniency::STRICT };
        if let Some(seen) = fast(&bytes, &rules, &LIMITS) {
            prop_assert_eq!(scanned(&bytes, &rules, &LIMITS), Ok(Some(seen)));
        }
    }

    #[test]
    fn any_split_says_the_same(
        (direction, bytes) in directed_stream(),
        lenient in any::<bool>(),
        lengths in prop::collection::vec(1..40_usize, 1..6),
    ) {
        let leniency = if lenient { Leniency::insecure_http_parser() } else { Leniency::STRICT };
        let whole = events([bytes.as_slice()], direction, leniency);
        prop_assert_eq!(&events(bytes.chunks(1), direction, leniency), &whole);
        prop_assert_eq!(&events(pieces(&bytes, &lengths), direction, leniency), &whole);
    }

    #[test]
    fn any_bytes_are_safe(direction in direction(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        events(bytes.chunks(7), direction, Leniency::insecure_http_parser());
    }
}

/// The fast path is no use if it declines what everybody sends.
#[test]
fn fast_path_takes_the_usual() {
    let requests: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a/b?c=d&e HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nConnection: keep-alive\r\nX:\r\n\r\nrest",
        b"POST / HTTP/1.0\r\nContent-Length: 3 \r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nUpgrade: x\r\n\r\n",
    ];
    let responses: [&[u8]; 2] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\n",
    ];
    let requests = requests.iter().map(|bytes| (Direction::Request, bytes));
    let responses = responses.iter().map(|bytes| (Direction::Response, bytes));
    for (direction, bytes) in requests.chain(responses) {
        let rules = Rules { direction, leniency: Leniency::STRICT };
        let seen = fast(bytes, &rules, &LIMITS);
        assert!(seen.is_some(), "{}", bytes.escape_ascii());
        assert_eq!(scanned(bytes, &rules, &LIMITS), Ok(seen));
    }
}

fn error_of(input: &[u8], direction: Direction, limits: Limits) -> Option<(&'static str, u64)> {
    let mut decoder = Decoder::new(direction, limits, Leniency::STRICT);
    let mut rest = input;
    loop {
        match decoder.decode(rest) {
            Err(error) => return Some((error.code, error.offset)),
            Ok((_, None)) => return None,
            Ok((consumed, _)) => rest = &rest[consumed..],
        }
    }
}

#[test]
fn counts_what_node_counts() {
    let head = |fill: usize| format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(fill)).into_bytes();
    let limits = Limits { max_header_size: 100, ..Limits::default() };
    // "/", "X" and the value stay below the limit.
    assert_eq!(error_of(&head(97), Direction::Request, limits), None);
    assert_eq!(error_of(&head(98), Direction::Request, limits), Some(("HPE_HEADER_OVERFLOW", 118)));
    // Trailers have the limit to themselves.
    let trailers = |fill: usize| {
        let trailer = "a".repeat(fill);
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: {trailer}\r\n\r\n").into_bytes()
    };
    assert_eq!(error_of(&trailers(98), Direction::Request, limits), None);
    assert_eq!(
        error_of(&trailers(99), Direction::Request, limits).map(|error| error.0),
        Some("HPE_HEADER_OVERFLOW")
    );
}

#[test]
fn bounds_what_node_does_not_count() {
    let limits = Limits { max_header_size: 100, ..Limits::default() };
    let padded = format!("GET / HTTP/1.1\r\nX:{}a\r\n\r\n", " ".repeat(limits.max_raw_head()));
    assert_eq!(
        error_of(padded.as_bytes(), Direction::Request, limits).map(|error| error.0),
        Some("HPE_HEADER_OVERFLOW")
    );
    let endless = format!("GET {}", " ".repeat(limits.max_raw_head() + 1));
    assert_eq!(
        error_of(endless.as_bytes(), Direction::Request, limits).map(|error| error.0),
        Some("HPE_HEADER_OVERFLOW")
    );
}

#[test]
fn limits_the_number_of_fields() {
    let head = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "X: 1\r\n".repeat(count)).into_bytes();
    let limits = Limits { max_header_size: usize::MAX, ..Limits::default() };
    assert_eq!(error_of(&head(1000), Direction::Request, limits), None);
    assert_eq!(
        error_of(&head(1001), Direction::Request, limits),
        Some(("HPE_HEADER_OVERFLOW", 16 + 6000 + 2))
    );
    let unlimited = Limits { max_headers_count: 0, ..limits };
    assert_eq!(error_of(&head(5000), Direction::Request, unlimited), None);
}

/// S3: an upgrade nobody takes is decoded as if it were none.
#[test]
fn goes_on_behind_an_ignored_upgrade() {
    let bytes = b"GET /1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\n\r\n";
    let (said, error) = events([bytes.as_slice()], Direction::Request, Leniency::STRICT);
    assert_eq!(error, None);
    let targets: Vec<_> = said
        .iter()
        .filter_map(|said| match said {
            Said::Event(event) => match &**event {
                Event::RequestHead(head) => Some((head.target().to_vec(), head.upgrade)),
                _ => None,
            },
            Said::Data(_) => None,
        })
        .collect();
    assert_eq!(targets, [(b"/1".to_vec(), true), (b"/2".to_vec(), false)]);
}

#[test]
fn leaves_a_tunnel_alone() {
    let bytes = b"CONNECT a:1 HTTP/1.1\r\n\r\nGET";
    let mut decoder = Decoder::new(Direction::Request, Limits::default(), Leniency::STRICT);
    let (head, event) = decoder.decode(bytes).expect("a head");
    assert!(matches!(event, Some(Event::RequestHead(head)) if head.upgrade));
    assert_eq!(decoder.decode(&bytes[head..]), Ok((0, Some(Event::End(None)))));
    assert_eq!(decoder.decode(&bytes[head..]), Ok((0, None)));
    assert!(decoder.is_upgraded());
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn answers_to_head_have_no_body() {
    use super::Method;
    let bytes =
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No\r\n\r\n";
    let mut decoder = Decoder::new(Direction::Response, Limits::default(), Leniency::STRICT);
    decoder.expect_response_to(Method::Head);
    let mut rest = bytes.as_slice();
    let mut heads = Vec::new();
    while let Ok((consumed, Some(event))) = decoder.decode(rest) {
        rest = &rest[consumed..];
        if let Event::ResponseHead(head) = event {
            heads.push(head.status);
        }
    }
    assert_eq!(heads, [103, 200, 204]);
    assert!(decoder.is_idle());
}

#[test]
fn stray_line_ends_leave_it_idle() {
    let mut decoder = Decoder::new(Direction::Request, Limits::default(), Leniency::STRICT);
    assert_eq!(decoder.decode(b"\r\n\r\n"), Ok((4, None)));
    assert!(decoder.is_idle());
    assert_eq!(decoder.decode(b"G"), Ok((0, None)));
    assert!(!decoder.is_idle());
    assert_eq!(decoder.finish().map_err(|error| error.code), Err("HPE_INVALID_EOF_STATE"));
}

/// Node's `bytesParsed` counts from the start of the newest bytes.
#[test]
fn offsets_count_from_the_newest_bytes() {
    let mut decoder = Decoder::new(Direction::Request, Limits::default(), Leniency::STRICT);
    assert_eq!(decoder.decode(b"GET / HT"), Ok((0, None)));
    assert_eq!(decoder.decode(b"GET / HTTP/1.2").map_err(|error| error.offset), Err(6));
}

/// Oddities of llhttp that its vectors do not show; Node 26.10's parser says the same.
#[test]
fn is_as_odd_as_llhttp() {
    let limits = Limits::default();
    assert_eq!(error_of(b"GET / \tHTTP/1.1\r\n", Direction::Request, limits), Some(("HPE_INVALID_URL", 7)));
    assert_eq!(error_of(b"GET /\r\n\tX: a\r\n", Direction::Request, limits), Some(("HPE_INVALID_URL", 8)));
    let empty = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n\r\n";
    assert_eq!(error_of(empty, Direction::Response, limits), Some(("HPE_INVALID_TRANSFER_ENCODING", 38)));
    // A folded line (leniency) takes nothing back from a connection option that stood at the end of its line.
    let mut decoder = Decoder::new(Direction::Request, limits, Leniency::insecure_http_parser());
    let folded = b"GET / HTTP/1.1\r\nConnection: close\r\n more\r\n\r\n";
    let Ok((_, Some(Event::RequestHead(head)))) = decoder.decode(folded) else { panic!("no head") };
    assert!(!head.keep_alive);
    assert_eq!(head.fields.first("connection"), Some(b"close more".as_slice()));
}

/// Every 101 leaves HTTP: what follows is not scanned.
#[test]
fn leaves_what_follows_101_alone() {
    let (said, error) =
        events([b"HTTP/1.1 101 X\r\n\r\nproto".as_slice()], Direction::Response, Leniency::STRICT);
    assert_eq!((said.len(), error), (2, None));
}
