//! What Node answered to recorded requests, over the wire: bytes and whether the connection stays open.
//!
//! `Date` and the places where chunks are cut are set aside.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use node_http_tests::{Case, RawClient, merge_chunks};
use serde_json::Value;

use super::SOCKETS;

const SERVER: &str = include_str!("../../vectors/node-23.5-server-wire.jsonl");
const PARSER: &str = include_str!("../../vectors/node-26.10-parser.jsonl");

/// Goldens that our deliberate differences from Node change: name, difference, reply, whether the connection is closed.
const CHANGED: [(&str, &str, &str, bool); 8] = [
    (
        "two hosts",
        "S1",
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        true,
    ),
    (
        "explicit TE + CL",
        "S7",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n\
         3\r\nabc\r\n0\r\n\r\n",
        false,
    ),
    (
        "CL too big body short",
        "S8",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nabc",
        true,
    ),
    (
        "CL small, body long",
        "S8",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nabcdef",
        true,
    ),
    (
        "half-close client",
        "S6",
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        true,
    ),
    (
        "POST no framing",
        "S5",
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok\
         HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        true,
    ),
    (
        "garbage after CL body",
        "S5",
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok\
         HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        true,
    ),
    (
        "after close",
        "S5",
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        true,
    ),
];

/// How long an open connection must stay open and silent; once for all of them.
const SILENCE: Duration = Duration::from_millis(150);

struct Golden {
    name: String,
    /// Which server of the case it is sent to.
    server: String,
    request: String,
    half_close: bool,
    reply: String,
    eof: bool,
}

// Rows: SV7, SV8, SV20, SV22, SR3, SR6, SR8, SR14, SR16, SR17, SR20, SR21, SR26, SR27, SR28, SR29, SR30, SO9, SO13
// Rows: SO15, SO17, I-1, I-2, I-3, I-4, I-5, I-6, I-7, I-8, I-9, I-10, I-11, I-12, I-13, I-15, I-16, I-17, I-18, I-50
// Rows: S1, S6, S7, S8
#[test]
fn server_goldens() {
    let goldens = read(SERVER, |golden| text(golden, "name"));
    let names: Vec<&str> = goldens.iter().map(|golden| golden.name.as_str()).collect();
    let case = Case::start_with(SOCKETS, "golden", &names);
    compare(&case, &goldens);
}

// Rows: SO4, SO10, I-39, I-41, I-42, I-43, I-44, I-45, I-46, S5
#[test]
fn parser_goldens() {
    let goldens = read(PARSER, |golden| {
        let options = golden["options"].as_object().expect("options");
        options.keys().next().map_or("{}", String::as_str).to_owned()
    });
    compare(&Case::start(SOCKETS, "parser"), &goldens);
}

#[test]
fn every_changed_golden_is_a_golden() {
    let goldens = [read(SERVER, |_| String::new()), read(PARSER, |_| String::new())].concat_names();
    let tables: BTreeSet<&str> = CHANGED.iter().map(|row| row.0).collect();
    let unknown: Vec<_> = tables.iter().filter(|name| !goldens.contains(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_eq!(tables.len(), CHANGED.len());
}

impl Golden {
    fn problem(&self, received: &str, ended: bool) -> Option<String> {
        let Self { name, reply, eof, .. } = self;
        let same = (merge_chunks(received), ended) == (merge_chunks(reply), *eof);
        (!same)
            .then(|| format!("{name}:\n  expected {reply:?} eof {eof}\n  received {received:?} eof {ended}"))
    }
}

trait Names {
    fn concat_names(&self) -> BTreeSet<String>;
}

impl Names for [Vec<Golden>; 2] {
    fn concat_names(&self) -> BTreeSet<String> {
        self.iter().flatten().map(|golden| golden.name.clone()).collect()
    }
}

fn read(file: &str, server: impl Fn(&Value) -> String) -> Vec<Golden> {
    let changed: BTreeMap<&str, (&str, bool)> = CHANGED.iter().map(|row| (row.0, (row.2, row.3))).collect();
    let golden = |line: &str| {
        let golden: Value = serde_json::from_str(line).expect("JSON");
        let name = text(&golden, "name");
        let (reply, eof) = match changed.get(name.as_str()) {
            Some(&(reply, eof)) => (reply.to_owned(), eof),
            None => (text(&golden, "reply"), golden["eof"].as_bool().expect("eof")),
        };
        Golden {
            server: server(&golden),
            request: text(&golden, "request"),
            half_close: golden["half_close"].as_bool().expect("half_close"),
            name,
            reply,
            eof,
        }
    };
    file.lines().map(golden).collect()
}

fn text(golden: &Value, field: &str) -> String {
    golden[field].as_str().unwrap_or_else(|| panic!("{field} in {golden}")).to_owned()
}

/// All connections are open at once, so that the silence at the end is waited for once.
fn compare(case: &Case, goldens: &[Golden]) {
    let mut clients: Vec<RawClient> = goldens.iter().map(|golden| begin(case, golden)).collect();
    let mut problems = Vec::new();
    for (client, golden) in clients.iter_mut().zip(goldens) {
        let wanted = merge_chunks(&golden.reply);
        let (received, ended) =
            client.receive_until(|received| !golden.eof && merge_chunks(received) == wanted);
        problems.extend(golden.problem(received, ended));
    }
    // While one that did not come was waited for, the others have timed out: they are not to blame.
    if problems.is_empty() {
        let mut wait = SILENCE;
        for (client, golden) in clients.iter_mut().zip(goldens) {
            let (received, ended) = client.linger(wait);
            wait = Duration::from_millis(1);
            problems.extend(golden.problem(received, ended));
        }
    }
    case.check();
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), goldens.len(), problems.join("\n"));
}

fn begin(case: &Case, golden: &Golden) -> RawClient {
    let mut client = case.connect(&golden.server);
    client.send(&golden.request);
    if golden.half_close {
        client.half_close();
    }
    client
}
