//! The command line of `node-http`.

mod fetch;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::fetch::{Data, Fetch, Header};
pub(crate) use self::run::{
    AccessLog, AppOptions, Bare, Directory, Listen, Profile, Run, Running, Serve, Workers,
};

/// Runs WebAssembly components that use node:http.
#[derive(Debug, Parser)]
#[command(name = "node-http", version, args_conflicts_with_subcommands = true, override_help = HELP)]
pub(crate) struct Cli {
    /// What to do; `run` or `serve` unless something else is said
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Options of both.
    #[command(flatten)]
    pub(crate) bare: Bare,
}

/// Fits a screen of 80 times 24: the options of each command are in its own help.
const HELP: &str = "\
Runs WebAssembly components that use node:http, Node's http module.

Usage: node-http [OPTIONS] APP.wasm [ARGUMENTS OF THE APP]...
       node-http COMMAND ...

Commands (`node-http COMMAND --help` has their options):
  run          runs an app, as without a command
  serve        serves the demo, as without anything
  fetch        asks a server, a small curl; with ws:// exchanges messages
  compose      writes an app with node:http plugged in, for any runtime
  component    writes node:http itself, and its WIT
  completions  writes the completions of a shell; `man` writes the manual

Options, before the file: --port N  --listen [HOST:]PORT  --connect-allow HOST
  --dir HOST::GUEST[:ro]  --env NAME[=VALUE]  --env-file FILE  --watch
  --workers N  --max-memory MIB  --metrics [HOST:]PORT  --grace SECONDS  --log F

Examples:
  node-http                                     # the demo on port 8080
  node-http --port 3000 app.wasm                # an app that listens on $PORT
  node-http --port 80 --dir site::/:ro app.wasm --index
  node-http fetch -i http://127.0.0.1:3000/
";

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
    Fetch(Box<Fetch>),
    /// Writes what a shell needs to complete commands and options, to standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes the manual, of everything or of one command, to standard output: `node-http man | man -l -`
    Man {
        /// The command
        command: Option<String>,
    },
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
