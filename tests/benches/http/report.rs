//! Medians and ratios, for people and for programs.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    cores::Cores,
    sample::{Latencies, Sample, median},
    scenario::Scenario,
};

/// The load's share of its core from which the table warns that it may have been the bottleneck.
const BUSY: f64 = 0.97;

/// The shares of all answers whose latencies are told.
const SHARES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// How fast somebody is in one scenario.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Bytes of a server's answer.
    pub(crate) response_length: Option<usize>,
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

    /// Microseconds within which each of [`SHARES`] was answered, of all samples together.
    fn latencies(&self) -> [Option<f64>; SHARES.len()] {
        let mut all = Latencies::new();
        self.samples.iter().for_each(|sample| all.add(&sample.latencies));
        SHARES.map(|(_, share)| all.within(share).map(|time| time.as_secs_f64() * 1e6))
    }

    fn json(&self, all: &[Self]) -> Value {
        let (rate, [p50, p99, p999]) = (self.rate(), self.latencies());
        let ratios = all.iter().map(|other| (other.name.clone(), (rate / other.rate()).into()));
        json!({
            "name": self.name,
            "requestsPerSecond": rate,
            "microsPerRequest": self.micros(),
            "p50Micros": p50,
            "p99Micros": p99,
            "p999Micros": p999,
            "loadShare": self.load_share(),
            "responseBytes": self.response_length,
            "samples": self.samples.iter().map(|sample| sample.rate).collect::<Vec<_>>(),
            "ratios": ratios.collect::<Map<_, _>>(),
        })
    }
}

/// One number of somebody, the smaller the better.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) samples: Vec<f64>,
}

impl Figure {
    fn median(&self) -> f64 {
        median(&self.samples, |sample| *sample)
    }
}

/// What was measured in a scenario.
enum Outcome {
    Rates(Vec<Measured>),
    Figures { unit: &'static str, figures: Vec<Figure> },
}

/// All that was measured.
pub(crate) struct Report {
    cores: Cores,
    duration: Duration,
    outcomes: Vec<(Scenario, Outcome)>,
}

impl Report {
    pub(crate) fn new(cores: &Cores, duration: Duration) -> Self {
        Self { cores: *cores, duration, outcomes: Vec::new() }
    }

    pub(crate) fn add_rates(&mut self, scenario: Scenario, measured: Vec<Measured>) {
        self.outcomes.push((scenario, Outcome::Rates(measured)));
    }

    pub(crate) fn add_figures(&mut self, scenario: Scenario, unit: &'static str, figures: Vec<Figure>) {
        self.outcomes.push((scenario, Outcome::Figures { unit, figures }));
    }

    /// Everything, single samples included.
    pub(crate) fn json(&self) -> Value {
        let scenarios = self.outcomes.iter().map(|(scenario, outcome)| {
            let (unit, results): (_, Vec<Value>) = match outcome {
                Outcome::Rates(all) => ("requests/s", all.iter().map(|one| one.json(all)).collect()),
                Outcome::Figures { unit, figures } => {
                    let json = |one: &Figure| json!({ "name": one.name, "value": one.median(), "samples": one.samples });
                    (*unit, figures.iter().map(json).collect())
                }
            };
            json!({
                "name": scenario.name,
                "about": scenario.about,
                "connections": scenario.connections,
                "pipelining": scenario.what.depth(),
                "unit": unit,
                "results": results,
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
        for (scenario, outcome) in &self.outcomes {
            writeln!(f, "{}: {}", scenario.name, scenario.about)?;
            match outcome {
                Outcome::Rates(measured) => write_rates(f, measured)?,
                Outcome::Figures { unit, figures } => write_figures(f, unit, figures)?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn write_rates(f: &mut fmt::Formatter<'_>, measured: &[Measured]) -> fmt::Result {
    let width = measured.iter().map(|one| one.name.len()).max().unwrap_or(0);
    write!(f, "  {:width$}  {:>10}  {:>7}  {:>8}", "", "requests/s", "spread", "us each")?;
    for (name, _) in SHARES {
        write!(f, "  {:>8}", format!("{name} us"))?;
    }
    for one in measured {
        write!(f, "  {:>9}", format!("/{}", one.name.chars().take(8).collect::<String>()))?;
    }
    writeln!(f)?;
    for one in measured {
        write!(f, "  {:width$}  {:>10.0}", one.name, one.rate())?;
        write!(f, "  {:>6.1}%  {:>8.2}", one.spread() * 100.0, one.micros())?;
        for latency in one.latencies() {
            write!(f, "  {:>8}", latency.map_or_else(|| "-".to_owned(), |micros| format!("{micros:.0}")))?;
        }
        for other in measured {
            write!(f, "  {:>9.2}", one.rate() / other.rate())?;
        }
        let busy = one.load_share() > BUSY;
        writeln!(f, "{}", if busy { "  (the load may be the bottleneck)" } else { "" })?;
    }
    let length = |one: &Measured| one.response_length.map(|length| format!("{} {length}", one.name));
    let lengths: Vec<String> = measured.iter().filter_map(length).collect();
    if measured.iter().any(|one| one.response_length != measured[0].response_length) {
        writeln!(f, "  answers differ in length, bytes: {}", lengths.join(", "))?;
    }
    Ok(())
}

fn write_figures(f: &mut fmt::Formatter<'_>, unit: &str, figures: &[Figure]) -> fmt::Result {
    let width = figures.iter().map(|one| one.name.len()).max().unwrap_or(0);
    for one in figures {
        let least = one.samples.iter().copied().fold(f64::INFINITY, f64::min);
        let most = one.samples.iter().copied().fold(0.0, f64::max);
        write!(f, "  {:width$}  {:>8.1} {unit}", one.name, one.median())?;
        writeln!(f, "{}", if least < most { format!("  ({least:.1} to {most:.1})") } else { String::new() })?;
    }
    Ok(())
}
