//! What a program does to a request: to its headers, its body, its life.

use serde_json::{Value, json};

use super::random::Random;
use super::requests::{name, value};

/// What the operations are for.
pub(super) struct Kind {
    pub(super) method: String,
    /// It is ended when it is made.
    pub(super) get: bool,
    /// It has a signal.
    pub(super) signal: bool,
    /// Nothing comes after it, so that its body may be another than the one that it announces.
    pub(super) last: bool,
    /// `setDefaultHeaders` is false.
    pub(super) bare: bool,
}

impl Kind {
    /// Whether nothing announces its body.
    fn is_plain(&self) -> bool {
        self.bare
            || ["", "GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"].contains(&self.method.as_str())
    }
}

/// Operations for such a request.
pub(super) fn list(random: &mut Random, kind: &Kind) -> Vec<Value> {
    let mut ops = Vec::new();
    some(random, 35, 3, &mut ops, header);
    if !kind.last {
        ops.retain(|op| {
            !["Connection", "Transfer-Encoding", "Content-Length", "content-length"]
                .iter()
                .any(|name| op["name"] == *name)
        });
    }
    if random.chance(4) {
        ops.push(json!({ "op": "setTimeout", "ms": random.pick(&[100, 0]) }));
    }
    if random.chance(3) {
        ops.push(json!({ "op": "maxHeadersCount", "count": random.pick(&[0, 100]) }));
    }
    if !kind.get {
        before_the_body(random, &mut ops);
        body(random, kind, &mut ops);
    }
    some(random, 20, 2, &mut ops, late);
    if random.chance(18) {
        life(random, kind.signal, &mut ops);
    }
    if random.chance(10) {
        ops.push(json!({ "op": "await", "event": "req.close" }));
        some(random, 100, 2, &mut ops, late);
    }
    if kind.is_plain() && !kind.last && !kind.get {
        not_too_late(&mut ops);
    }
    ops
}

/// What was meant to come behind the end comes before it where there is none, and is then a body of which no header says
/// anything.
fn not_too_late(ops: &mut Vec<Value>) {
    let end = ops.iter().position(|op| op["op"] == "end").unwrap_or(ops.len());
    if let Some(end) = ops.get_mut(end) {
        *end = json!({ "op": "end" });
    }
    let mut place = 0..;
    ops.retain(|op| place.next() > Some(end) || op["op"] != "write");
}

/// At most `most` of what `one` makes, in `percent` of a hundred cases.
fn some(
    random: &mut Random,
    percent: usize,
    most: usize,
    ops: &mut Vec<Value>,
    one: fn(&mut Random) -> Value,
) {
    if random.chance(percent) {
        let count = 1 + random.below(most);
        ops.extend((0..count).map(|_| one(random)));
    }
}

fn header(random: &mut Random) -> Value {
    let special = ["Connection", "Content-Length", "Transfer-Encoding", "Host", "host", "Date", "Expect"];
    match random.below(16) {
        0..4 => json!({ "op": "setHeader", "name": name(random), "value": value(random) }),
        4 | 5 => json!({ "op": "appendHeader", "name": name(random), "value": value(random) }),
        6 | 7 => json!({ "op": "removeHeader", "name": random.pick(&special) }),
        8 => json!({ "op": "removeHeader", "name": name(random) }),
        9 => {
            json!({ "op": "setHeader", "name": "Connection", "value": random.pick(&["close", "keep-alive"]) })
        }
        10 => {
            json!({ "op": "setHeader", "name": "Transfer-Encoding", "value": random.pick(&["chunked", "gzip"]) })
        }
        11 => json!({ "op": "setHeader", "name": "content-length", "value": random.pick(&[0, 2, 5]) }),
        12 => {
            json!({ "op": "setHeaders", "fields": [[name(random), value(random)], ["X-Both", value(random)]] })
        }
        13 => json!({ "op": "getHeader", "name": random.pick(&["host", "x-a", "X-Both", "connection"]) }),
        14 => json!({ "op": "hasHeader", "name": random.pick(&["host", "x-a", "X-Both", "connection"]) }),
        _ => json!({ "op": random.pick(&["getHeaders", "getHeaderNames", "getRawHeaderNames"]) }),
    }
}

fn before_the_body(random: &mut Random, ops: &mut Vec<Value>) {
    if random.chance(8) {
        ops.push(json!({ "op": "flushHeaders" }));
        some(random, 30, 1, ops, header);
    }
    if random.chance(10) {
        ops.push(json!({ "op": "addTrailers", "fields": [["x-t", value(random)]] }));
    }
    match random.below(20) {
        0 | 1 => ops.push(json!({ "op": "await", "event": "req.socket" })),
        2 => ops.push(json!({ "op": "sleep", "ms": 65 })),
        3 => ops.push(
            json!({ "op": random.pick(&["setNoDelay", "setSocketKeepAlive"]), "on": random.chance(50) }),
        ),
        _ => {}
    }
}

