//! Frames as RFC 6455 section 5.7 and RFC 7692 section 7.2.3 write them, whole and in pieces; what no peer may send.

use super::{
    negotiation::{accept, confirm, offer},
    *,
};

const KEY: mask::Key = [0x37, 0xfa, 0x21, 0x3d];

fn end(role: Role, deflate: Option<&DeflateParameters>, limits: Limits) -> Connection {
    Connection::new(role, deflate, limits, || KEY)
}

/// All events that `bytes` make in pieces of `size`, and what is answered.
fn feed(connection: &mut Connection, bytes: &[u8], size: usize) -> (Vec<Event>, Vec<u8>) {
    let (mut events, mut sent) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(size) {
        connection.receive(piece.to_vec());
        while let Some(event) = connection.next_event(&mut |bytes| sent.extend_from_slice(bytes)) {
            events.push(event);
        }
    }
    (events, sent)
}

fn text(text: &str) -> Event {
    Event::Message(Message::Text(text.to_owned()))
}

fn binary(bytes: &[u8]) -> Event {
    Event::Message(Message::Binary(bytes.to_vec()))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex digits"))
        .collect()
}

fn send(connection: &mut Connection, message: Message) -> Vec<u8> {
    let mut sent = Vec::new();
    connection.send(message, &mut |bytes| sent.extend_from_slice(bytes));
    sent
}

fn both(options: &DeflateOptions) -> DeflateParameters {
    let (agreed, answer) = accept(options, &offer(options)).expect("it is well formed").expect("it is taken");
    assert_eq!(confirm(options, &answer), Ok(agreed));
    agreed
}

/// Who receives, its frames, what they are, and what is answered.
const VECTORS: &[(Role, &str, &[&str], &str)] = &[
    (Role::Client, "81 05 48656c6c6f", &["Hello"], ""),
    (Role::Server, "81 85 37fa213d 7f9f4d5158", &["Hello"], ""),
    (Role::Client, "01 03 48656c 80 02 6c6f", &["Hello"], ""),
    (Role::Client, "89 05 48656c6c6f", &[], "8a 85 37fa213d 7f9f4d5158"),
    (Role::Server, "89 85 37fa213d 7f9f4d5158", &[], "8a 05 48656c6c6f"),
    (Role::Client, "01 01 ce 89 00 80 01 ba 8a 00", &["κ"], "8a 80 37fa213d"),
    (Role::Client, "81 00 01 00 00 00 80 00", &["", ""], ""),
];

#[test]
fn the_frames_of_the_standard() {
    for (role, frames, messages, answer) in VECTORS {
        let frames = hex(frames);
        for size in 1..=frames.len() {
            let result = feed(&mut end(*role, None, Limits::default()), &frames, size);
            let messages = messages.iter().map(|message| text(message)).collect();
            assert_eq!(result, (messages, hex(answer)), "{frames:02x?} in pieces of {size}");
        }
    }
}

#[test]
fn every_size_of_length_goes_both_ways() {
    for size in [0, 1, 125, 126, 127, 1024, 1025, 65_535, 65_536, 200_000] {
        let payload: Vec<u8> = (0..size).map(|at: u32| at.to_le_bytes()[0]).collect();
        for (from, to) in [(Role::Client, Role::Server), (Role::Server, Role::Client)] {
            let sent = send(&mut end(from, None, Limits::default()), Message::Binary(payload.clone()));
            for piece in [sent.len(), 4096, 7] {
                let (events, _) = feed(&mut end(to, None, Limits::default()), &sent, piece);
                assert_eq!(events, [binary(&payload)], "{size} bytes");
            }
        }
    }
}

/// Frames that fail a client's connection, and the close code that it answers with.
const WRONG: &[(&str, u16)] = &[
    ("c1 00", 1002),
    ("a1 00", 1002),
    ("91 00", 1002),
    ("83", 1002),
    ("8b", 1002),
    ("80 00", 1002),
    ("01 00 81 00", 1002),
    ("81 80 00000000", 1002),
    ("09 00", 1002),
    ("89 7e", 1002),
    ("82 7e 007d", 1002),
    ("82 7f 000000000000ffff", 1002),
    ("82 7f 8000000000000000", 1002),
    ("88 01 03", 1002),
    ("88 02 03ec", 1002),
    ("88 02 03ed", 1002),
    ("88 02 03ee", 1002),
    ("88 02 03f7", 1002),
    ("88 02 0000", 1002),
    ("88 02 07d0", 1002),
    ("88 02 1388", 1002),
    ("88 03 03e8 ff", 1007),
    ("81 01 ff", 1007),
    ("81 02 ceba 81 01 ce", 1007),
    ("01 02 f490", 1007),
    ("82 7f 0000000001000001", 1009),
];

