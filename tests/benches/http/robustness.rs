//! What hostile clients and idle connections cost those who are served beside them.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use node_http_host::{
    Result,
    wasmtime::{bail, ensure, error::Context as _},
};
use node_http_tests::{
    hostile::{Attack, Damage, good_client},
    process::memory,
};
use serde_json::{Value, json};

use crate::{
    contenders::{Contender, Server},
    cores::Cores,
    load::{self, Sample},
    report::median,
};

/// How much is thrown at the server.
struct Scale {
    hostile: usize,
    idle: usize,
    seconds: f64,
    rounds: usize,
}

const FULL: Scale = Scale { hostile: 200, idle: 15_000, seconds: 5.0, rounds: 5 };
const QUICK: Scale = Scale { hostile: 20, idle: 500, seconds: 0.3, rounds: 1 };

/// Connections that are busy beside the idle ones.
const BUSY: usize = 64;

/// The figures that are promised.
const MOST_P99: Duration = Duration::from_millis(100);
/// Who is kept waiting for long asks so seldom that p99 does not tell.
const MOST_SLOWEST: Duration = Duration::from_secs(1);
const MOST_IDLE_KIB: f64 = 16.0;
const LEAST_SHARE: f64 = 0.9;
/// Per hostile connection: what may wait to be sent and to be read, each with room to grow into.
const MOST_HOSTILE_KIB: f64 = 512.0;

/// Measures everything and fails when a promise is broken; `quick` only checks that it works.
pub(crate) fn measure(quick: bool, cores: &Cores) -> Result<Value> {
    let scale = if quick { QUICK } else { FULL };
    let mut broken = Vec::new();
    let attacks = Attack::ALL.map(|attack| under_attack(attack, &scale, cores, &mut broken));
    let attacks = attacks.into_iter().collect::<Result<Vec<Value>>>()?;
    let idle = beside_idle(&scale, cores, &mut broken)?;
    ensure!(quick || broken.is_empty(), "not as promised: {}", broken.join("; "));
    Ok(json!({ "attacks": attacks, "idle": idle }))
}

/// One attack on a server of its own, with a good client beside it.
fn under_attack(attack: Attack, scale: &Scale, cores: &Cores, broken: &mut Vec<String>) -> Result<Value> {
    let server = Server::start(&Contender::Ours("robustness"), cores)?;
    let before = resident(server.pid())?;
    let (mut times, damage) = fight(attack, scale, server.address());
    // A server that has trapped is a process that is gone.
    let peak = memory(server.pid(), "VmHWM")
        .with_context(|| format!("the server did not survive {attack:?}"))? as f64;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let (p50, p99, slowest) = (at(0.5), at(0.99), at(1.0));
    let grown = peak - before;
    println!(
        "{attack:?}: good client p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms of {}; peak +{:.1} MiB; {} connections, {} MB sent, {} MB received",
        millis(p50),
        millis(p99),
        millis(slowest),
        times.len(),
        grown / 1024.0,
        damage.connections,
        damage.sent / 1_000_000,
        damage.received / 1_000_000,
    );
    if p99 > MOST_P99 {
        broken.push(format!("{attack:?}: p99 {:.1} ms", millis(p99)));
    }
    if slowest > MOST_SLOWEST {
        broken.push(format!("{attack:?}: slowest {:.1} ms", millis(slowest)));
    }
    if grown / scale.hostile as f64 > MOST_HOSTILE_KIB {
        broken.push(format!("{attack:?}: {:.0} KiB per connection", grown / scale.hostile as f64));
    }
    Ok(json!({
        "attack": format!("{attack:?}"), "p50Millis": millis(p50), "p99Millis": millis(p99), "slowestMillis": millis(slowest), "answers": times.len(),
        "peakGrowthKiB": grown, "connections": damage.connections, "sent": damage.sent, "received": damage.received,
    }))
}

