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
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.depth {
            1 => write!(f, "c{}", self.connections),
            depth => write!(f, "c{}p{depth}", self.connections),
        }
    }
}

/// The load's share of its core from which the table warns that it may have been the bottleneck.
const BUSY: f64 = 0.97;

/// All that was measured.
pub(crate) struct Report {
    names: Vec<String>,
    response_lengths: Vec<usize>,
    cores: Cores,
    duration: Duration,
    scenarios: Vec<(Scenario, Vec<Vec<Sample>>)>,
}

impl Report {
    pub(crate) fn new(servers: &[Server], cores: &Cores, duration: Duration) -> Self {
        Self {
            names: servers.iter().map(|server| server.name().to_owned()).collect(),
            response_lengths: servers.iter().map(Server::response_length).collect(),
            cores: *cores,
            duration,
            scenarios: Vec::new(),
        }
    }

    /// Adds a scenario: the samples of each server in the order of [`Self::new`].
    pub(crate) fn add(&mut self, scenario: Scenario, samples: Vec<Vec<Sample>>) {
        self.scenarios.push((scenario, samples));
    }

    /// Everything, single samples included.
    pub(crate) fn json(&self) -> Value {
        let scenarios = self.scenarios.iter().map(|(scenario, samples)| {
            let results = samples.iter().enumerate().map(|(index, samples)| {
                json!({
                    "server": self.names[index],
                    "responseBytes": self.response_lengths[index],
                    "requestsPerSecond": median(samples, |sample| sample.rate),
                    "serverMicrosPerRequest": median(samples, |sample| sample.server_micros),
                    "loadShare": median(samples, |sample| sample.load_share),
                    "samples": samples.iter().map(|sample| sample.rate).collect::<Vec<_>>(),
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
            "scenarios": scenarios.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.names.iter().map(String::len).max().unwrap_or(0);
        for (scenario, samples) in &self.scenarios {
            writeln!(f, "{}", describe(scenario))?;
            write!(f, "  {:width$}  {:>9}  {:>9}  {:>9}", "", "requests/s", "spread", "us/request")?;
            for name in &self.names {
                write!(f, "  {:>9}", format!("/{}", shorten(name)))?;
            }
            writeln!(f)?;
            let rates: Vec<f64> =
                samples.iter().map(|samples| median(samples, |sample| sample.rate)).collect();
            for (index, samples) in samples.iter().enumerate() {
                let micros = median(samples, |sample| sample.server_micros);
                write!(f, "  {:width$}  {:>10.0}", self.names[index], rates[index])?;
                write!(f, "  {:>8.1}%  {micros:>10.2}", spread(samples) * 100.0)?;
                for other in &rates {
                    write!(f, "  {:>9.2}", rates[index] / other)?;
                }
                let busy = median(samples, |sample| sample.load_share) > BUSY;
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
    let connections = if scenario.connections == 1 { "connection" } else { "connections" };
    match scenario.depth {
        1 => format!("{scenario}: {} {connections}", scenario.connections),
        depth => format!("{scenario}: {} {connections}, {depth} requests pipelined", scenario.connections),
    }
}

/// Fits a column's heading.
fn shorten(name: &str) -> String {
    name.chars().take(8).collect()
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

/// How far the extremes lie apart, relative to the median rate.
fn spread(samples: &[Sample]) -> f64 {
    let rates = || samples.iter().map(|sample| sample.rate);
    (rates().fold(f64::MIN, f64::max) - rates().fold(f64::MAX, f64::min))
        / median(samples, |sample| sample.rate)
}