#[test]
fn what_no_peer_may_send() {
    for (frames, code) in WRONG {
        let frames = hex(frames);
        for size in 1..=frames.len() {
            let (events, sent) = feed(&mut end(Role::Client, None, Limits::default()), &frames, size);
            let Some(Event::Failed(violation)) = events.last() else { panic!("{frames:02x?}: {events:?}") };
            assert_eq!(violation.code, *code, "{frames:02x?}");
            let answer = [[0x88, 0x80 | (violation.reason.len() as u8 + 2)].as_slice(), &KEY].concat();
            assert!(sent.starts_with(&answer), "{sent:02x?}");
        }
    }
    let (events, _) = feed(&mut end(Role::Server, None, Limits::default()), &hex("81 00"), 2);
    assert!(matches!(&*events, [Event::Failed(Violation { code: 1002, .. })]), "{events:?}");
}

#[test]
fn a_close_frame_is_answered_once_and_ends_everything() {
    for (frame, code, reason, answer) in
        [("88 00", None, "", "88 80 37fa213d"), ("88 04 0fa1 6869", Some(4001), "hi", "88 82 37fa213d 385b")]
    {
        let mut client = end(Role::Client, None, Limits::default());
        let frames = [hex(frame), hex("81 00 ff ff")].concat();
        let (events, sent) = feed(&mut client, &frames, 64);
        assert_eq!(events, [Event::Closed(CloseFrame { code, reason: reason.to_owned() })]);
        assert_eq!(sent, hex(answer));
        assert_eq!(send(&mut client, Message::Text("late".to_owned())), b"");
    }
}

#[test]
fn after_close_only_the_answer_counts() {
    let mut server = end(Role::Server, None, Limits::default());
    let mut sent = Vec::new();
    let frame = CloseFrame { code: Some(1000), reason: "bye".to_owned() };
    server.close(&frame, &mut |bytes| sent.extend_from_slice(bytes));
    server.close(&frame, &mut |bytes| sent.extend_from_slice(bytes));
    server.ping(&mut |bytes| sent.extend_from_slice(bytes));
    assert_eq!(sent, hex("88 05 03e8 627965"));
    let frames = hex("81 81 00000000 61 89 80 00000000 88 82 00000000 03e8");
    let (events, answer) = feed(&mut server, &frames, 3);
    assert_eq!(events, [Event::Closed(CloseFrame { code: Some(1000), reason: String::new() })]);
    assert_eq!(answer, b"");
}

#[test]
fn limits_hold_for_frames_and_for_messages() {
    let limits = Limits { frame: 4, message: 6 };
    let code = |frames: &str| match &*feed(&mut end(Role::Client, None, limits), &hex(frames), 99).0 {
        [Event::Failed(violation)] => violation.code,
        [Event::Message(_)] => 0,
        other => panic!("{other:?}"),
    };
    assert_eq!(code("82 05"), 1009);
    assert_eq!(code("02 04 00000000 80 03"), 1009);
    assert_eq!(code("02 04 00000000 80 02 0000"), 0);
}

#[test]
fn nothing_is_reserved_for_what_is_announced() {
    let mut client = end(Role::Client, None, Limits::default());
    client.receive(hex("82 7f 0000000000ffffff 00"));
    assert_eq!(client.next_event(&mut |_| ()), None);
    assert!(client.memory() < 64, "{}", client.memory());
    assert!(client.is_within_message());
}

#[test]
fn the_compressed_messages_of_the_standard() {
    let agreed = both(&DeflateOptions::default());
    for (frames, messages) in [
        ("c1 07 f248cdc9c90700", 1),
        ("41 03 f248cd 80 04 c9c90700", 1),
        ("c1 07 f248cdc9c90700 c1 05 f200110000", 2),
        ("c1 0b 000500faff48656c6c6f00", 1),
        ("c1 08 f348cdc9c9070000", 1),
        ("c1 0d f248050000 00ffffcac9c90700", 1),
        ("81 05 48656c6c6f", 1),
    ] {
        let frames = hex(frames);
        for size in 1..=frames.len() {
            let (events, _) = feed(&mut end(Role::Client, Some(&agreed), Limits::default()), &frames, size);
            assert_eq!(events, vec![text("Hello"); messages], "{frames:02x?} in pieces of {size}");
        }
    }
}

