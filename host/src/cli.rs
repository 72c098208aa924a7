//! The command line of `node-http`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use node_http_host::Rule;

/// Runs WebAssembly components that use node:http.
///
/// Without a command it serves the bundled demo application.
#[derive(Debug, Parser)]
#[command(name = "node-http", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// What to do; `serve` unless something else is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Options of `serve`.
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a component that exports wasi:cli/run, with node:http plugged in if it imports that
    Run(Run),
    /// Writes the component with node:http plugged in, for any runtime with WASI 0.3
    Compose(Compose),
    /// Writes the bundled component node:http, for other tools to plug, and its WIT, for bindings in any language
    Component(Component),
    /// Serves the bundled demo application
    Serve(Serve),
    /// Asks a server through the bundled node:http and prints its answer, a small curl
    Fetch(Fetch),
}

/// Options of `node-http run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The component; or, where JavaScript was built in, a program for Node: a file, or a folder with a package.json
    pub(crate) component: PathBuf,

    /// A folder that the component may read, under the same name; may be repeated. A program for Node reads its own
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Vec<PathBuf>,

    /// An address that the component may listen on: host or network, port or range, or `*`; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) listen_allow: Vec<Rule>,

    /// An address that the component may connect to, or the name of one, which it may then look up; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) connect_allow: Vec<Rule>,

    /// An address that the component may send UDP to, or bind UDP sockets to; no UDP without it; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) udp_allow: Vec<Rule>,

    /// An environment variable for the component, or the name of one to pass on; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Arguments of the component, after `--`
    #[arg(last = true)]
    pub(crate) args: Vec<String>,

    /// Options of running.
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Options of `node-http compose`.
#[derive(Debug, Args)]
pub(crate) struct Compose {
    /// The component, which imports node:http
    pub(crate) component: PathBuf,

    /// Where the result goes
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Options of `node-http component`.
#[derive(Debug, Args)]
pub(crate) struct Component {
    /// Where the component goes
    #[arg(short, long, value_name = "FILE", required_unless_present = "wit")]
    pub(crate) output: Option<PathBuf>,

    /// A folder for the WIT: the worlds, the interfaces with the manual of everything, and what they use of WASI
    #[arg(long, value_name = "DIR")]
    pub(crate) wit: Option<PathBuf>,
}

/// Options of `node-http serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Options of running.
    #[command(flatten)]
    pub(crate) running: Running,
}

/// How many instances there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Workers {
    /// One on each core.
    Auto,
    /// So many.
    Count(NonZeroUsize),
}

impl FromStr for Workers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            count => count.parse().map(Self::Count).map_err(|_| "a number above 0, or `auto`"),
        }
    }
}

/// Options of `node-http fetch`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Fetch {
    /// Where to ask; `http://` may be left out. With `ws://` lines of standard input are sent and messages printed
    pub(crate) url: String,

    /// The method; GET, or POST with `-d`, unless something else is said. HEAD prints the head of the answer
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// A header of the request; without a value it keeps a default one away; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<Header>,

    /// The body of the request: text, the content of a file, or standard input with `@-`
    #[arg(short, long, value_name = "TEXT|@FILE")]
    pub(crate) data: Option<Data>,

    /// Where the answer goes; standard output unless something else is said
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Prints the head of the answer, too
    #[arg(short, long)]
    pub(crate) include: bool,
}

impl Fetch {
    /// Whether the head of the answer is printed. Of an answer to HEAD there is nothing else.
    pub(crate) fn shows_head(&self) -> bool {
        self.include || self.method.as_ref().is_some_and(|method| method.eq_ignore_ascii_case("HEAD"))
    }
}

/// What `node-http fetch` tells a script.
const EXIT_STATUS: &str = "\
Exit status, as curl's:
   0  an answer came, whatever its status code
   1  the protocol is not http
   2  wrong usage, or the component could not be started
   3  the URL is not one
   6  the host name could not be resolved
   7  no connection
   8  the answer is not HTTP
  23  standard output or FILE cannot be written
  26  the body cannot be read
  28  the connection timed out
  52  the server closed the connection without an answer
  55  the request could not be sent
  56  the answer was cut short";

/// A header as given to `-H`.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The name.
    pub(crate) name: String,
    /// The value; an empty one keeps a default header away.
    pub(crate) value: String,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("a header is `NAME: VALUE`")?;
        Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
    }
}

/// A body as given to `-d`.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// The text itself.
    Text(String),
    /// The content of a file.
    File(PathBuf),
    /// What comes on standard input.
    Stdin,
}

impl FromStr for Data {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix('@') {
            None => Self::Text(text.to_owned()),
            Some("-") => Self::Stdin,
            Some(file) => Self::File(file.into()),
        })
    }
}

/// Options of every command that runs a component.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// Seconds that Ctrl-C or SIGTERM leaves for running exchanges before connections are destroyed
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) grace: u64,

    /// MiB of memory that the component may take
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_memory: u32,

    /// Instances, each on a core of its own, or `auto` for one on every core; they share the address and no memory
    #[arg(long, value_name = "N|auto")]
    pub(crate) workers: Option<Workers>,

    /// What to log on standard error, e.g. `info` or `node_http_host=debug`; RUST_LOG does the same
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}
