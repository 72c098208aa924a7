//! Plays one scenario against one interpreter, and writes down everything that can be seen.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use serde_json::{Map, Value, json};

use super::messages::{Message, messages};
use super::random::Random;
use super::scenario::{Scenario, Step};
use crate::PATIENCE;

/// So many milliseconds without anything happening are quiet.
const QUIET: u32 = 5;
/// What is never quiet is looked at after so many rounds.
const MOST_ROUNDS: u32 = 400;

/// How the bytes of a scenario are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fragment {
    /// Byte by byte.
    Bytes,
    /// In pieces of random lengths.
    Seed(u64),
}

/// What one side did.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Observation {
    /// What there was at each wait, everything before included; the last is after the client has left.
    pub(super) phases: Vec<Phase>,
    /// Why it could not be played to the end.
    pub(super) failure: Option<String>,
}

/// Everything so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Phase {
    pub(super) messages: Vec<Message>,
    /// The server has ended or reset the connection.
    pub(super) closed: bool,
    /// Of each request.
    pub(super) logs: Vec<Log>,
}

/// What happened to a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Log {
    /// Its handler was called.
    pub(super) began: bool,
    /// Place of the operation, its name, its result.
    pub(super) results: Vec<(u64, String, Value)>,
    pub(super) events: Vec<String>,
    /// Its program came to the end.
    pub(super) done: bool,
}

impl Log {
    /// The events of the request (`req`) or of the response (`res`).
    pub(super) fn of(&self, object: &str) -> Vec<&str> {
        let of_it = |event: &&str| event.split('.').next() == Some(object);
        self.events.iter().map(String::as_str).filter(of_it).collect()
    }
}

/// A scenario under way.
struct Play<'a> {
    scenario: &'a Scenario,
    control: BufReader<TcpStream>,
    /// None after a reset.
    client: Option<TcpStream>,
    received: Vec<u8>,
    /// What the system did not take yet.
    unsent: Vec<u8>,
    closed: bool,
    logs: Vec<Log>,
}

/// Plays `scenario` on a server with `options`.
pub(super) fn play(
    control: SocketAddr,
    scenario: &Scenario,
    options: &Map<String, Value>,
    fragment: Option<Fragment>,
) -> Observation {
    let mut phases = Vec::new();
    let played =
        Play::start(control, scenario, options).and_then(|mut play| play.steps(&mut phases, fragment));
    Observation { phases, failure: played.err().map(|error| error.to_string()) }
}

impl<'a> Play<'a> {
    fn start(control: SocketAddr, scenario: &'a Scenario, options: &Map<String, Value>) -> io::Result<Self> {
        let control = TcpStream::connect_timeout(&control, PATIENCE)?;
        control.set_nodelay(true)?;
        control.set_read_timeout(Some(PATIENCE))?;
        let mut control = BufReader::new(control);
        tell(&mut control, &json!({ "programs": scenario.programs(), "listen": options }))?;
        let port = hear(&mut control)?["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let port = port.ok_or_else(|| io::Error::other("the interpreter does not listen"))?;
        let client = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)?;
        client.set_nodelay(true)?;
        client.set_nonblocking(true)?;
        let logs = vec![Log::default(); scenario.requests.len()];
        let (received, unsent) = (Vec::new(), Vec::new());
        Ok(Self { scenario, control, client: Some(client), received, unsent, closed: false, logs })
    }

    fn steps(&mut self, phases: &mut Vec<Phase>, fragment: Option<Fragment>) -> io::Result<()> {
        let mut random = match fragment {
            Some(Fragment::Seed(seed)) => Random::new(seed, self.scenario.id.bytes().map(u64::from).sum()),
            _ => Random::new(0, 0),
        };
        let mut left = false;
        let mut steps = self.scenario.steps.iter().peekable();
        while let Some(step) = steps.next() {
            match *step {
                Step::Send { request, from, to } => {
                    self.unsent.extend_from_slice(&self.scenario.requests[request].bytes[from..to]);
                    if !matches!(steps.peek(), Some(Step::Send { .. })) {
                        self.send(fragment, &mut random)?;
                    }
                }
                Step::Wait => phases.push(self.look()?),
                Step::Open(request) => {
                    tell(&mut self.control, &json!({ "open": self.scenario.name(request) }))?;
                }
                Step::HalfClose => left = self.half_close(),
                Step::Reset => left = self.reset()?,
                Step::Pause(milliseconds) => thread::sleep(Duration::from_millis(milliseconds)),
            }
        }
        // What a server does when its client leaves is part of every scenario.
        if !left {
            self.half_close();
        }
        phases.push(self.look()?);
        Ok(())
    }

