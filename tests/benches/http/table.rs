//! Goes through the table of scenarios: in each, everybody in turn, so that whatever else the machine does hits all.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::time::Duration;

use node_http_host::{Result, wasmtime::error::Context as _};

use crate::{
    client::Client,
    contenders::Contender,
    cores::Cores,
    idle, load,
    origin::Upstream,
    report::{Figure, Measured, Report},
    sample::Sample,
    scenario::{Scenario, What},
    server::Server,
    start,
};

/// How much is measured.
pub(crate) struct Scale {
    pub(crate) rounds: usize,
    /// Of one measurement.
    pub(crate) duration: Duration,
    /// Of those where connections are idle; none for the scenario's own.
    pub(crate) idle: Option<usize>,
    /// How often somebody starts.
    pub(crate) starts: usize,
}

/// Somebody who runs all the time, and is measured now and then.
enum Running {
    Server(Server),
    Client(Client),
}

impl Running {
    fn start(
        contender: &Contender,
        scenario: &Scenario,
        upstream: Option<SocketAddr>,
        cores: &Cores,
    ) -> Result<Self> {
        if let What::Clients { keep_alive } = scenario.what {
            return Client::start(contender, scenario.connections, keep_alive, cores).map(Self::Client);
        }
        Server::start(contender, scenario.what, upstream, cores).map(Self::Server)
    }

    fn name(&self) -> &str {
        match self {
            Self::Server(server) => server.name(),
            Self::Client(client) => client.name(),
        }
    }

    /// Bytes of an answer of a server.
    fn response_length(&self) -> Option<usize> {
        match self {
            Self::Server(server) => Some(server.response_length()),
            Self::Client(_) => None,
        }
    }

    fn measure(&mut self, connections: usize, duration: Duration) -> Result<Sample> {
        match self {
            Self::Server(server) => load::run(server.exchange(), connections, duration),
            Self::Client(client) => client.measure(duration),
        }
    }
}

/// Measures the contenders that are good for it in every scenario.
pub(crate) fn measure(
    scenarios: &[Scenario],
    contenders: &[Contender],
    scale: &Scale,
    cores: &Cores,
) -> Result<Report> {
    let mut report = Report::new(cores, scale.duration);
    for scenario in scenarios {
        let contenders: Vec<&Contender> = contenders.iter().filter(|one| one.does(scenario.what)).collect();
        match scenario.what {
            What::Idle { web_sockets } => {
                let count = scale.idle.unwrap_or(scenario.connections);
                let figures = in_turn(scenario, &contenders, 1, |contender| {
                    let server = Server::start(contender, scenario.what, None, cores)?;
                    idle::kib_each(&server, count, web_sockets)
                })?;
                report.add_figures(*scenario, "KiB each", figures);
            }
            What::Start => {
                // The first start compiles.
                contenders.iter().try_for_each(|contender| start::millis(contender, cores).map(drop))?;
                let millis = |contender: &Contender| start::millis(contender, cores);
                report.add_figures(*scenario, "ms", in_turn(scenario, &contenders, scale.starts, millis)?);
            }
            _ => rates(scenario, &contenders, scale, cores, &mut report)?,
        }
    }
    progress("");
    Ok(report)
}

/// One number of each, `rounds` times.
fn in_turn(
    scenario: &Scenario,
    contenders: &[&Contender],
    rounds: usize,
    number: impl Fn(&Contender) -> Result<f64>,
) -> Result<Vec<Figure>> {
    let unmeasured = |contender: &&Contender| Figure { name: contender.name(), samples: Vec::new() };
    let mut figures: Vec<Figure> = contenders.iter().map(unmeasured).collect();
    for round in 1..=rounds {
        for (contender, Figure { name, samples }) in contenders.iter().zip(&mut figures) {
            progress(&format!("{}: {name} ({round} of {rounds})", scenario.name));
            let number = number(contender).with_context(|| format!("{name} at {}", scenario.name));
            samples.push(number?);
        }
    }
    Ok(figures)
}

/// How fast each is, while all run.
fn rates(
    scenario: &Scenario,
    contenders: &[&Contender],
    scale: &Scale,
    cores: &Cores,
    report: &mut Report,
) -> Result<()> {
    progress(scenario.name);
    let upstream = if scenario.what == What::Proxied { Some(Upstream::start()?) } else { None };
    let upstream = upstream.as_ref().map(|upstream| upstream.address);
    let start = |contender: &&Contender| {
        let started = Running::start(contender, scenario, upstream, cores);
        started.with_context(|| format!("cannot start {} for {}", contender.name(), scenario.name))
    };
    let mut running = contenders.iter().map(start).collect::<Result<Vec<Running>>>()?;
    let unmeasured = |one: &Running| Measured {
        name: one.name().to_owned(),
        response_length: one.response_length(),
        samples: Vec::new(),
    };
    let mut measured: Vec<Measured> = running.iter().map(unmeasured).collect();
    for round in 1..=scale.rounds {
        for (one, Measured { name, samples, .. }) in running.iter_mut().zip(&mut measured) {
            progress(&format!("{}: {name} ({round} of {})", scenario.name, scale.rounds));
            let sample = one.measure(scenario.connections, scale.duration);
            samples.push(sample.with_context(|| format!("{name} at {}", scenario.name))?);
        }
    }
    report.add_rates(*scenario, measured);
    Ok(())
}

/// Tells somebody who watches how far it is.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}
