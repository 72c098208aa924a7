//! Servers that echo the messages of WebSockets: ours beside npm's `ws`.

use std::{
    io::{Read as _, Write as _},
    process::Command,
};

use node_http_host::{
    Result,
    wasmtime::{bail, error::Context as _, format_err},
};
use node_http_tests::{
    node,
    web_socket::{RawWebSocket, frame},
};

use crate::{
    contenders::{Contender, Process},
    cores::Cores,
    load::Exchange,
    report::Idle,
    robustness::resident,
};

/// The crate linked in.
pub(crate) const LINKED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/echo_linked.wasm"));
/// The same program, which imports `node:http`.
pub(crate) const COMPOSED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/echo_composed.wasm"));

/// The same program for Node and npm's `ws`, whose folder is its argument.
const NODE_SCRIPT: &str = "\
const { WebSocketServer } = require(process.argv[1]);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 511 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
";

/// The embedded ones. The first is what the others are compared with.
pub(crate) fn ours() -> [Contender; 2] {
    [Contender::Ours("echo-linked"), Contender::Ours("echo-composed")]
}

/// A running server that echoes. Dropping it ends the process.
pub(crate) struct Echo {
    name: String,
    process: Process,
}

impl Echo {
    /// Starts it on the servers' core.
    pub(crate) fn start(contender: &Contender, cores: &Cores) -> Result<Self> {
        let (name, mut command) = match contender {
            Contender::Node(path) => {
                let mut command = Command::new(path);
                let ws = node::package("ws@8").map_err(|why| format_err!("{why}"))?;
                command.args(["-e", NODE_SCRIPT]).arg(ws);
                (contender.name().replace("node", "ws on node"), command)
            }
            Contender::Ours(_) => (contender.name(), contender.command()?),
            Contender::Victim(_) | Contender::App { .. } => bail!("it does not echo"),
        };
        Ok(Self { name, process: Process::start(&mut command, cores)? })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `depth` masked messages of `size` bytes at once, and their echoes.
    pub(crate) fn exchange(&self, size: usize, depth: usize) -> Exchange {
        let batch = frame(0x82, &vec![7; size]).repeat(depth);
        // An echo has no mask, whose key has four bytes.
        let answer = batch.len() - 4 * depth;
        let (address, pid) = (self.process.address, self.process.child.id());
        Exchange { address, pid, is_web_socket: true, batch, answer, count: depth as u64 }
    }

    /// What the server takes for `count` WebSockets that are idle after one message each.
    pub(crate) fn hold(&self, count: usize) -> Result<Idle> {
        let Exchange { address, pid, batch, answer, .. } = self.exchange(64, 1);
        let mut echo = vec![0; answer];
        let mut open = || -> Result<_> {
            let mut stream = RawWebSocket::open(address).into_stream();
            stream.write_all(&batch)?;
            stream.read_exact(&mut echo).context("no echo")?;
            Ok(stream)
        };
        // What a server makes once is not counted.
        drop(open()?);
        let before = resident(pid)?;
        let streams = (0..count).map(|_| open()).collect::<Result<Vec<_>>>()?;
        let kib_each = (resident(pid)? - before) / count as f64;
        drop(streams);
        Ok(Idle { count, kib_each })
    }
}
