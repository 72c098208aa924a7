//! Scenarios that are always played: each of the listed differences has at least one that shows it, and others hold what
//! was hard to get right.

use serde_json::{Value, json};

use super::scenario::{Request, Scenario, Step};
use crate::to_latin1;

/// All of them.
pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = deliberate();
    all.extend(told_otherwise());
    all.extend(mended_since());
    all.extend(alike());
    all
}

/// A scenario that shows `difference`, with these options.
fn shows(difference: &'static str, options: Value) -> Scenario {
    let mut scenario = plain(&format!("shows-{difference}"), options);
    scenario.shows.push(difference);
    scenario
}

fn plain(id: &str, options: Value) -> Scenario {
    let mut scenario = Scenario::new(id);
    if let Value::Object(options) = options {
        scenario.options = options;
    }
    scenario
}

impl Scenario {
    /// A request whose head is `line`, `X-Id` and `fields`.
    fn request(mut self, line: &str, fields: &str, body: &str, program: Value) -> Self {
        let text = format!("{line}\r\nX-Id: {}\r\n{fields}\r\n{body}", self.name(self.requests.len()));
        self.requests.push(Request {
            method: line.split(' ').next().unwrap_or_default().to_owned(),
            bytes: to_latin1(&text),
            program: program.as_array().cloned(),
            malformed: false,
        });
        self
    }

    fn get(self, program: Value) -> Self {
        self.request("GET / HTTP/1.1", "Host: h\r\n", "", program)
    }

    fn malformed(mut self, text: &str) -> Self {
        self.requests.push(Request { bytes: to_latin1(text), malformed: true, ..Request::default() });
        self
    }

    /// Everything at once.
    fn at_once(mut self) -> Self {
        self.steps = (0..self.requests.len()).map(|index| self.send(index)).collect();
        self.steps.push(Step::Wait);
        self
    }

    /// One after another, each answered before the next is sent.
    fn in_turn(mut self) -> Self {
        self.steps = (0..self.requests.len()).flat_map(|index| [self.send(index), Step::Wait]).collect();
        self
    }

    fn then(mut self, steps: &[Step]) -> Self {
        self.steps.extend_from_slice(steps);
        self
    }
}

const CHUNKED: &str = "Host: h\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n";

/// What differs in bytes: S1 to S8, S10, S11, and smaller ones.
fn deliberate() -> Vec<Scenario> {
    let end = || json!([["end", "x"]]);
    let gated = || json!([["gate"], ["end", "late"]]);
    let none = || json!({});
    let mut half_open = shows("S6", none()).get(gated()).at_once().then(&[
        Step::HalfClose,
        Step::Wait,
        Step::Open(0),
        Step::Wait,
    ]);
    half_open.half_open = true;
    let upgrade = "Host: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n";
    let fields: String = (0..30).map(|number| format!("X-{number}: 1\r\n")).collect();
    let length = |text: &str| json!([["setHeader", "Content-Length", 5], ["end", text]]);
    let both = json!([
        ["setHeader", "Content-Length", 1],
        ["setHeader", "Transfer-Encoding", "chunked"],
        ["end", "x"]
    ]);
    vec![
        shows("S1", none()).request("GET / HTTP/1.1", "Host: h\r\nHost: i\r\n", "", end()).at_once(),
        shows("S2", none())
            .request("POST / HTTP/1.0", CHUNKED, "1\r\na\r\n0\r\n\r\n", length("hello"))
            .at_once(),
        shows("S3", none()).request("GET / HTTP/1.1", upgrade, "", end()).get(end()).at_once(),
        shows("S4", json!({ "maxHeadersCount": 20 }))
            .request("GET / HTTP/1.1", &format!("Host: h\r\n{fields}"), "", end())
            .at_once(),
        shows("S5", none())
            .get(gated())
            .malformed("BAD\r\n\r\n")
            .at_once()
            .then(&[Step::Open(0), Step::Wait]),
        half_open,
        shows("S7", none()).get(both).at_once(),
        shows("S8", none()).get(length("abc")).at_once(),
        shows("coding-not-chunked", none())
            .get(json!([["setHeader", "Transfer-Encoding", "gzip"], ["write", "a"], ["end"]]))
            .at_once(),
        shows("deadlines-kept-at-once", json!({ "headersTimeout": 100, "requestTimeout": 200 }))
            .malformed("GET / HTTP/1.1\r\nHos")
            .at_once()
            .then(&[Step::Pause(700), Step::Wait]),
        shows("refused-connections-are-answered", json!({ "maxConnections": 0 })).get(end()).at_once(),
        shows("status-checked-at-once", none()).get(json!([["statusCode", 99], ["end", "x"]])).at_once(),
        shows("S10", none())
            .get(json!([["strictContentLength", true], ["setHeader", "Content-Length", 1], ["end", "xy"]]))
            .at_once(),
        shows("S11", none())
            .get(json!([["setHeader", "X-A", "Déjà vu"], ["flushHeaders"], ["end"]]))
            .at_once(),
    ]
}

