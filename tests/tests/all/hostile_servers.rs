//! Servers that mean no good. Each costs the request to it and no other, and the next request to it never sees what
//! it has sent before.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use node_http_tests::{Case, Origin, Peer};

use super::SOCKETS;

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// What a server does with the first request of its first connection. To all others it is good.
#[derive(Clone, Copy)]
enum Evil {
    /// Answers so, and leaves the connection open.
    Answers(&'static str),
    /// The same behind a valid status line.
    Fields(&'static str),
    /// The same behind the head of a chunked response.
    Chunks(&'static str),
    /// Answers so and closes.
    Closes(&'static str),
    /// Answers so, and then for ever so.
    Floods(&'static str, &'static str),
    /// The same, byte by byte.
    Drips(&'static str, &'static str),
    /// Answers so before it was asked.
    Answered(&'static str),
}

use Evil::{Answered, Answers, Chunks, Closes, Drips, Fields, Floods};

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

impl Evil {
    fn start(self) -> Origin {
        Origin::start(move |peer| {
            if let (Answered(answer), 0) = (self, peer.number()) {
                peer.send(answer)?;
                peer.head()?;
            } else if peer.number() == 0 {
                peer.head()?;
                self.act(peer)?;
            }
            loop {
                peer.head()?;
                peer.send(GOOD)?;
            }
        })
    }

    fn act(self, peer: &mut Peer) -> Option<()> {
        match self {
            Answers(answer) => peer.send(answer),
            Fields(fields) => peer.send(&(OK.to_owned() + fields)),
            Chunks(chunks) => peer.send(&(CHUNKED.to_owned() + chunks)),
            Closes(answer) => {
                peer.send(answer)?;
                peer.close()?;
                None
            }
            Floods(answer, more) => {
                peer.send(answer)?;
                let more = more.repeat(10_000 / more.len());
                while peer.send(&more).is_some() {}
                None
            }
            Drips(answer, more) => {
                peer.send(answer)?;
                loop {
                    thread::sleep(Duration::from_millis(5));
                    peer.send(more)?;
                }
            }
            Answered(_) => Some(()),
        }
    }
}

fn case<'a>(what: &str, origins: impl IntoIterator<Item = &'a Origin>) -> Case {
    case_at(what, origins.into_iter().map(Origin::port).collect())
}

fn case_at(what: &str, ports: Vec<String>) -> Case {
    let arguments: Vec<&str> = [what].into_iter().chain(ports.iter().map(String::as_str)).collect();
    Case::start_with(SOCKETS, "hostile_servers", &arguments)
}

/// Starts them all, asks each twice at the same time, and compares: the outcome of the first request as Node 26 has
/// it, or as it says beside it; the second one is answered.
fn all_at_once(servers: &[(&str, Evil, &str)]) {
    let good = Origin::replying(GOOD);
    let origins: Vec<Origin> = servers.iter().map(|(_, evil, _)| evil.start()).collect();
    let ports = origins.iter().zip(servers).map(|(origin, (_, _, expected))| {
        // The application gives up those that never come to an end.
        let endless = if expected.ends_with("ABORT_ERR") { "!" } else { "" };
        origin.port() + endless
    });
    let case = case_at("beside", [good.port()].into_iter().chain(ports).collect());
    let mut problems = String::new();
    for (number, (name, _, expected)) in servers.iter().enumerate() {
        let outcome = case.line(&format!("{number} "));
        if outcome != format!("{expected} | 200 good") {
            // Writing to a string cannot fail.
            let _ = writeln!(problems, "{name}: {outcome}, not {expected}");
        }
    }
    assert!(problems.is_empty(), "{problems}");
    let answers: u32 = case.line("good ").parse().expect("a number");
    println!("good {answers}");
    assert!(answers > 0, "the good server was asked {answers} times only");
    case.finish();
    assert_eq!(good.connections(), 1, "nothing has cost its connection");
}

// Rows: I-28, S9
#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    const LENGTH: &str = "HPE_INVALID_CONTENT_LENGTH";
    const TWICE: &str = "HPE_UNEXPECTED_CONTENT_LENGTH";
    const TOKEN: &str = "HPE_INVALID_HEADER_TOKEN";
    const BODY: &str = "4\r\nevil\r\n0\r\n\r\n";
    all_at_once(&[
        (
            "length and chunks",
            Fields("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        ("two lengths", Fields("Content-Length: 4\r\nContent-Length: 5\r\n\r\nevil!"), TWICE),
        ("the same length twice", Fields("Content-Length: 4\r\nContent-Length: 4\r\n\r\nevil"), TWICE),
        ("a list of lengths", Fields("Content-Length: 4, 4\r\n\r\nevil"), LENGTH),
        ("+4", Fields("Content-Length: +4\r\n\r\nevil"), LENGTH),
        ("-4", Fields("Content-Length: -4\r\n\r\nevil"), LENGTH),
        ("0x4", Fields("Content-Length: 0x4\r\n\r\nevil"), LENGTH),
        ("no number", Fields("Content-Length: \r\n\r\nevil"), LENGTH),
        ("a number too large", Fields("Content-Length: 99999999999999999999\r\n\r\nevil"), LENGTH),
        ("LF in the fields", Fields("A: b\nContent-Length: 4\r\n\r\nevil"), "HPE_CR_EXPECTED"),
        (
            "LF behind the status",
            Answers("HTTP/1.1 200 OK\nContent-Length: 4\r\n\r\nevil"),
            "HPE_CR_EXPECTED",
        ),
        ("LF at the end", Fields("Content-Length: 4\r\n\nevil"), TOKEN),
        ("CR in a value", Fields("A: b\rc\r\nContent-Length: 4\r\n\r\nevil"), "HPE_LF_EXPECTED"),
        ("NUL in a value", Fields("A: b\0c\r\nContent-Length: 4\r\n\r\nevil"), TOKEN),
        ("a folded value", Fields("A: b\r\n c\r\nContent-Length: 4\r\n\r\nevil"), TOKEN),
        ("a folded length", Fields("Content-Length:\r\n 4\r\n\r\nevil"), TOKEN),
        ("a folded encoding", Fields("Transfer-Encoding: chunked\r\n ,identity\r\n\r\n4\r\nevil"), TOKEN),
        ("a space before the colon", Fields("Content-Length : 4\r\n\r\nevil"), TOKEN),
        ("a space before the name", Fields(" Content-Length: 4\r\n\r\nevil"), "HPE_UNEXPECTED_SPACE"),
        ("no colon", Fields("Content-Length\r\n\r\nevil"), TOKEN),
        ("x for a size", Chunks("x\r\nevil\r\n0\r\n\r\n"), "200 ECONNRESET, HPE_INVALID_CHUNK_SIZE"),
        ("+4 for a size", Chunks("+4\r\nevil\r\n0\r\n\r\n"), "200 ECONNRESET, HPE_INVALID_CHUNK_SIZE"),
        (
            "a size too large",
            Chunks("fffffffffffffffff\r\nevil\r\n0\r\n\r\n"),
            "200 ECONNRESET, HPE_INVALID_CHUNK_SIZE",
        ),
        ("LF behind a size", Chunks("4\nevil\r\n0\r\n\r\n"), "200 ECONNRESET, HPE_CR_EXPECTED"),
        ("LF in an extension", Chunks("4;a\nb\r\nevil\r\n0\r\n\r\n"), "200 ECONNRESET, HPE_CR_EXPECTED"),
        ("LF behind the chunks", Chunks("4\r\nevil\r\n0\n\n"), "200 ECONNRESET, HPE_CR_EXPECTED"),
        ("a chunk too long", Chunks("4\r\nevil!\r\n0\r\n\r\n"), "200 ECONNRESET, HPE_STRICT"),
        (
            "another version",
            Answers("HTTP/9.9 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
            "HPE_INVALID_VERSION",
        ),
        ("a short status", Answers("HTTP/1.1 20 OK\r\nContent-Length: 4\r\n\r\nevil"), "HPE_INVALID_STATUS"),
        ("a long status", Answers("HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\nevil"), "HPE_INVALID_STATUS"),
        ("a request", Answers("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "HPE_INVALID_CONSTANT"),
        ("TLS", Answers("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0"), "HPE_INVALID_CONSTANT"),
        ("chunked twice", Chunks(BODY), "200 evil"),
    ]);
}

// Rows: I-28, S9
#[test]
fn what_follows_a_response_answers_nobody() {
    all_at_once(&[
        (
            "a second response",
            Fields("Content-Length: 4\r\n\r\nokayHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
            "200 okay",
        ),
        (
            "an answer before the question",
            Answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"),
            "200 early",
        ),
        ("garbage", Fields("Content-Length: 4\r\n\r\nokayevil"), "200 okay, HPE_INVALID_CONSTANT"),
        (
            "the body of a 204",
            Answers("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"),
            "204 , HPE_INVALID_CONSTANT",
        ),
        (
            "the body of a 304",
            Answers("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"),
            "304 , HPE_INVALID_CONSTANT",
        ),
        (
            "the body of a 100",
            Answers("HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nevilHTTP/1.1 200 OK\r\n\r\n"),
            "HPE_INVALID_CONSTANT",
        ),
        (
            "another protocol",
            Answers("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nevil"),
            "ERR_STREAM_PREMATURE_CLOSE",
        ),
    ]);
}

// Rows: I-33, S9
#[test]
fn what_comes_while_nobody_asks_answers_nobody() {
    let unasked = [
        ("a response", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 2),
        ("half a response", "HTTP/1.1 200 OK\r\nContent-Le", 2),
        ("an interim response", "HTTP/1.1 100 Continue\r\n\r\n", 2),
        ("garbage", "evil", 2),
        // Parsers forgive it.
        ("an empty line", "\r\n", 1),
    ];
    let origins = unasked.map(|(_, bytes, _)| {
        Origin::start(move |peer| {
            peer.head()?;
            peer.send(GOOD)?;
            if peer.number() == 0 {
                peer.go()?;
                peer.send(bytes)?;
            }
            peer.head()?;
            peer.send(GOOD)
        })
    });
    let case = case("idle", &origins);
    case.line("pooled");
    origins.iter().for_each(Origin::go);
    case.finish();
    for (origin, (what, _, connections)) in origins.iter().zip(unasked) {
        assert_eq!(origin.connections(), connections, "{what}");
    }
}

// Rows: E3, E15
#[test]
fn what_is_cut_is_no_answer() {
    all_at_once(&[
        ("nothing", Closes(""), "ECONNRESET"),
        ("half a head", Closes("HTTP/1.1 200 OK\r\nContent-Le"), "ECONNRESET"),
        ("only a promise", Closes("HTTP/1.1 100 Continue\r\n\r\n"), "ECONNRESET"),
        (
            "a huge length",
            Closes("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nevil"),
            "200 ECONNRESET",
        ),
        (
            "half a chunk",
            Closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nevil"),
            "200 ECONNRESET",
        ),
        (
            "no last chunk",
            Closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n"),
            "200 ECONNRESET",
        ),
    ]);
}

// Rows: RO15, RO22, AG1
#[test]
fn what_never_ends_is_ended() {
    const OVERFLOW: &str = "HPE_HEADER_OVERFLOW";
    all_at_once(&[
        ("a value", Floods("HTTP/1.1 200 OK\r\nA: ", "a"), OVERFLOW),
        ("a name", Floods("HTTP/1.1 200 OK\r\n", "a"), OVERFLOW),
        ("fields", Floods("HTTP/1.1 200 OK\r\n", "A: b\r\n"), OVERFLOW),
        ("a reason", Floods("HTTP/1.1 200 ", "a"), OVERFLOW),
        (
            "a chunk's extension",
            Floods("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;", "a"),
            "200 ECONNRESET, HPE_CHUNK_EXTENSIONS_OVERFLOW",
        ),
        (
            "trailers",
            Floods("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n"),
            "200 ECONNRESET, HPE_HEADER_OVERFLOW",
        ),
        // The application ends what is no error.
        ("a slow head", Drips("HTTP/1.1 200 OK\r\nA: ", "a"), "ABORT_ERR"),
        ("a slow body", Drips("HTTP/1.1 200 OK\r\n\r\n", "a"), "200 ECONNRESET, ABORT_ERR"),
        (
            "a slow size",
            Drips("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"),
            "200 ECONNRESET, ABORT_ERR",
        ),
        ("interim responses", Floods("", "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n"), "ABORT_ERR"),
        ("empty lines", Floods("", "\r\n"), "ABORT_ERR"),
        (
            "zeros of a size",
            Floods("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"),
            "200 ECONNRESET, ABORT_ERR",
        ),
        (
            "extensions of many chunks",
            Floods("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1;a=bcdefghijk\r\na\r\n"),
            "200 ERR_OUT_OF_RANGE",
        ),
        (
            "a body",
            Floods("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", "a"),
            "200 ERR_OUT_OF_RANGE",
        ),
    ]);
}

// Rows: I-26
#[test]
fn what_nobody_reads_stays_with_its_server() {
    const PIECE: usize = 10_000;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let endless = Origin::start(move |peer| {
        peer.head()?;
        peer.send("HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            peer.send(&"a".repeat(PIECE))?;
            count.fetch_add(PIECE, Ordering::Relaxed);
        }
    });
    let good = Origin::replying(GOOD);
    let case = case("unread", [&good, &endless]);
    assert_eq!(case.line("waits "), "true");
    // What the system keeps for the two sockets is megabytes; what a server can send in this time is more.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 16 << 20, "{sent} bytes were taken");
    endless.expect_end(0);
    case.finish();
    assert_eq!(good.connections(), 1);
}

// Rows: RO2, RO6, RO8, RO16, RO17, CR33
#[test]
fn nothing_can_be_smuggled_into_a_request() {
    let origin = Origin::replying(GOOD);
    let case = case("injection", [&origin]);
    case.finish();
    let port = origin.port();
    let expected = [
        ("/", "dQ0KWDogeTpw"),
        ("/", "dcSNxIpYOiB5OnA="),
        ("/aX:%20y", "dQ0KWDpw"),
        ("/a%0d%0aX:%20y", "dQ0KWDpw"),
    ]
    .map(|(path, auth)| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {auth}\r\n\
             Connection: keep-alive\r\n\r\n"
        )
    });
    let seen = origin.seen();
    assert_eq!((seen.len(), seen[0].received.as_str()), (1, expected.concat().as_str()));
}

// Rows: I-26
#[test]
fn what_never_ends_costs_no_memory() {
    const FLOODED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/flooded.wasm"));
    const FOR_EVER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n";
    let servers = [
        ("interim responses", Floods("", "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n")),
        ("empty lines", Floods("", "\r\n")),
        ("zeros of a size", Floods(CHUNKED, "0")),
        ("a body", Floods(FOR_EVER, "a")),
        ("small chunks", Floods(CHUNKED, "1;a=bcdefghijk\r\na\r\n")),
    ];
    let origins: Vec<Origin> = servers.iter().map(|(_, evil)| evil.start()).collect();
    let ports: Vec<String> = origins.iter().map(Origin::port).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let program = Case::program_with(SOCKETS, FLOODED, &ports);
    for (number, (name, _)) in servers.iter().enumerate() {
        let cost = program.line(&format!("{number} "));
        let kilobytes: u32 = cost.split(' ').next().and_then(|count| count.parse().ok()).expect("a number");
        assert!(kilobytes < 2048, "{name}: {cost}");
    }
    program.finish();
}
