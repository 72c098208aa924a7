//! `interface agent`.

use node_http_tests::{Case, Origin};

use super::SOCKETS;

fn case(name: &str, origins: &[&Origin]) -> Case {
    let ports: Vec<String> = origins.iter().map(|origin| origin.port()).collect();
    let mut arguments = vec![name];
    arguments.extend(ports.iter().map(String::as_str));
    Case::start_with(SOCKETS, "client", &arguments)
}

/// Runs a case that is over when it has seen what it should.
fn finishes(name: &str, origins: &[&Origin]) {
    case(name, origins).finish();
}

fn reply(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

// Rows: AG2, AG6, AG7, AG15, AG16, AG17, AG18, MO12
#[test]
fn has_nodes_defaults_and_names() {
    finishes("pool_properties", &[]);
}

// Rows: AG1, AG3, AG14, AG20, CR32, I-27, I-35
#[test]
fn keeps_a_connection_for_the_next_request() {
    let origin = Origin::describing();
    finishes("pool_keep_alive", &[&origin]);
    assert_eq!(origin.connections(), 1);
}

// Rows: AG1, AG3
#[test]
fn makes_one_connection_for_each_request_without_keep_alive() {
    let origin = Origin::describing();
    finishes("pool_one_each", &[&origin]);
    origin.wait_for(|seen| seen.len() == 2 && seen.iter().all(|seen| seen.ended));
}

// Rows: AG8
#[test]
fn picks_the_last_or_the_first_free_connection() {
    finishes("pool_scheduling", &[&Origin::describing(), &Origin::describing(), &Origin::describing()]);
}

// Rows: AG5, AG19, I-34, I-35
#[test]
fn requests_beyond_max_sockets_wait_in_line() {
    finishes("pool_queue", &[&Origin::describing()]);
    finishes("pool_queue_left", &[&Origin::describing()]);
}

// Rows: AG6, I-34
#[test]
fn requests_beyond_max_total_sockets_wait_for_other_origins() {
    finishes("pool_total", &[&Origin::describing(), &Origin::describing()]);
}

// Rows: AG2
#[test]
fn connects_as_its_own_options_say() {
    let (wanted, other) = (Origin::describing(), Origin::silent());
    finishes("pool_connect_options", &[&wanted, &other]);
    assert_eq!((wanted.connections(), other.connections()), (1, 0));
}

// Rows: AG1, AG14, I-33
#[test]
fn forgets_a_connection_that_the_server_closes() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send(&reply(&peer.number().to_string()))?;
        peer.go()?;
        peer.close()
    });
    let case = case("pool_dead", &[&origin]);
    case.line("pooled");
    origin.go();
    case.finish();
}

// Rows: S9, I-28
#[test]
fn does_not_take_unasked_bytes_for_an_answer() {
    let twice = Origin::start(|peer| {
        loop {
            peer.head()?;
            peer.send(&(reply("good") + &reply("evil")))?;
        }
    });
    let late = Origin::start(|peer| {
        peer.head()?;
        peer.send(&reply("good"))?;
        peer.go()?;
        peer.send(&reply("evil"))
    });
    let case = case("pool_poisoned", &[&twice, &late]);
    case.line("pooled");
    late.go();
    case.finish();
    assert_eq!((twice.connections(), late.connections()), (5, 2));
}

// Rows: AG9, CR10, I-31
#[test]
fn tells_of_idle_requests_and_closes_idle_connections() {
    finishes("pool_timeout", &[&Origin::describing(), &Origin::silent()]);
}

// Rows: AG13
#[test]
fn destroy_fails_requests_on_their_way_and_not_those_in_line() {
    let origin = Origin::start(|peer| {
        let head = peer.head()?;
        if head.starts_with("GET /1 ") { peer.send(&reply("1")) } else { Some(()) }
    });
    finishes("pool_destroy", &[&origin]);
    assert_eq!(origin.connections(), 2);
}

// Rows: AG21, AG5
#[test]
fn a_removed_connection_does_not_count() {
    let origin = Origin::describing();
    finishes("pool_agent_remove", &[&origin]);
    assert_eq!(origin.connections(), 2);
}

// Rows: AG10, RO3, I-36
#[test]
fn asks_for_connections_where_that_is_wanted() {
    finishes("hooks_create_connection", &[&Origin::describing()]);
}

// Rows: AG10, AG11
#[test]
fn takes_the_default_when_nobody_answers() {
    let origin = Origin::describing();
    finishes("hooks_unanswered", &[&origin]);
    assert_eq!(origin.connections(), 1);
}

// Rows: AG11, AG12
#[test]
fn asks_what_is_kept_and_tells_what_is_reused() {
    let origin = Origin::describing();
    finishes("hooks_keep_socket_alive", &[&origin]);
    assert_eq!(origin.connections(), 2);
}

// Rows: AG10
#[test]
fn makes_connections_for_anybody() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        peer.half_close()
    });
    finishes("hooks_socket", &[&origin]);
}
