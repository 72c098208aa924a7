//! Names, addresses, and which of them a request reaches.

use std::net::{IpAddr, SocketAddr};

use super::{Watched, plain};
use crate::{
    agent::IpFamily,
    client::{Attachments, ClientRequest, RequestEvents, RequestOptions, SocketOptions},
    net::memory::{MemoryListener, Network},
    runtime::{advance, run_until_stalled},
};

const PORT: u16 = 8080;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn at(address: &str) -> SocketAddr {
    SocketAddr::new(ip(address), PORT)
}

/// A network where `name.test` is `addresses`.
fn network(addresses: &[&str]) -> Network {
    let network = Network::start();
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| ip(address)).collect();
    network.set_name("name.test", &addresses);
    network
}

fn request(options: RequestOptions) -> Watched {
    let options = RequestOptions {
        host: options.host.or_else(|| Some("name.test".to_owned())),
        port: Some(PORT),
        ..options
    };
    let agent = plain();
    let attachments =
        Attachments { agent: Some(&agent), listening: RequestEvents::ALL, ..Attachments::default() };
    let request = ClientRequest::create(None, options, attachments).expect("a valid request");
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    watched.run();
    watched
}

fn connections(listener: &MemoryListener) -> usize {
    run_until_stalled();
    listener.take().len()
}

fn wait(millis: u64) {
    advance(millis);
    run_until_stalled();
}

/// Rows: RO26
#[test]
fn a_refused_address_is_followed_by_the_next() {
    let network = network(&["::1", "127.0.0.1"]);
    network.fail(at("::1"), "ECONNREFUSED");
    let (listener, _) = network.bind(at("127.0.0.1"));
    let watched = request(RequestOptions::default());
    assert_eq!(connections(&listener), 1);
    drop(watched);
}

/// Rows: RO26
#[test]
fn a_silent_address_has_250_milliseconds() {
    for (timeout, pace) in [(None, 250), (Some(40), 40), (Some(1), 10)] {
        let network = network(&["::1", "127.0.0.1"]);
        network.silence(at("::1"));
        let (listener, _) = network.bind(at("127.0.0.1"));
        let socket =
            SocketOptions { auto_select_family_attempt_timeout: timeout, ..SocketOptions::default() };
        let _watched = request(RequestOptions { socket: Some(socket), ..RequestOptions::default() });
        wait(pace - 1);
        assert_eq!(connections(&listener), 0, "{timeout:?}");
        wait(1);
        assert_eq!((connections(&listener), network.waiting()), (1, 0), "{timeout:?}");
    }
}

/// Rows: RO26
#[test]
fn families_take_turns_beginning_with_the_first() {
    let found = ["10.0.0.1", "10.0.0.2", "::2", "::3"];
    for (turn, expected) in ["10.0.0.1", "::2", "10.0.0.2", "::3"].into_iter().enumerate() {
        let network = network(&found);
        let (listener, _) = network.bind(at(expected));
        for silent in found.iter().filter(|address| **address != expected) {
            network.silence(at(silent));
        }
        let _watched = request(RequestOptions::default());
        for _ in 0..turn {
            assert_eq!(connections(&listener), 0, "{expected}");
            wait(250);
        }
        assert_eq!(connections(&listener), 1, "{expected}");
    }
}

/// The last address has all the time that the system gives it.
#[test]
fn the_last_address_is_not_given_up() {
    let network = network(&["10.0.0.1"]);
    network.silence(at("10.0.0.1"));
    let mut watched = request(RequestOptions::default());
    wait(100_000);
    assert_eq!(watched.trace(), "req.socket > req.prefinish");
    assert_eq!(network.waiting(), 1);
}

/// Rows: RO26
#[test]
fn without_auto_select_family_only_the_first_address_counts() {
    let network = network(&["10.0.0.1", "10.0.0.2"]);
    network.fail(at("10.0.0.1"), "ECONNREFUSED");
    let (listener, _) = network.bind(at("10.0.0.2"));
    let socket = SocketOptions { auto_select_family: Some(false), ..SocketOptions::default() };
    let mut watched = request(RequestOptions { socket: Some(socket), ..RequestOptions::default() });
    assert!(watched.trace().contains("req.error[ECONNREFUSED|connect ECONNREFUSED 10.0.0.1:8080]"));
    assert_eq!(connections(&listener), 0);
}

/// Rows: RO5
#[test]
fn a_family_leaves_the_others_out() {
    let network = network(&["10.0.0.1", "::2"]);
    let (four, _) = network.bind(at("10.0.0.1"));
    let (six, _) = network.bind(at("::2"));
    let _watched = request(RequestOptions { family: Some(IpFamily::Ipv6), ..RequestOptions::default() });
    assert_eq!((connections(&four), connections(&six)), (0, 1));
}

/// Rows: RO14
#[test]
fn what_was_looked_up_is_not_looked_up_again() {
    let network = network(&["10.0.0.1"]);
    let (named, _) = network.bind(at("10.0.0.1"));
    let (given, _) = network.bind(at("10.0.0.9"));
    let lookup = Some(vec!["10.0.0.9".to_owned()]);
    let _watched = request(RequestOptions { lookup, ..RequestOptions::default() });
    assert_eq!((connections(&named), connections(&given)), (0, 1));
}

/// Rows: E2
#[test]
fn a_name_that_nobody_knows() {
    let _network = Network::start();
    let mut watched =
        request(RequestOptions { host: Some("nx.invalid".to_owned()), ..RequestOptions::default() });
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.error[ENOTFOUND|getaddrinfo ENOTFOUND nx.invalid] > req.close"
    );
}

/// Node tells of all attempts in one error; its code is the first one's.
#[test]
fn when_no_address_answers_the_first_error_is_told() {
    let network = network(&["10.0.0.1", "10.0.0.2"]);
    network.fail(at("10.0.0.1"), "ECONNREFUSED");
    network.fail(at("10.0.0.2"), "EHOSTUNREACH");
    let mut watched = request(RequestOptions::default());
    assert!(
        watched.trace().ends_with("req.error[ECONNREFUSED|connect ECONNREFUSED 10.0.0.1:8080] > req.close")
    );
}

/// Rows: RO12, RO13
#[test]
fn a_local_end_is_asked_for() {
    let network = network(&["10.0.0.1"]);
    let (_listener, _) = network.bind(at("10.0.0.1"));
    let watched = request(RequestOptions {
        local_address: Some("10.0.0.7".to_owned()),
        local_port: Some(4711),
        ..RequestOptions::default()
    });
    let socket = watched.request.socket().expect("a connection");
    assert_eq!(socket.local_address(), Some(SocketAddr::new(ip("10.0.0.7"), 4711)));
}
