//! `node-http fetch` from outside: what it sends, what it prints, and how it exits.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn fetch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.arg("fetch").args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A path for a file of a test.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A server that takes one request, answers it with fixed bytes and closes the connection.
struct Origin {
    address: SocketAddr,
    received: JoinHandle<String>,
}

impl Origin {
    fn start(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let received = request(&mut stream);
            // It fails when the client has seen enough.
            let _ = stream.write_all(answer).and_then(|()| stream.shutdown(Shutdown::Write));
            // A connection that is closed with bytes unread is reset.
            let _ = stream.read(&mut [0; 64]);
            received
        });
        Self { address, received }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked for.
    fn received(self) -> String {
        self.received.join().unwrap()
    }
}

/// Reads a request to its end.
fn request(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        received.extend_from_slice(&buffer[..count]);
        let text: String = received.iter().copied().map(char::from).collect();
        if count == 0 || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    match head.lines().find_map(|line| line.strip_prefix("Content-Length: ")) {
        Some(length) => body.len() >= length.parse::<usize>().unwrap(),
        None => !head.contains("Transfer-Encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Name: caf\xe9\r\n\r\nhello\n";

#[track_caller]
fn assert_prints(output: &Output, expected: &[u8]) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, expected, "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The command fails with `status` and one line.
#[track_caller]
fn assert_fails(output: &Output, status: i32, line: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(status), &*format!("node-http: {line}\n")));
}

#[test]
fn a_body_is_printed_as_it_is() {
    let origin = Origin::start(HELLO);
    let address = origin.address;
    let output = fetch(&[&origin.url("/a%20b?c#d")]).output().unwrap();
    assert_prints(&output, b"hello\n");
    assert_eq!(
        origin.received(),
        format!(
            "GET /a%20b?c HTTP/1.1\r\nUser-Agent: node-http/{VERSION}\r\nAccept: */*\r\nHost: {address}\r\n\
             Connection: close\r\n\r\n"
        )
    );
}

#[test]
fn the_scheme_may_be_left_out() {
    let origin = Origin::start(HELLO);
    let url = format!("localhost:{}", origin.address.port());
    assert_prints(&fetch(&[&url]).output().unwrap(), b"hello\n");
    assert!(origin.received().starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn include_prints_the_head_byte_by_byte() {
    let origin = Origin::start(HELLO);
    assert_prints(&fetch(&["-i", &origin.url("/")]).output().unwrap(), HELLO);
}

#[test]
fn chunks_are_taken_apart() {
    let answer = b"HTTP/1.1 404 Nope\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    assert_prints(&fetch(&[&Origin::start(answer).url("/")]).output().unwrap(), b"hello");
}

#[test]
fn data_is_posted_as_a_form() {
    let origin = Origin::start(HELLO);
    assert_prints(&fetch(&["-d", "a=1&b=\u{e9}", &origin.url("/")]).output().unwrap(), b"hello\n");
    let received = origin.received();
    assert!(received.starts_with("POST / HTTP/1.1\r\n"), "{received}");
    assert!(received.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), "{received}");
    assert!(received.contains("\r\nContent-Length: 8\r\n"), "{received}");
    assert!(received.ends_with("\r\n\r\na=1&b=\u{c3}\u{a9}"), "{received}");
}

#[test]
fn a_file_is_sent_with_its_length() {
    let file = path("fetch-data");
    let content = "0123456789abcdef".repeat(20_000);
    std::fs::write(&file, &content).unwrap();
    let origin = Origin::start(HELLO);
    let data = format!("@{}", file.display());
    let arguments = ["-X", "PUT", "-H", "content-type: text/plain", "--data-binary", &data, &origin.url("/")];
    assert_prints(&fetch(&arguments).output().unwrap(), b"hello\n");
    let received = origin.received();
    assert!(received.starts_with("PUT / HTTP/1.1\r\n"), "{received:.300}");
    assert!(received.contains("\r\ncontent-type: text/plain\r\n"), "{received:.300}");
    assert!(!received.contains("urlencoded"), "{received:.300}");
    assert!(received.contains("\r\nContent-Length: 320000\r\n"), "{received:.300}");
    assert!(received.split_once("\r\n\r\n").unwrap().1 == content);
}

#[test]
fn standard_input_is_sent_in_chunks() {
    let origin = Origin::start(HELLO);
    // GET has neither length nor chunks by itself.
    let mut command = fetch(&["-X", "GET", "-T", "-", &origin.url("/")]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    assert_prints(&child.wait_with_output().unwrap(), b"hello\n");
    let received = origin.received();
    assert!(received.starts_with("GET / HTTP/1.1\r\n"), "{received}");
    assert!(received.contains("\r\nTransfer-Encoding: chunked\r\n"), "{received}");
    assert!(received.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{received}");
}

#[test]
fn an_answer_is_not_delayed_by_input_that_does_not_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut command = fetch(&["-T", "-", &url]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"part").unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    stream.write_all(b"HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo long").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "too long");
}

#[test]
fn headers_replace_defaults_join_them_or_keep_them_away() {
    let origin = Origin::start(HELLO);
    let url = origin.url("/");
    let headers = ["-H", "accept: text/html", "-H", "User-Agent:", "-H", "X-A: 1", "-H", "x-a: \u{e9}"];
    let arguments: Vec<&str> = headers.into_iter().chain([url.as_str()]).collect();
    assert_prints(&fetch(&arguments).output().unwrap(), b"hello\n");
    let received = origin.received();
    assert!(!received.contains("User-Agent"), "{received}");
    assert!(!received.contains("*/*"), "{received}");
    assert!(received.contains("\r\naccept: text/html\r\n"), "{received}");
    assert!(received.contains("\r\nX-A: 1\r\nX-A: \u{c3}\u{a9}\r\n"), "{received}");
}

#[test]
fn head_prints_the_head() {
    let origin = Origin::start(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    let output = fetch(&["-X", "HEAD", &origin.url("/")]).output().unwrap();
    assert_prints(&output, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
}

#[test]
fn output_goes_to_a_file() {
    let file = path("fetch-output");
    let output = fetch(&["-o", file.to_str().unwrap(), &Origin::start(HELLO).url("/")]).output().unwrap();
    assert_prints(&output, b"");
    assert_eq!(std::fs::read(&file).unwrap(), b"hello\n");
}

#[test]
fn a_failed_request_leaves_the_file_alone() {
    let file = path("fetch-kept");
    std::fs::write(&file, "old").unwrap();
    let output = fetch(&["-o", file.to_str().unwrap(), &Origin::start(b"").url("/")]).output().unwrap();
    assert_fails(&output, 52, "socket hang up");
    assert_eq!(std::fs::read(&file).unwrap(), b"old");
}

#[test]
fn what_cannot_be_asked_for_is_explained() {
    for (url, status, line) in [
        ("https://127.0.0.1/", 1, "Protocol \"https:\" not supported. Expected \"http:\""),
        ("http://[::1", 3, "Invalid URL"),
        ("http://nx.invalid/", 6, "getaddrinfo ENOTFOUND nx.invalid"),
    ] {
        assert_fails(&fetch(&[url]).output().unwrap(), status, line);
    }
}

#[test]
fn a_refused_connection_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let output = fetch(&[&format!("http://{address}/")]).output().unwrap();
    assert_fails(&output, 7, &format!("connect ECONNREFUSED {address}"));
}

#[test]
fn broken_answers_are_explained() {
    for (answer, status, line) in [
        (&b""[..], 52, "socket hang up"),
        (b"220 welcome to mail\r\n", 8, "Parse Error: Expected HTTP/, RTSP/ or ICE/"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 56, "aborted"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
            56,
            "Parse Error: Invalid character in chunk size",
        ),
    ] {
        assert_fails(&fetch(&[&Origin::start(answer).url("/")]).output().unwrap(), status, line);
    }
}

#[test]
fn files_that_cannot_be_used_are_explained() {
    let output = fetch(&["-d", "@/nowhere/data", "http://127.0.0.1/"]).output().unwrap();
    assert_fails(&output, 26, "cannot read /nowhere/data: No such file or directory (os error 2)");
    let output = fetch(&["-o", "/nowhere/out", &Origin::start(HELLO).url("/")]).output().unwrap();
    assert_fails(&output, 23, "cannot write /nowhere/out: No such file or directory (os error 2)");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_explained() {
    let output = fetch(&["-o", "/dev/full", &Origin::start(HELLO).url("/")]).output().unwrap();
    assert_fails(&output, 23, "cannot write /dev/full: No space left on device (os error 28)");
}

#[test]
fn wrong_usage_is_explained() {
    for arguments in
        [&["-H", "nonsense", "http://127.0.0.1/"][..], &["-d", "a", "-T", "b", "http://127.0.0.1/"], &[]]
    {
        assert_eq!(fetch(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
    let output = fetch(&["-X", "GE T", "http://127.0.0.1/"]).output().unwrap();
    assert_fails(&output, 2, "Method must be a valid HTTP token [\"GE T\"]");
}
