//! Node's side: a process that runs one program after another.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::server;

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
