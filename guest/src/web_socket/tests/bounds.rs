//! What peers and applications can make a connection hold.

use super::*;
use crate::runtime::{DEFAULT_BUDGET, budget_used, set_budget};

#[test]
fn messages_that_nobody_takes_stop_the_reading() {
    let (socket, _reader, writer) = accepted(AcceptOptions::default());
    for _ in 0..1000 {
        writer.push(&frame(0x81, b"a"));
    }
    let taken = [(); 5].map(|()| {
        run_until_stalled();
        socket.take_events(usize::MAX).len()
    });
    assert_eq!(taken, [1 + 256, 256, 256, 232, 0]);
}

#[test]
fn large_messages_count_by_their_bytes() {
    let limits = Limits { high_water_mark: 100, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let (socket, _reader, writer) = accepted(AcceptOptions { settings, ..AcceptOptions::default() });
    for _ in 0..5 {
        writer.push(&frame(0x82, &[0; 60]));
    }
    assert_eq!(told(&socket), "open, 60 bytes, 60 bytes");
    assert_eq!(told(&socket), "60 bytes, 60 bytes");
    assert_eq!(told(&socket), "60 bytes");
}

/// The peer floods with pings and reads no answer: what is not read of it stays with it.
#[test]
fn a_flood_of_pings_is_bounded() {
    let (near, far) = memory::pipe(4096);
    let server = server();
    server.adopt(Stream::Memory(far)).expect("it is open");
    let (reader, writer) = near.split();
    writer.push(ASKS.as_bytes());
    let socket = upgrade(&server, AcceptOptions::default()).expect("it asks").expect("it may");
    run_until_stalled();
    reader.take();
    let before = budget_used();
    for _ in 0..100_000 {
        writer.push(&frame(0x89, &[7; 100]));
    }
    run_until_stalled();
    let held = budget_used() - before;
    assert!(held < 1 << 21, "{held}");
    assert_eq!(told(&socket), "open");
    // It goes on where it stopped once the answers are read.
    let mut pongs = 0;
    loop {
        run_until_stalled();
        let bytes = reader.take().len();
        if bytes == 0 {
            break;
        }
        pongs += bytes;
    }
    assert_eq!(pongs, 100_000 * 102);
}

#[test]
fn a_peer_that_reads_nothing_is_given_up() {
    let limits = Limits { max_buffered_amount: 10_000, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let (near, far) = memory::pipe(4096);
    let server = server();
    server.adopt(Stream::Memory(far)).expect("it is open");
    let (reader, writer) = near.split();
    writer.push(ASKS.as_bytes());
    let options = AcceptOptions { settings, ..AcceptOptions::default() };
    let socket = upgrade(&server, options).expect("it asks").expect("it may");
    run_until_stalled();
    for _ in 0..5 {
        socket.send(Message::Binary(vec![0; 5000])).expect("it is open");
        run_until_stalled();
    }
    assert_eq!(told(&socket), "open, error The buffer of messages to send is full, unclean 1006");
    assert_eq!(socket.buffered_amount(), 25_000, "what is lost still counts");
    drop(reader);
}

#[test]
fn a_message_that_never_ends_has_a_bound() {
    let limits = Limits { max_message_size: 1000, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let (socket, reader, writer) = accepted(AcceptOptions { settings, ..AcceptOptions::default() });
    writer.push(&frame(0x01, &[b'a'; 100]));
    for _ in 0..9 {
        writer.push(&frame(0x00, &[b'a'; 100]));
    }
    assert_eq!(told(&socket), "open");
    writer.push(&frame(0x00, b"a"));
    drop(writer);
    assert_eq!(told(&socket), "error Message is too big, unclean 1006");
    assert_eq!(reader.take()[2..4], 1009_u16.to_be_bytes());
}

#[test]
fn without_memory_a_growing_message_is_refused_and_others_live() {
    let (other, other_reader, other_writer) = accepted(AcceptOptions::default());
    let (socket, _reader, writer) = accepted(AcceptOptions::default());
    set_budget(200_000);
    writer.push(&frame(0x02, b""));
    for _ in 0..4000 {
        writer.push(&frame(0x00, &[0; 100]));
        run_until_stalled();
    }
    drop(writer);
    assert_eq!(told(&socket), "open, error No memory is left for the message, unclean 1006");
    other_writer.push(&frame(0x89, b"?"));
    other_writer.push(&frame(0x81, b"alive"));
    assert_eq!(told(&other), "open, alive");
    assert_eq!(other_reader.take(), [0x8a, 1, b'?']);
    set_budget(DEFAULT_BUDGET);
}

#[test]
fn what_a_connection_holds_is_given_back() {
    let before = budget_used();
    {
        let deflate = Some(DeflateOptions::default());
        let settings = Settings { deflate, ..Settings::default() };
        let (client, server) = pair(AcceptOptions { settings, ..AcceptOptions::default() }, settings);
        client.send(Message::Binary(vec![0; 50_000])).expect("it is open");
        run_until_stalled();
        assert!(budget_used() - before > 50_000, "{}", budget_used() - before);
        drop((client, server));
        run_until_stalled();
        advance(12_000);
        run_until_stalled();
    }
    assert_eq!(budget_used(), before);
}

#[test]
fn pings_keep_a_connection_and_find_a_dead_one() {
    let settings = Settings { ping_interval: Span::millis(1000), ..Settings::default() };
    let (socket, reader, writer) = accepted(AcceptOptions { settings, ..AcceptOptions::default() });
    // What the handshake brought counts as a word.
    advance(1008);
    assert_eq!((told(&socket), reader.take()), ("open".to_owned(), Vec::new()));
    for _ in 0..3 {
        advance(1008);
        run_until_stalled();
        assert_eq!(reader.take(), [0x89, 0], "into the silence");
        writer.push(&frame(0x8a, b""));
        run_until_stalled();
        advance(1008);
        run_until_stalled();
        assert_eq!(reader.take(), b"", "something was heard");
    }
    advance(1008);
    run_until_stalled();
    advance(1008);
    assert_eq!(told(&socket), "error The peer does not answer pings, unclean 1006");
}
