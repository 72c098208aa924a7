//! Clients that mean no good, and the good one that must not notice them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
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
    /// Large heads without end, at an application that is slow.
    HeadsAtSlow,
    /// The same at one that never answers.
    HeadsAtDeaf,
    /// Requests with bodies without end, at an application that is slow and reads none.
    BodiesAtSlow,
    /// The same at one that never answers.
    BodiesAtDeaf,
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

/// A head just below the default limit of 16 KiB is this and the rest of it.
const LARGE_HEAD: usize = 15_000;
/// Less than a socket's high-water mark of 64 KiB: the request behind it is parsed, too.
const LARGE_BODY: usize = 60_000;
/// What the system keeps for each of many thousand clients has to be little, or it is the system that is filled.
const LITTLE: usize = 8192;

impl Attack {
    /// Those that cost a server no more than some buffers each.
    pub const ALL: [Self; 7] = [
        Self::Slowloris,
        Self::SlowBody,
        Self::SlowRead,
        Self::PipelineFlood,
        Self::UnreadBodies,
        Self::Aborts,
        Self::Garbage,
    ];

    /// Those that fill whatever memory they are given.
    pub const FILLING: [Self; 4] =
        [Self::HeadsAtSlow, Self::HeadsAtDeaf, Self::BodiesAtSlow, Self::BodiesAtDeaf];

    /// Attacks over so many connections until `stop` is set; each is made at least once.
    ///
    /// # Panics
    /// When nobody listens there.
    pub fn run(self, address: SocketAddr, connections: usize, stop: &AtomicBool) -> Damage {
        Self::run_all(&[self], address, connections, || stop.load(Ordering::Relaxed))
    }

    /// The same with several attacks at once, each over its part of the connections.
    ///
    /// # Panics
    /// When nobody listens there, or there is no attack.
    pub fn run_all(
        attacks: &[Self],
        address: SocketAddr,
        connections: usize,
        stop: impl Fn() -> bool,
    ) -> Damage {
        let mut damage = Damage::default();
        let repeated: Vec<Rc<[u8]>> = attacks.iter().map(|attack| attack.repeated().into()).collect();
        let mut open: Vec<Option<Hostile>> = (0..connections).map(|_| None).collect();
        let mut buffer = vec![0; 65_536];
        loop {
            for (place, slot) in open.iter_mut().enumerate() {
                let client = slot.get_or_insert_with(|| {
                    damage.connections += 1;
                    let which = place % attacks.len();
                    let plan = attacks[which].plan(damage.connections);
                    Hostile::connect(address, plan, Rc::clone(&repeated[which]))
                });
                if !client.turn(&mut damage, &mut buffer) {
                    *slot = None;
                }
            }
            if stop() {
                return damage;
            }
            thread::sleep(PAUSE);
        }
    }

    /// What the `number`th connection does.
    fn plan(self, number: u64) -> Plan {
        let plan = |first: &str, reads: usize| Plan {
            first: first.as_bytes().to_vec(),
            reads,
            little: false,
            turns: u64::MAX,
            resets: false,
        };
        match self {
            Self::Slowloris => plan("GET / HTTP/1.1\r\nHost: a\r\nX: ", 1024),
            Self::SlowBody => {
                plan("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", 1024)
            }
            Self::SlowRead => plan("GET /large HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            Self::PipelineFlood => plan("", 0),
            Self::UnreadBodies => plan("", 65_536),
            Self::Aborts => {
                let upload = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
                let download = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
                let whole = if number.is_multiple_of(2) { upload } else { download };
                // Every second of them gets as far as the answer.
                let cut = usize::try_from(number / 2).unwrap_or(0) % (2 * whole.len());
                let first = &whole[..cut.min(whole.len())];
                Plan { turns: number % 3, resets: number.is_multiple_of(5), ..plan(first, 100) }
            }
            Self::Garbage => {
                plan("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\0garbage", 1024)
            }
            Self::HeadsAtSlow | Self::HeadsAtDeaf | Self::BodiesAtSlow | Self::BodiesAtDeaf => {
                // An end behind what is not read is noticed by nobody.
                Plan { little: true, resets: true, ..plan("", 65_536) }
            }
        }
    }

    /// Sent again and again behind that, as much of it as the socket takes.
    fn repeated(self) -> Vec<u8> {
        let head =
            |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "h".repeat(LARGE_HEAD));
        let body = |path: &str, length: usize| {
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
            head + &"b".repeat(length)
        };
        let text = match self {
            Self::Slowloris | Self::SlowBody => "a".to_owned(),
            Self::SlowRead | Self::Aborts | Self::Garbage => String::new(),
            Self::PipelineFlood => "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000),
            Self::UnreadBodies => body("/", 20_000),
            Self::HeadsAtSlow => head("/slow"),
            Self::HeadsAtDeaf => head("/deaf"),
            Self::BodiesAtSlow => body("/slow", LARGE_BODY),
            Self::BodiesAtDeaf => body("/deaf", LARGE_BODY),
        };
        text.into_bytes()
    }
}

