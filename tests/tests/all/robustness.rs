//! Hostile clients, a full server, a program that traps. How well it goes is measured by the benchmark
//! (`--bench http -- --robustness`); here it goes at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use node_http_tests::hostile::{Attack, good_client, good_client_until};
use node_http_tests::process::CaseProcess;
use node_http_tests::{Case, Origin, PATIENCE, RawClient, Sockets, get, ok, post};

use super::SOCKETS;

#[test]
fn a_good_client_is_served_beside_hostile_ones() {
    let case = Case::start(SOCKETS, "robustness");
    let address = case.address("robustness");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let attackers = Attack::ALL.map(|attack| {
            let stop = &stop;
            scope.spawn(move || attack.run(address, 8, stop))
        });
        // How fast is for the benchmark to say; who is starved gets no answer before its patience ends.
        let good = scope.spawn(|| good_client(address, |answers| answers == 200)).join();
        stop.store(true, Ordering::Relaxed);
        for (attack, attacker) in Attack::ALL.iter().zip(attackers) {
            let damage = attacker.join().expect("the attack goes on");
            assert!(damage.connections >= 8, "{attack:?}: {damage:?}");
        }
        good.expect("the good client is served");
    });
    // They are gone: a new client is served as if nothing had been.
    let mut client = RawClient::connect(address);
    client.send(&post("/upload", "hello"));
    assert_eq!(client.reply().body, "5");
}

#[test]
fn a_full_server_refuses_politely_and_goes_on() {
    let case = Case::start_with(SOCKETS, "robustness", &["connections=3"]);
    let mut clients: Vec<RawClient> = (0..3).map(|_| case.connect("robustness")).collect();
    for client in &mut clients {
        client.send(&get("/"));
        assert_eq!(client.reply().body, "Hello, world\n");
    }
    let mut refused = case.connect("robustness");
    refused.expect("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
    refused.expect_end();
    for client in &mut clients {
        client.send(&get("/"));
        assert_eq!(client.reply().body, "Hello, world\n");
    }
    drop(clients.pop());
    // When the server sees that it is gone is its own affair.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut client = case.connect("robustness");
        client.send(&get("/"));
        if client.reply().head.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(Instant::now() < deadline, "there is never room again");
    }
}

#[test]
fn a_trap_ends_the_program_with_its_cause() {
    let case = Case::start(SOCKETS, "robustness");
    let mut client = case.connect("robustness");
    client.send(&get("/panic"));
    let report = case.trap();
    assert!(report.contains("the program trapped"), "{report}");
    assert!(report.contains("as the client asked"), "{report}");
    client.expect_destroyed();
}

/// The server of these tests in a process of its own.
fn alone(arguments: &[&str]) -> CaseProcess {
    CaseProcess::start(env!("CARGO_BIN_EXE_case"), SOCKETS, "robustness", arguments)
}

// What a guest may take is what its peers may fill, and a little for each of them.
#[test]
fn memory_that_peers_can_fill_is_bounded() {
    const CONNECTIONS: usize = 200;
    const BUDGET: u64 = 4 << 20;
    /// For each connection: the head that it may always hold, and what the host and the system's library hold for it.
    const EACH: u64 = 64 << 10;
    let mut server = alone(&[&format!("budget={BUDGET}")]);
    let address = server.address("robustness");
    good_client(address, |answers| answers == 20);
    let before = server.resident();
    let (stop, mut peak) = (AtomicBool::new(false), before);
    thread::scope(|scope| {
        let over = || stop.load(Ordering::Relaxed);
        let attacker = scope.spawn(move || Attack::run_all(&Attack::FILLING, address, CONNECTIONS, over));
        let mut answers = 0;
        good_client_until(address, |_| {
            peak = peak.max(server.resident());
            answers += 1;
            answers == 200
        });
        stop.store(true, Ordering::Relaxed);
        let damage = attacker.join().expect("the attack goes on");
        assert!(damage.sent > 4 * BUDGET && damage.received > 0, "{damage:?}");
    });
    let (grown, most) = (peak - before, (BUDGET + EACH * CONNECTIONS as u64) * 5 / 4 / 1024);
    assert!(grown < most, "{grown} KiB more, where {most} are allowed");
}

#[test]
fn descriptors_go_with_connections_whoever_holds_their_responses() {
    const CONNECTIONS: usize = 300;
    let mut server = alone(&[]);
    let address = server.address("robustness");
    let mut observer = RawClient::connect(address);
    let mut report = || {
        observer.send(&get("/report"));
        observer.reply().body
    };
    assert_eq!(report(), "0 held, 0 destroyed, 0 addresses");
    let before = server.descriptors();
    let mut clients: Vec<RawClient> = (0..CONNECTIONS).map(|_| RawClient::connect(address)).collect();
    clients.iter_mut().for_each(|client| client.send(&get("/hold")));
    eventually(|| report() == "300 held, 0 destroyed, 300 addresses");
    assert_eq!(server.descriptors(), before + CONNECTIONS);
    clients.into_iter().for_each(RawClient::reset);
    // Sockets of wasmtime-wasi do not know their peer any more after a reset.
    let addresses = if SOCKETS == Sockets::Ours { "300 addresses" } else { "" };
    let expected = format!("300 held, 300 destroyed, {addresses}");
    eventually(|| report().starts_with(&expected) && server.descriptors() <= before);
}

// Sockets of wasmtime-wasi tell of a reset only when something is read or written.
#[test]
fn a_peer_that_nobody_reads_from_can_go_away() {
    if SOCKETS != Sockets::Ours {
        return;
    }
    let mut server = alone(&[]);
    let address = server.address("robustness");
    let mut observer = RawClient::connect(address);
    let mut alive = || {
        observer.send(&get("/"));
        observer.reply();
    };
    alive();
    let before = server.descriptors();
    let (many, large) = (get("/deaf").repeat(40), post("/deaf", &"b".repeat(200_000)));
    let clients: Vec<RawClient> = [(&many, false), (&large, false), (&get("/deaf"), true)]
        .into_iter()
        .map(|(request, ends)| {
            let mut client = RawClient::connect(address);
            client.send(request);
            if ends {
                client.half_close();
            }
            client
        })
        .collect();
    eventually(|| {
        alive();
        server.descriptors() == before + clients.len()
    });
    clients.into_iter().for_each(RawClient::reset);
    eventually(|| {
        alive();
        server.descriptors() == before
    });
}

/// What happens when the other side gets to it.
#[track_caller]
fn eventually(mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happens() {
        assert!(Instant::now() < deadline, "it never happens");
    }
}

#[test]
fn waits_that_are_over_leave_nothing_behind() {
    const WAITS: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/waits.wasm"));
    /// What the allocator may need to find its way: no more than a dozen bytes for each of them.
    const MOST: usize = 256;
    let origin = Origin::start(|peer| {
        loop {
            peer.head()?;
            peer.send(&ok("done"))?;
        }
    });
    let program = Case::program_with(SOCKETS, WAITS, &[&origin.port(), "20000"]);
    for what in ["requests", "cancelled"] {
        let cost = program.line(&format!("{what} "));
        let kilobytes: usize = cost.split(' ').next().and_then(|count| count.parse().ok()).expect("a number");
        assert!(kilobytes <= MOST, "{what}: {cost}");
    }
    program.finish();
}
