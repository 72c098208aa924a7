//! How fast `node:http` serves a tiny GET, beside what the platform allows and beside Node.
//!
//! ```text
//! cargo bench -p node-http-tests --bench http                           # about two minutes
//! cargo bench -p node-http-tests --bench http -- --node PATH --json FILE
//! cargo bench -p node-http-tests --bench http -- --startup              # exec to the first 200
//! cargo bench -p node-http-tests --bench http -- --robustness           # beside hostile and idle clients
//! cargo bench -p node-http-tests --bench http -- --quick                # only checks that it works
//! ```
//!
//! Servers are processes on one core, the load is this process on another. All servers run all the
//! time; each scenario measures them in turn (A B C A B C …), so that whatever else the machine does
//! hits all of them, and compares medians. Beside the rate stands the processor time that the server
//! spent on a request: on a busy machine it is the steadier of the two.

mod contenders;
mod cores;
mod load;
mod report;
mod robustness;
mod startup;

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use node_http_host::{Result, wasmtime::error::Context as _};

use crate::{
    contenders::{Contender, Server},
    cores::Cores,
    load::Sample,
    report::{Report, Scenario},
};

/// Each stands for one column of the table: connections, and requests in flight on each of them.
const SCENARIOS: [Scenario; 4] = [
    Scenario { connections: 1, depth: 1 },
    Scenario { connections: 64, depth: 1 },
    Scenario { connections: 1000, depth: 1 },
    Scenario { connections: 64, depth: 16 },
];

/// Benchmarks the HTTP server.
#[derive(Debug, Parser)]
struct Arguments {
    /// A Node binary to compare with; may be repeated.
    #[arg(long, value_name = "PATH")]
    node: Vec<PathBuf>,
    /// Another component to compare with: a program that serves `/plain` on `PORT`, plugged with another
    /// build of `node:http` if one is given; may be repeated.
    #[arg(long, value_name = "NAME=FILE[+COMPONENT]", value_parser = contenders::parse_app)]
    app: Vec<Contender>,
    /// Measures only contenders whose name contains this; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measures only the scenario of this name, as the table shows it; may be repeated.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// How often each contender is measured in each scenario.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement takes.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Checks that everything works: one short round.
    #[arg(long)]
    quick: bool,
    /// Measures the time from exec to the first 200 instead, of the demo or of a `node-http` binary.
    #[arg(long, value_name = "BINARY", num_args = 0..=1)]
    startup: Option<Option<PathBuf>>,
    /// Measures what hostile clients and idle connections cost those beside them instead, and fails when it is more
    /// than is promised.
    #[arg(long)]
    robustness: bool,
    /// Where the numbers are written as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Is a server: what the benchmark starts itself as.
    #[arg(long, hide = true)]
    serve: Option<String>,
    /// Holds idle connections: as above.
    #[arg(long, hide = true)]
    hold: Option<String>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match (&arguments.serve, &arguments.hold) {
        (Some(name), _) => contenders::serve(name),
        (None, Some(what)) => robustness::hold(what),
        (None, None) => measure(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let cores = Cores::split()?;
    cores::raise_descriptor_limit()?;
    let json = match &arguments.startup {
        Some(binary) => startup::measure(binary.as_deref(), &cores, if arguments.quick { 2 } else { 20 })?,
        None if arguments.robustness => robustness::measure(arguments.quick, &cores)?,
        None => throughput(arguments, &cores)?,
    };
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{json:#}\n"))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn throughput(arguments: &Arguments, cores: &Cores) -> Result<serde_json::Value> {
    let (rounds, seconds) =
        if arguments.quick { (1, 0.3) } else { (arguments.rounds.max(1), arguments.seconds) };
    let duration = Duration::from_secs_f64(seconds);
    let servers = start(arguments, cores)?;
    let wanted = |scenario: &Scenario| {
        arguments.scenario.is_empty() || arguments.scenario.contains(&scenario.to_string())
    };
    let mut report = Report::new(&servers, cores, duration);
    for scenario in SCENARIOS.into_iter().filter(wanted) {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); servers.len()];
        for round in 0..rounds {
            for (server, samples) in servers.iter().zip(&mut samples) {
                progress(&format!("{scenario}: {} ({} of {rounds})", server.name(), round + 1));
                let sample = load::run(server, &scenario, duration);
                samples.push(sample.with_context(|| format!("{} at {scenario}", server.name()))?);
            }
        }
        report.add(scenario, samples);
    }
    progress("");
    print!("{report}");
    Ok(report.json())
}

/// Tells somebody who watches how far it is.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Starts every contender and asks it once.
fn start(arguments: &Arguments, cores: &Cores) -> Result<Vec<Server>> {
    let contenders = contenders::ours().into_iter().chain(arguments.app.iter().cloned());
    let contenders = contenders.chain(arguments.node.iter().map(|path| Contender::Node(path.clone())));
    let wanted = |contender: &Contender| {
        let name = contender.name();
        arguments.only.is_empty() || arguments.only.iter().any(|only| name.contains(only))
    };
    contenders
        .filter(wanted)
        .map(|contender| {
            Server::start(&contender, cores).with_context(|| format!("cannot start {}", contender.name()))
        })
        .collect()
}
