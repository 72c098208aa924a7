//! The policy, row by row, and at random.

mod walk;

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, test_runner::RngSeed};

use super::*;

const A: &str = "a:80:";
const B: &str = "b:80:";
const C: &str = "c:80:";

fn pool(options: Options) -> Pool {
    Pool::new(options).expect("valid options")
}

fn keeping() -> Options {
    Options { keep_alive: true, ..Options::default() }
}

/// A new connection to `name` for a request, which must get one.
fn open(pool: &mut Pool, name: &str, id: u64) {
    assert_eq!(pool.add_request(name, id), Assignment::Connect);
    pool.connected(name, id);
}

/// A connection that has served its request and went to the pool.
fn park(pool: &mut Pool, name: &str, id: u64) {
    open(pool, name, id);
    release(pool, id);
}

/// The request of a connection is over, and nothing keeps it from the pool.
fn release(pool: &mut Pool, id: u64) {
    assert_eq!(pool.freed(id, true), Freed::Offer);
    assert_eq!(pool.pool(id), Pooled::Kept(None));
}

fn listed(origin: &str, sockets: &[SocketId]) -> Vec<(String, Vec<SocketId>)> {
    vec![(origin.to_owned(), sockets.to_vec())]
}

/// Rows: AG3
#[test]
fn connections_are_kept_with_keep_alive_only() {
    let mut pool = pool(Options::default());
    assert!(!pool.keeps_requests_alive());
    open(&mut pool, A, 1);
    assert_eq!(pool.freed(1, true), Freed::Destroy);

    let mut pool = self::pool(keeping());
    assert!(pool.keeps_requests_alive());
    open(&mut pool, A, 1);
    assert_eq!(pool.freed(1, false), Freed::Destroy, "the exchange does not allow it");
    assert_eq!(pool.freed(1, true), Freed::Offer);
    let limited = Options { max_sockets: Some(1), ..Options::default() };
    assert!(self::pool(limited).keeps_requests_alive(), "the next request may want it");
}

/// Rows: AG5, AG17, AG19, I-35
#[test]
fn requests_beyond_max_sockets_wait_in_line() {
    let mut pool = pool(Options { max_sockets: Some(1), ..Options::default() });
    open(&mut pool, A, 1);
    assert_eq!(pool.add_request(A, 2), Assignment::Wait);
    assert_eq!(pool.add_request(A, 3), Assignment::Wait);
    open(&mut pool, B, 4);
    assert_eq!(pool.requests(), [(A.to_owned(), 2)]);
    assert_eq!(pool.freed(1, true), Freed::Assign(2), "not Reuse: reusedSocket stays false");
    assert_eq!(pool.freed(1, true), Freed::Assign(3));
    assert_eq!(pool.requests(), []);
    assert_eq!(pool.freed(1, true), Freed::Destroy);
    assert_eq!(pool.closed(1), None);

    pool.set_max_sockets(Some(0));
    assert_eq!(pool.options().max_sockets, None);
    open(&mut pool, B, 5);
}

/// Rows: AG5
#[test]
fn connections_in_the_making_count() {
    let mut pool = pool(Options { max_sockets: Some(1), ..Options::default() });
    assert_eq!(pool.add_request(A, 1), Assignment::Connect);
    assert_eq!((pool.total_sockets(), pool.sockets()), (1, vec![]));
    assert_eq!(pool.add_request(A, 2), Assignment::Wait);
    assert_eq!(pool.connect_failed(A), Some(A.to_owned()), "made again, for request 2");
    assert_eq!(pool.next_waiting(A), Some(2));
    assert_eq!(pool.connect_failed(A), None);
    assert_eq!(pool.total_sockets(), 0);
}

/// Rows: AG6, AG18
#[test]
fn max_total_sockets_holds_for_all_origins() {
    let zero = Options { max_total_sockets: Some(0), ..Options::default() };
    let error = Pool::new(zero).expect_err("0 is out of range");
    let text = "The value of \"maxTotalSockets\" is out of range. It must be >= 1. Received 0";
    assert_eq!((error.code(), error.message()), ("ERR_OUT_OF_RANGE", text));

    let mut pool = pool(Options { max_total_sockets: Some(2), ..keeping() });
    assert_eq!(pool.set_max_total_sockets(Some(0)).expect_err("as above").message(), text);
    assert_eq!(pool.options().max_total_sockets, Some(2));
    open(&mut pool, A, 1);
    park(&mut pool, B, 2);
    assert_eq!(pool.add_request(C, 3), Assignment::Wait, "free connections count");
    pool.set_max_total_sockets(Some(3)).expect("in range");
    open(&mut pool, A, 4);
}