/// What one hostile client does.
struct Plan {
    /// Sent at once.
    first: Vec<u8>,
    /// The most bytes that it reads in one turn.
    reads: usize,
    /// Its socket holds little of what it sends.
    little: bool,
    /// After so many turns it leaves.
    turns: u64,
    /// It leaves with a reset.
    resets: bool,
}

struct Hostile {
    stream: TcpStream,
    plan: Plan,
    /// Sent again and again.
    repeated: Rc<[u8]>,
    /// How much of `repeated` is sent.
    sent: usize,
}

impl Hostile {
    fn connect(address: SocketAddr, plan: Plan, repeated: Rc<[u8]>) -> Self {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        if plan.reads == 1 {
            // A small window: what the system takes in advance is not read slowly.
            sockopt::set_socket_recv_buffer_size(&stream, 4096).expect("a TCP socket");
        }
        if plan.little {
            sockopt::set_socket_send_buffer_size(&stream, LITTLE).expect("a TCP socket");
        }
        stream.write_all(&plan.first).expect("an empty socket takes a small request");
        stream.set_nonblocking(true).expect("a TCP socket");
        Self { stream, plan, repeated, sent: 0 }
    }

    /// False when the connection is over.
    fn turn(&mut self, damage: &mut Damage, buffer: &mut [u8]) -> bool {
        if self.plan.turns == 0 {
            return false;
        }
        self.plan.turns -= 1;
        self.send(damage) && self.receive(damage, buffer)
    }

    fn send(&mut self, damage: &mut Damage) -> bool {
        if self.repeated.is_empty() {
            return true;
        }
        match self.stream.write(&self.repeated[self.sent..]) {
            Ok(count) => {
                damage.sent += count as u64;
                self.sent = (self.sent + count) % self.repeated.len();
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    fn receive(&mut self, damage: &mut Damage, buffer: &mut [u8]) -> bool {
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
    let mut times = Vec::new();
    if enough(0) {
        return times;
    }
    good_client_until(address, |time| {
        times.push(time);
        enough(times.len())
    });
    times
}

/// The same, until `told` says so of an answer: it is told how long each took.
///
/// # Panics
/// When an answer is not the one that was expected, or does not come.
pub fn good_client_until(address: SocketAddr, mut told: impl FnMut(Duration) -> bool) {
    const REQUESTS_PER_CONNECTION: usize = 20;
    let connect = || {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream
    };
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let mut begin = Instant::now();
        let mut stream = connect();
        for _ in 0..REQUESTS_PER_CONNECTION {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("the connection stays open");
            answer.clear();
            while !answer.ends_with(b"Hello, world\n") {
                let count = stream.read(&mut buffer).expect("an answer");
                assert!(count > 0, "the connection stays open");
                answer.extend_from_slice(&buffer[..count]);
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
            if told(begin.elapsed()) {
                return;
            }
            thread::sleep(PAUSE);
            begin = Instant::now();
        }
    }
}
