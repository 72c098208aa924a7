//! Connecting and resolving on the network in memory.

use std::{
    cell::RefCell,
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
};

use super::{
    ConnectError, NetError, ReadOutcome, Stream, connect,
    memory::{self, Network},
    resolve,
};
use crate::runtime::{Signal, run_until_stalled, spawn, unless};

const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);

/// What `work` came to, as far as it got without waiting.
fn run<T: 'static>(work: impl Future<Output = T> + 'static) -> Option<T> {
    let result = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&result);
    spawn(async move {
        let done = work.await;
        slot.replace(Some(done));
    });
    run_until_stalled();
    result.take()
}

fn error_of(result: Option<Result<Stream, ConnectError>>) -> (&'static str, &'static str) {
    let error = result.expect("an answer").expect_err("no connection");
    (error.syscall, error.code)
}

#[test]
fn connects_to_who_listens() {
    let network = Network::start();
    let (listener, address) = network.bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
    assert_ne!(address.port(), 0);
    let stream = run(connect(address, None)).expect("an answer").expect("a connection");
    let (mut reader, _writer, endpoints) = stream.split();
    assert_eq!(endpoints.remote(), Some(address));
    let accepted = listener.take();
    let [far] = accepted.try_into().expect("one connection");
    assert_eq!(far.options().remote(), endpoints.local());
    let (_far_reader, far_writer) = far.split();
    far_writer.push(b"hello");
    let read = run(async move { reader.read(Vec::with_capacity(9)).await });
    let Some((ReadOutcome::Data(5), bytes)) = read else { panic!("{read:?}") };
    assert_eq!(bytes, b"hello");
}

#[test]
fn a_local_address_is_used() {
    let network = Network::start();
    let (_listener, _) = network.bind(ADDRESS);
    let local = SocketAddr::new(Ipv4Addr::new(127, 0, 0, 2).into(), 4000);
    let stream = run(connect(ADDRESS, Some(local))).expect("an answer").expect("a connection");
    assert_eq!(stream.split().2.local(), Some(local));
    let v6 = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0);
    assert_eq!(error_of(run(connect(ADDRESS, Some(v6)))), ("bind", "EINVAL"));
}

#[test]
fn nobody_there_refuses() {
    let network = Network::start();
    assert_eq!(error_of(run(connect(ADDRESS, None))), ("connect", "ECONNREFUSED"));
    let (listener, _) = network.bind(ADDRESS);
    drop(listener);
    assert_eq!(error_of(run(connect(ADDRESS, None))), ("connect", "ECONNREFUSED"));
    let (_listener, _) = network.bind(ADDRESS);
    network.unbind(ADDRESS);
    assert_eq!(error_of(run(connect(ADDRESS, None))), ("connect", "ECONNREFUSED"));
    network.fail(ADDRESS, "EHOSTUNREACH");
    assert_eq!(error_of(run(connect(ADDRESS, None))), ("connect", "EHOSTUNREACH"));
}

#[test]
fn other_names_of_an_address() {
    let network = Network::start();
    let (_listener, _) = network.bind(ADDRESS);
    for name in [Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
        let stream = run(connect(SocketAddr::new(name, 80), None)).expect("an answer").expect("a connection");
        assert_eq!(stream.split().2.remote(), Some(ADDRESS));
    }
    let unspecified = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 80);
    assert_eq!(error_of(run(connect(unspecified, None))), ("connect", "ECONNREFUSED"));
}

/// What `destroy` does to a request whose socket is still connecting.
#[test]
fn an_attempt_can_be_given_up() {
    let network = Network::start();
    network.silence(ADDRESS);
    network.silence_name("slow");
    let (signal, stop) = (Rc::new(Signal::default()), Rc::new(RefCell::new(false)));
    let (woken, stopped) = (Rc::clone(&signal), Rc::clone(&stop));
    let outcome = Rc::new(RefCell::new(None));
    let seen = Rc::clone(&outcome);
    spawn(async move {
        let attempt = unless(&woken, || *stopped.borrow(), connect(ADDRESS, None)).await;
        seen.replace(Some(attempt.is_none()));
    });
    assert!(run(resolve("slow")).is_none());
    assert_eq!((network.waiting(), *outcome.borrow()), (2, None));
    stop.replace(true);
    signal.notify();
    run_until_stalled();
    assert_eq!((network.waiting(), *outcome.borrow()), (1, Some(true)));
}

#[test]
fn names_have_addresses() {
    let network = Network::start();
    let addresses: [IpAddr; 2] = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
    network.set_name("Host.test", &addresses);
    network.set_name("empty", &[]);
    let resolved = |name: &'static str| run(resolve(name)).expect("an answer");
    assert_eq!(resolved("host.TEST"), Ok(addresses.to_vec()));
    assert_eq!(resolved("::1"), Ok(vec![Ipv6Addr::LOCALHOST.into()]));
    assert_eq!(resolved("LocalHost").map(|found| found[0]), Ok(Ipv4Addr::LOCALHOST.into()));
    for name in ["unknown", "empty"] {
        assert_eq!(resolved(name), Err(NetError { code: "ENOTFOUND" }));
    }
}

#[test]
fn who_carries_bytes_waits_for_room_and_for_bytes() {
    let (near, far) = memory::pipe(8);
    let (near_reader, near_writer) = near.split();
    let (far_reader, far_writer) = far.split();
    far_writer.push(b"carried");
    assert_eq!(run(far_writer.emptied(3)), None, "seven bytes are unread");
    assert_eq!(run(far_writer.emptied(7)), Some(()));
    let waits = far_writer.emptied(3);
    assert_eq!(near_reader.take(), b"carried");
    assert_eq!(run(waits), Some(()));

    assert_eq!(run(far_reader.filled()), None);
    near_writer.push(b"back");
    assert_eq!(run(far_reader.filled()), Some(()));
    assert_eq!(near_writer.take_back(), b"back");
    assert_eq!(run(far_reader.filled()), None, "nothing is left to read");
    // A wait does not keep its end of the pipe open.
    let waits = far_writer.emptied(0);
    drop(far_writer);
    assert!(near_reader.is_ended());
    assert_eq!(run(waits), Some(()));
    drop(near_writer);
    assert_eq!(run(far_reader.filled()), Some(()), "no more will come");
}
