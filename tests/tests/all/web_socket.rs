//! WebSockets at both ends: the class, Autobahn's cases, peers that nobody here wrote, and peers that mean no good.
//! What is not there is not tested, and says so.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use node_http_tests::process::CaseProcess;
use node_http_tests::web_socket::{RawWebSocket as Raw, frame};
use node_http_tests::{Case, PATIENCE, autobahn, node};

use super::SOCKETS;

// Rows: MO11
#[test]
fn members() {
    Case::start_with(SOCKETS, "web_socket", &["members"]).finish();
}

/// A few of each group; all of them by the command in the README.
const SUBSET: &[&str] = &[
    "1.1.*", "1.2.5", "2.*", "3.*", "4.*", "5.*", "6.2.*", "6.4.*", "6.12.*", "6.21.*", "7.*", "9.3.2",
    "9.7.1", "10.*", "12.1.3", "12.2.7", "13.1.3", "13.3.3", "13.5.3", "13.7.3",
];

// Rows: MO11
#[test]
fn some_of_autobahns_cases_for_servers() {
    let Some(python) = python("kosoku") else { return };
    let report = autobahn::test_server(&python, SOCKETS, SUBSET);
    assert!(report.is_good(), "{report}");
}

// Rows: MO11
#[test]
fn some_of_autobahns_cases_for_clients() {
    let Some(python) = python("kosoku") else { return };
    let report = autobahn::test_client(&python, SOCKETS, SUBSET);
    assert!(report.is_good(), "{report}");
}

// Rows: MO11
#[test]
fn pythons_server() {
    let Some(python) = python("websockets") else { return };
    let script = include_str!("web_socket/server.py");
    asks(&Server::start(Command::new(python).args(["-c", script])), "permessage-deflate");
}

#[test]
fn pythons_client() {
    let Some(python) = python("websockets") else { return };
    let script = include_str!("web_socket/client.py");
    is_asked(Command::new(python).args(["-c", script]), "open echo 1");
}

// Rows: MO11
#[test]
fn ws_as_a_server() {
    let Some((node, ws)) = ws() else { return };
    let script = include_str!("web_socket/server.js");
    asks(&Server::start(Command::new(node).args(["-e", script]).arg(ws)), "permessage-deflate");
}

#[test]
fn ws_as_a_client() {
    let Some((node, ws)) = ws() else { return };
    let script = include_str!("web_socket/client.js");
    is_asked(Command::new(node).args(["-e", script]).arg(ws), "open echo permessage-deflate");
}

/// Our client and a server that echoes.
fn asks(server: &Server, extensions: &str) {
    let url = format!("ws://127.0.0.1:{}/", server.port);
    let case = Case::start_with(SOCKETS, "web_socket", &["echo", &url]);
    let opened = case.line("open ");
    assert!(opened.starts_with(&format!("echo {extensions}")), "{opened}");
    assert_eq!(case.line("closed "), "true 3001 thanks");
    case.finish();
}

/// Our server and a client, which is given its address last.
fn is_asked(client: &mut Command, opened: &str) {
    let case = Case::start_with(SOCKETS, "web_socket", &["serve", "deflate"]);
    let output = client.arg(format!("ws://{}/", case.address("echo"))).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with(opened) && output.status.success(), "{output:?}");
    assert!(text.contains("closed 3001"), "{output:?}");
}

#[test]
fn what_asks_for_nothing_that_there_is() {
    let case = Case::start_with(SOCKETS, "web_socket", &["serve"]);
    let mut client = case.connect("echo");
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    let (answer, ended) = client.receive_until(|_| false);
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n") && ended, "{answer}");
    assert_eq!(case.line("refused "), "Missing or invalid Sec-WebSocket-Key header");
    // Another client on another connection is served.
    Raw::open(case.address("echo")).echoes();
}

