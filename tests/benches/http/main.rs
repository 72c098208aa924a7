//! How fast `node:http` serves and asks, beside what the platform allows and beside its peers.
//!
//! ```text
//! cargo bench -p node-http-tests --bench http                           # about five minutes
//! cargo bench -p node-http-tests --bench http -- --node PATH --json FILE
//! cargo bench -p node-http-tests --bench http -- --scenario c64 --scenario c64proxy
//! cargo bench -p node-http-tests --bench http -- --startup BINARY       # exec to the first 200
//! cargo bench -p node-http-tests --bench http -- --robustness           # beside hostile and idle clients
//! cargo bench -p node-http-tests --bench http -- --soak --connections 15000 --seconds 600
//! cargo bench -p node-http-tests --bench http -- --quick                # only checks that it works
//! ```
//!
//! Servers are processes on one core, the load is this process on another. All servers of a scenario run all the
//! time; they are measured in turn (A B C A B C …), so that whatever else the machine does
//! hits all of them, and medians are compared. Beside the rate stands the processor time that the server
//! spent on a request: on a busy machine it is the steadier of the two.

mod client;
mod compare;
mod contenders;
mod cores;
mod hyper;
mod idle;
mod load;
mod nginx;
mod numbers;
mod origin;
mod plot;
mod program;
mod report;
mod response;
mod robustness;
mod sample;
mod scenario;
mod server;
mod soak;
mod start;
mod table;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};
use serde_json::Value;

use crate::{contenders::Contender, cores::Cores, scenario::Scenario, table::Scale};

/// Benchmarks the HTTP server and client.
#[derive(Debug, Parser)]
struct Arguments {
    /// A Node binary to compare with; may be repeated.
    #[arg(long, value_name = "PATH", value_parser = contenders::parse_node)]
    node: Vec<Contender>,
    /// Another component to compare with: a program that serves `/plain` on `PORT`, plugged with another
    /// build of `node:http` if one is given; may be repeated.
    #[arg(long, value_name = "NAME=FILE[+COMPONENT]", value_parser = contenders::parse_app)]
    app: Vec<Contender>,
    /// Another client to compare with: a program that asks `PORT` for `/plain`, plugged likewise; may be repeated.
    #[arg(long, value_name = "NAME=FILE[+COMPONENT]", value_parser = contenders::parse_client)]
    client: Vec<Contender>,
    /// Measures only contenders whose name contains this; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measures only the scenario of this name, as the table shows it; may be repeated.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// How often each contender is measured in each scenario.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement takes; without it 0.4, and a minute where memory is filled.
    #[arg(long)]
    seconds: Option<f64>,
    /// Checks that everything works: one short round.
    #[arg(long)]
    quick: bool,
    /// Measures the time from exec to the first 200 of a `node-http` binary instead.
    #[arg(long, value_name = "BINARY")]
    startup: Option<PathBuf>,
    /// Measures what hostile clients and idle connections cost those beside them instead, and fails when it is more
    /// than is promised.
    #[arg(long)]
    robustness: bool,
    /// Fills the server's memory from as many connections as are wanted instead, and fails when it takes more than it
    /// was given, a good client beside them is not answered, or connections leave something behind.
    #[arg(long)]
    soak: bool,
    /// Connections that fill the server's memory.
    #[arg(long, default_value_t = 9000)]
    connections: usize,
    /// MiB that they may fill.
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    budget: u64,
    /// Where the numbers are written as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// An earlier file of `--json`: prints how many times as good everything is now.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Where the table is drawn, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Takes the numbers of an earlier file of `--json` for `--compare` and `--plot`, and measures nothing.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Is a server or a client: what the benchmark starts itself as.
    #[arg(long, hide = true)]
    be: Option<String>,
    /// Holds idle connections: as above.
    #[arg(long, hide = true)]
    hold: Option<String>,
    /// Fills a server's memory: as above.
    #[arg(long, hide = true)]
    fill: Option<String>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match (&arguments.be, &arguments.hold, &arguments.fill) {
        (Some(program), ..) => program::be(program),
        (None, Some(what), _) => idle::hold(what),
        (None, None, Some(what)) => soak::fill(what),
        (None, None, None) => measure(&arguments),
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
    let json = match &arguments.from {
        Some(file) => numbers::read(file)?,
        None => run(arguments)?,
    };
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{json:#}\n"))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    if let Some(earlier) = &arguments.compare {
        compare::print(&json, earlier)?;
    }
    if let Some(file) = &arguments.plot {
        plot::draw(&json, file)?;
    }
    Ok(())
}

fn run(arguments: &Arguments) -> Result<Value> {
    let cores = Cores::split()?;
    cores::raise_descriptor_limit()?;
    match &arguments.startup {
        Some(binary) => start::measure(binary, &cores, if arguments.quick { 2 } else { 20 }),
        None if arguments.robustness => robustness::measure(arguments.quick, &cores),
        None if arguments.soak => soak::measure(&soak(arguments), &cores),
        None => table(arguments, &cores),
    }
}

fn soak(arguments: &Arguments) -> soak::Scale {
    if arguments.quick {
        return soak::QUICK;
    }
    soak::Scale {
        connections: arguments.connections,
        budget: arguments.budget << 20,
        duration: Duration::from_secs_f64(arguments.seconds.unwrap_or(60.0)),
    }
}

fn table(arguments: &Arguments, cores: &Cores) -> Result<Value> {
    let seconds = if arguments.quick { 0.1 } else { arguments.seconds.unwrap_or(0.4) };
    let scale = Scale {
        rounds: if arguments.quick { 1 } else { arguments.rounds.max(1) },
        duration: Duration::from_secs_f64(seconds),
        idle: arguments.quick.then_some(100),
        starts: if arguments.quick { 1 } else { 10 },
    };
    let report = table::measure(&scenarios(&arguments.scenario)?, &contenders(arguments), &scale, cores)?;
    print!("{report}");
    Ok(report.json())
}

/// Those of these names, or all.
fn scenarios(names: &[String]) -> Result<Vec<Scenario>> {
    for name in names {
        ensure!(scenario::ALL.iter().any(|known| known.name == name), "there is no scenario {name}");
    }
    let wanted = |scenario: &Scenario| names.is_empty() || names.iter().any(|name| name == scenario.name);
    Ok(scenario::ALL.into_iter().filter(wanted).collect())
}

/// All that are wanted: ours, its peers, those in files, and every Node.
fn contenders(arguments: &Arguments) -> Vec<Contender> {
    let files = arguments.app.iter().chain(&arguments.client).chain(&arguments.node);
    let mut all = contenders::all();
    all.extend(files.cloned());
    let only = &arguments.only;
    all.retain(|contender| only.is_empty() || only.iter().any(|part| contender.name().contains(part)));
    all
}
