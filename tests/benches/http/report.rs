//! Medians and ratios, for people and for programs.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use crate::{contenders::Server, cores::Cores, load::Sample};

/// How the load behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) connections: usize,
    pub(crate) what: What,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Servers, with so many requests in flight on each connection.
    Requests(usize),
    /// Servers that echo messages of so many bytes, so many of which are in flight on each WebSocket.
    Messages { size: usize, depth: usize },
    /// Clients; the load is their server.
    Clients,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Requests(1) => write!(f, "c{}", self.connections),
            What::Requests(depth) => write!(f, "c{}p{depth}", self.connections),
            What::Messages { size, depth: 1 } => write!(f, "ws{size}"),
            What::Messages { size, depth } => write!(f, "ws{size}p{depth}"),
            What::Clients => f.write_str("client"),
        }
    }
}

/// The load's share of its core from which the table warns that it may have been the bottleneck.
const BUSY: f64 = 0.97;

/// One server or client in one scenario.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) samples: Vec<Sample>,
}

impl Measured {
    fn rate(&self) -> f64 {
        median(&self.samples, |sample| sample.rate)
    }

    fn micros(&self) -> f64 {
        median(&self.samples, |sample| sample.micros)
    }

    fn load_share(&self) -> f64 {
        median(&self.samples, |sample| sample.load_share)
    }

    /// How far the extremes lie apart, relative to the median rate.
    fn spread(&self) -> f64 {
        let rates = || self.samples.iter().map(|sample| sample.rate);
        (rates().fold(f64::MIN, f64::max) - rates().fold(f64::MAX, f64::min)) / self.rate()
    }
}

/// All that was measured.
pub(crate) struct Report {
    cores: Cores,
    duration: Duration,
    response_lengths: Vec<usize>,
    scenarios: Vec<(Scenario, Vec<Measured>)>,
    /// What servers take for an idle WebSocket.
    idle: Vec<(String, Idle)>,
}

/// What a server takes for idle WebSockets.
pub(crate) struct Idle {
    pub(crate) count: usize,
    pub(crate) kib_each: f64,
}

impl Report {
    pub(crate) fn new(cores: &Cores, duration: Duration) -> Self {
        Self {
            cores: *cores,
            duration,
            response_lengths: Vec::new(),
            scenarios: Vec::new(),
            idle: Vec::new(),
        }
    }

    /// How long the answers of the servers are, which ought to be the same.
    pub(crate) fn note_lengths(&mut self, servers: &[Server]) {
        self.response_lengths = servers.iter().map(Server::response_length).collect();
    }

    /// Adds a scenario: everything that was measured in it.
    pub(crate) fn add(&mut self, scenario: Scenario, measured: Vec<Measured>) {
        self.scenarios.push((scenario, measured));
    }

    /// Adds what a server takes for idle WebSockets.
    pub(crate) fn add_idle(&mut self, name: String, idle: Idle) {
        self.idle.push((name, idle));
    }

    /// Everything, single samples included.
    pub(crate) fn json(&self) -> Value {
        let scenarios = self.scenarios.iter().map(|(scenario, measured)| {
            let results = measured.iter().map(|one| {
                let rate = one.rate();
                let ratios = measured.iter().map(|other| (other.name.clone(), (rate / other.rate()).into()));
                json!({
                    "name": one.name,
                    "requestsPerSecond": rate,
                    "microsPerRequest": one.micros(),
                    "loadShare": one.load_share(),
                    "samples": one.samples.iter().map(|sample| sample.rate).collect::<Vec<_>>(),
                    "ratios": ratios.collect::<serde_json::Map<_, _>>(),
                })
            });
            json!({
                "name": scenario.to_string(),
                "connections": scenario.connections,
                "pipelining": match scenario.what {
                    What::Requests(depth) | What::Messages { depth, .. } => depth,
                    What::Clients => 1,
                },
                "results": results.collect::<Vec<_>>(),
            })
        });
        json!({
            "secondsPerSample": self.duration.as_secs_f64(),
            "cores": { "server": self.cores.server, "load": self.cores.load },
            "responseBytes": self.response_lengths,
            "scenarios": scenarios.collect::<Vec<_>>(),
            "idleWebSockets": self.idle.iter().map(|(name, idle)| {
                json!({ "name": name, "count": idle.count, "kibEach": idle.kib_each })
            }).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scenario, measured) in &self.scenarios {
            let width = measured.iter().map(|one| one.name.len()).max().unwrap_or(0);
            writeln!(f, "{}", describe(scenario))?;
            write!(f, "  {:width$}  {:>9}  {:>9}  {:>9}", "", "requests/s", "spread", "us/request")?;
            for one in measured {
                write!(f, "  {:>9}", format!("/{}", shorten(&one.name)))?;
            }
            writeln!(f)?;
            for one in measured {
                write!(f, "  {:width$}  {:>10.0}", one.name, one.rate())?;
                write!(f, "  {:>8.1}%  {:>10.2}", one.spread() * 100.0, one.micros())?;
                for other in measured {
                    write!(f, "  {:>9.2}", one.rate() / other.rate())?;
                }
                let busy = one.load_share() > BUSY;
                writeln!(f, "{}", if busy { "  (the load may be the bottleneck)" } else { "" })?;
            }
            writeln!(f)?;
        }
        for (name, Idle { count, kib_each }) in &self.idle {
            writeln!(f, "{count} idle WebSockets: {name} takes {kib_each:.1} KiB for each")?;
        }
        if self.response_lengths.iter().any(|length| *length != self.response_lengths[0]) {
            writeln!(f, "answers differ in length: {:?} bytes", self.response_lengths)?;
        }
        Ok(())
    }
}

fn describe(scenario: &Scenario) -> String {
    let count = scenario.connections;
    let connections = if count == 1 { "connection" } else { "connections" };
    match scenario.what {
        What::Requests(1) => format!("{scenario}: {count} {connections}"),
        What::Requests(depth) => format!("{scenario}: {count} {connections}, {depth} requests pipelined"),
        What::Messages { size, depth: 1 } => format!("{scenario}: {count} WebSockets that echo {size} bytes"),
        What::Messages { size, depth } => {
            format!(
                "{scenario}: {count} WebSockets that echo {size} bytes, {depth} messages in flight on each"
            )
        }
        What::Clients => format!("{scenario}: {count} requests in flight through one agent"),
    }
}

/// Fits a column's heading.
fn shorten(name: &str) -> String {
    name.trim_start_matches("client-").trim_start_matches("echo-").chars().take(8).collect()
}

/// The median of one number of the samples.
pub(crate) fn median<T>(samples: &[T], number: impl Fn(&T) -> f64) -> f64 {
    let mut numbers: Vec<f64> = samples.iter().map(number).collect();
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        length => (numbers[(length - 1) / 2] + numbers[length / 2]) / 2.0,
    }
}
