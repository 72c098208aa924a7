//! Node's side: a process that runs one program after another, and where a Node 23.5.0 can be had.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::server;

/// The version that everything is compared with.
const VERSION: &str = "23.5.0";

/// A Node with the interpreter.
#[derive(Debug)]
pub(super) struct Node {
    process: Child,
    programs: ChildStdin,
    outcomes: BufReader<ChildStdout>,
}

impl Node {
    /// Starts `node`.
    ///
    /// # Panics
    /// When it does not start.
    pub(super) fn start(node: &Path) -> Self {
        let mut process = Command::new(node)
            .args(["-e", include_str!("interpreter.js")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program that has told its version");
        let programs = process.stdin.take().expect("it is piped");
        let outcomes = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, programs, outcomes }
    }

    /// Runs `program` and answers its outcome, what the server saw included.
    pub(super) fn run(&mut self, program: &Value) -> (Value, u16) {
        let server = server::start(program);
        let port = server.address().port();
        let mut line = String::new();
        let asked = writeln!(self.programs, "{}", json!({ "program": program, "port": port }));
        let read = asked.and_then(|()| self.outcomes.read_line(&mut line));
        let mut outcome = match read {
            Ok(1..) => serde_json::from_str(&line).unwrap_or_else(|_| json!({ "failed": line })),
            other => json!({ "failed": format!("Node is gone: {other:?}") }),
        };
        outcome["wire"] = server::seen(&server);
        (outcome, port)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself, and that has been an outcome.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The Node that the variable `NODE` names, or else version 23.5.0 from npm, kept in the target folder.
///
/// # Errors
/// Why there is none.
pub fn find() -> Result<PathBuf, String> {
    if let Some(node) = env::var_os("NODE").map(PathBuf::from) {
        let version = version(&node)?;
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        return match major {
            Some(23..) => Ok(node),
            None | Some(0..23u32) => Err(format!("{} is Node {version}, not 23 or newer", node.display())),
        };
    }
    let folder = Path::new(env!("OUT_DIR")).join(format!("node-{VERSION}"));
    let node = folder.join("node_modules/node/bin/node");
    if version(&node).is_err() {
        let package = format!("node@{VERSION}");
        let output = Command::new("npm")
            .args(["install", "--no-save", "--prefix"])
            .arg(&folder)
            .arg(&package)
            .output();
        let output = output.map_err(|error| format!("npm does not start ({error}), NODE is not set"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("npm cannot install {package}, NODE is not set: {why}"));
        }
    }
    version(&node).map(|_| node)
}

fn version(node: &Path) -> Result<String, String> {
    let output = Command::new(node).arg("--version").output();
    let output = output.map_err(|error| format!("{} does not start: {error}", node.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