    /// Sends what is to be sent; in pieces, if so, each when the one before has been dealt with.
    fn send(&mut self, fragment: Option<Fragment>, random: &mut Random) -> io::Result<()> {
        let Some(fragment) = fragment else {
            self.flush();
            return Ok(());
        };
        let bytes = std::mem::take(&mut self.unsent);
        let mut rest = &*bytes;
        while !rest.is_empty() {
            let length = match fragment {
                Fragment::Bytes => 1,
                Fragment::Seed(_) => {
                    let most = random.pick(&[1, 5, 20, 200]);
                    random.between(1, most)
                }
            };
            let (piece, others) = rest.split_at(length.min(rest.len()));
            rest = others;
            self.unsent.extend_from_slice(piece);
            self.flush();
            self.settle(1)?;
        }
        Ok(())
    }

    fn half_close(&mut self) -> bool {
        if let Some(client) = &self.client {
            // Fails when the server has gone first.
            let _ = client.shutdown(Shutdown::Write);
        }
        true
    }

    fn reset(&mut self) -> io::Result<bool> {
        if let Some(client) = self.client.take() {
            sockopt::set_socket_linger(&client, Some(Duration::ZERO))?;
        }
        Ok(true)
    }

    /// Waits until all is quiet: nothing told and nothing received in two whole rounds, as the system may be slow to
    /// deliver what the first one waits for.
    fn look(&mut self) -> io::Result<Phase> {
        self.flush();
        let (mut calm, mut rounds) = (0, 0);
        while calm < 2 && rounds < MOST_ROUNDS {
            calm = if self.settle(QUIET)? { 0 } else { calm + 1 };
            rounds += 1;
        }
        let methods: Vec<&str> = self.scenario.requests.iter().map(|request| &*request.method).collect();
        Ok(Phase {
            messages: messages(&self.received, &methods),
            closed: self.closed,
            logs: self.logs.clone(),
        })
    }

    /// Waits until the interpreter has been quiet for `turns`. Returns whether anything happened meanwhile.
    fn settle(&mut self, turns: u32) -> io::Result<bool> {
        let mut news = false;
        tell(&mut self.control, &json!({ "settle": turns }))?;
        loop {
            let line = hear(&mut self.control)?;
            if line["settled"] == true {
                break;
            }
            self.note(&line);
            news = true;
        }
        Ok(self.receive() | self.flush() | news)
    }

    fn note(&mut self, line: &Value) {
        let place = line[0].as_str().and_then(|id| id.rsplit_once('.')?.1.parse().ok());
        let Some(log) = place.and_then(|place: usize| self.logs.get_mut(place)) else { return };
        match line[1].as_str() {
            Some("began") => log.began = true,
            Some("done") => log.done = true,
            Some("event") => {
                let event = line[2].as_str().unwrap_or_default().to_owned();
                // One of each kind is kept until it is taken (wit/server-response.wit); Node may emit an error twice.
                if !(event.contains(".error:") && log.events.contains(&event)) {
                    log.events.push(event);
                }
            }
            _ => {
                let name = line[3].as_str().unwrap_or_default().to_owned();
                log.results.push((line[2].as_u64().unwrap_or_default(), name, line[4].clone()));
            }
        }
    }

    /// Takes what has come. Returns whether something has.
    fn receive(&mut self) -> bool {
        let Some(client) = &mut self.client else { return false };
        let before = (self.received.len(), self.closed);
        let mut buffer = [0; 65_536];
        while !self.closed {
            match client.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.closed = true,
            }
        }
        before != (self.received.len(), self.closed)
    }

    /// Gives the system what it takes. Returns whether it took something.
    fn flush(&mut self) -> bool {
        let before = self.unsent.len();
        while let (Some(client), false) = (&mut self.client, self.unsent.is_empty()) {
            match client.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The server has gone, and nobody will ever take it.
                Err(_) => self.unsent.clear(),
            }
        }
        before != self.unsent.len()
    }
}

fn tell(control: &mut BufReader<TcpStream>, line: &Value) -> io::Result<()> {
    control.get_mut().write_all(format!("{line}\n").as_bytes())
}

fn hear(control: &mut BufReader<TcpStream>) -> io::Result<Value> {
    let began = Instant::now();
    let mut line = String::new();
    match control.read_line(&mut line) {
        Ok(0) => Err(io::Error::other("the interpreter has gone")),
        Ok(_) => serde_json::from_str(&line).map_err(io::Error::other),
        Err(error) => Err(io::Error::other(format!(
            "no answer from the interpreter for {:?}: {error}",
            began.elapsed()
        ))),
    }
}
