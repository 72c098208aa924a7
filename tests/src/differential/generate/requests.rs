//! Random requests.

use serde_json::Value;

use crate::differential::random::Random;
use crate::differential::scenario::Request;

const NAMES: [&str; 10] = [
    "X-A",
    "x-a",
    "Accept",
    "Cookie",
    "Set-Cookie",
    "ETag",
    "Authorization",
    "User-Agent",
    "Referer",
    "X-Forwarded-For",
];
const VALUES: [&str; 7] =
    ["", "1", "two", "a, b", "  spaced  ", "caf\u{e9}", "long long long long long long"];
const TARGETS: [&str; 8] = ["/", "/", "/path?x=1", "/a/b/c", "*", "http://abs/x", "//x", "/%7e"];
const BODIES: [&str; 5] = ["a", "hello", "\0\u{ff}\r\n", "HTTP/1.1 200 OK\r\n\r\n", "0\r\n\r\n"];

/// A request under construction.
struct Draft {
    head: String,
    body: String,
    malformed: bool,
}

impl Draft {
    fn field(&mut self, name: &str, value: &str) {
        self.head.push_str(&format!("{name}: {value}\r\n"));
    }
}

/// A request that runs `program`. Bytes behind one that closes the connection are an error, so only the last one
/// closes it, as a rule.
pub(super) fn request(random: &mut Random, name: &str, program: Vec<Value>, last: bool) -> Request {
    let method = random.weighted(&[
        (45, "GET"),
        (25, "POST"),
        (12, "HEAD"),
        (6, "PUT"),
        (4, "DELETE"),
        (3, "OPTIONS"),
        (3, "PATCH"),
        (2, "PROPFIND"),
    ]);
    let closes = last || random.percent(5);
    let old = random.percent(15);
    let version = if old { "1.0" } else { "1.1" };
    let head = format!("{method} {} HTTP/{version}\r\nX-Id: {name}\r\n", random.pick(&TARGETS));
    let mut draft = Draft { head, body: String::new(), malformed: false };
    if !random.percent(2) {
        draft.field("Host", "h");
    }
    connection(random, &mut draft, old, closes);
    for _ in 0..random.weighted(&[(5, 0), (3, 1), (2, 3), (1, 6)]) {
        let (name, value) = (random.pick(&NAMES), random.pick(&VALUES));
        draft.field(name, value);
    }
    let likely = if matches!(method, "POST" | "PUT" | "PATCH") { 90 } else { 6 };
    if random.percent(likely) {
        body(random, &mut draft, old);
    }
    draft.head.push_str("\r\n");
    let malformed = draft.malformed;
    let mut text = draft.head + &draft.body;
    if last && draft.body.len() > 1 && random.percent(6) {
        // Latin-1 text has no shorter characters than one byte.
        let cut = random.between(1, 3.min(draft.body.len() - 1));
        text = text.chars().take(text.chars().count() - cut).collect();
    }
    Request { method: method.to_owned(), bytes: crate::to_latin1(&text), program: Some(program), malformed }
}

fn connection(random: &mut Random, draft: &mut Draft, old: bool, closes: bool) {
    let value = match (old, closes) {
        (true, false) => Some("keep-alive"),
        (_, true) => random.weighted(&[
            (60, None),
            (12, Some("close")),
            (18, Some("keep-alive")),
            (3, Some("Keep-Alive, foo")),
            (3, Some("TE")),
            (2, Some("foo, close")),
            (2, Some("Upgrade")),
        ]),
        (false, false) => random.weighted(&[(80, None), (15, Some("keep-alive")), (5, Some("TE"))]),
    };
    if let Some(value) = value {
        draft.field("Connection", value);
    }
    if value == Some("Upgrade") && random.percent(50) {
        draft.field("Upgrade", "foo");
    }
    if random.percent(8) {
        let value = random.pick(&["chunked", "trailers", "gzip, chunked"]);
        draft.field("TE", value);
    }
    if random.percent(5) {
        let value = random.pick(&["100-continue", "100-Continue", "other"]);
        draft.field("Expect", value);
    }
}

/// Small bodies, whole in one read: where a server stops reading a large one is its own business.
fn body(random: &mut Random, draft: &mut Draft, old: bool) {
    let parts: Vec<String> = (0..random.between(0, 3))
        .map(|_| match random.percent(20) {
            true => "b".repeat(random.pick(&[20, 500, 4000])),
            false => random.pick(&BODIES).to_owned(),
        })
        .collect();
    // To HTTP/1.0 with Transfer-Encoding we answer otherwise (S2).
    if old || random.percent(50) {
        draft.body = parts.concat();
        let length = draft.body.chars().count().to_string();
        draft.field("Content-Length", &length);
        return;
    }
    for part in parts {
        draft.body.push_str(&format!("{:x}\r\n{part}\r\n", part.chars().count()));
    }
    draft.body.push_str("0\r\n");
    if random.percent(30) {
        draft.body.push_str("X-T: 1\r\nx-t: 2\r\nETag: e\r\n");
    }
    draft.body.push_str("\r\n");
    draft.field("Transfer-Encoding", "chunked");
    if random.percent(4) {
        // The size of a chunk that is none.
        draft.body.insert(0, 'z');
        draft.malformed = true;
    }
}
