//! `node-http fetch ws://…` from outside: lines go out as messages, messages come out as lines.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server's end of a connection whose handshake is over.
struct Peer(TcpStream);

impl Peer {
    /// Accepts one connection, and answers with this status and the key that was asked for.
    fn accept(listener: &TcpListener, status: &str) -> Self {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let digest = sha1_smol::Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).digest();
        let accept = STANDARD.encode(digest.bytes());
        let answer = format!(
            "HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
        Self(stream)
    }

    /// The first byte of the next frame, and its payload without the mask.
    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 6];
        self.0.read_exact(&mut head).unwrap();
        let [first, length, key @ ..] = head;
        let mut payload = vec![0; usize::from(length & 0x7f)];
        self.0.read_exact(&mut payload).unwrap();
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        (first, payload)
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        let head = [first, u8::try_from(payload.len()).unwrap()];
        self.0.write_all(&[&head, payload].concat()).unwrap();
    }
}

const NORMAL: &[u8] = b"\x03\xe8";

/// Runs `fetch` with this input against a server that does `script` on its only connection.
fn fetch(input: &str, status: &'static str, script: impl FnOnce(Peer) + Send + 'static) -> Output {
    let (mut child, server) = start(status, script);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    output
}

fn start(
    status: &'static str,
    script: impl FnOnce(Peer) + Send + 'static,
) -> (Child, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || script(Peer::accept(&listener, status)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.args(["fetch", &url]).env_remove("RUST_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    (command.spawn().unwrap(), server)
}

#[track_caller]
fn assert_ends(output: &Output, status: i32, printed: &str, said: &str) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ended = (output.status.code(), text(&output.stdout), text(&output.stderr));
    assert_eq!(ended, (Some(status), printed.to_owned(), said.to_owned()));
}

#[test]
fn answers_are_waited_for_when_the_input_has_ended() {
    let output = fetch("one\ntwo\n", "101 Switching Protocols", |mut peer| {
        assert_eq!(peer.receive(), (0x81, b"one".to_vec()));
        assert_eq!(peer.receive(), (0x81, b"two".to_vec()));
        // Each comes before a second of silence is over, all of them later than that.
        for answer in ["1", "2", "3"] {
            thread::sleep(Duration::from_millis(500));
            peer.send(0x81, answer.as_bytes());
        }
        let last = Instant::now();
        assert_eq!(peer.receive(), (0x88, NORMAL.to_vec()));
        assert!(last.elapsed() > Duration::from_millis(900), "{:?}", last.elapsed());
        peer.send(0x88, NORMAL);
    });
    assert_ends(&output, 0, "1\n2\n3\n", "");
}

#[test]
fn a_server_that_closes_ends_it_whether_the_input_has_ended_or_not() {
    let (child, server) = start("101 Switching Protocols", |mut peer| {
        peer.send(0x81, "κόσμε".as_bytes());
        peer.send(0x82, b"\0\xff");
        peer.send(0x88, NORMAL);
        assert_eq!(peer.receive(), (0x88, NORMAL.to_vec()));
    });
    // `wait_with_output` would close the input.
    let mut child = child;
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    assert_eq!(output.stdout, "κόσμε\n\0".bytes().chain([0xff]).collect::<Vec<u8>>());
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    drop(input);
}

#[test]
fn what_goes_wrong_is_explained() {
    let cut = fetch("", "101 Switching Protocols", drop);
    assert_ends(&cut, 56, "", "node-http: the connection was cut\n");
    let wrong = fetch("", "101 Switching Protocols", |mut peer| {
        peer.send(0x81, b"\xff");
        assert_eq!(peer.receive().0, 0x88);
    });
    assert_ends(&wrong, 56, "", "node-http: Received invalid UTF-8 in text frame.\n");
    let refused = fetch("", "403 Forbidden", drop);
    assert_ends(&refused, 56, "", "node-http: Received network error or non-101 status code.\n");
}
