//! How fast `node:http` serves and makes a tiny GET and echoes messages, beside what the platform allows and beside Node.
//!
//! ```text
//! cargo bench -p node-http-tests --bench http                           # about three minutes
//! cargo bench -p node-http-tests --bench http -- --node PATH --json FILE
//! cargo bench -p node-http-tests --bench http -- --startup              # exec to the first 200
//! cargo bench -p node-http-tests --bench http -- --robustness           # beside hostile and idle clients
//! cargo bench -p node-http-tests --bench http -- --soak --connections 15000 --seconds 600
//! cargo bench -p node-http-tests --bench http -- --quick                # only checks that it works
//! ```
//!
//! Servers are processes on one core, the load is this process on another. All servers run all the
//! time; each scenario measures them in turn (A B C A B C …), so that whatever else the machine does
//! hits all of them, and compares medians. Beside the rate stands the processor time that the server
//! spent on a request: on a busy machine it is the steadier of the two.

mod client;
mod contenders;
mod cores;
mod load;
mod report;
mod robustness;
mod soak;
mod startup;
mod web_socket;

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use node_http_host::{Result, wasmtime::error::Context as _};

use crate::{
    client::Client,
    contenders::{Contender, Server},
    cores::Cores,
    load::Sample,
    report::{Measured, Report, Scenario, What},
    web_socket::Echo,
};

/// Each stands for one table.
const SCENARIOS: [Scenario; 8] = [
    Scenario { connections: 1, what: What::Requests(1) },
    Scenario { connections: 64, what: What::Requests(1) },
    Scenario { connections: 1000, what: What::Requests(1) },
    Scenario { connections: 64, what: What::Requests(16) },
    Scenario { connections: 64, what: What::Messages { size: 64, depth: 1 } },
    Scenario { connections: 64, what: What::Messages { size: 64, depth: 16 } },
    Scenario { connections: 64, what: What::Messages { size: 64 * 1024, depth: 1 } },
    Scenario { connections: 64, what: What::Clients },
];