fn fight(attack: Attack, scale: &Scale, address: SocketAddr) -> (Vec<Duration>, Damage) {
    let connections = match attack {
        // Linux takes the first 4 MB of every large answer at once, however slowly they are read: so many connections
        // that this lasts for seconds would measure that.
        Attack::SlowRead => scale.hostile / 4,
        _ => scale.hostile,
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let attacker = scope.spawn(|| attack.run(address, connections, &stop));
        let good = scope.spawn(|| good_client(address, |_| stop.load(Ordering::Relaxed)));
        thread::sleep(Duration::from_secs_f64(scale.seconds));
        stop.store(true, Ordering::Relaxed);
        // Both panic only when the server misbehaves, and then there is nothing to measure.
        (good.join().expect("the good client is served"), attacker.join().expect("the attack goes on"))
    })
}

/// Throughput without and with idle connections, in turns, and what one of them costs.
fn beside_idle(scale: &Scale, cores: &Cores, broken: &mut Vec<String>) -> Result<Value> {
    let server = Server::start(&Contender::Ours("robustness"), cores)?;
    let duration = Duration::from_secs_f64(scale.seconds / 5.0);
    let (mut alone, mut beside, mut each) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..scale.rounds {
        alone.push(load::run(&server.exchange(1), BUSY, duration)?);
        let before = resident(server.pid())?;
        let idle = Idle::start(server.address(), scale.idle)?;
        if round == 0 {
            // Later rounds find the memory of this one.
            each = (resident(server.pid())? - before) / scale.idle as f64;
        }
        beside.push(load::run(&server.exchange(1), BUSY, duration)?);
        drop(idle);
    }
    let figures =
        |samples: &[Sample]| (median(samples, |sample| sample.rate), median(samples, |sample| sample.micros));
    let ((alone, alone_micros), (beside, beside_micros)) = (figures(&alone), figures(&beside));
    let share = beside / alone;
    println!(
        "{} idle connections: {each:.1} KiB each; {BUSY} busy ones beside them {beside:.0}/s ({beside_micros:.1} us of the server \
         each), without them {alone:.0}/s ({alone_micros:.1} us): {share:.2}",
        scale.idle
    );
    if each > MOST_IDLE_KIB {
        broken.push(format!("{each:.1} KiB per idle connection"));
    }
    if share < LEAST_SHARE {
        broken.push(format!("{share:.2} of the throughput beside idle connections"));
    }
    Ok(json!({
        "connections": scale.idle, "kibEach": each, "rateAlone": alone, "rateBeside": beside,
        "microsAlone": alone_micros, "microsBeside": beside_micros,
    }))
}

/// A process that holds idle connections: a server's descriptors and theirs are too many for one. Ends with its
/// standard input.
struct Idle {
    child: std::process::Child,
}

impl Idle {
    fn start(address: SocketAddr, count: usize) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command.args(["--hold", &format!("{count}@{address}")]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the idle clients")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the process has no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let idle = Self { child };
        ensure!(line.trim() == "open", "the idle connections are not there");
        Ok(idle)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Nothing depends on how it ends.
        let _ = self.child.wait();
    }
}

/// Holds idle connections, each of which was used once: `COUNT@ADDRESS`.
pub(crate) fn hold(what: &str) -> Result<()> {
    let (count, address) = what.split_once('@').context("wanted: COUNT@ADDRESS")?;
    let (count, address): (usize, SocketAddr) = (count.parse()?, address.parse()?);
    let mut connections = Vec::with_capacity(count);
    let mut answer = [0; 1024];
    for number in 0..count {
        let mut stream = TcpStream::connect(address).with_context(|| format!("connection {number}"))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
        if stream.read(&mut answer)? == 0 {
            bail!("connection {number} was not answered");
        }
        connections.push(stream);
    }
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// KiB that a process has in memory.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    Ok(memory(pid, "VmRSS")? as f64)
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
