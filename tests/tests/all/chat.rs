//! The demo's chat; only our sockets can be drained.

use std::net::SocketAddr;

use node_http_host::DEMO;
use node_http_tests::Case;
use node_http_tests::web_socket::RawWebSocket;

use super::SOCKETS;

const TARGET: &str = "/chat/socket";

fn demo() -> (Case, SocketAddr) {
    let case = Case::program(SOCKETS, DEMO);
    let address = case.line("listening on http://").parse().expect("an address");
    (case, address)
}

/// Comes in as number `id`.
fn join(address: SocketAddr, name: &str, id: u64) -> RawWebSocket {
    // As browsers say where their page is from.
    let mut socket = RawWebSocket::open_with(address, TARGET, "Origin: http://a\r\n");
    socket.say(name);
    assert_eq!(socket.hear(), format!("{{\"you\": {id}}}"));
    socket
}

#[test]
fn what_one_says_all_hear() {
    let (_case, address) = demo();
    let mut ada = join(address, "Ada", 0);
    assert_eq!(ada.hear(), r#"{"people": ["Ada"]}"#);
    let mut bob = join(address, " <b>\"Bob\" ", 1);
    let both = r#"{"people": ["Ada", "<b>\"Bob\""]}"#;
    assert_eq!((ada.hear(), bob.hear()), (both.to_owned(), both.to_owned()));
    ada.say("hello \u{1f44b}");
    let line = "{\"id\": 0, \"from\": \"Ada\", \"text\": \"hello \u{1f44b}\"}";
    assert_eq!((&*ada.hear(), &*bob.hear()), (line, line));
    drop(ada);
    assert_eq!(bob.hear(), r#"{"people": ["<b>\"Bob\""]}"#);
    // Who comes later is told what was said.
    let mut eve = join(address, "Eve", 2);
    assert_eq!(eve.hear(), line);
    assert_eq!(eve.hear(), r#"{"people": ["<b>\"Bob\"", "Eve"]}"#);
}

#[test]
fn nobody_has_the_name_of_another() {
    let (_case, address) = demo();
    let mut first = join(address, "Ada", 0);
    first.hear();
    let mut second = join(address, "Ada", 1);
    assert_eq!(first.hear(), r#"{"people": ["Ada", "Ada (2)"]}"#);
    second.hear();
    second.say("I am the other one");
    assert_eq!(first.hear(), r#"{"id": 1, "from": "Ada (2)", "text": "I am the other one"}"#);
    drop(first);
    second.hear();
    second.hear();
    // Free again, and told from the first one by the number.
    join(address, "Ada", 2);
    assert_eq!(second.hear(), r#"{"people": ["Ada (2)", "Ada"]}"#);
}

#[test]
fn only_so_much_is_kept_and_said_at_once() {
    let (_case, address) = demo();
    let mut ada = join(address, &"A".repeat(100), 0);
    let name = "A".repeat(30);
    assert_eq!(ada.hear(), format!("{{\"people\": [\"{name}\"]}}"));
    let line = |text: &str| format!("{{\"id\": 0, \"from\": \"{name}\", \"text\": \"{text}\"}}");
    for number in 0..60 {
        ada.say(&number.to_string());
        assert_eq!(ada.hear(), line(&number.to_string()));
    }
    ada.say(&"x".repeat(2000));
    assert_eq!(ada.hear(), line(&"x".repeat(1000)));
    let mut late = join(address, "Late", 1);
    assert_eq!(late.hear(), line("11"));
    // More than any page sends ends the connection.
    late.say(&"x".repeat(20_000));
    assert_eq!(late.close_code(), Some(1009));
}

#[test]
fn pages_of_others_are_refused() {
    let (_case, address) = demo();
    for origin in ["http://evil.example", "null"] {
        let (_, answer) = RawWebSocket::ask(address, TARGET, &format!("Origin: {origin}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n"), "{answer}");
    }
}

#[test]
fn a_drain_ends_it_at_once() {
    let (case, address) = demo();
    let mut ada = join(address, "Ada", 0);
    ada.hear();
    case.drain();
    let (first, payload) = ada.receive();
    assert_eq!((first, &*payload), (0x88, b"\x03\xe8the server stops".as_slice()));
    // It is answered; a client that does not is given up after two seconds.
    ada.send(&node_http_tests::web_socket::frame(0x88, b"\x03\xe8"));
    case.finish();
}