/// What the application is told otherwise, or at another time.
fn told_otherwise() -> Vec<Scenario> {
    let none = || json!({});
    let gated = || json!([["gate"], ["end", "late"]]);
    vec![
        shows("S15", none())
            .get(gated())
            .get(json!([["reqDestroy"]]))
            .at_once()
            .then(&[Step::Open(0), Step::Wait]),
        shows("late-data-before-the-write", none())
            .get(json!([["end", "x"], ["readAll"], ["write", "y"]]))
            .at_once(),
        shows("destroyed-behind-write", none()).get(json!([["write", "x"], ["reqDestroy"]])).at_once(),
        shows("left-corked", none()).get(json!([["cork"], ["write", "x"]])).at_once(),
        shows("finished-behind-close", none())
            .request("GET / HTTP/1.0", "Host: h\r\n", "", json!([["write", "x"], ["gate"], ["end"]]))
            .at_once()
            .then(&[Step::Reset, Step::Wait, Step::Open(0), Step::Wait]),
        shows("S12", none())
            .request(
                "POST / HTTP/1.1",
                CHUNKED,
                "1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
                json!([["readTrailers"], ["end"]]),
            )
            .at_once(),
        shows("S14-destroyed", none())
            .request(
                "POST / HTTP/1.1",
                "Host: h\r\nContent-Length: 1\r\n",
                "a",
                json!([["end"], ["reqDestroy"]]),
            )
            .at_once(),
        shows("behind-last", none())
            .get(json!([["setHeader", "Connection", "close"], ["end"]]))
            .get(json!([["log"], ["end"]]))
            .at_once(),
        shows("S14", none()).get(json!([["log"], ["end", "x"]])).at_once(),
        shows("S18", none()).get(json!([["tick"], ["end", "x"], ["log"]])).at_once(),
    ]
}

/// Defects of Node 23.5 that Node 26 does not have, and nor do we.
fn mended_since() -> Vec<Scenario> {
    let end = || json!([["end", "x"]]);
    let none = || json!({});
    let fields: String = (0..1001).map(|number| format!("H{number}: 1\r\n")).collect();
    let bad_hint =
        json!([["writeEarlyHints", [["link", "</a>; rel=preload"], ["X-A", "a\r\nX-B: b"]]], ["end"]]);
    let waiting = shows("waiting-response-closes", none())
        .get(json!([["gate"], ["end", "a"]]))
        .get(json!([["write", "b"], ["gate"], ["log"]]))
        .at_once()
        .then(&[Step::Reset, Step::Wait, Step::Open(0), Step::Open(1), Step::Wait]);
    let mut partial =
        shows("partial-request-is-idle", json!({ "keepAliveTimeout": 100 })).get(end()).at_once();
    partial.requests.push(Request { bytes: b"GET ".to_vec(), ..Request::default() });
    let partial = partial.then(&[Step::Send { request: 1, from: 0, to: 4 }, Step::Pause(1800), Step::Wait]);
    vec![
        shows("interim-after-head", none())
            .get(json!([["flushHeaders"], ["writeProcessing"], ["end", "x"]]))
            .at_once(),
        shows("hints-validated", none()).get(bad_hint).at_once(),
        shows("cork-then-end", none()).get(json!([["cork"], ["write", "a"], ["end", "b"]])).at_once(),
        shows("strict-length-as-text", none())
            .get(json!([["strictContentLength", true], ["setHeader", "Content-Length", "1"], ["end", "x"]]))
            .at_once(),
        shows("more-than-1000-fields", none())
            .request("GET / HTTP/1.1", &format!("Host: h\r\n{fields}"), "", end())
            .at_once(),
        shows("empty-transfer-encoding", none())
            .request("POST / HTTP/1.1", "Host: h\r\nTransfer-Encoding:\r\n", "", end())
            .at_once(),
        partial,
        waiting,
    ]
}

/// What must not differ.
fn alike() -> Vec<Scenario> {
    let none = || json!({});
    let end = |text: &str| json!([["log"], ["end", text], ["log"], ["tick"], ["log"]]);
    let gated = |text: &str| json!([["write", text], ["gate"], ["log"], ["end", text]]);
    let leave = |end: Step| [end, Step::Wait, Step::Open(0), Step::Wait];
    let body = "Host: h\r\nContent-Length: 10\r\n";
    let read = || json!([["readAll"], ["log"], ["end", "x"]]);
    vec![
        plain("one-after-another", none()).get(end("a")).get(end("b")).in_turn(),
        plain("second-is-ready-first", none()).get(gated("a")).get(gated("b")).at_once().then(&[
            Step::Open(1),
            Step::Wait,
            Step::Open(0),
            Step::Wait,
        ]),
        plain("half-close-before-the-answer", none()).get(gated("a")).at_once().then(&leave(Step::HalfClose)),
        plain("reset-before-the-answer", none()).get(gated("a")).at_once().then(&leave(Step::Reset)),
        plain("half-close-in-the-body", none())
            .request("POST / HTTP/1.1", body, "hello", read())
            .at_once()
            .then(&[Step::HalfClose, Step::Wait]),
        plain("reset-in-the-body", none())
            .request("POST / HTTP/1.1", body, "hello", read())
            .at_once()
            .then(&[Step::Reset, Step::Wait]),
        plain("malformed-after-the-answer", none()).get(end("a")).malformed("BAD\r\n\r\n").in_turn(),
        plain("destroyed", none())
            .get(json!([["write", "a"], ["tick"], ["destroy"], ["tick"], ["log"]]))
            .at_once(),
        plain("request-destroyed", none())
            .request(
                "POST / HTTP/1.1",
                body,
                "hello",
                json!([["tick"], ["reqDestroy"], ["tick"], ["log"], ["end"]]),
            )
            .at_once(),
    ]
}
