//! Clients that mean no good, and the good one that must not notice them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::PATIENCE;

/// What hostile clients do (reference/security.md section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Heads that never end, byte by byte.
    Slowloris,
    /// Bodies that never end, byte by byte.
    SlowBody,
    /// Large answers that are read byte by byte.
    SlowRead,
    /// Requests without end, and no answer is ever read (CVE-2013-4450).
    PipelineFlood,
    /// Bodies that the application does not read.
    UnreadBodies,
    /// Connections that break at every point of a request and of an answer.
    Aborts,
    /// Garbage behind valid requests.
    Garbage,
}

/// What came of an attack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Damage {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that came back.
    pub received: u64,
}

/// Between two turns of a client.
const PAUSE: Duration = Duration::from_millis(5);

impl Attack {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Slowloris,
        Self::SlowBody,
        Self::SlowRead,
        Self::PipelineFlood,
        Self::UnreadBodies,
        Self::Aborts,
        Self::Garbage,
    ];

    /// Attacks over so many connections until `stop` is set; each is made at least once.
    ///
    /// # Panics
    /// When nobody listens there.
    pub fn run(self, address: SocketAddr, connections: usize, stop: &AtomicBool) -> Damage {
        let mut damage = Damage::default();
        let mut open: Vec<Option<Hostile>> = (0..connections).map(|_| None).collect();
        loop {
            for slot in &mut open {
                let client = slot.get_or_insert_with(|| {
                    damage.connections += 1;
                    Hostile::connect(address, self.plan(damage.connections))
                });
                if !client.turn(&mut damage) {
                    *slot = None;
                }
            }
            if stop.load(Ordering::Relaxed) {
                return damage;
            }
            thread::sleep(PAUSE);
        }
    }

    /// What the `number`th connection does.
    fn plan(self, number: u64) -> Plan {
        let plan = |first: &str, then: &str, reads: usize| Plan {
            first: first.as_bytes().to_vec(),
            then: then.as_bytes().to_vec(),
            reads,
            turns: u64::MAX,
            resets: false,
        };
        match self {
            Self::Slowloris => plan("GET / HTTP/1.1\r\nHost: a\r\nX: ", "a", 1024),
            Self::SlowBody => {
                plan("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "a", 1024)
            }
            Self::SlowRead => plan("GET /large HTTP/1.1\r\nHost: a\r\n\r\n", "", 1),
            Self::PipelineFlood => plan("", &"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000), 0),
            Self::UnreadBodies => {
                let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n";
                plan("", &format!("{head}{}", "b".repeat(20_000)), 65_536)
            }
            Self::Aborts => {
                let upload = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
                let download = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
                let whole = if number.is_multiple_of(2) { upload } else { download };
                // Every second of them gets as far as the answer.
                let cut = usize::try_from(number / 2).unwrap_or(0) % (2 * whole.len());
                let first = &whole[..cut.min(whole.len())];
                Plan { turns: number % 3, resets: number.is_multiple_of(5), ..plan(first, "", 100) }
            }
            Self::Garbage => {
                plan("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\0garbage", "", 1024)
            }
        }
    }
}

/// What one hostile client does.
struct Plan {
    /// Sent at once.
    first: Vec<u8>,
    /// Sent again and again, as much of it as the socket takes.
    then: Vec<u8>,
    /// The most bytes that it reads in one turn.
    reads: usize,
    /// After so many turns it leaves.
    turns: u64,
    /// It leaves with a reset.
    resets: bool,
}

struct Hostile {
    stream: TcpStream,
    plan: Plan,
    /// How much of `then` is sent.
    sent: usize,
}

impl Hostile {
    fn connect(address: SocketAddr, plan: Plan) -> Self {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        if plan.reads == 1 {
            // A small window: what the system takes in advance is not read slowly.
            sockopt::set_socket_recv_buffer_size(&stream, 4096).expect("a TCP socket");
        }
        stream.write_all(&plan.first).expect("an empty socket takes a small request");
        stream.set_nonblocking(true).expect("a TCP socket");
        Self { stream, plan, sent: 0 }
    }

    /// False when the connection is over.
    fn turn(&mut self, damage: &mut Damage) -> bool {
        if self.plan.turns == 0 {
            return false;
        }
        self.plan.turns -= 1;
        self.send(damage) && self.receive(damage)
    }

    fn send(&mut self, damage: &mut Damage) -> bool {
        if self.plan.then.is_empty() {
            return true;
        }
        match self.stream.write(&self.plan.then[self.sent..]) {
            Ok(count) => {
                damage.sent += count as u64;
                self.sent = (self.sent + count) % self.plan.then.len();
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    fn receive(&mut self, damage: &mut Damage) -> bool {
        let mut buffer = [0; 65_536];
        if self.plan.reads == 0 {
            return true;
        }
        match self.stream.read(&mut buffer[..self.plan.reads]) {
            Ok(0) => false,
            Ok(count) => {
                damage.received += count as u64;
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if self.plan.resets {
            // It fails when the peer was faster.
            let _ = sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        }
    }
}

/// Asks for `/`, a short pause between two requests and a new connection now and then, until `enough` says so of the
/// number of answers. Returns how long each answer took, the connection included.
///
/// # Panics
/// When an answer is not the one that was expected, or does not come.
pub fn good_client(address: SocketAddr, enough: impl Fn(usize) -> bool) -> Vec<Duration> {
    const REQUESTS_PER_CONNECTION: usize = 20;
    let connect = || {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream
    };
    let mut stream = connect();
    let mut times: Vec<Duration> = Vec::new();
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !enough(times.len()) {
        let begin = Instant::now();
        if times.len().is_multiple_of(REQUESTS_PER_CONNECTION) {
            stream = connect();
        }
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("the connection stays open");
        answer.clear();
        while !answer.ends_with(b"Hello, world\n") {
            let count = stream.read(&mut buffer).expect("an answer");
            assert!(count > 0, "the connection stays open");
            answer.extend_from_slice(&buffer[..count]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
        times.push(begin.elapsed());
        thread::sleep(PAUSE);
    }
    times
}
