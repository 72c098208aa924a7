//! What one measurement is: rates, processor time, and how long answers took.

use std::time::Duration;

use hdrhistogram::Histogram;
use node_http_host::{Result, wasmtime::ensure};

/// How long something took, again and again: nanoseconds, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Self {
        // A minute is more than anybody waits.
        Self(Histogram::new_with_max(60_000_000_000, 3).expect("the bounds are valid"))
    }

    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn clear(&mut self) {
        self.0.reset();
    }

    /// The time within which a share of all was over, 0 to 1; none where nothing was.
    pub(crate) fn within(&self, share: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.value_at_quantile(share)))
    }

    /// All of both.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are the same");
    }
}

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Requests, or messages, answered per second.
    pub(crate) rate: f64,
    /// Microseconds of processor time that the server, or the client, spent on one.
    pub(crate) micros: f64,
    /// How much of its core the load needed, 0 to 1. Near 1 the load was the bottleneck.
    pub(crate) load_share: f64,
    pub(crate) latencies: Latencies,
}

impl Sample {
    /// What `answered` requests within `elapsed` cost.
    pub(crate) fn new(
        answered: u64,
        elapsed: Duration,
        measured: Duration,
        load: Duration,
        latencies: Latencies,
    ) -> Result<Self> {
        ensure!(answered > 0, "no request was answered");
        let answered = answered as f64;
        Ok(Self {
            rate: answered / elapsed.as_secs_f64(),
            micros: measured.as_secs_f64() * 1e6 / answered,
            load_share: load.as_secs_f64() / elapsed.as_secs_f64(),
            latencies,
        })
    }
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