fn chunk(random: &mut Random, op: &str) -> Value {
    match random.below(12) {
        0 => json!({ "op": op, "hex": random.pick(&["00ff7f0a", "", "68"]) }),
        1 => json!({ "op": op, "text": "na\u{ef}ve \u{1f600}" }),
        2 => {
            json!({ "op": op, "text": "na\u{ef}ve\u{100}", "encoding": random.pick(&["latin1", "ascii", "utf16le", "utf8"]) })
        }
        3 => {
            json!({ "op": op, "text": random.pick(&["aGVsbG8=", "aGVsbG8-", "aGk"]), "encoding": random.pick(&["base64", "base64url"]) })
        }
        4 => json!({ "op": op, "text": random.pick(&["68656c6c6f", "6869"]), "encoding": "hex" }),
        5 => json!({ "op": op, "text": "" }),
        _ => json!({ "op": op, "text": random.pick(&["ab", "hello", "x"]) }),
    }
}

fn body(random: &mut Random, kind: &Kind, ops: &mut Vec<Value>) {
    let plain = kind.is_plain();
    let writes = random.weighted(match (plain, kind.last) {
        (true, false) => &[(100, 0), (0, 0), (0, 0), (0, 0)],
        (true, true) => &[(85, 0), (10, 1), (3, 2), (2, 3)],
        (false, _) => &[(40, 0), (30, 1), (20, 2), (10, 3)],
    });
    // What is written behind the head of a corked request is merged into one piece, once the head has left.
    let corked = writes > 0 && random.chance(8);
    if corked {
        ops.extend([
            json!({ "op": "flushHeaders" }),
            json!({ "op": "sleep", "ms": 65 }),
            json!({ "op": "cork" }),
        ]);
    }
    for number in 0..writes {
        ops.push(chunk(random, "write"));
        match random.below(24) {
            0 | 1 => ops.push(json!({ "op": "sleep", "ms": 65 })),
            2 => ops.push(json!({ "op": random.pick(&["flushHeaders", "state"]) })),
            3 => ops.push(json!({ "op": "writeN", "count": 2 + random.below(3), "size": 3, "text": "y" })),
            4 if number == 0 => ops.push(json!({ "op": "writeN", "count": 3, "size": 30_000, "text": "z" })),
            _ => {}
        }
    }
    if corked {
        ops.push(json!({ "op": "uncork" }));
    }
    if random.chance(5) {
        let event = random.pick(&["req.response", "req.continue", "req.information"]);
        ops.push(json!({ "op": "await", "event": event }));
    }
    if random.chance(5) {
        ops.push(json!({ "op": "addTrailers", "fields": [["x-t", "1"], ["X-U", "caf\u{e9}"]] }));
    }
    if random.chance(96) {
        let with_data = random.chance(match (plain, kind.last) {
            (true, false) => 0,
            (true, true) => 8,
            (false, _) => 45,
        });
        ops.push(if with_data { chunk(random, "end") } else { json!({ "op": "end" }) });
    }
}

/// What may come too late.
fn late(random: &mut Random) -> Value {
    match random.below(9) {
        0 => header(random),
        1 | 2 => json!({ "op": "state" }),
        3 => json!({ "op": "write", "text": "late" }),
        4 => json!({ "op": "end" }),
        5 => json!({ "op": "end", "text": "late" }),
        6 => json!({ "op": "flushHeaders" }),
        7 => json!({ "op": "addTrailers", "fields": [["x-late", "1"]] }),
        _ => json!({ "op": "setTimeout", "ms": 0 }),
    }
}

fn life(random: &mut Random, signal: bool, ops: &mut Vec<Value>) {
    // What was written in this tick is on its way on Node, and may not be here.
    let written = ops.iter().any(|op| op["op"] == "await" || op["op"] == "sleep");
    match random.below(12) {
        0..3 if written => ops.push(json!({ "op": "sleep", "ms": 65 })),
        0..3 => {}
        3 | 4 if written => ops.push(json!({ "op": "await", "event": "req.finish" })),
        3 | 4 => ops.push(json!({ "op": "await", "event": "req.socket" })),
        5..8 => ops.push(json!({ "op": "await", "event": "req.response" })),
        8 | 9 => ops.push(json!({ "op": "await", "event": "res.data" })),
        10 => ops.push(json!({ "op": "await", "event": "req.timeout" })),
        _ => ops.push(json!({ "op": "sleep", "ms": 65 })),
    }
    let after_response = ops.iter().any(|op| op["event"] == "req.response" || op["event"] == "res.data");
    let op = match random.below(10) {
        _ if signal => json!({ "op": "abortSignal", "reason": random.pick(&["", "why"]) }),
        0..3 => json!({ "op": "abort" }),
        3..6 => json!({ "op": "destroy" }),
        6 | 7 => json!({ "op": "destroy", "error": "mine" }),
        _ if after_response => json!({ "op": "destroyResponse" }),
        _ => json!({ "op": "destroy" }),
    };
    ops.push(op.clone());
    if random.chance(20) {
        ops.push(op);
    }
}
