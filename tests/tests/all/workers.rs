//! One program in several instances: one address, connections dealt out evenly, and a trap that is nobody else's.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::{array, io};

use node_http_host::Workers;
use node_http_tests::{Case, RawClient, get, ok};

/// Two of them, listening.
fn pair() -> (Arc<Workers>, Case) {
    let workers = Arc::new(Workers::new(NonZeroUsize::new(2).expect("not zero")));
    let case = Case::start_workers(&workers, "workers");
    assert_eq!(case.address("worker 1"), case.address("worker 2"), "they share the port that was chosen");
    (workers, case)
}

/// Which instance has this connection.
fn ask(client: &mut RawClient) -> usize {
    client.send(&get("/"));
    let reply = client.reply();
    let number = reply.body.parse().expect("a number");
    assert!((1..=2).contains(&number));
    number
}

#[test]
fn connections_are_dealt_out_evenly_and_all_instances_are_drained() {
    let (workers, case) = pair();
    let mut clients: [_; 20] = array::from_fn(|_| case.connect("worker 1"));
    let first = clients.iter_mut().map(ask).filter(|number| *number == 1).count();
    assert_eq!(first, 10);
    let taken = TcpListener::bind(case.address("worker 1")).expect_err("the address is theirs");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    case.drain();
    clients.iter_mut().for_each(RawClient::expect_end);
    case.finish();
    assert_eq!(workers.restarts(), 0);
}

#[test]
fn a_trap_ends_the_connections_of_one_instance_which_is_started_again() {
    let (workers, case) = pair();
    let mut clients: [_; 4] = array::from_fn(|_| case.connect("worker 1"));
    let numbers = clients.each_mut().map(ask);
    let [mut lost, mut kept]: [Vec<_>; 2] = Default::default();
    for (client, number) in clients.into_iter().zip(numbers) {
        if number == 1 { lost.push(client) } else { kept.push(client) }
    }
    lost[0].send(&get("/trap"));
    lost.iter_mut().for_each(RawClient::expect_destroyed);
    for client in &mut kept {
        client.send(&get("/"));
        client.expect(&ok("2"));
    }
    // The first one takes new connections again as soon as it is back: it has the fewest.
    while ask(&mut case.connect("worker 1")) != 1 {}
    assert_eq!(workers.restarts(), 1);
    let counters = ["starts_total 3", "instances 2", "worker_restarts_total 1"];
    let metrics = case.metrics();
    for counter in counters {
        assert!(metrics.contains(&format!("\nnode_http_{counter}\n")), "{metrics}");
    }
    case.drain();
    case.finish();
}

#[test]
fn who_traps_at_every_start_is_given_up() {
    let workers = Arc::new(Workers::new(NonZeroUsize::MIN));
    let mut case = Case::start_workers(&workers, "no such case");
    let error = case.failure();
    assert!(error.contains("worker 1"), "{error}");
    assert_eq!(workers.restarts(), 4);
}
