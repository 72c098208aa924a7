//! The processes of servers.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use node_http_host::{
    Result,
    wasmtime::{bail, error::Context as _},
};
use node_http_tests::web_socket::frame;

use crate::{
    contenders::Contender,
    cores::{Cores, Place},
    load::{Connect, Exchange},
    nginx::Nginx,
    response::response_length,
    scenario::{Page, What},
};

/// A server that is ready. Dropping it ends the process.
pub(crate) struct Server {
    name: String,
    process: Process,
    exchange: Exchange,
}

/// What a server runs as.
enum Process {
    Announced(Announced),
    Nginx(Nginx),
}

impl Server {
    /// Starts it for what it shall do, on the servers' core, and waits until it answers.
    ///
    /// `upstream` is the server that a proxy asks.
    pub(crate) fn start(
        contender: &Contender,
        what: What,
        upstream: Option<SocketAddr>,
        cores: &Cores,
    ) -> Result<Self> {
        let process = match contender {
            Contender::Nginx => Process::Nginx(Nginx::start(upstream, cores)?),
            _ => {
                let mut command = contender.command(what)?;
                if let Some(upstream) = upstream {
                    command.env("UPSTREAM", format!("http://{upstream}"));
                }
                let workers = if let What::Work { workers } = what { workers } else { 1 };
                Process::Announced(Announced::start(&mut command, workers, cores)?)
            }
        };
        let (address, pid) = match &process {
            Process::Announced(process) => (process.address, process.child.id()),
            Process::Nginx(nginx) => (nginx.address(), nginx.pid()),
        };
        let exchange = match what {
            What::Messages { .. } | What::Idle { web_sockets: true } => messages(address, pid, what),
            _ => requests(address, pid, what.page(), what.depth())?,
        };
        Ok(Self { name: contender.name(), process, exchange })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pid(&self) -> u32 {
        self.exchange.pid
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.exchange.address
    }

    /// What is done on each connection.
    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Bytes of one answer.
    pub(crate) fn response_length(&self) -> usize {
        self.exchange.answer / self.exchange.count
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.process {
            Process::Announced(process) => end(&mut process.child),
            Process::Nginx(nginx) => nginx.end(),
        }
    }
}

/// `depth` requests at once and their answers, the length of which is looked up once.
fn requests(address: SocketAddr, pid: u32, page: Page, depth: usize) -> Result<Exchange> {
    let request = page.request(address);
    let length = response_length(&mut TcpStream::connect(address)?, &request)?;
    let connect = if page == Page::New { Connect::ForEach } else { Connect::Once };
    Ok(Exchange { address, pid, connect, batch: request.repeat(depth), answer: length * depth, count: depth })
}

/// `depth` masked messages at once and their echoes.
fn messages(address: SocketAddr, pid: u32, what: What) -> Exchange {
    let (size, depth) = if let What::Messages { size, depth } = what { (size, depth) } else { (64, 1) };
    let batch = frame(0x82, &vec![7; size]).repeat(depth);
    // An echo has no mask, whose key has four bytes.
    let answer = batch.len() - 4 * depth;
    Exchange { address, pid, connect: Connect::WebSocket, batch, answer, count: depth }
}

/// A process that has said where it listens. Ended by whoever has it.
pub(crate) struct Announced {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Kept open: a server that prints must not fail.
    _stdout: BufReader<ChildStdout>,
}

impl Announced {
    /// Starts `command`, which says for each of its workers that it listens.
    pub(crate) fn start(command: &mut Command, workers: usize, cores: &Cores) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let place = if workers == 1 { Place::Server } else { Place::All };
        let mut child = cores.start(place, || command.spawn())?.with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("the process has no standard output")?;
        let mut stdout = BufReader::new(stdout);
        match (0..workers).map(|_| announced(&mut stdout)).collect::<Result<Vec<_>>>() {
            Ok(addresses) => Ok(Self { address: addresses[0], child, _stdout: stdout }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }
}

/// Reads lines until one says `listening on`, and where.
fn announced(stdout: &mut BufReader<ChildStdout>) -> Result<SocketAddr> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(place) = line.trim_end().strip_prefix("listening on ") {
            let address = match place.strip_prefix("port ") {
                Some(port) => port.parse().ok().map(|port: u16| (Ipv4Addr::LOCALHOST, port).into()),
                None => place.strip_prefix("http://").and_then(|address| address.parse().ok()),
            };
            return address.with_context(|| format!("not an address: {place}"));
        }
        line.clear();
    }
    bail!("it ended before it listened")
}

pub(crate) fn end(child: &mut Child) {
    // It fails when the process has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