/// Benchmarks the HTTP server and client.
#[derive(Debug, Parser)]
struct Arguments {
    /// A Node binary to compare with; may be repeated.
    #[arg(long, value_name = "PATH")]
    node: Vec<PathBuf>,
    /// Another component to compare with: a program that serves `/plain` on `PORT`, plugged with another
    /// build of `node:http` if one is given; may be repeated.
    #[arg(long, value_name = "NAME=FILE[+COMPONENT]", value_parser = contenders::parse_app)]
    app: Vec<Contender>,
    /// Another client to compare with: a program that asks `PORT` for `/plain`, plugged likewise; may be repeated.
    #[arg(long, value_name = "NAME=FILE[+COMPONENT]", value_parser = contenders::parse_app)]
    client: Vec<Contender>,
    /// Measures only contenders whose name contains this; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measures only the scenario of this name, as the table shows it, or `ws-idle`; may be repeated.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// How often each contender is measured in each scenario.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement takes; without it a second, and a minute where memory is filled.
    #[arg(long)]
    seconds: Option<f64>,
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
    /// Is a server: what the benchmark starts itself as.
    #[arg(long, hide = true)]
    serve: Option<String>,
    /// Is a client: as above.
    #[arg(long, hide = true)]
    ask: Option<String>,
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
    let result = match (&arguments.serve, &arguments.ask, &arguments.hold, &arguments.fill) {
        (Some(name), ..) => contenders::serve(name),
        (None, Some(name), ..) => client::ask(name),
        (None, None, Some(what), _) => robustness::hold(what),
        (None, None, None, Some(what)) => soak::fill(what),
        (None, None, None, None) => measure(&arguments),
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
        None if arguments.soak => soak::measure(&soak(arguments), &cores)?,
        None => throughput(arguments, &cores)?,
    };
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{json:#}\n"))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
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

fn throughput(arguments: &Arguments, cores: &Cores) -> Result<serde_json::Value> {
    let (rounds, seconds) =
        if arguments.quick { (1, 0.3) } else { (arguments.rounds.max(1), arguments.seconds.unwrap_or(1.0)) };
    let duration = Duration::from_secs_f64(seconds);
    let wanted = |name: String| arguments.scenario.is_empty() || arguments.scenario.contains(&name);
    let scenarios = |of: fn(&What) -> bool| -> Vec<Scenario> {
        SCENARIOS.into_iter().filter(|one| of(&one.what) && wanted(one.to_string())).collect()
    };
    let mut report = Report::new(cores, duration);
    let of_requests = scenarios(|what| matches!(what, What::Requests(_)));
    if !of_requests.is_empty() {
        let start_one = |contender: &Contender| Server::start(contender, cores);
        let mut servers = start(&contenders::ours(), &arguments.app, arguments, start_one)?;
        report.note_lengths(&servers);
        for scenario in of_requests {
            let What::Requests(depth) = scenario.what else { continue };
            let sample =
                |server: &mut Server| load::run(&server.exchange(depth), scenario.connections, duration);
            report.add(scenario, take_turns(&scenario, rounds, &mut servers, Server::name, sample)?);
        }
    }
    let start_one = |contender: &Contender| Echo::start(contender, cores);
    for scenario in scenarios(|what| matches!(what, What::Messages { .. })) {
        let What::Messages { size, depth } = scenario.what else { continue };
        let mut servers = start(&web_socket::ours(), &[], arguments, start_one)?;
        let sample =
            |server: &mut Echo| load::run(&server.exchange(size, depth), scenario.connections, duration);
        report.add(scenario, take_turns(&scenario, rounds, &mut servers, Echo::name, sample)?);
    }
    for scenario in scenarios(|what| *what == What::Clients) {
        let start_one = |contender: &Contender| Client::start(contender, cores);
        let mut clients = start(&client::ours(), &arguments.client, arguments, start_one)?;
        let sample = |client: &mut Client| client.measure(duration);
        report.add(scenario, take_turns(&scenario, rounds, &mut clients, Client::name, sample)?);
    }
    if wanted("ws-idle".to_owned()) {
        for server in start(&web_socket::ours(), &[], arguments, start_one)? {
            report
                .add_idle(server.name().to_owned(), server.hold(if arguments.quick { 100 } else { 10_000 })?);
        }
    }
    progress("");
    print!("{report}");
    Ok(report.json())
}

/// Measures each of `all` in turn, `rounds` times.
fn take_turns<T>(
    scenario: &Scenario,
    rounds: usize,
    all: &mut [T],
    name: fn(&T) -> &str,
    mut sample: impl FnMut(&mut T) -> Result<Sample>,
) -> Result<Vec<Measured>> {
    let unmeasured = |one: &T| Measured { name: name(one).to_owned(), samples: Vec::new() };
    let mut measured: Vec<_> = all.iter().map(unmeasured).collect();
    for round in 1..=rounds {
        for (one, Measured { name, samples }) in all.iter_mut().zip(&mut measured) {
            progress(&format!("{scenario}: {name} ({round} of {rounds})"));
            samples.push(sample(one).with_context(|| format!("{name} at {scenario}"))?);
        }
    }
    Ok(measured)
}

/// Tells somebody who watches how far it is.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Starts every contender: ours, those in files, and every Node.
fn start<T>(
    ours: &[Contender],
    files: &[Contender],
    arguments: &Arguments,
    start: impl Fn(&Contender) -> Result<T>,
) -> Result<Vec<T>> {
    let nodes: Vec<Contender> = arguments.node.iter().cloned().map(Contender::Node).collect();
    let wanted = |contender: &&Contender| {
        let name = contender.name();
        arguments.only.is_empty() || arguments.only.iter().any(|only| name.contains(only))
    };
    let all = ours.iter().chain(files).chain(&nodes).filter(wanted);
    all.map(|contender| start(contender).with_context(|| format!("cannot start {}", contender.name())))
        .collect()
}
