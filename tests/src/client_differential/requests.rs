//! The agent of a program, its requests and their options.

use serde_json::{Map, Value, json};

use super::answers;
use super::operations;
use super::random::Random;

/// How long nothing happens before a program counts as over, and how long it may take at most.
const QUIET: u64 = 350;
const LIMIT: u64 = 4000;

const METHODS: [(usize, &str); 15] = [
    (30, "GET"),
    (30, "POST"),
    (8, "PUT"),
    (6, "HEAD"),
    (6, "DELETE"),
    (4, "OPTIONS"),
    (3, "PATCH"),
    (2, "CONNECT"),
    (2, "TRACE"),
    (2, "PURGE"),
    (2, "post"),
    (2, "Own-Method"),
    (1, ""),
    (1, "A B"),
    (1, "GET\r\n"),
];

const PATHS: [(usize, &str); 13] = [
    (20, "/"),
    (20, "/a/b?c=d"),
    (4, "/caf\u{e9}"),
    (4, "abc"),
    (4, "*"),
    (4, "http://127.0.0.1/absolute"),
    (3, "/a%20b?x=%00"),
    (3, "/a#b"),
    (2, "//"),
    (1, ""),
    (1, "/a b"),
    (1, "/\u{100}"),
    (1, "/a\r\nX: y"),
];

const URLS: [(usize, &str); 9] = [
    (10, "http://127.0.0.1:{port}"),
    (10, "http://127.0.0.1:{port}/a/b?c=d#e"),
    (6, "http://us%40er:pa%3Ass@127.0.0.1:{port}/x"),
    (3, "http://user@127.0.0.1:{port}/?"),
    (3, "http://localhost:{port}/a b\u{e9}"),
    (2, "HTTP://127.1:{port}/../x/./y"),
    (1, "https://127.0.0.1:{port}/"),
    (1, "http://"),
    (1, "nonsense"),
];

const NAMES: [&str; 14] = [
    "X-A",
    "x-b",
    "X-Both",
    "Accept",
    "Cookie",
    "Set-Cookie",
    "User-Agent",
    "Content-Type",
    "Range",
    "Referer",
    "__proto__",
    "TE",
    "Date",
    "Trailer",
];

const VALUES: [&str; 10] =
    ["1", "two words", "", "caf\u{e9}", "a, b", "\"q\"", " padded ", "\u{100}", "a\r\nb: c", "a\tb"];

/// A program from its seed.
pub(super) fn program(seed: u64, id: u64) -> Value {
    let random = &mut Random::new(seed, id);
    let agent = agent(random);
    let count = random.weighted(&[(45, 1), (40, 2), (15, 3)]);
    let together = count > 1 && random.chance(12);
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    for number in 0..count {
        let last = number + 1 == count && !together;
        let mut request = request(random, last);
        if number > 0 && request["signal"] == "aborted" {
            // Node spends a free connection on it.
            request["signal"] = "later".into();
        }
        if agent["kind"] == "none" {
            // It is not told where its connection begins.
            request["options"].as_object_mut().expect("an object").remove("localAddress");
        }
        if together {
            // Which of them the server answers first is a matter of speed, and so it says who it is.
            request["options"]["path"] = format!("/{number}").into();
        }
        // A listener of Node's may interrupt a response that has already come; whoever pulls events may not.
        let events = ["req.response", "res.data"];
        let waits = |op: &Value| events.iter().any(|event| op["event"] == *event);
        answers.push(answers::answer(
            random,
            request["ops"].as_array().into_iter().flatten().any(waits),
            last,
        ));
        requests.push(request);
    }
    json!({
        "agent": agent, "together": together, "requests": requests, "answers": answers,
        "quiet": QUIET, "limit": LIMIT,
    })
}

