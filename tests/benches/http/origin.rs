//! The fixed server: what clients and reverse proxies ask. It costs less than any of them.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};

use crate::{load::PATIENCE, sample::Latencies};

/// As long as the other servers', with all that a client has to look at.
const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\
    Content-Length: 13\r\n\r\nHello, world\n";
const CLOSED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\
    Content-Length: 13\r\n\r\nHello, world\n";

/// Connections are numbered from 0.
const LISTENER: Token = Token(usize::MAX);

/// The server, with whoever drives it.
pub(crate) struct Origin {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    address: SocketAddr,
    keep_alive: bool,
    connections: HashMap<Token, Connection>,
    accepted: usize,
    pub(crate) answered: u64,
    /// How long it was from an answer to the next request on the same connection.
    pub(crate) pauses: Latencies,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    answered: Option<Instant>,
}

/// How far a request is.
enum Progress {
    Waits,
    Answered,
    Gone,
}

impl Origin {
    /// Listens, and closes each connection after its answer unless they are to be kept.
    pub(crate) fn listen(keep_alive: bool) -> Result<Self> {
        let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
        let address = listener.local_addr()?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            listener,
            address,
            keep_alive,
            connections: HashMap::new(),
            accepted: 0,
            answered: 0,
            pauses: Latencies::new(),
            buffer: vec![0; 4096],
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the first request: a client may have to be compiled.
    pub(crate) fn answer_first(&mut self) -> Result<()> {
        let deadline = Instant::now() + 12 * PATIENCE;
        while self.answered == 0 {
            ensure!(Instant::now() < deadline, "the client does not ask");
            self.turn(PATIENCE)?;
        }
        Ok(())
    }

    /// Goes on for `duration`; returns how long it really was.
    pub(crate) fn answer_for(&mut self, duration: Duration) -> Result<Duration> {
        let start = Instant::now();
        let mut last = start;
        loop {
            let before = self.answered;
            self.turn(PATIENCE)?;
            let now = Instant::now();
            if self.answered > before {
                last = now;
            }
            ensure!(now - last < PATIENCE, "the client does not ask any more");
            if now - start >= duration {
                return Ok(now - start);
            }
        }
    }

    /// Waits for requests, but not for longer than `patience`, and answers them.
    fn turn(&mut self, patience: Duration) -> Result<()> {
        self.poll.poll(&mut self.events, Some(patience))?;
        for event in &self.events {
            if event.token() == LISTENER {
                accept(&self.listener, &mut self.connections, &mut self.accepted, &self.poll)?;
                continue;
            }
            let Some(connection) = self.connections.get_mut(&event.token()) else { continue };
            let progress = connection.answer(&mut self.buffer, self.keep_alive, &mut self.pauses)?;
            self.answered += u64::from(matches!(progress, Progress::Answered));
            if matches!(progress, Progress::Gone)
                || !self.keep_alive && matches!(progress, Progress::Answered)
            {
                self.connections.remove(&event.token());
            }
        }
        Ok(())
    }
}

fn accept(
    listener: &TcpListener,
    connections: &mut HashMap<Token, Connection>,
    accepted: &mut usize,
    poll: &Poll,
) -> Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nodelay(true)?;
                let token = Token(*accepted);
                *accepted += 1;
                poll.registry().register(&mut stream, token, Interest::READABLE)?;
                connections.insert(token, Connection { stream, answered: None });
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot accept"),
        }
    }
}

impl Connection {
    /// Answers the request, of which there is one at a time, if it is there to its end.
    fn answer(&mut self, buffer: &mut [u8], keep_alive: bool, pauses: &mut Latencies) -> Result<Progress> {
        match self.stream.read(buffer) {
            Ok(0) => Ok(Progress::Gone),
            Ok(count) if buffer[..count].ends_with(b"\r\n\r\n") => {
                let answer = if keep_alive { KEPT } else { CLOSED };
                if let Some(answered) = self.answered {
                    pauses.record(answered.elapsed());
                }
                let sent = self.stream.write(answer).context("cannot answer")?;
                ensure!(sent == answer.len(), "the socket took a part of the answer only");
                self.answered = Some(Instant::now());
                Ok(Progress::Answered)
            }
            Ok(_) => Ok(Progress::Waits),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Progress::Waits),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(Progress::Gone),
            Err(error) => Err(error).context("cannot receive"),
        }
    }
}

/// The server on a thread beside the load. Dropping it ends it.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Upstream {
    pub(crate) fn start() -> Result<Self> {
        /// Between two looks whether it is over.
        const LOOK: Duration = Duration::from_millis(100);
        let mut origin = Origin::listen(true)?;
        let (address, over) = (origin.address, Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&over);
        let work = move || {
            while !is_over.load(Ordering::Relaxed) {
                origin.turn(LOOK)?;
            }
            Ok(())
        };
        let thread = thread::Builder::new().name("upstream".to_owned()).spawn(work)?;
        Ok(Self { address, over, thread: Some(thread) })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => eprintln!("the fixed server failed: {error:#}"),
            Some(Err(_)) => eprintln!("the fixed server panicked"),
        }
    }
}
