//! Hostile clients, a full server, a program that traps. How well it goes is measured by the benchmark
//! (`--bench http -- --robustness`); here it goes at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use node_http_tests::hostile::{Attack, good_client};
use node_http_tests::{Case, PATIENCE, RawClient, get, post};

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
    let case = Case::start_with(SOCKETS, "robustness", &["3"]);
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
