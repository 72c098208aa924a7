//! A progress bar for whoever waits at a terminal.

use std::io::{IsTerminal as _, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Fetch;

/// A transfer shorter than this is over before a bar says anything.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a transfer is. Nothing is shown before it takes long; dropping it clears the line.
pub(super) struct Progress {
    /// None when nobody watches.
    bar: Option<ProgressBar>,
    started: Instant,
    is_shown: bool,
}

impl Progress {
    /// Begins a transfer of `total` bytes. It is shown on standard error where that is a terminal and the answer does
    /// not go to one.
    pub(super) fn new(options: &Fetch, total: Option<u64>) -> Self {
        let is_watched = !options.silent
            && !options.verbose
            && stderr().is_terminal()
            && (options.output.is_some() || options.remote_name || !stdout().is_terminal());
        Self { bar: is_watched.then(|| hidden_bar(total)), started: Instant::now(), is_shown: false }
    }

    /// More bytes have passed.
    pub(super) fn advance(&mut self, bytes: usize) {
        let Some(bar) = &self.bar else { return };
        if !self.is_shown && self.started.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            self.is_shown = true;
        }
        bar.inc(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// It measures the rate from the beginning, so it has to be there before it is shown.
fn hidden_bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
        None => "{spinner} {binary_bytes} {binary_bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()).with_style(style)
}
