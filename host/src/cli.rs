//! The command line of `node-http`.

use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// Serves the bundled demo application
    Serve(Serve),
}

/// Options of `node-http run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The component
    pub(crate) component: PathBuf,

    /// An address that the component may listen on: host or network, port or range, or `*`; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) listen_allow: Vec<Rule>,

    /// An address that the component may connect to; also allows name lookup; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) connect_allow: Vec<Rule>,

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

/// Options of every command that runs a component.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// Seconds that Ctrl-C or SIGTERM leaves for running exchanges before connections are destroyed
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) grace: u64,

    /// What to log on standard error, e.g. `info` or `node_http_host=debug`; RUST_LOG does the same
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}
