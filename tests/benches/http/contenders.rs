//! Who is measured, and the processes in which they run.

use std::{
    fmt, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use node_http_host::{
    COMPONENT, Ctx, DEMO, Exit, Host, Options, Policy, Result, plug,
    wasmtime::{bail, error::Context as _},
};

use crate::{
    cores::Cores,
    load::{Exchange, response_length},
    web_socket,
};

/// The component that answers raw sockets and parses nothing.
const CEILING: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/ceiling.wasm"));
/// The demo's handler with the crate linked in.
const LINKED: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/server_linked.wasm"));
/// The program of the tests, one case of which is the victim of the measurements of robustness.
const CASES: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/cases.wasm"));

/// The name of that case.
const VICTIM: &str = "robustness";

/// The demo's answer from Node. The explicit length makes the bytes equal.
const NODE_SCRIPT: &str = "\
const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 13 };
const server = require('http').createServer((request, response) => {
  response.writeHead(200, headers);
  response.end('Hello, world\\n');
});
server.listen(0, '127.0.0.1', 511, () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
";

/// A server that can be started.
#[derive(Clone, Debug)]
pub(crate) enum Contender {
    /// One of the components that are embedded here, by name.
    Ours(&'static str),
    /// The server of the tests that may be attacked, with its arguments.
    Victim(String),
    /// A component in a file.
    App { name: String, file: PathBuf },
    /// A Node binary.
    Node(PathBuf),
}

/// The embedded ones. The first is what the others are compared with.
pub(crate) fn ours() -> [Contender; 3] {
    [Contender::Ours("ceiling"), Contender::Ours("linked"), Contender::Ours("composed")]
}

/// Reads `NAME=FILE` or `NAME=FILE+COMPONENT`.
pub(crate) fn parse_app(argument: &str) -> Result<Contender, String> {
    let (name, file) = argument.split_once('=').ok_or("wanted: NAME=FILE")?;
    Ok(Contender::App { name: name.to_owned(), file: file.into() })
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Ours(name) => (*name).to_owned(),
            Self::Victim(_) => VICTIM.to_owned(),
            Self::App { name, .. } => name.clone(),
            Self::Node(path) => {
                format!("node {}", node_version(path).unwrap_or_else(|| path.display().to_string()))
            }
        }
    }

    pub(crate) fn command(&self) -> Result<Command> {
        let serve = |what: &str| -> Result<Command> {
            let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
            command.args(["--serve", what]);
            Ok(command)
        };
        match self {
            Self::Ours(name) => serve(name),
            Self::Victim(arguments) => serve(&format!("{VICTIM} {arguments}")),
            Self::App { file, .. } => serve(file.to_str().context("the file's name is not UTF-8")?),
            Self::Node(path) => {
                let mut command = Command::new(path);
                command.args(["-e", NODE_SCRIPT]);
                Ok(command)
            }
        }
    }
}

/// "26.10.0".
fn node_version(path: &Path) -> Option<String> {
    let output = Command::new(path).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().trim_start_matches('v').to_owned())
}

/// A contender's running process. Dropping it ends the process.
pub(crate) struct Server {
    name: String,
    process: Process,
    address: SocketAddr,
    request: Vec<u8>,
    /// How long its answer is, checked once.
    response_length: usize,
}

impl Server {
    /// Starts it on the servers' core and waits until it answers.
    pub(crate) fn start(contender: &Contender, cores: &Cores) -> Result<Self> {
        let process = Process::start(&mut contender.command()?, cores)?;
        let address = process.address;
        let request = request(address);
        let response_length = response_length(&mut TcpStream::connect(address)?, &request)?;
        Ok(Self { name: contender.name(), process, address, request, response_length })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `depth` requests at once, and their answers.
    pub(crate) fn exchange(&self, depth: usize) -> Exchange {
        Exchange {
            address: self.address,
            pid: self.pid(),
            is_web_socket: false,
            batch: self.request.repeat(depth),
            answer: self.response_length * depth,
            count: depth as u64,
        }
    }

    pub(crate) fn response_length(&self) -> usize {
        self.response_length
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What every contender is asked: as short as tools for load make it.
pub(crate) fn request(address: SocketAddr) -> Vec<u8> {
    format!("GET /plain HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes()
}

/// A process that has said where it listens.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Kept open: a server that prints must not fail.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(command: &mut Command, cores: &Cores) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = cores.on_server_core(|| command.spawn())?.with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("the process has no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let address = announced(&mut stdout);
        if address.is_err() {
            end(&mut child);
        }
        Ok(Self { address: address?, child, _stdout: stdout })
    }
}

/// Reads lines until one says `listening on http://…`.
fn announced(stdout: &mut BufReader<ChildStdout>) -> Result<SocketAddr> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim_end().strip_prefix("listening on http://") {
            return address.parse::<SocketAddr>().with_context(|| format!("not an address: {address}"));
        }
        line.clear();
    }
    bail!("it ended before it listened")
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

pub(crate) fn end(child: &mut Child) {
    // It fails when the process has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// A host that compiles each component once, however often this program starts itself.
pub(crate) fn host() -> Result<Host> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    Host::with(Options { cache: Some(cache), ..Options::default() })
}

/// Is the server `what`: an embedded component by name, a file, or two files to be composed. Runs until it is killed.
pub(crate) fn serve(what: &str) -> Result<()> {
    let victim = what.strip_prefix(VICTIM).map(str::split_whitespace);
    let component = match what {
        "ceiling" => CEILING.to_vec(),
        "linked" => LINKED.to_vec(),
        "composed" => DEMO.to_vec(),
        "echo-linked" => web_socket::LINKED.to_vec(),
        "echo-composed" => plug(web_socket::COMPOSED, COMPONENT)?,
        _ if victim.is_some() => plug(CASES, COMPONENT)?,
        file => load(file)?,
    };
    let app = host()?.load(&component)?;
    let mut arguments = vec!["cases", if victim.is_some() { VICTIM } else { what }];
    arguments.extend(victim.into_iter().flatten());
    let mut policy = Policy::default();
    policy.allow_listen("127.0.0.1:0".parse()?);
    let ctx = Ctx::builder()
        .args(&arguments)
        .env("HOST", "127.0.0.1")
        .env("PORT", "0")
        .policy(policy)
        .inherit_stdio()
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(app.run(ctx))?;
    std::io::stdout().flush()?;
    if exit == Exit::Code(0) { Ok(()) } else { bail!("the component ended with {exit:?}") }
}

/// Reads a component, or two and composes them.
pub(crate) fn load(file: &str) -> Result<Vec<u8>> {
    match file.split_once('+') {
        None => read(file),
        Some((app, component)) => Ok(plug(&read(app)?, &read(component)?)?),
    }
}

fn read(file: &str) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {file}"))
}
