//! The load: one thread that keeps a fixed number of requests in flight on every connection.
//!
//! It must cost less than any server does, so it parses one answer and afterwards only counts bytes.

use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use node_http_host::{
    Result,
    wasmtime::{bail, ensure, error::Context as _},
};

use crate::{contenders::Server, cores, report::Scenario};

/// How long connections run before the measurement begins.
pub(crate) const WARM_UP: Duration = Duration::from_millis(200);

/// What says nothing for this long is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Requests answered per second.
    pub(crate) rate: f64,
    /// Microseconds of processor time that the server, or the client, spent on a request.
    pub(crate) micros: f64,
    /// How much of its core the load needed, 0 to 1. Near 1 the load was the bottleneck.
    pub(crate) load_share: f64,
}

/// Loads `server` for `duration`.
pub(crate) fn run(server: &Server, scenario: &Scenario, duration: Duration) -> Result<Sample> {
    let mut load = Load::connect(server, scenario)?;
    load.run_for(WARM_UP)?;
    let (server_before, load_before) = (cores::process_time(server.pid())?, cores::own_time());
    let before = load.responses;
    let elapsed = load.run_for(duration)?;
    let server_time = cores::process_time(server.pid())? - server_before;
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
struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// The requests that one connection sends at once, and the bytes with which they are answered.
    batch: Vec<u8>,
    answer: usize,
    depth: u64,
    responses: u64,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the batch in flight that are still to come.
    expected: usize,
}

impl Load {
    fn connect(server: &Server, scenario: &Scenario) -> Result<Self> {
        let mut load = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: Vec::with_capacity(scenario.connections),
            batch: server.request().repeat(scenario.depth),
            answer: server.response_length() * scenario.depth,
            depth: scenario.depth as u64,
            responses: 0,
            buffer: vec![0; 64 * 1024],
        };
        for index in 0..scenario.connections {
            let stream = std::net::TcpStream::connect(server.address()).context("cannot connect")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            load.poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            let mut connection = Connection { stream, expected: 0 };
            connection.send(&load.batch, load.answer)?;
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
                if connection.receive(&mut self.buffer)? {
                    self.responses += self.depth;
                    connection.send(&self.batch, self.answer)?;
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
    fn send(&mut self, batch: &[u8], answer: usize) -> Result<()> {
        // The peer has taken all that was sent before, so the socket has room for a batch.
        let sent = self.stream.write(batch).context("cannot send")?;
        ensure!(sent == batch.len(), "the socket took a part of the requests only");
        self.expected = answer;
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
