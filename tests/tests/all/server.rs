//! `interface server`: listening, connections, requests, closing, options.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use node_http_tests::{Case, RawClient, get, ok, ok_and_close, post};

use super::SOCKETS;

// Rows: SV4, SV8, SV11, SV15, SV16, SV23
#[test]
fn listens_serves_closes_and_listens_again() {
    let case = Case::start(SOCKETS, "server_listen");
    for name in ["first", "second"] {
        let address = case.address(name);
        let mut client = RawClient::connect(address);
        client.send(&get("/"));
        let body = format!("Connection: close\r\nDate: D\r\nContent-Length: {}\r\n\r\n{name}", name.len());
        client.expect(&format!("HTTP/1.1 200 OK\r\n{body}"));
        client.expect_end();
    }
    let address = case.address("second");
    case.finish();
    assert!(TcpStream::connect(address).is_err());
}

// Rows: SV15
#[test]
fn listens_on_both_families_on_one_and_on_a_name() {
    let case = Case::start(SOCKETS, "server_listen_any");
    let asks = |address: SocketAddr| {
        let mut client = RawClient::connect(address);
        client.send(&get("/"));
        client.expect(&ok("ok"));
    };
    let line = |name: &str| {
        let line = case.line(name);
        let (port, address) = line.split_once(' ').expect("port and address");
        (port.parse::<u16>().expect("a port"), address.to_owned())
    };
    let (port, address) = line("any ");
    asks((Ipv4Addr::LOCALHOST, port).into());
    let (v6_port, v6_address) = line("v6 ");
    if v6_port > 0 {
        assert_eq!((address.as_str(), v6_address.as_str()), ("::", "::1"));
        asks((Ipv6Addr::LOCALHOST, port).into());
        asks((Ipv6Addr::LOCALHOST, v6_port).into());
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, v6_port)).is_err());
    } else {
        eprintln!("no IPv6 on this machine: {v6_address}");
        assert_eq!(address, "0.0.0.0");
    }
    let (port, address) = line("named ");
    asks(SocketAddr::new(address.parse().expect("an address"), port));
}

// Rows: SV15
#[test]
fn says_why_it_cannot_listen() {
    let case = Case::start(SOCKETS, "server_listen_errors");
    for name in ["taken", "other"] {
        let mut client = case.connect(name);
        client.send(&get("/"));
        client.expect(&ok("ok"));
    }
}

// Rows: SV8
#[test]
fn serves_one_connection_again_and_again() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    for number in 0..50 {
        let url = format!("/{number}");
        client.send(&get(&url));
        client.expect(&ok(&url));
    }
}

// Rows: SV8
#[test]
fn serves_many_connections_at_once() {
    let case = Case::start(SOCKETS, "server_url");
    let mut clients: Vec<RawClient> = (0..100).map(|_| case.connect("url")).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(&get(&format!("/{round}/{number}")));
        }
        for (number, client) in clients.iter_mut().enumerate() {
            client.expect(&ok(&format!("/{round}/{number}")));
        }
    }
}

// Rows: SV8, I-13
#[test]
fn answers_in_the_order_of_the_requests() {
    let case = Case::start(SOCKETS, "server_out_of_order");
    let mut client = case.connect("reverse");
    client.send(&[get("/1"), get("/2"), get("/3")].concat());
    client.expect(&[ok("/1"), ok("/2"), ok("/3")].concat());
    client.send(&[get("/4"), get("/5"), get("/6")].concat());
    client.expect(&[ok("/4"), ok("/5"), ok("/6")].concat());
}

// Rows: SV8
#[test]
fn serves_deep_pipelines() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    let urls: Vec<String> = (0..1000).map(|number| format!("/{number}")).collect();
    client.send(&urls.iter().map(|url| get(url)).collect::<String>());
    client.expect(&urls.iter().map(|url| ok(url)).collect::<String>());
}

