//! The load: one thread that keeps a fixed number of requests in flight on every connection.
//!
//! It must cost less than any server does, so it only counts the bytes of answers.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Registry, Token, net::TcpStream};
use node_http_host::{
    Result,
    wasmtime::{bail, ensure, error::Context as _},
};
use node_http_tests::web_socket::RawWebSocket;

use crate::{
    cores,
    sample::{Latencies, Sample},
};

/// How long connections run before the measurement begins, as a share of it.
pub(crate) const WARM_UP: f64 = 0.4;

/// What says nothing for this long is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What every connection of a load does again and again.
pub(crate) struct Exchange {
    pub(crate) address: SocketAddr,
    /// The server's process.
    pub(crate) pid: u32,
    pub(crate) connect: Connect,
    /// What is sent at once.
    pub(crate) batch: Vec<u8>,
    /// How many bytes answer it.
    pub(crate) answer: usize,
    /// How many requests or messages that is.
    pub(crate) count: usize,
}

/// When connections are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connect {
    /// Before the measurement.
    Once,
    /// Before the measurement, and they are made WebSockets.
    WebSocket,
    /// For each exchange, which is over when the server has closed its connection.
    ForEach,
}

/// Loads a server with `connections` for `duration`.
pub(crate) fn run(exchange: &Exchange, connections: usize, duration: Duration) -> Result<Sample> {
    let mut load = Load::connect(exchange, connections)?;
    load.run_for(duration.mul_f64(WARM_UP))?;
    let (server_before, load_before) = (cores::process_time(exchange.pid)?, cores::own_time());
    let before = load.answered;
    load.latencies.clear();
    let elapsed = load.run_for(duration)?;
    let server_time = cores::process_time(exchange.pid)? - server_before;
    let load_time = cores::own_time() - load_before;
    Sample::new(load.answered - before, elapsed, server_time, load_time, load.latencies)
}

/// All connections of one measurement.
struct Load<'a> {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    exchange: &'a Exchange,
    /// Requests or messages.
    answered: u64,
    latencies: Latencies,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the batch that the socket had no room for yet.
    unsent: usize,
    /// Bytes of the answer that are still to come.
    expected: usize,
    /// When the exchange began.
    begun: Instant,
}

/// How far an exchange is.
enum Progress {
    Waits,
    Answered,
    /// The server has closed the connection.
    Closed,
}

impl<'a> Load<'a> {
    fn connect(exchange: &'a Exchange, connections: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let open = |index| Connection::open(exchange, poll.registry(), index);
        let connections = (0..connections).map(open).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            connections,
            exchange,
            answered: 0,
            latencies: Latencies::new(),
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Goes on for `duration`; returns how long it really was.
    fn run_for(&mut self, duration: Duration) -> Result<Duration> {
        let start = Instant::now();
        loop {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            ensure!(!self.events.is_empty(), "the server does not answer any more");
            for event in &self.events {
                let index = event.token().0;
                let connection = &mut self.connections[index];
                if connection.unsent > 0 && event.is_writable() {
                    connection.send(&self.exchange.batch)?;
                }
                if !event.is_readable() {
                    continue;
                }
                let progress = connection.receive(self.exchange.connect, &mut self.buffer)?;
                if matches!(progress, Progress::Waits) {
                    continue;
                }
                self.answered += self.exchange.count as u64;
                self.latencies.record(connection.begun.elapsed());
                match progress {
                    Progress::Closed => {
                        // Dropping the old one takes it out of the poll.
                        *connection = Connection::open(self.exchange, self.poll.registry(), index)?;
                    }
                    Progress::Waits | Progress::Answered => connection.begin(self.exchange)?,
                }
            }
            let elapsed = start.elapsed();
            if elapsed >= duration {
                return Ok(elapsed);
            }
        }
    }
}

impl Connection {
    /// Connects and begins.
    fn open(exchange: &Exchange, registry: &Registry, index: usize) -> Result<Self> {
        let begun = Instant::now();
        let blocking = match exchange.connect {
            Connect::ForEach => None,
            Connect::Once => Some(std::net::TcpStream::connect(exchange.address).context("cannot connect")?),
            Connect::WebSocket => Some(RawWebSocket::open(exchange.address).into_stream()),
        };
        let is_connected = blocking.is_some();
        let mut stream = match blocking {
            Some(stream) => {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                TcpStream::from_std(stream)
            }
            None => TcpStream::connect(exchange.address).context("cannot connect")?,
        };
        registry.register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        let mut connection = Self { stream, unsent: exchange.batch.len(), expected: exchange.answer, begun };
        // The others are writable once they are connected.
        if is_connected {
            connection.begin(exchange)?;
        }
        Ok(connection)
    }

    fn begin(&mut self, exchange: &Exchange) -> Result<()> {
        self.begun = Instant::now();
        (self.unsent, self.expected) = (exchange.batch.len(), exchange.answer);
        self.send(&exchange.batch)
    }

    /// Sends what the socket has room for; more when it is writable again.
    fn send(&mut self, batch: &[u8]) -> Result<()> {
        while self.unsent > 0 {
            match self.stream.write(&batch[batch.len() - self.unsent..]) {
                Ok(count) => self.unsent -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot send"),
            }
        }
        Ok(())
    }

    /// Reads what is there.
    fn receive(&mut self, connect: Connect, buffer: &mut [u8]) -> Result<Progress> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) if self.expected == 0 => return Ok(Progress::Closed),
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) if count > self.expected => bail!("more bytes than were asked for"),
                Ok(count) => {
                    self.expected -= count;
                    match connect {
                        // The end may have come with the answer, and is no other event then.
                        Connect::ForEach => {}
                        _ if self.expected == 0 => return Ok(Progress::Answered),
                        // A short read has emptied the socket: more bytes would be another event.
                        _ if count < buffer.len() => return Ok(Progress::Waits),
                        _ => {}
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Waits),
                Err(error) => return Err(error).context("cannot receive"),
            }
        }
    }
}
