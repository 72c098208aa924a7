//! What the server of a program answers.

use serde_json::{Value, json};

use super::random::Random;

/// Fields that an answer may carry; merging, joining and dropping are what they are about.
const FIELDS: [&str; 17] = [
    "X-A: 1",
    "X-A: 2",
    "x-a:   three  ",
    "Set-Cookie: a=1",
    "Set-Cookie: b=2; Path=/",
    "Content-Type: text/plain",
    "Content-Type: text/html",
    "Etag: \"x\"",
    "Cookie: c=1",
    "Cookie: d=2",
    "Vary: a",
    "Vary: b",
    "Empty:",
    "Latin: caf\u{e9}",
    "Date: Tue, 24 Nov 2026 10:00:00 GMT",
    "Server: s",
    "Keep-Alive: timeout=5, max=100",
];

/// Whole answers that are not quite right, or not at all.
const ODD: [&str; 26] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX: a\u{0}b\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "nonsense\r\n\r\n",
];

/// The answer to one request, which needs time for its body or not; what ends the connection on one side only the `last`
/// one may do.
pub(super) fn answer(random: &mut Random, slow: bool, last: bool) -> Value {
    if slow {
        let actions = slowly(random);
        return json!({ "after": "body", "unframed": is_unframed(&actions), "do": actions });
    }
    let after = if random.chance(85) { "body" } else { "head" };
    let mut actions = Vec::new();
    if random.chance(12) {
        interim(random, &mut actions);
    }
    type Kind = fn(&mut Random, &mut Vec<Value>);
    let kinds: [(usize, Kind); 12] = [
        (34, sized),
        (16, chunked),
        (5, bodiless),
        (if last { 6 } else { 0 }, switching),
        (6, old),
        (6, until_close),
        (if last { 10 } else { 0 }, twice),
        (8, cut),
        (8, odd),
        (2, |_, _| {}),
        (3, over),
        (2, |_, actions| actions.extend([json!({ "do": "wait", "ms": 200 }), send(SHORT)])),
    ];
    random.weighted(&kinds)(random, &mut actions);
    // Nobody asked for what follows an answer: a word that the list of allowed differences looks for.
    let surplus = actions.iter().any(|action| action["surplus"] == true);
    json!({ "after": after, "unframed": is_unframed(&actions), "do": actions, "surplus": surplus })
}

/// Whether the body of what is answered ends with the connection: another such word.
fn is_unframed(actions: &[Value]) -> bool {
    let sent: String = actions.iter().filter_map(|action| action["bytes"].as_str()).collect();
    let heads = sent.split("\r\n\r\n").filter(|part| part.starts_with("HTTP/1."));
    let Some(head) = heads.into_iter().find(|head| !head[9.min(head.len())..].starts_with('1')) else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let coding = head.lines().filter_map(|line| line.strip_prefix("transfer-encoding:")).next_back();
    match coding {
        Some(coding) => !coding.ends_with("chunked"),
        None => !head.contains("\ncontent-length:"),
    }
}

/// A body that begins well before it ends.
fn slowly(random: &mut Random) -> Vec<Value> {
    let pause = json!({ "do": "wait", "ms": 200 });
    let fields = fields(random, 2);
    let (framing, begin, end) = random.pick(&[
        ("Content-Length: 5\r\n", "be", "gun"),
        ("Transfer-Encoding: chunked\r\n", "2\r\nbe\r\n", "3\r\ngun\r\n0\r\n\r\n"),
        ("", "be", "gun"),
    ]);
    vec![send(&format!("HTTP/1.1 200 OK\r\n{fields}{framing}\r\n")), send_body(begin), pause, send_body(end)]
}

const SHORT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn send(bytes: &str) -> Value {
    json!({ "do": "send", "bytes": bytes })
}

fn send_body(bytes: &str) -> Value {
    json!({ "do": "sendBody", "bytes": bytes })
}

fn end() -> Value {
    json!({ "do": "end" })
}

fn over(random: &mut Random, actions: &mut Vec<Value>) {
    if random.chance(70) {
        return actions.push(end());
    }
    // A reset overtakes what was sent just before.
    actions.extend([json!({ "do": "wait", "ms": 25 }), json!({ "do": "reset" })]);
}

/// Random fields, each with its line end.
fn fields(random: &mut Random, at_most: usize) -> String {
    let count = random.below(at_most + 1);
    (0..count).map(|_| format!("{}\r\n", random.pick(&FIELDS))).collect()
}

fn status(random: &mut Random) -> &'static str {
    random.pick(&[
        "200 OK",
        "200 OK",
        "200 OK",
        "404 Not Found",
        "500 caf\u{e9}",
        "302 Found",
        "299 ",
        "999 Odd",
    ])
}

fn connection(random: &mut Random) -> &'static str {
    random.weighted(&[
        (70, ""),
        (12, "Connection: keep-alive\r\n"),
        (12, "Connection: close\r\n"),
        (3, "Connection: Keep-Alive, x\r\n"),
        (3, "Keep-Alive: timeout=1\r\n"),
    ])
}

/// Sometimes in two pieces.
fn pieces(random: &mut Random, text: &str, actions: &mut Vec<Value>) {
    if !random.chance(25) || text.len() < 2 {
        return actions.push(send(text));
    }
    let letters: Vec<char> = text.chars().collect();
    let (first, second) = letters.split_at(1 + random.below(letters.len() - 1));
    let text = |letters: &[char]| letters.iter().collect::<String>();
    let pause = json!({ "do": "wait", "ms": random.pick(&[25, 25, 25, 200]) });
    actions.extend([send(&text(first)), pause, send(&text(second))]);
}

