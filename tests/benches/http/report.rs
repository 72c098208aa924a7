//! Medians and ratios, for people and for programs.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use crate::{contenders::Server, cores::Cores, load::Sample};

/// How the load behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) connections: usize,
    /// Requests in flight on each connection.
    pub(crate) depth: usize,
    /// Whether clients are measured, and the load is their server.
    pub(crate) of_clients: bool,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.depth {
            _ if self.of_clients => f.write_str("client"),
            1 => write!(f, "c{}", self.connections),
            depth => write!(f, "c{}p{depth}", self.connections),
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
}

impl Report {
    pub(crate) fn new(cores: &Cores, duration: Duration) -> Self {
        Self { cores: *cores, duration, response_lengths: Vec::new(), scenarios: Vec::new() }
    }

    /// How long the answers of the servers are, which ought to be the same.
    pub(crate) fn note_lengths(&mut self, servers: &[Server]) {
        self.response_lengths = servers.iter().map(Server::response_length).collect();
    }

    /// Adds a scenario: everything that was measured in it.
    pub(crate) fn add(&mut self, scenario: Scenario, measured: Vec<Measured>) {
        self.scenarios.push((scenario, measured));
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
                "pipelining": scenario.depth,
                "results": results.collect::<Vec<_>>(),
            })
        });
        json!({
            "secondsPerSample": self.duration.as_secs_f64(),
            "cores": { "server": self.cores.server, "load": self.cores.load },
            "responseBytes": self.response_lengths,
            "scenarios": scenarios.collect::<Vec<_>>(),
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
        if self.response_lengths.iter().any(|length| *length != self.response_lengths[0]) {
            writeln!(f, "answers differ in length: {:?} bytes", self.response_lengths)?;
        }
        Ok(())
    }
}

fn describe(scenario: &Scenario) -> String {
    if scenario.of_clients {
        return format!("{scenario}: {} requests in flight through one agent", scenario.connections);
    }
    let connections = if scenario.connections == 1 { "connection" } else { "connections" };
    match scenario.depth {
        1 => format!("{scenario}: {} {connections}", scenario.connections),
        depth => format!("{scenario}: {} {connections}, {depth} requests pipelined", scenario.connections),
    }
}

/// Fits a column's heading.
fn shorten(name: &str) -> String {
    name.trim_start_matches("client-").chars().take(8).collect()
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