/// Rows: AG6, I-33, I-34
#[test]
fn a_free_connection_makes_room_for_an_origin_without_any() {
    let mut pool = pool(Options { max_total_sockets: Some(1), ..keeping() });
    open(&mut pool, A, 1);
    assert_eq!(pool.add_request(B, 2), Assignment::Wait);
    assert_eq!(pool.freed(1, true), Freed::Destroy);
    assert_eq!(pool.closed(1), Some(B.to_owned()));
    pool.connected(B, 2);
    assert_eq!(pool.next_waiting(B), Some(2));
    release(&mut pool, 2);
    assert_eq!(pool.total_sockets(), 1);
}

/// Rows: AG7, AG14, AG16, I-33
#[test]
fn max_free_sockets_limits_the_free_ones() {
    let mut pool = pool(Options { max_free_sockets: 1, ..keeping() });
    open(&mut pool, A, 1);
    open(&mut pool, A, 2);
    open(&mut pool, A, 3);
    release(&mut pool, 2);
    assert_eq!(pool.freed(1, true), Freed::Destroy);
    assert_eq!((pool.sockets(), pool.free_sockets()), (listed(A, &[1, 3]), listed(A, &[2])));
    pool.set_max_free_sockets(2);
    release(&mut pool, 1);
    assert_eq!(pool.free_sockets(), listed(A, &[2, 1]));
    assert!(pool.is_free(1) && !pool.is_free(3));
    assert_eq!(pool.closed(2), None);
    assert_eq!(pool.closed(1), None);
    assert_eq!(pool.free_sockets(), [], "an empty list is not there");
    pool.set_max_free_sockets(0);
    assert_eq!(pool.options().max_free_sockets, 256);
}

/// Rows: I-33
#[test]
fn lowered_limits_close_what_becomes_free() {
    let mut pool = pool(keeping());
    open(&mut pool, A, 1);
    open(&mut pool, A, 2);
    pool.set_max_sockets(Some(1));
    assert_eq!(pool.freed(1, true), Freed::Destroy);
    assert_eq!(pool.closed(1), None);
    assert_eq!(pool.freed(2, true), Freed::Offer);
    open(&mut pool, B, 3);
    pool.set_max_total_sockets(Some(1)).expect("in range");
    assert_eq!(pool.pool(2), Pooled::Destroy);
}

/// Rows: AG8, AG12
#[test]
fn scheduling_picks_the_newest_or_the_oldest() {
    for (scheduling, first, second) in [(Scheduling::Lifo, 2, 1), (Scheduling::Fifo, 1, 2)] {
        let mut pool = pool(Options { scheduling, ..keeping() });
        open(&mut pool, A, 1);
        park(&mut pool, A, 2);
        assert_eq!(pool.add_request(A, 3), Assignment::Reuse(2));
        release(&mut pool, 1);
        release(&mut pool, 2);
        assert_eq!(pool.add_request(A, 4), Assignment::Reuse(first), "{scheduling:?}");
        assert_eq!(pool.add_request(A, 5), Assignment::Reuse(second), "{scheduling:?}");
        assert_eq!(pool.sockets(), listed(A, &[first, second]));
        assert_eq!(pool.add_request(B, 6), Assignment::Connect, "another origin has no part in them");
    }
    assert_eq!(Options::default().scheduling, Scheduling::Lifo);
}

/// Rows: AG13
#[test]
fn destroy_starts_with_the_free_ones_and_waiting_requests_live_on() {
    let mut pool = pool(Options { max_sockets: Some(1), ..keeping() });
    open(&mut pool, A, 1);
    park(&mut pool, B, 2);
    assert_eq!(pool.add_request(A, 3), Assignment::Wait);
    assert_eq!(pool.all_sockets(), [2, 1]);
    assert_eq!(pool.closed(2), None);
    assert_eq!(pool.closed(1), Some(A.to_owned()));
    pool.connected(A, 4);
    assert_eq!(pool.next_waiting(A), Some(3));
}

/// Rows: AG15
#[test]
fn names_are_nodes() {
    let none = NameOptions::default();
    let rows = [
        (none, "localhost::"),
        (NameOptions { host: Some("h"), port: Some(80), ..none }, "h:80:"),
        (NameOptions { host: Some(""), port: Some(0), ..none }, "localhost::"),
        (NameOptions { local_address: Some("127.0.0.1"), ..none }, "localhost::127.0.0.1"),
        (NameOptions { port: Some(1), family: Some(IpFamily::Ipv4), ..none }, "localhost:1::4"),
        (NameOptions { family: Some(IpFamily::Ipv6), ..none }, "localhost:::6"),
        (NameOptions { socket_path: Some("/x"), ..none }, "localhost:::/x"),
        (NameOptions { socket_path: Some(""), ..none }, "localhost::"),
    ];
    for (options, expected) in rows {
        assert_eq!(name(&options), expected);
    }
}

