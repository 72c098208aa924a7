//! One program on several cores: instances of one component, each on a thread of its own.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{panic, thread};

use wasmtime::Result;

use crate::sockets::Listeners;
use crate::{App, CtxBuilder, Exit};

/// How many instances of a program run, and how often one had to be started again.
///
/// Instances share no memory, only the addresses that they listen on: a connection goes to the one that has the fewest.
#[derive(Debug)]
pub struct Workers {
    count: NonZeroUsize,
    restarts: AtomicU64,
}

impl Workers {
    /// So many instances.
    pub fn new(count: NonZeroUsize) -> Self {
        Self { count, restarts: AtomicU64::new(0) }
    }

    /// One for each core that this process may use.
    pub fn one_per_core() -> Self {
        Self::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// How many instances there are.
    pub fn count(&self) -> NonZeroUsize {
        self.count
    }

    /// How often an instance was started again because it had trapped.
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }
}

impl App {
    /// Runs the component as a program, as [`Self::run`] does, in several instances; blocks until all have ended.
    ///
    /// `ctx` says what an instance may see and do. It is asked with the instance's number, from 1 on, before each start;
    /// use one [`CtxBuilder::drain`] for all. The program finds its number in the environment variable
    /// `NODE_HTTP_WORKER`. [`crate::Limits`] hold for each instance.
    ///
    /// An instance that traps is logged and started again; its connections close, and the others do not notice. It is
    /// given up when it traps for the fifth time in a row within ten seconds of its start.
    ///
    /// Of several exit codes it is the first one that is not 0.
    ///
    /// # Errors
    /// When an instance cannot start, or is given up; the others go on until they end.
    pub fn run_workers(
        &self,
        workers: &Workers,
        ctx: impl Fn(NonZeroUsize) -> CtxBuilder + Sync,
    ) -> Result<Exit> {
        let (numbers, ctx) = ((1..=workers.count.get()).filter_map(NonZeroUsize::new), &ctx);
        let listeners = Listeners::for_workers(workers.count);
        thread::scope(|scope| {
            let start = |(number, listeners): (NonZeroUsize, Listeners)| {
                let ctx = move || {
                    let ctx = ctx(number).env("NODE_HTTP_WORKER", number.to_string());
                    ctx.listeners(listeners.clone())
                };
                let work = move || self.run_again_and_again(number, &workers.restarts, ctx);
                thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, work)
            };
            let threads: Vec<_> = numbers.zip(listeners).map(start).collect();
            let exits = threads
                .into_iter()
                .map(|thread| thread?.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)));
            exits.reduce(worse).unwrap_or(Ok(Exit::Code(0)))
        })
    }

    /// Runs one instance until it ends by itself.
    fn run_again_and_again(
        &self,
        number: NonZeroUsize,
        restarts: &AtomicU64,
        ctx: impl Fn() -> CtxBuilder,
    ) -> Result<Exit> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut failures = Failures::default();
        loop {
            let (ctx, started) = (ctx().build(), Instant::now());
            let (drain, metrics) = (ctx.drain().clone(), ctx.metrics().clone());
            let error = match runtime.block_on(self.run(ctx)) {
                Ok(exit) => return Ok(exit),
                Err(error) => error,
            };
            let Some(pause) = failures.next_pause(started.elapsed()).filter(|_| !drain.is_draining()) else {
                return Err(error.context(format!("worker {number}")));
            };
            tracing::error!("worker {number} is started again in {pause:?}: {error:?}");
            restarts.fetch_add(1, Ordering::Relaxed);
            metrics.count_restart();
            let draining =
                runtime.block_on(async { tokio::time::timeout(pause, drain.started()).await.is_ok() });
            if draining {
                return Ok(Exit::Code(0));
            }
        }
    }
}

/// Failures in a row, soon after a start.
#[derive(Default)]
struct Failures(u32);

impl Failures {
    const MOST: u32 = 5;
    /// Whoever lives as long does not fail because of how it starts.
    const SOON: Duration = Duration::from_secs(10);
    const FIRST_PAUSE: Duration = Duration::from_millis(100);

    /// How long to wait before the next start, after a failure; `None` to give up.
    fn next_pause(&mut self, lived: Duration) -> Option<Duration> {
        self.0 = if lived < Self::SOON { self.0 + 1 } else { 1 };
        (self.0 < Self::MOST).then(|| Self::FIRST_PAUSE * 2_u32.pow(self.0 - 1))
    }
}

/// What to say of two ends.
fn worse(one: Result<Exit>, other: Result<Exit>) -> Result<Exit> {
    match (one, other) {
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(Exit::Code(0)), other) => other,
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_at_once_waits_longer_each_time_and_is_given_up() {
        let mut failures = Failures::default();
        let soon = Duration::from_secs(9);
        let pauses: Vec<_> =
            (0..5).map(|_| failures.next_pause(soon).map(|pause| pause.as_millis())).collect();
        assert_eq!(pauses, [Some(100), Some(200), Some(400), Some(800), None]);
    }

    #[test]
    fn who_has_lived_for_a_while_begins_anew() {
        let mut failures = Failures::default();
        for lived in [0, 0, 0, 0, 10, 0] {
            assert!(failures.next_pause(Duration::from_secs(lived)).is_some());
        }
    }

    #[test]
    fn the_worst_end_is_told() {
        let ends = [Ok(Exit::Code(0)), Ok(Exit::Code(3)), Ok(Exit::Code(4))];
        assert_eq!(ends.into_iter().reduce(worse).expect("three").expect("no error"), Exit::Code(3));
        let failed = worse(Ok(Exit::Code(3)), Err(wasmtime::format_err!("trapped")));
        assert_eq!(failed.expect_err("one trapped").to_string(), "trapped");
    }
}