#[test]
fn compressed_messages_go_both_ways() {
    let words: Vec<u8> =
        (0..40_000_u32).flat_map(|at| (at * at / 7 % 251).to_string().into_bytes()).collect();
    let messages = [words.clone(), vec![b'x'; 300_000], words[..1024].to_vec(), words];
    for forgets in [false, true] {
        for bits in [None, Some(8), Some(9), Some(15)] {
            let agreed = both(&DeflateOptions {
                threshold: 0,
                server_no_context_takeover: forgets,
                client_no_context_takeover: forgets,
                server_max_window_bits: bits,
                client_max_window_bits: bits,
            });
            let mut client = end(Role::Client, Some(&agreed), Limits::default());
            let mut server = end(Role::Server, Some(&agreed), Limits::default());
            for message in &messages {
                let sent = send(&mut client, Message::Binary(message.clone()));
                assert!(sent.len() < message.len(), "{} of {}", sent.len(), message.len());
                let (events, _) = feed(&mut server, &sent, 1000);
                assert!(matches!(&*events, [Event::Message(Message::Binary(got))] if got == message));
            }
            let held = client.memory() + server.memory();
            assert_eq!(held == 0, forgets, "{held}");
        }
    }
}

#[test]
fn small_messages_are_not_compressed() {
    let agreed = both(&DeflateOptions::default());
    let mut server = end(Role::Server, Some(&agreed), Limits::default());
    assert_eq!(send(&mut server, Message::Text("a".repeat(1023)))[0], 0x81);
    assert_eq!(send(&mut server, Message::Text("a".repeat(1024)))[0], 0xc1);
    assert_eq!(send(&mut server, Message::Text(String::new())), [0x81, 0]);
}

#[test]
fn a_bomb_costs_its_bound() {
    let agreed = both(&DeflateOptions::default());
    let mut server = end(Role::Server, Some(&agreed), Limits::default());
    let bomb = send(&mut server, Message::Binary(vec![0; 8 << 20]));
    assert!(bomb.len() < 100_000);
    let mut client = end(Role::Client, Some(&agreed), Limits { frame: 1 << 20, message: 100_000 });
    let (events, _) = feed(&mut client, &bomb, bomb.len());
    assert_eq!(events, [Event::Failed(Violation::TOO_BIG)]);
    assert!(client.memory() < 100_001 + bomb.len() + 64 * 1024, "{}", client.memory());
}

#[test]
fn broken_compression_fails() {
    let agreed = both(&DeflateOptions::default());
    let (events, _) =
        feed(&mut end(Role::Client, Some(&agreed), Limits::default()), &hex("c1 04 ffffffff"), 1);
    assert!(matches!(&*events, [Event::Failed(Violation { code: 1007, .. })]), "{events:?}");
}

#[test]
fn what_a_server_makes_of_offers() {
    let plain = DeflateOptions::default();
    let bits = DeflateOptions {
        client_max_window_bits: Some(10),
        server_max_window_bits: Some(12),
        client_no_context_takeover: true,
        ..plain
    };
    let answer = |options, offers| accept(options, offers).map(|taken| taken.map(|(_, answer)| answer));
    for (options, offers, expected) in [
        (&plain, "permessage-deflate", Some("permessage-deflate")),
        (&plain, "permessage-deflate; client_max_window_bits", Some("permessage-deflate")),
        (&plain, "x-other, permessage-deflate;x=1, permessage-deflate", Some("permessage-deflate")),
        (
            &plain,
            "permessage-deflate; server_max_window_bits=\"9\" ; server_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover; server_max_window_bits=9"),
        ),
        (
            &bits,
            "permessage-deflate; client_max_window_bits=9",
            Some(
                "permessage-deflate; client_no_context_takeover; server_max_window_bits=12; \
                 client_max_window_bits=9",
            ),
        ),
        (&bits, "permessage-deflate; client_max_window_bits; server_max_window_bits=7", None),
        (&plain, "permessage-deflate; server_max_window_bits", None),
        (&plain, "permessage-deflate; server_no_context_takeover=1", None),
        (&plain, "permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        (&plain, "permessage-deflate; server_max_window_bits=08", None),
        (&plain, "", None),
    ] {
        assert_eq!(answer(options, offers), Ok(expected.map(str::to_owned)), "{offers}");
    }
    for offers in ["permessage-deflate;", "a b", ";", "permessage-deflate; x=", "permessage-deflate; x=\"1"] {
        assert_eq!(answer(&plain, offers), Err(negotiation::Malformed), "{offers}");
    }
}

#[test]
fn what_a_client_refuses_in_an_answer() {
    let plain = DeflateOptions::default();
    assert!(confirm(&plain, "permessage-deflate; client_max_window_bits=8").is_ok());
    for answer in [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; unknown",
    ] {
        assert!(confirm(&plain, answer).is_err(), "{answer}");
    }
    let narrow = DeflateOptions { server_max_window_bits: Some(10), ..plain };
    assert!(confirm(&narrow, "permessage-deflate; server_max_window_bits=10").is_ok());
    assert!(confirm(&narrow, "permessage-deflate; server_max_window_bits=11").is_err());
    assert!(confirm(&narrow, "permessage-deflate").is_err());
}
