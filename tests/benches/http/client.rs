//! How fast clients ask one fixed server: 64 requests in flight through one agent that keeps its connections.
//!
//! The server is this process, which answers with fixed bytes and costs less than any client does. Each client has a
//! listener of its own and runs all the time; one that is not measured waits for its answers.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use node_http_host::{
    COMPONENT, Ctx, Exit, Policy, Result, plug,
    wasmtime::{bail, ensure, error::Context as _},
};

use crate::{
    contenders::{self, Contender},
    cores::{self, Cores},
    load::{PATIENCE, Sample, WARM_UP},
};

/// Raw sockets: what the others are compared with.
const CEILING: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_ceiling.wasm"));
/// The crate linked in.
const LINKED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_linked.wasm"));
/// The same program, which imports `node:http`.
const COMPOSED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/client_composed.wasm"));

/// The same program for Node.
const NODE_SCRIPT: &str = "\
const http = require('http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const options = { host: '127.0.0.1', port: Number(process.env.PORT), path: '/plain', agent };
function ask() {
  http.get(options, (response) => {
    let body = '';
    response.on('data', (chunk) => { body += chunk; });
    response.on('end', () => { if (body.length !== 13) throw new Error(body); ask(); });
  });
}
for (let count = 0; count < 64; count++) ask();
";

/// As long as the demo's, with all that a client has to look at.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\
    Content-Length: 13\r\n\r\nHello, world\n";

/// A running client and the server that it asks. Dropping it ends the process.
pub(crate) struct Client {
    name: String,
    process: Child,
    origin: Origin,
}

impl Client {
    /// Starts it on the core of what is measured.
    pub(crate) fn start(contender: &Contender, cores: &Cores) -> Result<Self> {
        let origin = Origin::listen()?;
        let mut command = command(contender)?;
        command.env("PORT", origin.port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let process = cores.on_server_core(|| command.spawn())?.with_context(|| format!("{command:?}"))?;
        Ok(Self { name: contender.name(), process, origin })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Answers its requests for `duration`.
    pub(crate) fn measure(&mut self, duration: Duration) -> Result<Sample> {
        self.origin.answer_first()?;
        self.origin.answer_for(WARM_UP)?;
        let (client_before, load_before) = (cores::process_time(self.process.id())?, cores::own_time());
        let before = self.origin.answered;
        let elapsed = self.origin.answer_for(duration)?;
        let client_time = cores::process_time(self.process.id())? - client_before;
        let load_time = cores::own_time() - load_before;
        let answered = (self.origin.answered - before) as f64;
        Ok(Sample {
            rate: answered / elapsed.as_secs_f64(),
            micros: client_time.as_secs_f64() * 1e6 / answered,
            load_share: load_time.as_secs_f64() / elapsed.as_secs_f64(),
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        contenders::end(&mut self.process);
    }
}

/// The embedded ones. The first is what the others are compared with.
pub(crate) fn ours() -> [Contender; 3] {
    [Contender::Ours("client-ceiling"), Contender::Ours("client-linked"), Contender::Ours("client-composed")]
}

fn command(contender: &Contender) -> Result<Command> {
    let ask = |what: &str| -> Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command.args(["--ask", what]);
        Ok(command)
    };
    match contender {
        Contender::Ours(name) => ask(name),
        Contender::Victim(_) => bail!("a victim asks nobody"),
        Contender::App { file, .. } => ask(file.to_str().context("the file's name is not UTF-8")?),
        Contender::Node(path) => {
            let mut command = Command::new(path);
            command.args(["-e", NODE_SCRIPT]);
            Ok(command)
        }
    }
}

/// Is the client `what`: an embedded component by name, a file, or two files to be composed. Runs until it is killed.
pub(crate) fn ask(what: &str) -> Result<()> {
    let component = match what {
        "client-ceiling" => CEILING.to_vec(),
        "client-linked" => LINKED.to_vec(),
        "client-composed" => plug(COMPOSED, COMPONENT)?,
        file => contenders::load(file)?,
    };
    let app = contenders::host()?.load(&component)?;
    let port = std::env::var("PORT").context("PORT is not set")?;
    let mut policy = Policy::default();
    policy.allow_connect(format!("127.0.0.1:{port}").parse()?);
    let ctx = Ctx::builder().env("PORT", port).policy(policy).inherit_stdio().build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(app.run(ctx))?;
    if exit == Exit::Code(0) { Ok(()) } else { bail!("the component ended with {exit:?}") }
}

/// The fixed server.
struct Origin {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    port: u16,
    connections: Vec<TcpStream>,
    answered: u64,
    buffer: Vec<u8>,
}

/// Connections are numbered from 0.
const LISTENER: Token = Token(usize::MAX);

impl Origin {
    fn listen() -> Result<Self> {
        let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
        let port = listener.local_addr()?.port();
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            listener,
            port,
            connections: Vec::new(),
            answered: 0,
            buffer: vec![0; 4096],
        })
    }

    /// Waits for the first request: a client may have to be compiled.
    fn answer_first(&mut self) -> Result<()> {
        let deadline = Instant::now() + 12 * PATIENCE;
        while self.answered == 0 {
            ensure!(Instant::now() < deadline, "the client does not ask");
            self.turn()?;
        }
        Ok(())
    }

    /// Goes on for `duration`; returns how long it really was.
    fn answer_for(&mut self, duration: Duration) -> Result<Duration> {
        let start = Instant::now();
        loop {
            let before = self.answered;
            self.turn()?;
            ensure!(self.answered > before, "the client does not ask any more");
            let elapsed = start.elapsed();
            if elapsed >= duration {
                return Ok(elapsed);
            }
        }
    }

    /// Waits for requests and answers them.
    fn turn(&mut self) -> Result<()> {
        self.poll.poll(&mut self.events, Some(PATIENCE))?;
        for event in &self.events {
            if event.token() == LISTENER {
                accept(&self.listener, &mut self.connections, &self.poll)?;
            } else {
                let connection = &mut self.connections[event.token().0];
                self.answered += u64::from(answer(connection, &mut self.buffer)?);
            }
        }
        Ok(())
    }
}

fn accept(listener: &TcpListener, connections: &mut Vec<TcpStream>, poll: &Poll) -> Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nodelay(true)?;
                poll.registry().register(&mut stream, Token(connections.len()), Interest::READABLE)?;
                connections.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot accept"),
        }
    }
}

/// Answers the request on `connection`, which has one at a time, if it is there to its end.
fn answer(connection: &mut TcpStream, buffer: &mut [u8]) -> Result<bool> {
    match connection.read(buffer) {
        Ok(0) => bail!("the client closed a connection"),
        Ok(count) if buffer[..count].ends_with(b"\r\n\r\n") => {
            let sent = connection.write(ANSWER).context("cannot answer")?;
            ensure!(sent == ANSWER.len(), "the socket took a part of the answer only");
            Ok(true)
        }
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error).context("cannot receive"),
    }
}
