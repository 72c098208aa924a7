//! The two sides: Node in a process, our server in a component.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use node_http_host::{Error, Result, wasmtime::bail, wasmtime::error::Context as _};

use super::drive::{Fragment, Observation, play};
use super::scenario::Scenario;
use crate::{Case, Sockets};

/// The interpreter on Node.
const INTERPRETER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/differential/interpreter.js");

/// What a side is.
#[derive(Debug, Clone)]
pub(super) enum Who {
    Node(PathBuf),
    Ours,
}

/// A running interpreter.
#[derive(Debug)]
pub(super) struct Side {
    target: Target,
    running: Running,
}

/// Where it is to be found.
#[derive(Debug, Clone)]
struct Target {
    who: Who,
    control: SocketAddr,
}

#[derive(Debug)]
enum Running {
    Process(NodeProcess),
    Component(Box<Case>),
}

/// Ends with its input.
#[derive(Debug)]
struct NodeProcess {
    child: Child,
    input: Option<ChildStdin>,
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.input.take();
        // It ends by itself; whether well or not does not matter any more.
        let _ = self.child.wait();
    }
}

impl Side {
    pub(super) fn start(who: Who) -> Result<Self> {
        let (running, control) = match &who {
            Who::Node(binary) => {
                let (process, control) = start_node(binary)?;
                (Running::Process(process), control)
            }
            Who::Ours => {
                let case = Case::start(Sockets::Ours, "interpreter");
                let control = case.address("control");
                (Running::Component(Box::new(case)), control)
            }
        };
        Ok(Self { target: Target { who, control }, running })
    }

    /// Plays all of them, `jobs` at a time, each on a connection of its own.
    ///
    /// A program that takes the interpreter down is found by playing those that it took along once more, alone.
    pub(super) fn play_all(
        &mut self,
        scenarios: &[Scenario],
        fragment: Option<Fragment>,
        jobs: usize,
    ) -> Result<Vec<Observation>> {
        let next = AtomicUsize::new(0);
        let observed = Mutex::new(vec![Observation::default(); scenarios.len()]);
        let target = &self.target;
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(scenario) = scenarios.get(place) else { return };
                        let observation = target.observe(scenario, fragment);
                        if let Ok(mut observed) = observed.lock() {
                            observed[place] = observation;
                        }
                    }
                });
            }
        });
        let mut observed = observed.into_inner().map_err(|_| Error::msg("a player has panicked"))?;
        for (scenario, observation) in scenarios.iter().zip(&mut observed) {
            if observation.failure.is_some() {
                self.restart_if_dead()?;
                *observation = self.observe(scenario, fragment);
                if let (Some(failure), Some(death)) = (&mut observation.failure, self.restart_if_dead()?) {
                    *failure = death;
                }
            }
        }
        Ok(observed)
    }

    /// Plays one.
    pub(super) fn observe(&self, scenario: &Scenario, fragment: Option<Fragment>) -> Observation {
        self.target.observe(scenario, fragment)
    }

    /// Returns what it died of.
    fn restart_if_dead(&mut self) -> Result<Option<String>> {
        let death = match &mut self.running {
            Running::Process(process) => process.child.try_wait()?.map(|status| status.to_string()),
            Running::Component(case) => case.trapped(),
        };
        if death.is_some() {
            *self = Self::start(self.target.who.clone())?;
        }
        Ok(death)
    }
}

impl Target {
    fn observe(&self, scenario: &Scenario, fragment: Option<Fragment>) -> Observation {
        let options = match self.who {
            Who::Node(_) => scenario.options.clone(),
            Who::Ours => scenario.our_options(),
        };
        play(self.control, scenario, &options, fragment)
    }
}

fn start_node(binary: &Path) -> Result<(NodeProcess, SocketAddr)> {
    let mut command = Command::new(binary);
    command.arg(INTERPRETER).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{} does not start", binary.display()))?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let process = NodeProcess { child, input };
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output).read_line(&mut line)?;
    }
    let port = line.split(' ').nth(1).and_then(|port| port.parse::<u16>().ok());
    let Some(port) = port else { bail!("{} said {line:?} instead of where it listens", binary.display()) };
    Ok((process, (Ipv4Addr::LOCALHOST, port).into()))
}

/// The number before the first dot of `node --version`.
pub(super) fn major_version(binary: &Path) -> Result<u32> {
    let output = Command::new(binary).arg("--version").output();
    let output = output.with_context(|| format!("{} does not start", binary.display()))?;
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.with_context(|| format!("{} is no Node: {version:?}", binary.display()))
}