// Rows: I-13
#[test]
fn reads_a_request_byte_by_byte() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    for byte in get("/slow").chars() {
        client.send(&byte.to_string());
    }
    client.expect(&ok("/slow"));
}

// Rows: I-13
#[test]
fn reads_a_request_cut_anywhere() {
    let case = Case::start(SOCKETS, "incoming_message");
    let request = "POST /read-all HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n";
    let mut clients = Vec::new();
    for cut in 1..request.len() {
        let mut client = case.connect("message");
        client.send(&request[..cut]);
        clients.push((cut, client));
    }
    for (cut, client) in &mut clients {
        client.send(&request[*cut..]);
    }
    for (_, client) in &mut clients {
        client.expect(&ok("hello"));
    }
}

// Rows: I-12, S6
#[test]
fn answers_a_client_that_has_ended_its_side() {
    let case = Case::start(SOCKETS, "incoming_message");
    let mut client = case.connect("message");
    client.send(&post("/read-all", "all of it"));
    client.half_close();
    client.expect(&ok("all of it"));
    client.expect_end();
}

// Rows: I-12
#[test]
fn without_half_open_a_client_that_ends_loses_its_answer() {
    let case = Case::start(SOCKETS, "server_options");
    let mut client = case.connect("full close");
    client.send(&get("/"));
    client.half_close();
    client.expect_destroyed();
    case.line("closed");
}

// Rows: SV4, SV11, SV23, I-23
#[test]
fn close_ends_idle_connections_and_waits_for_busy_ones() {
    let case = Case::start(SOCKETS, "server_close");
    let address = case.address("close");
    let mut idle = RawClient::connect(address);
    idle.send(&get("/"));
    idle.expect(&ok("idle"));
    let mut busy = RawClient::connect(address);
    busy.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbu");
    case.line("closing");
    idle.expect_destroyed();
    assert!(TcpStream::connect(address).is_err());
    busy.send("sy");
    busy.expect(&ok("busy"));
    // Node keeps it open until the keep-alive timeout, which would delay `close`.
    drop(busy);
    case.finish();
}

// Rows: SV13
#[test]
fn close_idle_connections_leaves_busy_ones() {
    let case = Case::start(SOCKETS, "server_close_idle");
    let (mut idle, mut busy, mut half_sent) = three(&case);
    idle.expect_destroyed();
    busy.expect(&ok("busy"));
    half_sent.send("nt");
    half_sent.expect(&ok("sent"));
    busy.send(&get("/"));
    busy.expect(&ok("after"));
}

// Rows: SV12
#[test]
fn close_all_connections_spares_none() {
    let case = Case::start(SOCKETS, "server_close_all");
    let (mut idle, mut busy, mut half_sent) = three(&case);
    idle.expect_destroyed();
    busy.expect_destroyed();
    half_sent.expect_destroyed();
    let mut next = case.connect("close");
    next.send(&get("/"));
    next.expect(&ok("after"));
}

fn three(case: &Case) -> (RawClient, RawClient, RawClient) {
    let mut idle = case.connect("close");
    idle.send(&get("/"));
    idle.expect(&ok("idle"));
    let mut busy = case.connect("close");
    busy.send(&get("/"));
    let mut half_sent = case.connect("close");
    half_sent.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nse");
    (idle, busy, half_sent)
}

// Rows: SV11
#[test]
fn dropping_the_server_closes_it_but_not_what_was_delivered() {
    let case = Case::start(SOCKETS, "server_drop");
    let address = case.address("drop");
    let mut idle = RawClient::connect(address);
    idle.send(&get("/"));
    idle.expect(&ok("idle"));
    let mut held = RawClient::connect(address);
    held.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhe");
    case.line("dropped");
    idle.expect_destroyed();
    assert!(TcpStream::connect(address).is_err());
    held.send("ld");
    held.expect(&ok_and_close("held"));
    case.finish();
}

