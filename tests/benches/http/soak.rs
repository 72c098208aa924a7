//! Whether a server takes no more memory than it was given, for as long as anybody cares to watch.
//!
//! Processes full of clients send it large heads and bodies without end, half of them to an application that is slow
//! and half to one that never answers, and a good client asks beside them.

use std::{
    fs,
    io::Read as _,
    mem,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use node_http_host::{
    Result,
    wasmtime::{bail, ensure, error::Context as _},
};
use node_http_tests::{
    hostile::{Attack, Damage, good_client_until},
    process::{descriptors, memory},
};
use rustix::{param::page_size, process::nice};
use serde_json::{Value, json};

use crate::{
    contenders::Contender,
    cores::{Cores, process_time},
    robustness::millis,
    scenario::{Page, What},
    server::Server,
};

/// How much is thrown at the server, and what it may make of that.
pub(crate) struct Scale {
    pub(crate) connections: usize,
    pub(crate) budget: u64,
    pub(crate) duration: Duration,
}

pub(crate) const QUICK: Scale =
    Scale { connections: 100, budget: 256 << 20, duration: Duration::from_secs(2) };

/// Clients of one process: a process has 20,000 descriptors where systems are strict.
const PER_PROCESS: usize = 5000;

/// What every connection may hold however little is left.
const HEAD: u64 = 16 << 10;

/// How long it takes at most that the connections of clients that have left are gone.
const LEAVING: Duration = Duration::from_secs(60);

/// Between two looks at the server, and between two lines that say what was seen.
const LOOK: Duration = Duration::from_millis(200);
const LINE: Duration = Duration::from_secs(5);

impl Scale {
    /// Bytes that the server may have in memory: a quarter more than its peers may fill. What an allocator and the
    /// program itself take is in that.
    fn most_resident(&self) -> u64 {
        (self.budget + HEAD * self.connections as u64) / 4 * 5
    }
}

/// Fills a server's memory and fails when a promise is broken.
pub(crate) fn measure(scale: &Scale, cores: &Cores) -> Result<Value> {
    let victim = Contender::Victim(format!("budget={}", scale.budget));
    // Where it has to be compiled first, that leaves memory behind.
    let start = || Server::start(&victim, What::Requests { page: Page::Plain, depth: 1 }, None, cores);
    drop(start()?);
    let server = start()?;
    let before = descriptors(server.pid())?;
    let attackers = Attackers::start(server.address(), scale.connections)?;
    let seen = watch(&server, scale)?;
    let damage = attackers.leave()?;
    println!(
        "attack: {} connections, {} MB sent, {} MB received",
        damage.connections,
        damage.sent / 1_000_000,
        damage.received / 1_000_000
    );
    let (left, after) = wait_for_descriptors(server.pid(), before)?;
    println!(
        "{after} descriptors {:.1} s after they have left, {before} before they came",
        left.as_secs_f64()
    );

    let peak = seen.iter().map(|sample| sample.resident).max().unwrap_or(0);
    let most = scale.most_resident();
    println!("peak {} of {} MiB", peak >> 20, most >> 20);
    ensure!(peak <= most, "not as promised: {} MiB resident, where {} are allowed", peak >> 20, most >> 20);
    ensure!(after <= before, "not as promised: {after} descriptors are left of {before} before");
    Ok(json!({
        "connections": scale.connections, "budget": scale.budget, "mostResident": most, "peakResident": peak,
        "made": damage.connections, "sent": damage.sent, "received": damage.received,
        "descriptorsBefore": before, "descriptorsAfter": after, "secondsToLeave": left.as_secs_f64(),
        "samples": seen.iter().map(Sample::json).collect::<Vec<Value>>(),
    }))
}

/// What was seen since the line before.
struct Sample {
    at: Duration,
    /// The most bytes in memory.
    resident: u64,
    descriptors: usize,
    /// How much of its core the server needed, 0 to 1.
    busy: f64,
    /// Bytes that the system holds for all connections of the machine. It has a limit, too (`net.ipv4.tcp_mem`), and
    /// near that everybody has to wait.
    system: u64,
    /// How long the answers took, sorted.
    answers: Vec<Duration>,
}

impl Sample {
    fn answered_within(&self, share: f64) -> f64 {
        millis(self.answers[((self.answers.len() - 1) as f64 * share) as usize])
    }

    fn print(&self) {
        println!(
            "{:4.0} s: {:5} MiB, {:5} descriptors, {:3.0} % of a core, {:4} MiB of the system; {:4} answers: p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms",
            self.at.as_secs_f64(),
            self.resident >> 20,
            self.descriptors,
            self.busy * 100.0,
            self.system >> 20,
            self.answers.len(),
            self.answered_within(0.5),
            self.answered_within(0.99),
            self.answered_within(1.0),
        );
    }

    fn json(&self) -> Value {
        json!({
            "seconds": self.at.as_secs_f64(), "resident": self.resident, "descriptors": self.descriptors,
            "busy": self.busy, "system": self.system, "answers": self.answers.len(), "p50Millis": self.answered_within(0.5),
            "p99Millis": self.answered_within(0.99), "slowestMillis": self.answered_within(1.0),
        })
    }
}

/// Asks as a good client does, and looks at the server meanwhile.
fn watch(server: &Server, scale: &Scale) -> Result<Vec<Sample>> {
    let (answers, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    thread::scope(|scope| {
        let good = scope.spawn(|| {
            good_client_until(server.address(), |time| {
                lock(&answers).push(time);
                over.load(Ordering::Relaxed)
            });
        });
        let begin = Instant::now();
        let mut seen = Vec::new();
        let mut result = Ok(());
        while result.is_ok() && !good.is_finished() && begin.elapsed() < scale.duration {
            result = look(server.pid(), begin, &answers).map(|sample| {
                sample.print();
                seen.push(sample);
            });
        }
        over.store(true, Ordering::Relaxed);
        let answered = good.join();
        result?;
        ensure!(answered.is_ok(), "not as promised: the good client is not answered");
        Ok(seen)
    })
}

/// Looks at the server for as long as a line stands for, and until there is an answer.
fn look(pid: u32, begin: Instant, answers: &Mutex<Vec<Duration>>) -> Result<Sample> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let (start, spent) = (Instant::now(), process_time(pid)?);
    let mut resident = 0;
    loop {
        thread::sleep(LOOK);
        // A server that has trapped is a process that is gone.
        resident = resident.max(memory(pid, "VmRSS").context("the server did not survive")? << 10);
        if start.elapsed() >= LINE && !lock(answers).is_empty() {
            break;
        }
        ensure!(start.elapsed() < PATIENCE, "not as promised: the good client is not answered");
    }
    let mut answers = mem::take(&mut *lock(answers));
    answers.sort_unstable();
    let busy = (process_time(pid)? - spent).as_secs_f64() / start.elapsed().as_secs_f64();
    let (descriptors, system) = (descriptors(pid)?, system_memory()?);
    Ok(Sample { at: begin.elapsed(), resident, descriptors, busy, system, answers })
}

/// Bytes that the system holds for TCP.
fn system_memory() -> Result<u64> {
    let statistics = fs::read_to_string("/proc/net/sockstat")?;
    let line = statistics.lines().find(|line| line.starts_with("TCP:")).context("no such line")?;
    let pages: u64 = line.rsplit(' ').next().context("no such number")?.parse()?;
    Ok(pages * page_size() as u64)
}

fn lock(answers: &Mutex<Vec<Duration>>) -> MutexGuard<'_, Vec<Duration>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long it took until the server had no more descriptors than `before`, and how many it has.
fn wait_for_descriptors(pid: u32, before: usize) -> Result<(Duration, usize)> {
    let start = Instant::now();
    loop {
        let now = descriptors(pid).context("the server did not survive")?;
        if now <= before || start.elapsed() > LEAVING {
            return Ok((start.elapsed(), now));
        }
        thread::sleep(LOOK);
    }
}

/// Processes full of clients; they end with their standard input.
struct Attackers(Vec<Child>);

impl Attackers {
    fn start(address: SocketAddr, connections: usize) -> Result<Self> {
        let mut attackers = Self(Vec::new());
        for first in (0..connections).step_by(PER_PROCESS) {
            let count = PER_PROCESS.min(connections - first);
            let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
            command.args(["--fill", &format!("{count}@{address}")]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            attackers.0.push(command.spawn().context("cannot start the attackers")?);
        }
        Ok(attackers)
    }

    /// They close all connections at once.
    fn leave(mut self) -> Result<Damage> {
        self.0.iter_mut().for_each(|child| drop(child.stdin.take()));
        let mut all = Damage::default();
        for mut child in mem::take(&mut self.0) {
            let mut report = String::new();
            child.stdout.take().context("it is piped")?.read_to_string(&mut report)?;
            let numbers =
                report.split_whitespace().map(str::parse::<u64>).collect::<Result<Vec<u64>, _>>()?;
            let [connections, sent, received] = numbers[..] else { bail!("the attackers had to give up") };
            all.connections += connections;
            all.sent += sent;
            all.received += received;
            child.wait()?;
        }
        Ok(all)
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        // Nothing depends on how those end that are left.
        for child in &mut self.0 {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// Fills a server's memory until standard input ends: `COUNT@ADDRESS`.
pub(crate) fn fill(what: &str) -> Result<()> {
    let (count, address) = what.split_once('@').context("wanted: COUNT@ADDRESS")?;
    let (count, address): (usize, SocketAddr) = (count.parse()?, address.parse()?);
    // The good client has the same core, and must not wait for that.
    nice(9).context("cannot be nice")?;
    let over = AtomicBool::new(false);
    let damage = thread::scope(|scope| {
        scope.spawn(|| {
            // However it ends.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            over.store(true, Ordering::Relaxed);
        });
        Attack::run_all(&Attack::FILLING, address, count, || over.load(Ordering::Relaxed))
    });
    println!("{} {} {}", damage.connections, damage.sent, damage.received);
    Ok(())
}
