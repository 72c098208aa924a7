//! Requests without number over a pool of 50 connections: each gets its own answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use node_http_tests::{Case, Origin, Peer};

use super::SOCKETS;

const COUNT: usize = 10_000;

fn run(how: &str, origin: &Origin) -> Case {
    Case::start_with(SOCKETS, "many_requests", &[how, &origin.port(), &COUNT.to_string()])
}

/// Answers the next request with its path.
fn echo(peer: &mut Peer) -> Option<()> {
    let head = peer.head()?;
    let path = head.split(' ').nth(1)?;
    peer.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()))
}

// Rows: AG1, AG5, I-34, I-35
#[test]
fn every_request_gets_its_own_answer_over_50_connections() {
    let origin = Origin::start(|peer| {
        loop {
            echo(peer)?
        }
    });
    let case = run("at_once", &origin);
    case.line(&format!("answered {COUNT}"));
    assert_eq!(origin.connections(), 50);
    case.finish();
}

// Rows: X12, CR32
#[test]
fn none_is_lost_when_the_server_closes_idle_connections_at_random() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let origin = Origin::start(move |peer| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let mut random = peer.number() as u64;
        let closed = loop {
            if echo(peer).is_none() {
                break None;
            }
            // Knuth's generator; its high bits.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let dice = random >> 33;
            if dice.is_multiple_of(8) {
                // The next request may come meanwhile: nobody reads it.
                thread::sleep(Duration::from_micros(dice % 3000));
                break peer.close();
            }
        };
        now.fetch_sub(1, Ordering::SeqCst);
        closed
    });
    let case = run("with_retries", &origin);
    case.line(&format!("answered {COUNT}"));
    assert_ne!(case.line("retried "), "0", "the server meant to make it hard");
    assert!(origin.connections() > 50 && most.load(Ordering::SeqCst) <= 50);
    case.finish();
}
