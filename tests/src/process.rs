//! What a process takes of the machine, and cases in processes of their own: what a case takes cannot be told from
//! what the tests beside it take.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{fs, io, process, thread};

use node_http_host::wasmtime::{ensure, error::Context as _};
use node_http_host::{Ctx, Exit, Policy, Result};

use crate::{Sockets, app};

/// A line of `/proc/PID/status` in KiB, such as `VmRSS`.
///
/// # Errors
/// When there is no such process or line.
pub fn memory(pid: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.context("no such line")?.trim().trim_end_matches(" kB").parse()?)
}

/// How many descriptors a process has.
///
/// # Errors
/// When there is no such process.
pub fn descriptors(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// Runs a case in this process until it, or standard input, ends. Arguments: `ours` or `wasmtime`, the case, its own.
///
/// # Errors
/// When the case fails.
pub fn run_case(arguments: &[String]) -> Result<()> {
    let (sockets, case) = arguments.split_first().context("wanted: SOCKETS CASE…")?;
    let sockets = if sockets == "ours" { Sockets::Ours } else { Sockets::Wasmtime };
    thread::spawn(|| {
        // Whoever has started this process keeps it open.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let arguments: Vec<&str> = ["cases"].into_iter().chain(case.iter().map(String::as_str)).collect();
    let ctx = Ctx::builder()
        .args(&arguments)
        .policy(Policy::allow_all())
        .wasi(|wasi| _ = wasi.inherit_stdout().inherit_stderr())
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(app(sockets).run(ctx))?;
    ensure!(exit == Exit::Code(0), "the case ended with {exit:?}");
    Ok(())
}

/// A case in a process of its own. Dropping it ends the process.
#[derive(Debug)]
pub struct CaseProcess {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl CaseProcess {
    /// Starts `program`, which is [`run_case`], with the case `name`.
    ///
    /// # Panics
    /// When the program does not start.
    pub fn start(program: &str, sockets: Sockets, name: &str, arguments: &[&str]) -> Self {
        let sockets = if sockets == Sockets::Ours { "ours" } else { "wasmtime" };
        let mut command = Command::new(program);
        command.args([sockets, name]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program is there");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdout }
    }

    /// Where the server `name` listens; waits until it does.
    ///
    /// # Panics
    /// When the process ends before.
    pub fn address(&mut self, name: &str) -> SocketAddr {
        let mut line = String::new();
        loop {
            line.clear();
            let count = self.stdout.read_line(&mut line).expect("text");
            assert!(count > 0, "{name} does not listen");
            let port = line.trim_end().strip_prefix("listening ").and_then(|rest| rest.split_once(' '));
            if let Some((port, _)) = port.filter(|(_, found)| *found == name) {
                return (Ipv4Addr::LOCALHOST, port.parse().expect("a port")).into();
            }
        }
    }

    /// Resident memory in KiB.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn resident(&self) -> u64 {
        memory(self.child.id(), "VmRSS").expect("the process lives")
    }

    /// How many descriptors it has.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn descriptors(&self) -> usize {
        descriptors(self.child.id()).expect("the process lives")
    }
}

impl Drop for CaseProcess {
    fn drop(&mut self) {
        // It fails when the process has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
