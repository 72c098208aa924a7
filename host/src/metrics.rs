//! What a host counts of a running component, and how it says so to Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Denial, DrainHandle};

/// Counters of the components that were started with it. Clones are views of the same counters.
///
/// ```
/// use node_http_host::{Ctx, Metrics};
///
/// let metrics = Metrics::default();
/// let ctx = Ctx::builder().metrics(&metrics).build();
/// assert!(metrics.to_prometheus().contains("node_http_connections_open 0\n"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    starts: AtomicU64,
    instances: AtomicU64,
    restarts: AtomicU64,
    sockets: AtomicU64,
    accepted: AtomicU64,
    accept_failures: AtomicU64,
    connected: AtomicU64,
    open: AtomicU64,
    denied: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    memory: AtomicU64,
    /// The latest start's.
    drain: Mutex<Option<DrainHandle>>,
}

/// How a connection began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A peer has connected.
    Accepted,
    /// The component has connected.
    Connected,
}

/// Counts for a socket until it is dropped with it.
pub(crate) struct CountedSocket(Metrics);

impl Drop for CountedSocket {
    fn drop(&mut self) {
        subtract(&self.0.0.sockets, 1);
    }
}

impl Metrics {
    /// Everything in [the text format of Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/).
    ///
    /// The counters of a component begin with `node_http_`. On Linux descriptors and memory of this process are beside
    /// them, under the names that Prometheus has for them. Bytes are those of TCP connections.
    pub fn to_prometheus(&self) -> String {
        let counters = &*self.0;
        let draining = counters.drain.lock().unwrap_or_else(PoisonError::into_inner);
        let draining = u64::from(draining.as_ref().is_some_and(DrainHandle::is_draining));
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::new();
        for (name, kind, help, value) in [
            (
                "starts_total",
                "counter",
                "Starts of the component, of each worker and after each trap.",
                count(&counters.starts),
            ),
            ("instances", "gauge", "Instances that there are.", count(&counters.instances)),
            (
                "worker_restarts_total",
                "counter",
                "Times that a worker was started again because it had trapped.",
                count(&counters.restarts),
            ),
            (
                "sockets",
                "gauge",
                "TCP sockets that the component has handles of, listening and closed ones too.",
                count(&counters.sockets),
            ),
            ("connections_accepted_total", "counter", "Accepted connections.", count(&counters.accepted)),
            ("connections_opened_total", "counter", "Connections to others.", count(&counters.connected)),
            ("connections_open", "gauge", "Connections that are open.", count(&counters.open)),
            (
                "accept_failures_total",
                "counter",
                "Times that the system had no descriptor or memory for a connection.",
                count(&counters.accept_failures),
            ),
            ("denials_total", "counter", "What the policy has refused.", count(&counters.denied)),
            ("received_bytes_total", "counter", "Bytes received.", count(&counters.received)),
            ("sent_bytes_total", "counter", "Bytes sent.", count(&counters.sent)),
            ("memory_bytes", "gauge", "Memories and tables of all instances.", count(&counters.memory)),
            ("draining", "gauge", "1 while the component is asked to end.", draining),
        ] {
            describe(&mut text, &format!("node_http_{name}"), kind, help, value);
        }
        if let Some(descriptors) = open_descriptors() {
            describe(&mut text, "process_open_fds", "gauge", "Open descriptors.", descriptors);
        }
        if let Some(resident) = resident_bytes() {
            describe(&mut text, "process_resident_memory_bytes", "gauge", "Resident memory.", resident);
        }
        text
    }

    /// Counts a denial: for [`Policy::on_denial`](crate::Policy::on_denial).
    pub fn count_denial(&self, _denial: &Denial) {
        add(&self.0.denied, 1);
    }

    pub(crate) fn start(&self, drain: &DrainHandle) {
        add(&self.0.starts, 1);
        *self.0.drain.lock().unwrap_or_else(PoisonError::into_inner) = Some(drain.clone());
    }

    pub(crate) fn begin_instance(&self) {
        add(&self.0.instances, 1);
    }

    pub(crate) fn end_instance(&self) {
        subtract(&self.0.instances, 1);
    }

    pub(crate) fn count_restart(&self) {
        add(&self.0.restarts, 1);
    }

    pub(crate) fn count_socket(&self) -> CountedSocket {
        add(&self.0.sockets, 1);
        CountedSocket(self.clone())
    }

    pub(crate) fn begin_connection(&self, origin: Origin) {
        add(if origin == Origin::Accepted { &self.0.accepted } else { &self.0.connected }, 1);
        add(&self.0.open, 1);
    }

    pub(crate) fn end_connection(&self) {
        subtract(&self.0.open, 1);
    }

    pub(crate) fn count_accept_failure(&self) {
        add(&self.0.accept_failures, 1);
    }

    pub(crate) fn count_received(&self, bytes: usize) {
        add(&self.0.received, bytes as u64);
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        add(&self.0.sent, bytes as u64);
    }

    pub(crate) fn grow_memory(&self, bytes: u64) {
        add(&self.0.memory, bytes);
    }

    pub(crate) fn free_memory(&self, bytes: u64) {
        subtract(&self.0.memory, bytes);
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn subtract(counter: &AtomicU64, count: u64) {
    counter.fetch_sub(count, Ordering::Relaxed);
}

fn describe(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

#[cfg(target_os = "linux")]
fn open_descriptors() -> Option<u64> {
    // The folder is open itself while it is read.
    std::fs::read_dir("/proc/self/fd").ok().map(|entries| (entries.count() as u64).saturating_sub(1))
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(not(target_os = "linux"))]
fn open_descriptors() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> Option<u64> {
    None
}
