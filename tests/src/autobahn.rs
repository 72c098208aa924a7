//! Autobahn's cases for WebSockets, which the Python package `kosoku` carries and runs.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, iter};

use crate::{Case, Sockets};

const SCRIPT: &str = include_str!("autobahn.py");

/// How many cases of each group have passed, and of how many.
#[derive(Debug, Default)]
pub struct Report {
    /// By the number of the group.
    pub groups: BTreeMap<u32, (u32, u32)>,
    /// A line for each case that has not passed.
    pub failed: Vec<String>,
}

/// The Python that the variable `PYTHON` names, or `python3`, if it has the package `module`.
///
/// # Errors
/// Why there is none.
pub fn python_with(module: &str) -> Result<PathBuf, String> {
    let python = env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let output = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    match output {
        Ok(output) if output.status.success() => Ok(python),
        Ok(_) => Err(format!("{} has no package {module}; PYTHON can name another", python.display())),
        Err(error) => Err(format!("{} does not start: {error}", python.display())),
    }
}

/// Tests a server that echoes: our case `web_socket serve deflate`. No `cases` means all.
///
/// # Panics
/// When the package does not run.
#[must_use]
pub fn test_server(python: &Path, sockets: Sockets, cases: &[&str]) -> Report {
    let case = Case::start_with(sockets, "web_socket", &["serve", "deflate"]);
    let (_running, stdout) = start(python, "server", &case.address("echo").to_string(), cases);
    Report::read(stdout.lines().map_while(Result::ok))
}

/// Tests a client that echoes: our case `web_socket fuzzed`. No `cases` means all.
///
/// # Panics
/// When the package does not run.
#[must_use]
pub fn test_client(python: &Path, sockets: Sockets, cases: &[&str]) -> Report {
    let (_running, stdout) = start(python, "client", "", cases);
    let mut lines = stdout.lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let port = first.strip_prefix("listening ").and_then(|port| port.parse().ok());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.expect("it listens")));
    let case = Case::start_with(sockets, "web_socket", &["fuzzed", &address.to_string()]);
    let report = Report::read(lines);
    case.finish();
    report
}

fn start(python: &Path, role: &str, address: &str, cases: &[&str]) -> (Running, BufReader<ChildStdout>) {
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, role, address]).args(cases).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it was asked for its package");
    let stdout = child.stdout.take().expect("it is piped");
    (Running(child), BufReader::new(stdout))
}

/// The package at work. Dropping it waits for its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has said its last word, or its reader has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Report {
    fn read(lines: impl Iterator<Item = String>) -> Self {
        let mut report = Self::default();
        for line in lines.take_while(|line| line != "over") {
            if let Some((group, counts)) = line.strip_prefix("group ").and_then(|rest| rest.split_once(' ')) {
                let (passed, count) = counts.split_once(" of ").unwrap_or_default();
                let number = |text: &str| text.parse().unwrap_or(0);
                report.groups.insert(number(group), (number(passed), number(count)));
            } else {
                report.failed.push(line);
            }
        }
        report
    }

    /// Whether there were cases, and all have passed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.groups.is_empty() && self.failed.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, count) =
            self.groups.values().fold((0, 0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
        let groups =
            self.groups.iter().map(|(group, (passed, count))| format!("{group:5}: {passed} of {count}"));
        let all = iter::once(format!("  all: {passed} of {count}"));
        self.failed.iter().cloned().chain(groups).chain(all).try_for_each(|line| writeln!(f, "{line}"))
    }
}
