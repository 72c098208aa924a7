//! What Node's client sent and told, label by label: `tests/vectors/node-23.5-*.txt`.
//!
//! The origin answers as the probe that recorded a label did; the trace of all events is compared as text.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use node_http_tests::{Case, Origin, PATIENCE, Seen, reply_of, script_of};
use serde_json::Value;

use super::SOCKETS;

const WIRE: &str = include_str!("../../vectors/node-23.5-client-wire.txt");
const EVENTS: &str = include_str!("../../vectors/node-23.5-events.txt");
const LIMITS: &str = include_str!("../../vectors/node-23.5-limits-agent-close.txt");

/// Labels that do something else here on purpose: label, reason, what is expected instead.
const CHANGED: [(&str, &str, &str); 10] = [
    (
        "GET end(body)",
        "S8: nothing frames the body, so nothing may follow it",
        r#""GET / HTTP/1.1\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\nbody" FIN res200"#,
    ),
    (
        "GET write+end",
        "S8",
        r#""GET / HTTP/1.1\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\nbody" FIN res200"#,
    ),
    (
        "DELETE end(body)",
        "S8",
        r#""DELETE / HTTP/1.1\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\nbody" FIN res200"#,
    ),
    ("setDefaultHeaders false", "S8", r#""POST / HTTP/1.1\r\n\r\nx" FIN res200"#),
    (
        "explicit connection close",
        "what was announced is done",
        r#""GET / HTTP/1.1\r\nconnection: close\r\nHost: HOST\r\n\r\n" FIN res200"#,
    ),
    (
        "204 with CL body",
        "the parser's words are those of 26",
        "req.finish res204/NC/{\"content-length\":\"3\"} req.error(HPE_INVALID_CONSTANT:Parse Error: Expected HTTP/, \
         RTSP/ or ICE/) end(,complete=true) req.close res.close SOCKCLOSE",
    ),
    (
        "101 no upgrade hdrs",
        "S9: nobody asked for what follows the response",
        "req.finish res101/SP/{} end(,complete=true) req.close res.close SOCKCLOSE",
    ),
    (
        "extra data after",
        "the parser's words are those of 26",
        "req.finish res200/OK/{\"content-length\":\"1\"} req.error(HPE_INVALID_CONSTANT:Parse Error: Expected HTTP/, \
         RTSP/ or ICE/) end(x,complete=true) req.close res.close SOCKCLOSE",
    ),
    (
        "end twice with cb",
        "callbacks are the wait `finished`, which the case asserts",
        "req.socket > req.prefinish > req.finish > req.response > res.data > res.end > res.close > req.close :: \
         destroyed=true aborted=false",
    ),
    ("raw names", "the same, as the case prints it", r#"["Host"] host=h:8080"#),
];

/// Labels that cannot be: label, reason.
const WAIVED: [(&str, &str); 6] = [
    ("hdr array odd", "headers are pairs by their type"),
    ("method num", "the method is a string by its type"),
    ("host num", "the host is a string by its type"),
    ("agent bad", "the agent is an agent by its type"),
    ("timeout null", "the timeout is a number by its type"),
    ("hdr undefined value", "a header has a value by its type"),
];

/// How long an open connection must stay open; once for all of them.
const SILENCE: Duration = Duration::from_millis(150);

/// A label and the rest of its line.
struct Golden {
    label: String,
    expected: String,
}

// Rows: AG3, CR1, CR4, CR16, CR20, CR21, CR31, CR33, CR41, MO7, RO1, RO2, RO5, RO6, RO8, RO16, RO17, RO18, RO19, RO20
// Rows: RO21, RO25, I-24, I-25, I-26, I-37, I-38
#[test]
fn sends_what_node_sends() {
    let goldens = wire('[', "] ");
    let origin = |golden: &Golden| {
        let reply = match golden.label.as_str() {
            "CONNECT" => "HTTP/1.1 200 OK\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        };
        Origin::start(move |peer| {
            peer.head()?;
            peer.send(reply)
        })
    };
    let origins: Vec<Origin> = goldens.iter().map(origin).collect();
    let told = |golden: &Golden| {
        // Nothing is sent when making the request fails.
        let sent = golden.expected.starts_with('"');
        let end = golden.expected.rfind('"').filter(|_| sent).map_or(0, |at| at + 1);
        golden.expected[end..].trim_start_matches(" FIN").to_owned()
    };
    let case = start("wire", &goldens, &origins, told);
    case.address("done");
    let printed: Vec<String> = goldens.iter().map(|golden| trace(&case, golden)).collect();
    let actual = || {
        let every = origins.iter().zip(&printed);
        every.map(|(origin, told)| origin.seen().iter().map(shown).collect::<Vec<_>>().join(" || ") + told)
    };
    let deadline = Instant::now() + PATIENCE / 4;
    while !actual().eq(goldens.iter().map(|golden| golden.expected.clone())) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(SILENCE);
    check(&case, &goldens, actual().collect());
}

// Rows: CR14, CR23, CR24, CR37, RO3, RO4
#[test]
fn a_request_names_its_host_as_node_does() {
    let case = Case::start_with(SOCKETS, "client", &["wire_objects"]);
    for line in WIRE.lines().filter(|line| line.starts_with("Host") || line.starts_with("raw")) {
        let (label, expected) = line.split_once(" -> ").unwrap_or(("raw names", ""));
        let expected = CHANGED.iter().find(|row| row.0 == label).map_or(expected, |row| row.2);
        let separator = if label == "raw names" { " " } else { " -> " };
        assert_eq!(case.line(&format!("{label}{separator}")), expected, "{label}");
    }
    case.finish();
}

// Rows: CR5, CR6, CR7, CR8, CR11, IM2, IM3, IM4, IM5, IM6, IM9, IM17, IM18, IM19, E15, E16, E17, E18, E19, I-27, I-28
// Rows: I-29, I-30, I-43, I-46
#[test]
fn understands_what_node_understands() {
    let mut goldens = wire('{', "} ");
    for golden in &mut goldens {
        golden.expected = closed_last(&golden.expected);
    }
    let origin = |golden: &Golden| {
        let (bytes, ends) = reply_of(&golden.label);
        Origin::start(move |peer| {
            peer.head()?;
            peer.send(&bytes)?;
            if ends { peer.half_close() } else { Some(()) }
        })
    };
    let origins: Vec<Origin> = goldens.iter().map(origin).collect();
    let case = start("responses", &goldens, &origins, |golden| golden.expected.clone());
    check(&case, &goldens, goldens.iter().map(|golden| closed_last(&trace(&case, golden))).collect());
}

// Rows: CR2, CR3, CR9, CR10, CR12, CR13, CR17, CR18, IM15, RO22, RO24, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, X40
// Rows: E13, E14
#[test]
fn tells_events_in_nodes_order() {
    let goldens = events();
    let origins: Vec<Origin> = goldens.iter().map(|golden| Origin::start(script_of(&golden.label))).collect();
    let case = start("events", &goldens, &origins, |golden| golden.expected.clone());
    for (golden, origin) in goldens.iter().zip(&origins) {
        if golden.label.starts_with("premature close after") {
            case.line(&format!("read {}\u{1f}", golden.label));
            origin.go();
        }
    }
    check(&case, &goldens, goldens.iter().map(|golden| trace(&case, golden)).collect());
}

#[test]
fn every_label_is_tested_or_waived() {
    let goldens = [wire('[', "] "), wire('{', "} "), events()].into_iter().flatten();
    let mut labels: BTreeSet<String> = goldens.map(|golden| golden.label).collect();
    let objects = WIRE.lines().filter(|line| !line.starts_with(['[', '{', '=']));
    labels.extend(objects.map(|line| line.split(" -> ").next().unwrap_or_default().to_owned()));
    labels.extend(WAIVED.iter().map(|row| row.0.to_owned()));
    // "raw names" has no arrow in the file.
    let known = |label: &str| labels.iter().any(|known| known.starts_with(label));
    let unknown: Vec<_> = CHANGED.iter().map(|row| row.0).filter(|label| !known(label)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let lines = WIRE.lines().filter(|line| line.starts_with(['[', '{'])).count();
    assert_eq!(lines, wire('[', "] ").len() + wire('{', "} ").len() + WAIVED.len());
    let client = EVENTS.lines().filter(|line| !line.starts_with("server ") && !line.starts_with("=="));
    assert_eq!(client.count(), events().len());
    // The others are the server's.
    assert_eq!(LIMITS.lines().filter(|line| is_the_agents(line)).count(), 9);
}

fn is_the_agents(line: &str) -> bool {
    ["agent now ", "reused ", "after destroy ", "hint ", "req hwm ", "req writes "]
        .iter()
        .any(|start| line.starts_with(start))
}

// Rows: AG1, AG7, AG11, AG13, AG14, AG19, AG20, CR32, I-32, I-35, I-48
#[test]
fn the_agent_counts_as_nodes_does() {
    let slow = Origin::start(|peer| {
        loop {
            peer.head()?;
            // All five requests have to be made while two are on their way.
            peer.go()?;
            peer.send("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx")?;
        }
    });
    let hint = |seconds| {
        Origin::replying(&format!(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout={seconds}\r\nContent-Length: 1\r\n\r\nx"
        ))
    };
    let (one, three) = (hint(1), hint(3));
    let case = Case::start_with(SOCKETS, "client", &["limits", &slow.port(), &one.port(), &three.port()]);
    let expected: Vec<&str> = LIMITS.lines().filter(|line| is_the_agents(line)).collect();
    for line in &expected {
        // The words before the first number are the label.
        let label =
            line.split(|letter: char| letter.is_ascii_digit() || letter == '[').next().unwrap_or(line);
        let label = if line.starts_with("hint") { line.split(" -> ").next().unwrap_or(line) } else { label };
        assert_eq!(format!("{label}{}", case.line_untrimmed(label)), *line);
        if line.starts_with("agent now") {
            (0..5).for_each(|_| slow.go());
        }
    }
    case.finish();
}

/// The labels of a kind in `node-23.5-client-wire.txt` that are not waived.
fn wire(begin: char, end: &str) -> Vec<Golden> {
    let lines = WIRE.lines().filter_map(|line| line.strip_prefix(begin)?.split_once(end));
    // `[agent:false]` and the like may contain the end's first letter, but not both.
    goldens(lines)
}

/// The client's labels of `node-23.5-events.txt`.
fn events() -> Vec<Golden> {
    let client = EVENTS.lines().filter(|line| !line.starts_with("server "));
    goldens(client.filter_map(|line| line.split_once(": ")))
}

fn goldens<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Golden> {
    let changed: BTreeMap<&str, &str> = CHANGED.iter().map(|row| (row.0, row.2)).collect();
    let lines = lines.filter(|(label, _)| WAIVED.iter().all(|row| row.0 != *label));
    lines
        .map(|(label, expected)| Golden {
            label: label.to_owned(),
            expected: changed.get(label).copied().unwrap_or(expected).to_owned(),
        })
        .collect()
}

/// Starts a case with one argument for each golden: port, label, and what is told in the end.
fn start(name: &str, goldens: &[Golden], origins: &[Origin], told: impl Fn(&Golden) -> String) -> Case {
    let labels = goldens.iter().zip(origins);
    let labels: Vec<String> = labels
        .map(|(golden, origin)| format!("{}\n{}\n{}", origin.port(), golden.label, told(golden)))
        .collect();
    let mut arguments = vec![name];
    arguments.extend(labels.iter().map(String::as_str));
    Case::start_with(SOCKETS, "client", &arguments)
}

fn trace(case: &Case, golden: &Golden) -> String {
    case.line_untrimmed(&format!("{}\u{1f}", golden.label))
}

fn check(case: &Case, goldens: &[Golden], actual: Vec<String>) {
    case.check();
    let pairs = goldens.iter().zip(actual).filter(|(golden, actual)| golden.expected != *actual);
    let problems: Vec<String> = pairs
        .map(|(golden, actual)| {
            format!("{}:\n  expected {}\n  actual   {actual}", golden.label, golden.expected)
        })
        .collect();
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), goldens.len(), problems.join("\n"));
}

/// A body is read when the application gets round to it, which may be after its connection has closed: whether that
/// closes counts, and not when.
fn closed_last(trace: &str) -> String {
    match trace.split_once(" SOCKCLOSE") {
        Some((before, after)) => format!("{before}{after} SOCKCLOSE"),
        None => trace.to_owned(),
    }
}

/// As the probe prints what came on a connection.
fn shown(seen: &Seen) -> String {
    let mut text = String::new();
    let mut rest = seen.received.as_str();
    while let Some(at) = ["localhost:", "127.0.0.1:"].iter().filter_map(|host| rest.find(host)).min() {
        let (before, host) = rest.split_at(at);
        let port = host.find(':').map_or(host.len(), |colon| colon + 1);
        text += before;
        text += "HOST";
        rest = host[port..].trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    text += rest;
    let end = if seen.ended { " FIN" } else { "" };
    format!("{}{end}", Value::String(text))
}
