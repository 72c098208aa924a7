//! Connections that nobody uses, and what one of them takes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};
use node_http_tests::{
    process::memory,
    web_socket::{RawWebSocket, frame},
};

use crate::scenario::Page;
use crate::server::Server;

/// So many are opened before their answers are read: one after the other takes long where the machine is busy.
const AT_ONCE: usize = 64;

/// KiB that a process has in memory.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    Ok(memory(pid, "VmRSS")? as f64)
}

/// KiB that a server takes for each of `count` idle connections.
pub(crate) fn kib_each(server: &Server, count: usize, web_sockets: bool) -> Result<f64> {
    // What a server makes once is not counted.
    drop(Idle::start(server.address(), 1, web_sockets)?);
    let before = resident(server.pid())?;
    let _idle = Idle::start(server.address(), count, web_sockets)?;
    Ok((resident(server.pid())? - before) / count as f64)
}

/// A process that holds idle connections: a server's descriptors and theirs are too many for one. Ends with its
/// standard input.
pub(crate) struct Idle {
    child: std::process::Child,
}

impl Idle {
    pub(crate) fn start(address: SocketAddr, count: usize, web_sockets: bool) -> Result<Self> {
        let kind = if web_sockets { "ws" } else { "http" };
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command.args(["--hold", &format!("{count} {kind}://{address}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the idle clients")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the process has no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let idle = Self { child };
        ensure!(line.trim() == "open", "the idle connections are not there");
        Ok(idle)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Nothing depends on how it ends.
        let _ = self.child.wait();
    }
}

/// Holds idle connections, each of which was used once: `COUNT http://ADDRESS`, or `ws://`.
pub(crate) fn hold(what: &str) -> Result<()> {
    let (count, url) = what.split_once(' ').context("wanted: COUNT URL")?;
    let (kind, address) = url.split_once("://").context("wanted: a URL")?;
    let (count, address): (usize, SocketAddr) = (count.parse()?, address.parse()?);
    let (request, message) = (Page::Plain.request(address), frame(0x82, &[7; 64]));
    let open = || -> Result<TcpStream> {
        let (mut stream, question) = match kind {
            "ws" => (RawWebSocket::open(address).into_stream(), &message),
            _ => (TcpStream::connect(address)?, &request),
        };
        stream.write_all(question)?;
        Ok(stream)
    };
    let mut connections = Vec::with_capacity(count);
    while connections.len() < count {
        let begun = connections.len();
        for number in begun..count.min(begun + AT_ONCE) {
            connections.push(open().with_context(|| format!("connection {number}"))?);
        }
        for stream in &mut connections[begun..] {
            ensure!(stream.read(&mut [0; 1024])? > 0, "a connection was not answered");
        }
    }
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