fn interim(random: &mut Random, actions: &mut Vec<Value>) {
    for _ in 0..1 + random.below(2) {
        let status =
            random.pick(&["100 Continue", "100 Continue", "103 Early Hints", "102 Processing", "199 x"]);
        let fields = fields(random, 2);
        pieces(random, &format!("HTTP/1.1 {status}\r\n{fields}\r\n"), actions);
        if random.chance(40) {
            actions.push(json!({ "do": "wait", "ms": 25 }));
        }
    }
}

fn sized(random: &mut Random, actions: &mut Vec<Value>) {
    let body = random.pick(&["", "ok", "ok", "a longer body", "caf\u{e9}"]);
    let (status, connection, fields) = (status(random), connection(random), fields(random, 5));
    let length = body.chars().count();
    let head = format!("HTTP/1.1 {status}\r\n{fields}{connection}Content-Length: {length}\r\n\r\n");
    match random.below(4) {
        0 => {
            pieces(random, &head, actions);
            actions.push(json!({ "do": "wait", "ms": 25 }));
            actions.push(send_body(body));
        }
        1 => pieces(random, &format!("{head}{body}"), actions),
        _ => actions.extend([send(&head), send_body(body)]),
    }
    if connection == "Connection: close\r\n" && random.chance(60) {
        actions.push(end());
    }
}

fn chunked(random: &mut Random, actions: &mut Vec<Value>) {
    let (status, connection, fields) = (status(random), connection(random), fields(random, 3));
    let trailer = if random.chance(30) { "Trailer: x-t\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 {status}\r\n{fields}{trailer}{connection}Transfer-Encoding: chunked\r\n\r\n");
    let extension = random.pick(&["", "", ";a=b", ";a=\"q\""]);
    let body =
        random.pick(&["2{e}\r\nok\r\n", "2{e}\r\nok\r\n3{e}\r\nmor\r\n", "0A{e}\r\n0123456789\r\n", ""]);
    let trailers = random.pick(&["", "", "x-t: 1\r\n", "X-T: 1\r\nx-t: 2\r\nset-cookie: a\r\n"]);
    let body = format!("{}0\r\n{trailers}\r\n", body.replace("{e}", extension));
    actions.push(send(&head));
    if random.chance(30) {
        actions.push(json!({ "do": "wait", "ms": 25 }));
    }
    if random.chance(70) {
        actions.push(send_body(&body));
    } else {
        let begin = actions.len();
        pieces(random, &body, actions);
        actions[begin..].iter_mut().filter(|action| action["do"] == "send").for_each(|action| {
            action["do"] = "sendBody".into();
        });
    }
}

fn bodiless(random: &mut Random, actions: &mut Vec<Value>) {
    let (status, fields) =
        (random.pick(&["204 No Content", "304 Not Modified", "205 Reset"]), fields(random, 2));
    let framing = random.pick(&["", "", "Content-Length: 0\r\n", "Content-Length: 5\r\n"]);
    let framing = if status.starts_with("205") { "Content-Length: 0\r\n" } else { framing };
    pieces(random, &format!("HTTP/1.1 {status}\r\n{fields}{framing}\r\n"), actions);
}

fn switching(random: &mut Random, actions: &mut Vec<Value>) {
    let fields = random.pick(&["Connection: Upgrade\r\nUpgrade: x\r\n", "Upgrade: x\r\n", ""]);
    let behind = random.pick(&["", "", "bytes of x"]);
    let mut switching = send(&format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n{behind}"));
    switching["surplus"] = (!behind.is_empty() && !fields.starts_with("Connection")).into();
    actions.push(switching);
    if random.chance(30) {
        actions.push(end());
    }
}

fn old(random: &mut Random, actions: &mut Vec<Value>) {
    let fields = random.pick(&["", "Connection: keep-alive\r\n", "Connection: close\r\n"]);
    let sized = random.chance(60);
    let length = if sized { "Content-Length: 2\r\n" } else { "" };
    pieces(random, &format!("HTTP/1.0 200 OK\r\n{fields}{length}\r\nok"), actions);
    if !sized || random.chance(50) {
        actions.push(end());
    }
}

fn until_close(random: &mut Random, actions: &mut Vec<Value>) {
    let fields = fields(random, 2);
    pieces(random, &format!("HTTP/1.1 200 OK\r\n{fields}\r\nall of it"), actions);
    if random.chance(85) {
        over(random, actions);
    }
}

/// Two answers, or an answer with something behind it, in one packet or in two.
fn twice(random: &mut Random, actions: &mut Vec<Value>) {
    let second =
        random.pick(&[SHORT, SHORT, "HTTP/1.1 200 OK\r\n", "more", "\r\n", "HTTP/1.1 100 Continue\r\n\r\n"]);
    let surplus = |bytes: &str| json!({ "do": "send", "bytes": bytes, "surplus": true });
    if random.chance(60) {
        return actions.push(surplus(&format!("{SHORT}{second}")));
    }
    actions.extend([send(SHORT), json!({ "do": "wait", "ms": 60 }), surplus(second)]);
}

/// An answer that breaks off.
fn cut(random: &mut Random, actions: &mut Vec<Value>) {
    let whole = random.pick(&[
        SHORT,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789",
    ]);
    actions.push(send(&whole[..1 + random.below(whole.len() - 1)]));
    if random.chance(50) {
        actions.push(json!({ "do": "wait", "ms": 25 }));
    }
    over(random, actions);
}

fn odd(random: &mut Random, actions: &mut Vec<Value>) {
    actions.push(send(random.pick(&ODD)));
    if random.chance(40) {
        actions.push(json!({ "do": "wait", "ms": 25 }));
        actions.push(end());
    }
}