/// `case` with what its writer left out.
pub(super) fn filled(case: &Value) -> Value {
    let mut program = case.clone();
    let defaults = [
        ("agent", json!({ "kind": "own", "options": { "keepAlive": true } })),
        ("together", json!(false)),
        ("answers", json!([])),
        ("quiet", json!(QUIET)),
        ("limit", json!(LIMIT)),
    ];
    fill(&mut program, &defaults);
    let events = ["abort", "connect", "continue", "drain", "finish", "information", "prefinish", "response"];
    let events = [&events[..], &["socket", "timeout", "upgrade"]].concat();
    let defaults = [
        ("options", json!({})),
        ("ops", json!([{ "op": "end" }])),
        ("listen", json!(events)),
        ("listenResponse", json!(["aborted", "close", "error"])),
        ("reads", json!("all")),
    ];
    for request in program["requests"].as_array_mut().into_iter().flatten() {
        fill(request, &defaults);
        fill(&mut request["options"], &[("port", json!("PORT")), ("host", json!("127.0.0.1"))]);
    }
    for answer in program["answers"].as_array_mut().into_iter().flatten() {
        // A text is an answer to the whole request.
        if let Value::String(text) = answer {
            *answer = json!({ "after": "body", "do": [{ "do": "send", "bytes": text }] });
        }
    }
    program
}

fn fill(object: &mut Value, defaults: &[(&str, Value)]) {
    for (name, value) in defaults {
        if object[*name].is_null() {
            object[*name] = value.clone();
        }
    }
}

fn agent(random: &mut Random) -> Value {
    let kind = random.weighted(&[(30, "global"), (45, "own"), (15, "one-shot"), (10, "none")]);
    let mut options = Map::new();
    if kind == "own" {
        if random.chance(80) {
            options.insert("keepAlive".into(), random.chance(85).into());
        }
        let numbers = [
            ("maxSockets", 25, 1),
            ("maxSockets", 8, 2),
            ("maxTotalSockets", 8, 1),
            ("maxFreeSockets", 8, 1),
        ];
        for (name, percent, number) in numbers {
            if random.chance(percent) {
                options.insert(name.into(), number.into());
            }
        }
        if random.chance(15) {
            options.insert("scheduling".into(), (random.pick(&["fifo", "lifo"])).into());
        }
        if random.chance(8) {
            options.insert("timeout".into(), 90.into());
        }
    }
    json!({ "kind": kind, "options": options })
}

/// A request; what is like the `last` one on its connection only the last one may be.
fn request(random: &mut Random, last: bool) -> Value {
    let url = random.chance(25).then(|| random.weighted(&URLS));
    let mut options = options(random, url.is_some());
    timeout(random, &mut options);
    let method = options["method"].as_str().unwrap_or_default().to_ascii_uppercase();
    let get = random.chance(15);
    let signal = match random.below(40) {
        0 => json!("aborted"),
        1..4 => json!("later"),
        _ => Value::Null,
    };
    let headers = if random.chance(60) { headers(random, last) } else { Value::Null };
    let bare = options["setDefaultHeaders"] == false;
    let kind = operations::Kind { method, get, signal: !signal.is_null(), last, bare };
    let ops = operations::list(random, &kind);
    let mut request = json!({
        "options": options, "listen": listen(random), "ops": ops,
        "listenResponse": listen_response(random),
        "reads": random.weighted(&[(78, "all"), (7, "late"), (8, "resume"), (7, "none")]),
    });
    // What is absent is absent: both interpreters take null for a value.
    let optional = [
        ("url", url.map_or(Value::Null, Value::from)),
        ("get", if get { true.into() } else { Value::Null }),
        ("signal", signal),
        ("headers", headers),
    ];
    for (name, value) in optional.into_iter().filter(|(_, value)| !value.is_null()) {
        request[name] = value;
    }
    request
}

