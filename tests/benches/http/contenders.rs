//! Who is measured, in which scenarios, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use node_http_host::{
    Result,
    wasmtime::{bail, error::Context as _, format_err},
};
use node_http_tests::node;

use crate::nginx::Nginx;
use crate::scenario::{Page, What};

/// The name of the case of the tests that may be attacked.
pub(crate) const VICTIM: &str = "robustness";

/// The same programs for Node.
const NODE_SERVER: &str = include_str!("node/server.js");
const NODE_PROXY: &str = include_str!("node/proxy.js");
const NODE_CLIENT: &str = include_str!("node/client.js");
/// Its argument is the folder of npm's `ws`.
const NODE_WEB_SOCKETS: &str = include_str!("node/web_sockets.js");

/// Somebody who can be measured.
#[derive(Clone, Debug)]
pub(crate) enum Contender {
    /// A component on raw sockets that parses nothing: what wasmtime allows.
    Ceiling,
    /// Our crate, linked in.
    Linked,
    /// A component that imports `node:http`.
    Composed,
    /// hyper, on one thread.
    Hyper,
    /// nginx, one process.
    Nginx,
    /// A Node binary, named by its version.
    Node { name: String, path: PathBuf },
    /// A server in a file, of `/plain`.
    App { name: String, file: PathBuf },
    /// A client in a file.
    Client { name: String, file: PathBuf },
    /// The server of the tests that may be attacked, with its arguments.
    Victim(String),
}

/// Who is always there. The first is what the others are compared with.
pub(crate) fn all() -> Vec<Contender> {
    let mut all = vec![Contender::Ceiling, Contender::Linked, Contender::Composed, Contender::Hyper];
    if Nginx::is_installed() {
        all.push(Contender::Nginx);
    } else {
        eprintln!("nginx is not installed, so it is not measured");
    }
    all
}

/// Asks a Node binary for its version: `node 26.10.0`.
pub(crate) fn parse_node(path: &str) -> Result<Contender, String> {
    let output = Command::new(path).arg("--version").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&output.stdout);
    let version = version.trim().strip_prefix('v').ok_or("it is no Node")?;
    Ok(Contender::Node { name: format!("node {version}"), path: path.into() })
}

/// Reads `NAME=FILE` or `NAME=FILE+COMPONENT`.
fn name_and_file(argument: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = argument.split_once('=').ok_or("wanted: NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

pub(crate) fn parse_app(argument: &str) -> Result<Contender, String> {
    name_and_file(argument).map(|(name, file)| Contender::App { name, file })
}

pub(crate) fn parse_client(argument: &str) -> Result<Contender, String> {
    name_and_file(argument).map(|(name, file)| Contender::Client { name, file })
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Ceiling => "ceiling".to_owned(),
            Self::Linked => "linked".to_owned(),
            Self::Composed => "composed".to_owned(),
            Self::Hyper => "hyper".to_owned(),
            Self::Nginx => "nginx".to_owned(),
            Self::Node { name, .. } | Self::App { name, .. } | Self::Client { name, .. } => name.clone(),
            Self::Victim(_) => VICTIM.to_owned(),
        }
    }

    /// Whether it does what is measured.
    pub(crate) fn does(&self, what: What) -> bool {
        let is_plain = match what {
            What::Requests { page, .. } => matches!(page, Page::Plain | Page::Browser | Page::New),
            What::Start => true,
            _ => false,
        };
        let is_http = !matches!(what, What::Messages { .. } | What::Idle { web_sockets: true });
        match self {
            Self::Ceiling => {
                let is_sized = matches!(what, What::Requests { page: Page::Sized, .. });
                is_plain
                    || is_sized
                    || matches!(what, What::Clients { .. } | What::Idle { web_sockets: false })
            }
            // Of a proxy there is but one, composed.
            Self::Linked => what != What::Proxied,
            Self::Composed => true,
            Self::Hyper => is_http && !matches!(what, What::Work { .. }),
            Self::Nginx => {
                let is_sized = matches!(what, What::Requests { page: Page::Sized, .. });
                // What its connections take it takes when it starts.
                is_plain || is_sized || what == What::Proxied
            }
            // Several of its workers are several processes.
            Self::Node { .. } => !matches!(what, What::Work { workers: 2.. }),
            Self::App { .. } => is_plain,
            Self::Client { .. } => matches!(what, What::Clients { .. }),
            Self::Victim(_) => matches!(what, What::Requests { page: Page::Plain, .. }),
        }
    }

    /// The process that does it, all but nginx.
    pub(crate) fn command(&self, what: What) -> Result<Command> {
        let kind = match what {
            What::Clients { .. } => "client",
            What::Proxied => "proxy",
            _ => "server",
        };
        let program = match self {
            Self::Ceiling | Self::Linked | Self::Composed | Self::Hyper => format!("{kind} {}", self.name()),
            Self::App { file, .. } | Self::Client { file, .. } => {
                format!("file {}", file.to_str().context("the file's name is not UTF-8")?)
            }
            Self::Victim(arguments) => format!("{VICTIM} {arguments}"),
            Self::Node { path, .. } => return node_command(path, what),
            Self::Nginx => bail!("it is started otherwise"),
        };
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        // Servers take any free port; clients are told another.
        command.args(["--be", &program]).env("PORT", "0").envs(what.variables());
        Ok(command)
    }
}

fn node_command(path: &Path, what: What) -> Result<Command> {
    let mut command = Command::new(path);
    command.arg("-e").envs(what.variables());
    match what {
        What::Messages { .. } | What::Idle { web_sockets: true } => {
            let ws = node::package("ws@8").map_err(|why| format_err!("{why}"))?;
            command.arg(NODE_WEB_SOCKETS).arg(ws)
        }
        What::Proxied => command.arg(NODE_PROXY),
        What::Clients { .. } => command.arg(NODE_CLIENT),
        What::Requests { .. } | What::Work { .. } | What::Idle { .. } | What::Start => {
            command.arg(NODE_SERVER)
        }
    };
    Ok(command)
}
