//! The load: one thread that keeps a fixed number of requests in flight on every connection.
//!
//! It must cost less than any server does, so it parses one answer and afterwards only counts bytes.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use node_http_host::{
    Result,
    wasmtime::{bail, ensure, error::Context as _},
};

use node_http_tests::web_socket::RawWebSocket;

use crate::cores;

/// How long connections run before the measurement begins.
pub(crate) const WARM_UP: Duration = Duration::from_millis(200);

/// What says nothing for this long is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What every connection of a load does again and again.
pub(crate) struct Exchange {
    pub(crate) address: SocketAddr,
    /// The server's process.
    pub(crate) pid: u32,
    /// Whether connections are made WebSockets first.
    pub(crate) is_web_socket: bool,
    /// What is sent at once.
    pub(crate) batch: Vec<u8>,
    /// How many bytes answer it.
    pub(crate) answer: usize,
    /// How many requests or messages that is.
    pub(crate) count: u64,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Requests, or messages, answered per second.
    pub(crate) rate: f64,
    /// Microseconds of processor time that the server, or the client, spent on one.
    pub(crate) micros: f64,
    /// How much of its core the load needed, 0 to 1. Near 1 the load was the bottleneck.
    pub(crate) load_share: f64,
}

/// Loads a server with `connections` for `duration`.
pub(crate) fn run(exchange: &Exchange, connections: usize, duration: Duration) -> Result<Sample> {
    let mut load = Load::connect(exchange, connections)?;
    load.run_for(WARM_UP)?;
    let (server_before, load_before) = (cores::process_time(exchange.pid)?, cores::own_time());
    let before = load.responses;
    let elapsed = load.run_for(duration)?;
    let server_time = cores::process_time(exchange.pid)? - server_before;
    let load_time = cores::own_time() - load_before;
    let responses = (load.responses - before) as f64;
    ensure!(responses > 0.0, "no request was answered");
    Ok(Sample {
        rate: responses / elapsed.as_secs_f64(),
        micros: server_time.as_secs_f64() * 1e6 / responses,
        load_share: load_time.as_secs_f64() / elapsed.as_secs_f64(),
    })
}

/// Asks once and checks the answer: 200, and a Content-Length that tells where it ends.
pub(crate) fn response_length(stream: &mut std::net::TcpStream, request: &[u8]) -> Result<usize> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).context("no answer")?;
        ensure!(count > 0, "the connection ended before the answer did");
        response.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&response);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        ensure!(head.starts_with("HTTP/1.1 200 "), "not the answer that was expected: {head}");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let length = length.context("the answer has no Content-Length")?;
        if body.len() >= length {
            return Ok(head.len() + 4 + length);
        }
    }
}

/// All connections of one measurement.
struct Load<'a> {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    exchange: &'a Exchange,
    responses: u64,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the batch that the socket had no room for yet.
    unsent: usize,
    /// Bytes of the answer that are still to come.
    expected: usize,
}

impl<'a> Load<'a> {
    fn connect(exchange: &'a Exchange, connections: usize) -> Result<Self> {
        let mut load = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: Vec::with_capacity(connections),
            exchange,
            responses: 0,
            buffer: vec![0; 64 * 1024],
        };
        for index in 0..connections {
            let stream = if exchange.is_web_socket {
                RawWebSocket::open(exchange.address).into_stream()
            } else {
                std::net::TcpStream::connect(exchange.address).context("cannot connect")?
            };
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            load.poll.registry().register(&mut stream, Token(index), interest)?;
            let mut connection = Connection { stream, unsent: 0, expected: 0 };
            connection.begin(exchange)?;
            load.connections.push(connection);
        }
        Ok(load)
    }

    /// Goes on for `duration`; returns how long it really was.
    fn run_for(&mut self, duration: Duration) -> Result<Duration> {
        let start = Instant::now();
        loop {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            ensure!(!self.events.is_empty(), "the server does not answer any more");
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if connection.unsent > 0 && event.is_writable() {
                    connection.send(&self.exchange.batch)?;
                }
                if event.is_readable() && connection.receive(&mut self.buffer)? {
                    self.responses += self.exchange.count;
                    connection.begin(self.exchange)?;
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
    fn begin(&mut self, exchange: &Exchange) -> Result<()> {
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

    /// Reads what is there. True when the batch is answered.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) if count > self.expected => bail!("more bytes than were asked for"),
                Ok(count) => {
                    self.expected -= count;
                    // A short read has emptied the socket: more bytes would be another event.
                    if self.expected == 0 || count < buffer.len() {
                        return Ok(self.expected == 0);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("cannot receive"),
            }
        }
    }
}
