//! A core for the server and one for the load, and what a process spent on its core.

use std::{fs, time::Duration};

use node_http_host::{Result, wasmtime::error::Context as _};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

/// Which core does what. They are the same where there is but one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) load: usize,
}

impl Cores {
    /// Takes the first two cores that this process may use and moves it to the second.
    pub(crate) fn split() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot ask for the cores of this process")?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let server = usable.next().unwrap_or(0);
        let load = usable.next().unwrap_or(server);
        if server == load {
            eprintln!("warning: there is but one core, so the load takes its time from the servers");
        }
        let cores = Self { server, load };
        pin(&[load])?;
        Ok(cores)
    }

    /// Runs `start` there: a process that it starts stays there.
    pub(crate) fn start<T>(&self, place: Place, start: impl FnOnce() -> T) -> Result<T> {
        match place {
            Place::Server => pin(&[self.server])?,
            Place::All => pin(&[self.server, self.load])?,
        }
        let started = start();
        pin(&[self.load])?;
        Ok(started)
    }
}

/// Where a server runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// On the servers' core.
    Server,
    /// On that and on the load's.
    All,
}

fn pin(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    sched_setaffinity(None, &set).with_context(|| format!("cannot move to {cores:?}"))
}

/// The default of many systems, 1024, is too little for the largest scenario. Servers inherit it.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .context("cannot raise the limit of open files")
}

/// Processor time of all threads of a process.
pub(crate) fn process_time(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may have ended since it was listed. The first of three numbers is the time on a core.
        let Ok(statistics) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanos += statistics.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}

/// Processor time of this process.
pub(crate) fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // The clock starts at zero with the process.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
