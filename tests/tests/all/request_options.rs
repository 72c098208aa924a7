//! `record request-options`, and the functions `http.request` and `http.get` that take it.

use std::net::{Ipv6Addr, TcpListener};

use node_http_tests::{Case, Origin};

use super::SOCKETS;

fn finishes(name: &str, ports: &[&str]) {
    let mut arguments = vec![name];
    arguments.extend(ports);
    Case::start_with(SOCKETS, "client", &arguments).finish();
}

// Rows: MO4, MO5, MO7, RO1, RO2, RO4, RO6, RO8, RO9, RO14, RO17, RO18, RO26, I-25, I-37, I-38
#[test]
fn goes_where_url_and_options_say() {
    finishes("options_targets", &[&Origin::describing().port()]);
}

// Rows: RO5, RO7, RO8, RO14, I-25
#[test]
fn speaks_both_versions_of_ip() {
    let four = Origin::describing();
    // Some machines have only one.
    let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    let six = six.then(|| Origin::describing_on((Ipv6Addr::LOCALHOST, 0).into()));
    let mut ports = vec![four.port()];
    ports.extend(six.as_ref().map(Origin::port));
    finishes("options_localhost", &ports.iter().map(String::as_str).collect::<Vec<_>>());
}

// Rows: RO12, RO13
#[test]
fn comes_from_where_it_should() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let free = free.expect("a free port").port().to_string();
    finishes("options_addresses", &[&Origin::describing().port(), &free]);
}

// Rows: MO7, RO8, RO16, RO17, RO19, RO23, CR33, E2
#[test]
fn refuses_what_would_break_the_head_and_names_what_fails() {
    finishes("options_errors", &[]);
}

// Rows: RO10, RO11, RO15, CR26, I-39, I-41, I-42
#[test]
fn reads_responses_as_told() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    let duplicates = Origin::replying(&format!("{ok}Age: 1\r\nage: 2\r\n\r\n"));
    let folded = Origin::replying(&format!("{ok}A: b\r\n c\r\n\r\n"));
    let long = Origin::replying(&format!("{ok}A: {}\r\n\r\n", "b".repeat(2000)));
    let many = Origin::replying(&format!("{ok}{}\r\n", "a: b\r\n".repeat(99)));
    finishes("options_parsing", &[&duplicates.port(), &folded.port(), &long.port(), &many.port()]);
}

// Rows: RO24, CR10, CR36, MO5, I-31
#[test]
fn tells_of_idle_connections_and_aborts_nothing() {
    finishes("options_timeouts", &[&Origin::silent().port()]);
}

// Rows: RO22, E11
#[test]
fn one_signal_stops_many_requests() {
    finishes("options_signal", &[&Origin::describing().port(), &Origin::silent().port()]);
}
