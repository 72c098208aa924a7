//! What hostile clients and idle connections cost those who are served beside them.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};
use node_http_tests::{
    hostile::{Attack, Damage, good_client},
    process::memory,
};
use serde_json::{Value, json};

use crate::{
    contenders::Contender,
    cores::Cores,
    idle::{Idle, resident},
    load,
    sample::{Sample, median},
    scenario::{Page, What},
    server::Server,
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

fn victim(cores: &Cores) -> Result<Server> {
    let plain = What::Requests { page: Page::Plain, depth: 1 };
    Server::start(&Contender::Victim(String::new()), plain, None, cores)
}

/// One attack on a server of its own, with a good client beside it.
fn under_attack(attack: Attack, scale: &Scale, cores: &Cores, broken: &mut Vec<String>) -> Result<Value> {
    let server = victim(cores)?;
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
    let server = victim(cores)?;
    let duration = Duration::from_secs_f64(scale.seconds / 5.0);
    let (mut alone, mut beside, mut each) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..scale.rounds {
        alone.push(load::run(server.exchange(), BUSY, duration)?);
        let before = resident(server.pid())?;
        let idle = Idle::start(server.address(), scale.idle, false)?;
        if round == 0 {
            // Later rounds find the memory of this one.
            each = (resident(server.pid())? - before) / scale.idle as f64;
        }
        beside.push(load::run(server.exchange(), BUSY, duration)?);
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

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