/// Nobody reads the echoes: what is not read waits where it came from, and nobody else does.
#[test]
fn a_slow_reader_is_not_read() {
    let mut case = server(&["serve"]);
    let address = case.address("echo");
    let mut good = Raw::open(address);
    good.echoes();
    let before = case.resident();
    let slow = Raw::open(address);
    let message = frame(0x82, &vec![7; 65_536]);
    slow.stream().set_write_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    let mut sent = 0;
    while sent < 256 << 20 && slow.stream().write_all(&message).is_ok() {
        sent += message.len();
        if sent % (16 << 20) < message.len() {
            good.echoes();
        }
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken of a peer that reads nothing");
    good.echoes();
    let grown = case.resident().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
}

#[test]
fn a_flood_of_pings_that_nobody_reads_the_answers_of() {
    let mut case = server(&["serve"]);
    let address = case.address("echo");
    let mut good = Raw::open(address);
    good.echoes();
    let before = case.resident();
    let flood = Raw::open(address);
    flood.stream().set_write_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    let pings = frame(0x89, &[7; 100]).repeat(1000);
    let mut sent = 0;
    while sent < 256 << 20 && flood.stream().write_all(&pings).is_ok() {
        sent += pings.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes");
    good.echoes();
    let grown = case.resident().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
}

#[test]
fn a_message_that_never_ends() {
    let mut case = server(&["serve"]);
    let address = case.address("echo");
    let mut good = Raw::open(address);
    let mut endless = Raw::open(address);
    let before = case.resident();
    let mut reader = endless.another();
    let code = thread::spawn(move || reader.close_code());
    endless.send(&frame(0x01, b""));
    let piece = frame(0x00, &vec![b'a'; 60_000]);
    let start = Instant::now();
    // What comes behind the refusal is thrown away for a moment, so that it arrives.
    while start.elapsed() < PATIENCE && endless.stream().write_all(&piece).is_ok() {}
    assert!(start.elapsed() < PATIENCE, "it is never ended");
    assert_eq!(code.join().expect("a thread that reads"), Some(1009));
    good.echoes();
    // The message, and what a vector that grows needs beside it.
    let grown = case.resident().saturating_sub(before);
    assert!(grown < 80 * 1024, "{grown} KiB");
}

#[test]
fn a_bomb() {
    let case = Case::start_with(SOCKETS, "web_socket", &["serve", "deflate", "small"]);
    let address = case.address("echo");
    let mut good = Raw::open(address);
    let mut bomb = Raw::open_with(address, "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    bomb.send(&frame(0xc2, &zeros()));
    assert_eq!(bomb.close_code(), Some(1009));
    assert_eq!(case.line("error "), "Message is too big");
    good.echoes();
}

/// A stored block cannot be a bomb, a fixed one can: the literal 0, then matches of 258 bytes at distance 1. Deflate
/// writes bits from the lowest on.
fn zeros() -> Vec<u8> {
    let mut bits: Vec<u8> = vec![0, 1, 0];
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0]);
    for _ in 0..4000 {
        // Length 258 is code 285 = 11000101, distance 1 is code 0 in five bits.
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    bits.extend([0; 7]);
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | bit)).collect()
}

#[test]
fn a_peer_that_never_answers_close() {
    let case = Case::start_with(SOCKETS, "web_socket", &["closes", "hasty"]);
    let start = Instant::now();
    let mut silent = Raw::open(case.address("echo"));
    assert_eq!(silent.receive(), (0x88, b"\x0f\xa0enough".to_vec()));
    let mut rest = Vec::new();
    silent.stream().read_to_end(&mut rest).expect("the server ends it");
    assert!(rest.is_empty() && (HASTE..PATIENCE).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(case.line("closed "), "false 1006");
    // Who answers is not kept waiting for anything.
    let mut polite = Raw::open(case.address("echo"));
    polite.receive();
    polite.send(&frame(0x88, b"\x0f\xa0thanks"));
    polite.stream().read_to_end(&mut rest).expect("the server ends it");
    assert_eq!(case.line("closed true "), "4000 thanks");
}

/// What the option `hasty` gives a peer for its close frame.
const HASTE: Duration = Duration::from_millis(300);

#[test]
fn pings_keep_a_connection_whose_peer_answers() {
    let case = Case::start_with(SOCKETS, "web_socket", &["serve", "pings"]);
    let mut silent = Raw::open(case.address("echo"));
    // Far longer than the server waits for who answers none.
    for _ in 0..5 {
        assert_eq!(silent.receive(), (0x89, Vec::new()));
        silent.send(&frame(0x8a, b""));
    }
    silent.echoes();
}

#[test]
fn what_is_not_read_is_told_and_waited_for() {
    let case = Case::start_with(SOCKETS, "web_socket", &["presses"]);
    let mut slow = Raw::open(case.address("echo"));
    let buffered: u64 = case.line("buffered ").parse().expect("a number");
    assert!((1 << 20..=12 << 20).contains(&buffered), "{buffered}");
    for _ in 0..12 {
        let (first, payload) = slow.receive();
        assert_eq!((first, payload.len()), (0x82, 1 << 20));
    }
    assert_eq!(case.line("drained "), "0");
    slow.echoes();
}

#[test]
fn a_peer_that_answers_no_pings() {
    let case = Case::start_with(SOCKETS, "web_socket", &["serve", "pings"]);
    let silent = Raw::open(case.address("echo"));
    // It answers no ping: after two intervals the server gives it up.
    let start = Instant::now();
    let mut rest = Vec::new();
    silent.stream().read_to_end(&mut rest).expect("the server ends it");
    assert_eq!(rest, [0x89, 0]);
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(case.line("error "), "The peer does not answer pings");
}

fn server(arguments: &[&str]) -> CaseProcess {
    CaseProcess::start(env!("CARGO_BIN_EXE_case"), SOCKETS, "web_socket", arguments)
}

/// A server in a process of its own, which ends with its standard input.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut line).expect("text");
        Self { process, port: line.trim().parse().unwrap_or_else(|_| panic!("{line:?} is no port")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(module: &str) -> Option<PathBuf> {
    autobahn::python_with(module).map_err(|why| skipped(&why)).ok()
}

/// Node, and the npm package `ws`.
fn ws() -> Option<(PathBuf, PathBuf)> {
    let node = node::node_or_skip("ws")?;
    let package = node::package("ws@8").map_err(|why| skipped(&why)).ok()?;
    Some((node, package))
}

/// Past the test harness, which shows only what failed tests print.
fn skipped(why: &str) {
    // Without an error stream nobody can be told.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}