// Rows: SV8
#[test]
fn dropping_a_response_destroys_its_connection() {
    let case = Case::start(SOCKETS, "server_url");
    let mut client = case.connect("url");
    client.send(&get("/drop"));
    client.expect_destroyed();
    let mut next = case.connect("url");
    next.send(&get("/next"));
    next.expect(&ok("/next"));
}

// Rows: SV8
#[test]
fn a_client_that_resets_while_it_waits_harms_nobody() {
    let case = Case::start(SOCKETS, "server_url");
    let mut waiting = case.connect("url");
    waiting.send(&get("/hold"));
    case.line("holding");
    waiting.reset();
    for _ in 0..20 {
        let mut client = case.connect("url");
        client.send("GET / HTT");
        client.reset();
    }
    let mut next = case.connect("url");
    next.send(&get("/next"));
    next.expect(&ok("/next"));
}

// Rows: SV14, SV17, SV18, SV20, SV22, SO2, SO9, SO12
#[test]
fn properties_have_nodes_defaults_and_keep_what_is_set() {
    Case::start(SOCKETS, "server_properties").finish();
}

// Rows: SV14, SO2, I-20
#[test]
fn a_late_head_is_answered_408() {
    let case = Case::start(SOCKETS, "server_timeouts");
    let mut silent = case.connect("headersTimeout");
    let mut slow = case.connect("headersTimeout");
    slow.send("GET / HTTP/1.1\r\n");
    let mut patient = case.connect("none");
    patient.send("GET / HTTP/1.1\r\n");
    for client in [&mut silent, &mut slow] {
        client.expect("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
        client.expect_end();
    }
    patient.send("Host: a\r\n\r\n");
    patient.expect("HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
}

// Rows: SV18, SO12, I-20
#[test]
fn a_late_body_is_answered_408() {
    let case = Case::start(SOCKETS, "server_timeouts");
    let mut client = case.connect("requestTimeout");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    client.expect("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    client.expect_end();
}

// Rows: SV22, SO9, I-20
#[test]
fn an_idle_connection_is_closed_a_second_after_its_keep_alive_timeout() {
    let case = Case::start(SOCKETS, "server_timeouts");
    let mut client = case.connect("keepAliveTimeout");
    client.send(&get("/"));
    client.expect("HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n");
    let since = Instant::now();
    client.expect_destroyed();
    let idle = since.elapsed();
    assert!(idle > Duration::from_millis(900), "{idle:?}");
    assert!(idle < Duration::from_secs(5), "{idle:?}");
}

// Rows: SO6, IM9
#[test]
fn join_duplicate_headers_joins_what_is_dropped_otherwise() {
    let case = Case::start(SOCKETS, "server_options");
    let request = "GET / HTTP/1.1\r\nHost: a\r\nAge: 1\r\nage: 2\r\n\r\n";
    for (name, body) in [("strict", "host=a&age=1"), ("join", "host=a&age=1, 2")] {
        let mut client = case.connect(name);
        client.send(request);
        client.expect(&ok(body));
    }
}

// Rows: SO16, SR26
#[test]
fn bodies_where_none_belongs_are_rejected_on_demand() {
    let case = Case::start(SOCKETS, "server_options");
    let mut client = case.connect("reject");
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let reply = client.reply();
    assert!(reply.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", reply.head);
    assert_eq!(reply.body, "");
}

// Rows: SO3
#[test]
fn high_water_mark_is_that_of_both_messages() {
    let case = Case::start(SOCKETS, "server_options");
    let mut client = case.connect("highWaterMark");
    client.send(&get("/"));
    assert_eq!(client.reply().body, "more than ten bytes");
}

// Rows: SO13, I-18
#[test]
fn a_missing_host_is_refused_unless_the_option_says_otherwise() {
    let case = Case::start(SOCKETS, "server_options");
    let mut client = case.connect("strict");
    client.send("GET / HTTP/1.1\r\n\r\n");
    let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    client.expect(refusal);
    client.expect_end();
    let mut client = case.connect("hostless");
    client.send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
    client.expect(&ok_and_close("/x"));
    client.expect_end();
}