fn options(random: &mut Random, has_url: bool) -> Value {
    let mut options = Map::new();
    let mut set = |name: &str, value: Value| _ = options.insert(name.to_owned(), value);
    if !has_url {
        set("port", "PORT".into());
        set("host", (random.weighted(&[(90, "127.0.0.1"), (10, "localhost")])).into());
    }
    if !has_url || random.chance(30) {
        set("method", (random.weighted(&METHODS)).into());
    }
    if random.chance(if has_url { 15 } else { 70 }) {
        set("path", (random.weighted(&PATHS)).into());
    }
    if random.chance(6) {
        set("hostname", "127.0.0.1".into());
        set("host", "not.used.invalid".into());
    }
    let auths: [Value; 4] = ["user:password".into(), "caf\u{e9}:\u{100}".into(), "user".into(), "".into()];
    let protocols: [Value; 3] = ["http:".into(), "https:".into(), "".into()];
    let flags: [Value; 2] = [true.into(), false.into()];
    let uniques: [Value; 2] = [json!(["x-a", "X-Both"]), json!(["Cookie"])];
    let choices: [(&str, usize, &[Value]); 10] = [
        ("auth", 8, &auths),
        ("protocol", 5, &protocols),
        ("setHost", 8, &flags),
        ("setDefaultHeaders", 8, &flags),
        ("insecureHTTPParser", 8, &flags),
        ("joinDuplicateHeaders", 8, &flags),
        ("uniqueHeaders", 8, &uniques),
        ("maxHeaderSize", 5, &[json!(60), json!(400)]),
        ("family", 3, &[json!(4)]),
        ("defaultPort", 4, &[json!("PORT"), json!(8080)]),
    ];
    for (name, percent, values) in choices {
        if random.chance(percent) {
            set(name, random.pick(values));
        }
    }
    if random.chance(2) {
        set("localAddress", (random.pick(&["127.0.0.1", "not.an.address"])).into());
    }
    Value::Object(options)
}

/// Well below the long pauses of an answer, and well above the short ones.
fn timeout(random: &mut Random, options: &mut Value) {
    if random.chance(12) {
        options["timeout"] = (random.pick(&[100, 100, 0])).into();
    }
}

fn headers(random: &mut Random, last: bool) -> Value {
    let form = random.weighted(&[(75, "object"), (12, "flat"), (13, "pairs")]);
    let mut fields: Vec<(String, Value)> = Vec::new();
    for _ in 0..random.below(5) {
        // An object has every name once.
        let name = (random.pick(&NAMES)).to_owned();
        if form != "object" || (fields.iter().all(|field| field.0 != name) && name != "__proto__") {
            let value = if form == "flat" { text(random) } else { value(random) };
            fields.push((name, value));
        }
    }
    let special: [(&str, usize, &[&str]); 6] = [
        ("Connection", 10, &["close", "keep-alive", "Keep-Alive", "upgrade", "x, close"]),
        ("Expect", 6, &["100-continue", "x"]),
        ("Transfer-Encoding", 6, &["chunked", "gzip, chunked", "gzip"]),
        ("Content-Length", 8, &["0", "2", "5", "x"]),
        ("Host", 5, &["own.host", ""]),
        ("Authorization", 3, &["own"]),
    ];
    for (name, percent, values) in special {
        if name == "Content-Length" && fields.iter().any(|field| field.0 == "Transfer-Encoding") {
            continue;
        }
        // These may announce another body than the one that comes.
        let alone = ["Connection", "Transfer-Encoding", "Content-Length"].contains(&name);
        if random.chance(percent) && (last || !alone) {
            let at = random.below(fields.len() + 1);
            fields.insert(at, (name.to_owned(), (random.pick(values)).into()));
        }
    }
    if random.chance(2) {
        fields.push(((random.pick(&["a b", "", "caf\u{e9}"])).to_owned(), "x".into()));
    }
    json!({ "form": form, "fields": fields })
}

/// The value of a header: a text, a number, several.
pub(super) fn value(random: &mut Random) -> Value {
    match random.below(10) {
        0 => json!(42),
        1 => json!([]),
        2 | 3 => json!([text(random), text(random)]),
        _ => text(random),
    }
}

fn text(random: &mut Random) -> Value {
    // The last ones are refused; one in many is enough.
    let among = if random.chance(96) { &VALUES[..7] } else { &VALUES };
    (random.pick(among)).into()
}

/// The name of a header.
pub(super) fn name(random: &mut Random) -> &'static str {
    if random.chance(97) { random.pick(&NAMES) } else { random.pick(&["a b", "", "caf\u{e9}"]) }
}

fn listen(random: &mut Random) -> Vec<&'static str> {
    let mut names =
        vec!["abort", "continue", "finish", "information", "prefinish", "socket", "timeout", "drain"];
    for (name, percent) in [("response", 95), ("upgrade", 60), ("connect", 70)] {
        if random.chance(percent) {
            names.push(name);
        }
    }
    names
}

fn listen_response(random: &mut Random) -> Vec<&'static str> {
    let mut names = vec!["aborted", "close"];
    for (name, percent) in [("error", 85), ("timeout", 15)] {
        if random.chance(percent) {
            names.push(name);
        }
    }
    names
}
