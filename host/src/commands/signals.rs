//! Ctrl-C and SIGTERM: the first starts a drain, the second ends everything at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use node_http_host::{DrainHandle, Result};

/// What a shell reports for a program that Ctrl-C, or SIGTERM, ended: 128 and the signal's number.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// The signals of this process.
pub(super) struct Signals {
    drain: DrainHandle,
    status: Arc<AtomicU8>,
}

impl Signals {
    /// Drains with the first signal.
    pub(super) fn drain(&self) -> &DrainHandle {
        &self.drain
    }

    /// The exit status of a program that the first signal has ended.
    pub(super) fn status(&self) -> u8 {
        self.status.load(Ordering::Relaxed)
    }
}

/// Begins to wait for signals, on a thread of its own, because a component that never waits leaves the other one no time
/// for them.
pub(super) fn handle(grace: Duration) -> Result<Signals> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (drain, status) = (DrainHandle::new(), Arc::new(AtomicU8::new(INTERRUPTED)));
    let signals = Signals { drain: drain.clone(), status: Arc::clone(&status) };
    let wait = async move {
        status.store(signal().await, Ordering::Relaxed);
        tracing::info!("finishing what is under way; once more to stop at once");
        drain.start();
        // When the grace is over the library drops the store, unless the component keeps the thread.
        let again = tokio::time::timeout(grace + Duration::from_secs(1), signal()).await;
        std::process::exit(again.unwrap_or_else(|_| status.load(Ordering::Relaxed)).into());
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(wait))?;
    Ok(signals)
}

/// The exit status that belongs to the next signal.
#[cfg(unix)]
async fn signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => INTERRUPTED,
            _ = terminate.recv() => TERMINATED,
        },
        Err(error) => {
            tracing::warn!("SIGTERM is not handled: {error}");
            let _ = tokio::signal::ctrl_c().await;
            INTERRUPTED
        }
    }
}

#[cfg(not(unix))]
async fn signal() -> u8 {
    let _ = tokio::signal::ctrl_c().await;
    INTERRUPTED
}
