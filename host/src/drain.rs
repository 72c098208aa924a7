//! Orderly shutdown: no new connections, the running exchanges end, then the application returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Starts the shutdown of every application that was started with it. Cloning gives another handle to the same switch.
///
/// Draining ends the stream of accepted sockets of every listener, which `node:http` treats as `server.close()`: idle
/// connections are closed, busy ones after their answer, then the application sees `close` and returns. What still runs
/// when the grace is over is dropped ([`crate::CtxBuilder::grace`]). An application that does not listen is dropped at once.
#[derive(Debug, Clone)]
pub struct DrainHandle {
    draining: watch::Sender<bool>,
    /// Whether somebody listens, or has listened, who can notice the drain.
    listened: Arc<AtomicBool>,
}

impl DrainHandle {
    /// A switch that nobody has thrown yet.
    pub fn new() -> Self {
        Self { draining: watch::Sender::new(false), listened: Arc::default() }
    }

    /// Starts draining. There is no way back.
    pub fn start(&self) {
        self.draining.send_replace(true);
    }

    /// Whether draining has started.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Returns once draining has started.
    pub async fn started(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    pub(crate) fn note_listener(&self) {
        self.listened.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_listened(&self) -> bool {
        self.listened.load(Ordering::Relaxed)
    }
}

impl Default for DrainHandle {
    fn default() -> Self {
        Self::new()
    }
}
