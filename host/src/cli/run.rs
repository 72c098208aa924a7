//! The command lines that run a component.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use node_http_host::Rule;

/// Options of `node-http` without a command: `run` of a component, or `serve`.
#[derive(Debug, Args)]
pub(crate) struct Bare {
    /// The component; the demo without one
    pub(crate) component: Option<PathBuf>,

    /// Arguments of the component
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,

    /// Options of the component.
    #[command(flatten)]
    pub(crate) options: AppOptions,
}

/// Options of `node-http run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// The component; or, where JavaScript was built in, a program for Node: a file, or a folder with a package.json
    pub(crate) component: PathBuf,

    /// Arguments of the component: all that follows its file
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,

    /// Options of the component.
    #[command(flatten)]
    pub(crate) options: AppOptions,
}

const EXAMPLES: &str = "\
Examples:
  node-http run --port 3000 app.wasm
  node-http run --port 3000 --watch --env-file .env app.wasm
  node-http run --listen localhost:3000 --connect-allow api.example.com:80 app.wasm
  node-http run --port 80 --dir ./site::/:ro app.wasm --index";

/// What a component may see and do.
#[derive(Debug, Args)]
pub(crate) struct AppOptions {
    /// Sets PORT, and allows to listen on that port of every address
    #[arg(long, value_name = "N", conflicts_with = "listen")]
    pub(crate) port: Option<u16>,

    /// Sets HOST and PORT, and allows to listen there; PORT alone is 127.0.0.1, :PORT every address
    #[arg(long, value_name = "[HOST:]PORT")]
    pub(crate) listen: Option<Listen>,

    /// Allows to listen: host or network, port or range, or `*`; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', requires = "component")]
    pub(crate) listen_allow: Vec<Rule>,

    /// Allows to connect, and to look the name up; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', requires = "component")]
    pub(crate) connect_allow: Vec<Rule>,

    /// Allows to send UDP there, or to bind UDP sockets to it; may be repeated
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', requires = "component")]
    pub(crate) udp_allow: Vec<Rule>,

    /// Shows a folder, `:ro` to be read only; may be repeated. A program for Node reads its own
    #[arg(long, value_name = "HOST[::GUEST][:ro]", requires = "component")]
    pub(crate) dir: Vec<Directory>,

    /// Sets an environment variable, or passes one on; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]", requires = "component")]
    pub(crate) env: Vec<String>,

    /// Sets the variables of a file with lines NAME=VALUE; may be repeated, and `--env` wins
    #[arg(long, value_name = "FILE", requires = "component")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Starts again when the component, or a file of variables, changes
    #[arg(long, requires = "component")]
    pub(crate) watch: bool,

    /// Options of running.
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Options of `node-http serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; PORT alone is 127.0.0.1, :PORT every address, and port 0 a free one
    #[arg(long, value_name = "[HOST:]PORT", default_value_t)]
    pub(crate) listen: Listen,

    /// Prints a line for each answer
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, default_missing_value = "common")]
    pub(crate) access_log: Option<AccessLog>,

    /// Options of running.
    #[command(flatten)]
    pub(crate) running: Running,
}

/// How a line of the access log looks.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AccessLog {
    /// Common Log Format, as most servers write and most tools read it
    Common,
    /// An object
    Json,
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

    /// Writes where compiled functions are, for a profiler
    #[arg(long, value_name = "FORMAT")]
    pub(crate) profile: Option<Profile>,

    /// Serves counters for Prometheus under /metrics; PORT alone is 127.0.0.1, :PORT every address
    #[arg(long, value_name = "[HOST:]PORT")]
    pub(crate) metrics: Option<Listen>,
}

/// What a profiler reads.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Profile {
    /// /tmp/perf-PID.map, for Linux' perf
    Perfmap,
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

/// Where to listen: `8080`, `:8080`, `localhost:8080`, `127.0.0.1:8080`, `[::1]:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    /// A name or an address; `::` is every address.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Listen {
    /// What allows it.
    pub(crate) fn rule(&self) -> Rule {
        let text = match self.host.parse() {
            Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("*:{}", self.port),
            _ => self.to_string(),
        };
        text.parse().expect("it was parsed with it")
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 8080 }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        let host = match host {
            "" | "*" | "[::]" => "::",
            _ => host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host),
        };
        let wanted = || format!("{text:?} is no `PORT`, `:PORT` or `HOST:PORT`");
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or_else(wanted)?;
        let listen = Self { host: host.to_owned(), port };
        // An address of IPv6 without its brackets is no host.
        let is_address = text.contains('[') == host.contains(':') || host == "::";
        match listen.to_string().parse::<Rule>() {
            Ok(_) if is_address => Ok(listen),
            _ => Err(wanted()),
        }
    }
}

/// A folder of this machine, and where the component sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
    pub(crate) read_only: bool,
}

impl FromStr for Directory {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (text, read_only) = text.strip_suffix(":ro").map_or((text, false), |text| (text, true));
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        if host.is_empty() || guest.is_empty() {
            return Err("wanted: HOST[::GUEST][:ro]");
        }
        Ok(Self { host: host.into(), guest: guest.to_owned(), read_only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen() {
        for (text, host, port) in [
            ("8080", "127.0.0.1", 8080),
            ("0", "127.0.0.1", 0),
            (":8080", "::", 8080),
            ("*:8080", "::", 8080),
            ("[::]:8080", "::", 8080),
            ("[::1]:8080", "::1", 8080),
            ("localhost:8080", "localhost", 8080),
            ("10.0.0.1:65535", "10.0.0.1", 65535),
        ] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!((&*listen.host, listen.port), (host, port), "{text}");
            listen.rule();
        }
        for text in [
            "",
            ":",
            "x",
            "65536",
            "+80",
            "a b:80",
            "::1:80",
            "localhost",
            "host:",
            "127.0.0.1:80-90",
            "[x]:1",
        ] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn folders() {
        let read = |text: &str| {
            text.parse::<Directory>().map(|Directory { host, guest, read_only }| (host, guest, read_only))
        };
        let folder = |host: &str, guest: &str, read_only| Ok((host.into(), guest.to_owned(), read_only));
        assert_eq!(read("."), folder(".", ".", false));
        assert_eq!(read("/srv/site::/:ro"), folder("/srv/site", "/", true));
        assert_eq!(read("data:ro"), folder("data", "data", true));
        assert!(read("").is_err() && read("::/").is_err() && read("a::").is_err());
    }
}