/// Rows: AG19
#[test]
fn a_destroyed_request_leaves_the_queue() {
    let mut pool = pool(Options { max_sockets: Some(1), ..Options::default() });
    open(&mut pool, A, 1);
    for request in 2..5 {
        assert_eq!(pool.add_request(A, request), Assignment::Wait);
    }
    pool.cancel(3);
    pool.cancel(1);
    assert_eq!(pool.requests(), [(A.to_owned(), 2)]);
    assert_eq!(pool.freed(1, true), Freed::Assign(2));
    assert_eq!(pool.freed(1, true), Freed::Assign(4));
    assert_eq!(pool.add_request(A, 5), Assignment::Wait);
    pool.cancel(5);
    assert_eq!(pool.requests(), []);
}

/// Rows: AG20
#[test]
fn sockets_shows_those_in_use_in_their_order() {
    let mut pool = pool(keeping());
    open(&mut pool, B, 1);
    open(&mut pool, A, 2);
    park(&mut pool, B, 3);
    assert_eq!(pool.free_sockets(), listed(B, &[3]));
    assert_eq!(pool.add_request(B, 4), Assignment::Reuse(3));
    assert_eq!(pool.free_sockets(), []);
    assert_eq!(pool.sockets(), [(B.to_owned(), vec![1, 3]), (A.to_owned(), vec![2])]);
}

/// Rows: AG21
#[test]
fn a_removed_connection_counts_no_more() {
    let mut pool = pool(Options { max_sockets: Some(1), ..keeping() });
    open(&mut pool, A, 1);
    assert_eq!(pool.add_request(A, 2), Assignment::Wait);
    assert_eq!(pool.remove(1), Some(A.to_owned()));
    pool.connected(A, 3);
    assert!(!pool.contains(1) && pool.contains(3));
    assert_eq!((pool.freed(1, true), pool.closed(1)), (Freed::Destroy, None));
}

/// Rows: I-34
#[test]
fn a_close_makes_room_for_the_same_origin_first() {
    let mut pool = pool(Options { max_total_sockets: Some(2), ..keeping() });
    open(&mut pool, A, 1);
    open(&mut pool, B, 2);
    for (request, origin) in [(3, A), (4, C), (5, B)] {
        assert_eq!(pool.add_request(origin, request), Assignment::Wait);
    }
    assert_eq!(pool.closed(2), Some(B.to_owned()));
    pool.connected(B, 6);
    assert_eq!(pool.next_waiting(B), Some(5));
    assert_eq!(pool.closed(6), Some(C.to_owned()), "A waits longer, but has a connection");
}

#[test]
fn what_happens_while_keep_socket_alive_is_asked_counts() {
    let mut pool = pool(Options { max_sockets: Some(1), max_total_sockets: Some(1), ..keeping() });
    open(&mut pool, A, 1);
    assert_eq!(pool.freed(1, true), Freed::Offer);
    assert_eq!(pool.add_request(A, 2), Assignment::Wait);
    assert_eq!(pool.pool(1), Pooled::Assign(2));
    assert_eq!(pool.freed(1, true), Freed::Offer);
    assert_eq!(pool.add_request(B, 3), Assignment::Wait);
    assert_eq!(pool.pool(1), Pooled::Destroy);
    pool.set_max_total_sockets(None).expect("in range");
    assert_eq!(pool.pool(1), Pooled::Kept(Some(B.to_owned())), "there is room for both now");
}

/// Rows: AG4, AG9
#[test]
fn options_are_nodes() {
    let odd = Options { keep_alive_msecs: 0, max_free_sockets: 0, timeout: Some(0), ..Options::default() };
    assert_eq!(pool(odd).options(), &Options::default());
    assert_eq!(Options::default().keep_alive_msecs, 1000);
    let global = Options::global();
    assert_eq!((global.keep_alive, global.timeout, global.max_sockets), (true, Some(5000), None));
}

/// Rows: AG11, I-32
#[test]
fn a_server_announces_how_long_it_waits() {
    let hints = [
        ("timeout=5", Some(4000)),
        ("timeout=5, max=3", Some(4000)),
        ("timeout=1", Some(0)),
        ("timeout=0", Some(0)),
        ("timeout=99999999999999999999", Some(u32::MAX - 1000)),
        ("max=3, timeout=5", None),
        ("Timeout=5", None),
        ("timeout=", None),
        ("timeout=-1", None),
        ("", None),
    ];
    for (header, expected) in hints {
        assert_eq!(keep_alive_hint(header), expected, "{header}");
    }
    // As the vectors have it, and what has no hint.
    assert_eq!(idle_timeout(Some(5000), Some(0)), None);
    assert_eq!(idle_timeout(None, Some(2000)), Some(0));
    assert_eq!(idle_timeout(Some(5000), Some(2000)), Some(2000));
    assert_eq!(idle_timeout(Some(1000), Some(2000)), Some(1000));
    assert_eq!(idle_timeout(Some(5000), None), Some(5000));
    assert_eq!(idle_timeout(None, None), Some(0));
}
