//! Starting again whenever a file changes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use node_http_host::{DrainHandle, Result};

use super::signals::Signals;

/// How often files are looked at. Nothing has to be told by the system, so it works on every one, and in containers.
const INTERVAL: Duration = Duration::from_millis(200);

/// What shows that a file has changed; none while it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// Runs `start` again and again: it is drained when one of `files` changes. Ends with a signal.
pub(super) fn watch(
    files: Vec<PathBuf>,
    signals: &Signals,
    start: impl Fn(&DrainHandle) -> Result<ExitCode>,
) -> Result<ExitCode> {
    let files = Arc::new(files);
    loop {
        let seen = stamps(&files);
        let (drain, over) = (DrainHandle::new(), Arc::new(AtomicBool::new(false)));
        let watcher = {
            let (files, seen, drain, over) =
                (Arc::clone(&files), seen.clone(), drain.clone(), Arc::clone(&over));
            let stop = signals.drain().clone();
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) && !stop.is_draining() && stamps(&files) == seen {
                    thread::sleep(INTERVAL);
                }
                drain.start();
            })
        };
        let ended = start(&drain);
        over.store(true, Ordering::Relaxed);
        // It only sleeps and looks.
        let _ = watcher.join();
        if signals.drain().is_draining() {
            return ended;
        }
        match ended {
            Err(error) => crate::report(&error),
            Ok(code) if stamps(&files) == seen => eprintln!("node-http: it has ended: {code:?}"),
            Ok(_) => {}
        }
        while stamps(&files) == seen || is_being_written(&files) {
            if signals.drain().is_draining() {
                return Ok(ExitCode::from(signals.status()));
            }
            thread::sleep(INTERVAL);
        }
        eprintln!("node-http: starting again, a file has changed");
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Stamp {
    let metadata = file.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Compilers write in pieces, and some take the old file away first.
fn is_being_written(files: &[PathBuf]) -> bool {
    let before = stamps(files);
    thread::sleep(INTERVAL / 2);
    before.contains(&None) || stamps(files) != before
}
