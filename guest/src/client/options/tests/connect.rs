//! Options of connections.

use super::*;
use crate::agent;
use crate::runtime::Span;

fn to(host: &str) -> ConnectOptions {
    ConnectOptions { host: text(host), ..ConnectOptions::default() }
}

fn code(result: Result<impl std::fmt::Debug, Error>) -> (String, String) {
    let error = result.expect_err("refused");
    (error.code().to_owned(), error.message().to_owned())
}

/// Rows: RO5, RO7, RO12, RO13, RO14, RO26
#[test]
fn a_request_says_how_to_connect() {
    let socket = SocketOptions { no_delay: Some(false), ..SocketOptions::default() };
    let settings = with(RequestOptions {
        family: Some(IpFamily::Ipv6),
        hints: Some(1024),
        local_address: text("::1"),
        local_port: Some(1),
        lookup: Some(vec!["::2".to_owned()]),
        timeout: Some(3),
        socket: Some(socket),
        ..host("h")
    });
    let expected = ConnectOptions {
        host: text("h"),
        port: Some(80),
        path: None,
        local_address: text("::1"),
        local_port: Some(1),
        family: Some(IpFamily::Ipv6),
        hints: Some(1024),
        lookup: Some(vec!["::2".to_owned()]),
        timeout: Some(3),
        socket: Some(socket),
    };
    assert_eq!(settings.connect, expected);
    assert_eq!(expected.agent_name(), "h:80:::1:6");
}

/// Rows: AG2, AG4, AG9, RO24
#[test]
fn options_of_the_agent_win_but_for_the_timeout() {
    let socket =
        SocketOptions { no_delay: Some(false), high_water_mark: Some(5), ..SocketOptions::default() };
    let request = ConnectOptions { port: Some(1), socket: Some(socket), timeout: Some(0), ..to("h") };

    let plain = ConnectOptions::default().of_agent(&agent::Options::default());
    let merged = request.clone().overridden_by(&plain);
    assert_eq!((merged.host(), merged.port, merged.timeout), ("h", Some(1), Some(0)));
    let socket = merged.socket.expect("the request gave some");
    assert_eq!((socket.no_delay, socket.high_water_mark), (Some(true), Some(5)));
    assert_eq!(merged.keep_alive(), None);

    let agent = ConnectOptions { port: Some(2), ..to("i") }.of_agent(&agent::Options::global());
    let merged = request.overridden_by(&agent);
    assert_eq!((merged.host(), merged.port, merged.timeout), ("i", Some(2), Some(0)));
    assert_eq!(merged.keep_alive(), Some(Span::millis(1000)));
    assert_eq!(to("h").overridden_by(&agent).timeout, Some(5000));
}

/// Rows: RO12, RO23
#[test]
fn what_cannot_connect_is_refused() {
    let path = ConnectOptions { path: text("/x"), local_address: text("x"), ..to("h") };
    assert_eq!(code(path.validate()).0, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    assert_eq!(path.agent_name(), "h::x:/x");
    let local = ConnectOptions { local_address: text("x"), ..to("h") };
    let expected = ("ERR_INVALID_IP_ADDRESS".to_owned(), "Invalid IP address: x".to_owned());
    assert_eq!(code(local.validate()), expected);
    let fine = ConnectOptions { path: text(""), local_address: text(""), ..to("h") };
    assert!(fine.validate().is_ok() && fine.local_address().is_none() && fine.selects_family());
    let local = ConnectOptions { local_address: text("127.0.0.1"), ..to("h") };
    assert!(local.validate().is_ok() && local.local_address().is_some() && !local.selects_family());
}

/// Rows: RO26
#[test]
fn attempts_take_250_milliseconds_and_no_less_than_10() {
    let attempt = |timeout| {
        let auto_select_family_attempt_timeout = Some(timeout);
        let socket = SocketOptions { auto_select_family_attempt_timeout, ..SocketOptions::default() };
        ConnectOptions { socket: Some(socket), ..to("h") }
    };
    for (timeout, received) in [(0, "0"), (1 << 31, "2147483648")] {
        let text = format!(
            "The value of \"options.autoSelectFamilyAttemptTimeout\" is out of range. It must be >= 1 && <= \
             2147483647. Received {received}"
        );
        assert_eq!(code(attempt(timeout).validate()), ("ERR_OUT_OF_RANGE".to_owned(), text));
    }
    assert!(attempt(5).validate().is_ok());
    assert_eq!(
        (attempt(5).attempt_timeout(), attempt(300).attempt_timeout()),
        (Span::millis(10), Span::millis(300))
    );
    assert_eq!(to("h").attempt_timeout(), Span::millis(250));
    let socket = SocketOptions { auto_select_family: Some(false), ..SocketOptions::default() };
    assert!(to("h").selects_family());
    assert!(!ConnectOptions { socket: Some(socket), ..to("h") }.selects_family());
    assert!(!ConnectOptions { family: Some(IpFamily::Ipv4), ..to("h") }.selects_family());
    assert_eq!((to("h").high_water_mark(), to("h").allow_half_open()), (65_536, false));
}

/// Rows: RO8, RO14
#[test]
fn targets_are_addresses_or_names() {
    let addresses = |list: &[&str]| {
        Target::Addresses(list.iter().map(|address| address.parse().expect("an address")).collect())
    };
    let found = |host: &str, list: &[&str]| {
        let lookup = Some(list.iter().copied().map(str::to_owned).collect());
        ConnectOptions { lookup, ..to(host) }.target()
    };
    assert_eq!(to("h").target(), Ok(Target::Name("h".to_owned())));
    assert_eq!(to("").target(), Ok(Target::Name("localhost".to_owned())));
    assert_eq!(to("::1").target(), Ok(addresses(&["::1"])));
    assert_eq!(found("127.0.0.1", &["127.0.0.2"]), Ok(addresses(&["127.0.0.1"])));
    assert_eq!(found("h", &["127.0.0.2", "x", "::1"]), Ok(addresses(&["127.0.0.2", "::1"])));
    let invalid = ("ERR_INVALID_IP_ADDRESS".to_owned(), "Invalid IP address: x".to_owned());
    assert_eq!(code(found("h", &["x", "y"])), invalid);
    assert_eq!(code(found("h", &[])).0, "ENOTFOUND");
}

/// Rows: RO8
#[test]
fn a_name_with_nul_is_never_looked_up() {
    for name in ["127.0.0.1\0", "a\0b", "a\nb", " ", "127.0.0.1 ", "a\u{7f}"] {
        let expected = ("ENOTFOUND".to_owned(), format!("getaddrinfo ENOTFOUND {name}"));
        assert_eq!(code(to(name).target()), expected);
    }
    // Where `Host` is added, setting it throws first, as in Node.
    let settings = with(host("a\0b"));
    let field = settings.host_header.expect("Host is added");
    assert!(crate::message::validate::validate_header_value("Host", &field).is_err());
}
