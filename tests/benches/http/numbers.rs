//! The numbers of a run, read back from its JSON.

use std::fs;
use std::path::Path;

use node_http_host::{Result, wasmtime::error::Context as _};
use serde_json::Value;

/// One number of one contender in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    pub(crate) scenario: String,
    pub(crate) name: String,
    /// Whether more is better, as of rates; less is better of memory and times.
    pub(crate) is_rate: bool,
    /// The median.
    pub(crate) value: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// Microseconds of processor time for each request, where there are some.
    pub(crate) micros: Option<f64>,
}

/// What an earlier run has written with `--json`.
pub(crate) fn read(file: &Path) -> Result<Value> {
    let named = || format!("cannot read {}", file.display());
    let text = fs::read_to_string(file).with_context(named)?;
    serde_json::from_str(&text).with_context(named)
}

/// All numbers, in the order of the report.
pub(crate) fn of(report: &Value) -> Result<Vec<Number>> {
    let scenarios = report["scenarios"].as_array().context("there are no scenarios in it")?;
    let numbers = scenarios.iter().flat_map(|scenario| {
        let results = scenario["results"].as_array().map_or(&[][..], Vec::as_slice);
        results.iter().map(|result| number(scenario, result).context("a result lacks something"))
    });
    numbers.collect()
}

fn number(scenario: &Value, result: &Value) -> Option<Number> {
    let samples: Vec<f64> = result["samples"].as_array()?.iter().filter_map(Value::as_f64).collect();
    let rate = result["requestsPerSecond"].as_f64();
    Some(Number {
        scenario: scenario["name"].as_str()?.to_owned(),
        name: result["name"].as_str()?.to_owned(),
        is_rate: rate.is_some(),
        value: rate.or_else(|| result["value"].as_f64())?,
        least: samples.iter().copied().fold(f64::INFINITY, f64::min),
        most: samples.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        micros: result["microsPerRequest"].as_f64(),
    })
}

impl Number {
    /// How many times as good it is: as fast, or as small.
    pub(crate) fn times(&self, other: &Self) -> f64 {
        if self.is_rate { self.value / other.value } else { other.value / self.value }
    }

    /// Whether all samples of one lie above all of the other.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        // The last digit of a number may be another once it was read.
        const SAME: f64 = 1.0 + 1e-9;
        self.least > other.most * SAME || self.most * SAME < other.least
    }
}
