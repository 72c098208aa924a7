//! Arguments, requests and answers.

use super::*;

#[test]
fn the_answer_of_the_standard() {
    assert_eq!(handshake::answer_to("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(handshake::is_key(&handshake::new_key()));
    assert_ne!(handshake::new_key(), handshake::new_key());
    assert_ne!(random::key(), random::key());
}

/// As Node 23.5 words them.
#[test]
fn arguments_that_are_refused() {
    let url = |text: &str| address::parse(text).map(String::from).map_err(|error| error.message().to_owned());
    assert_eq!(url("ws://a/b?c"), Ok("ws://a/b?c".to_owned()));
    assert_eq!(url("http://a:80"), Ok("ws://a/".to_owned()));
    for (text, message) in [
        ("foo", "TypeError: Invalid URL"),
        ("ws://", "TypeError: Invalid URL"),
        ("ws://x:99999/", "TypeError: Invalid URL"),
        ("ftp://x/", "Expected a ws: or wss: protocol, got ftp:"),
        ("ws://x/#", "Got fragment"),
        ("wss://x/#f", "Got fragment"),
    ] {
        assert_eq!(url(text), Err(message.to_owned()));
    }
    for text in ["wss://x/", "https://x/"] {
        let error = address::parse(text).expect_err("there is no TLS");
        assert_eq!(error.code(), "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    }
    for protocols in [&["a", "A"][..], &["a b"], &[""], &["a,b"], &["é"], &["a/b"]] {
        let protocols: Vec<String> = protocols.iter().map(|protocol| (*protocol).to_owned()).collect();
        let error = address::check_protocols(&protocols).expect_err("they are no protocols");
        assert_eq!((error.name().as_str(), error.code()), ("SyntaxError", "12"));
        assert_eq!(error.message(), "Invalid Sec-WebSocket-Protocol value");
    }
    let narrow = DeflateOptions { client_max_window_bits: Some(7), ..DeflateOptions::default() };
    let settings = Settings { deflate: Some(narrow), ..Settings::default() };
    let options = ConnectOptions { settings, ..ConnectOptions::default() };
    let error = WebSocket::connect("ws://a/", &[], options).expect_err("no window is so small");
    assert_eq!(error.code(), "ERR_OUT_OF_RANGE");
}

#[test]
fn what_a_client_asks_for() {
    let deflate = Some(DeflateOptions::default());
    let (socket, reader, _writer) = client(&["chat", "x"], Settings { deflate, ..Settings::default() });
    let request = String::from_utf8(reader.take()).expect("a head is text");
    assert!(request.starts_with("GET /chat?a=b HTTP/1.1\r\n"), "{request}");
    for line in [
        "Host: example\r\n",
        "Connection: Upgrade\r\n",
        "Upgrade: websocket\r\n",
        "Sec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Protocol: chat, x\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
    ] {
        assert!(request.contains(line), "{request}");
    }
    assert_eq!((socket.url(), socket.ready_state()), ("ws://example/chat?a=b", ReadyState::Connecting));
    let error = socket.send(text("early")).expect_err("it is not open");
    assert_eq!((error.name().as_str(), error.code()), ("InvalidStateError", "11"));
}

#[test]
fn answers_that_open() {
    let deflate = Some(DeflateOptions::default());
    let settings = Settings { deflate, ..Settings::default() };
    let fields = "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let (socket, _reader, writer) = opened(&["chat", "x"], settings, fields);
    assert_eq!((told(&socket), socket.ready_state()), ("open".to_owned(), ReadyState::Open));
    assert_eq!((socket.protocol(), socket.extensions()), ("x", "permessage-deflate"));
    writer.push(&[0x81, 2, b'h', b'i']);
    assert_eq!(told(&socket), "hi");
}

#[test]
fn answers_that_are_refused() {
    for (protocols, fields, reason) in [
        (&["chat"][..], "", "Protocol was not set in the opening handshake."),
        (&["chat"], "Sec-WebSocket-Protocol: x\r\n", "Protocol was not set in the opening handshake."),
        (&[], "Sec-WebSocket-Protocol: x\r\n", "Protocol was not set in the opening handshake."),
        (
            &[],
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            "Sec-WebSocket-Extensions header mismatch.",
        ),
        (&[], "Sec-WebSocket-Accept: x\r\n", "Incorrect hash received in Sec-WebSocket-Accept header."),
    ] {
        let (socket, reader, _writer) = opened(protocols, Settings::default(), fields);
        assert_eq!(told(&socket), format!("error {reason}, unclean 1006"));
        assert_eq!(socket.ready_state(), ReadyState::Closed);
        assert!(reader.is_ended());
    }
    const REFUSED: &str = "error Received network error or non-101 status code., unclean 1006";
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "",
    ] {
        let (socket, reader, writer) = client(&[], Settings::default());
        writer.push(answer.as_bytes());
        drop(writer);
        assert_eq!(told(&socket), REFUSED, "{answer}");
        assert!(reader.take().starts_with(b"GET ") && reader.is_ended());
    }
}

#[test]
fn requests_that_are_refused() {
    for (from, to, status, reason) in [
        ("GET", "POST", "405 Method Not Allowed", "Invalid HTTP method"),
        ("Upgrade: websocket", "Upgrade: h2c", "426 Upgrade Required", "Invalid Upgrade header"),
        ("25jZQ==", "25jZQ", "400 Bad Request", "Missing or invalid Sec-WebSocket-Key header"),
        ("Sec-WebSocket-Key", "X", "400 Bad Request", "Missing or invalid Sec-WebSocket-Key header"),
        ("n: 13", "n: 8", "426 Upgrade Required", "Missing or invalid Sec-WebSocket-Version header"),
    ] {
        let (near, far) = memory::pipe(1 << 16);
        let server = server();
        server.adopt(Stream::Memory(far)).expect("it is open");
        let (reader, writer) = near.split();
        writer.push(ASKS.replacen(from, to, 1).as_bytes());
        let refused = upgrade(&server, AcceptOptions::default()).expect("it asks for an upgrade");
        let error = refused.expect_err("it is refused");
        assert_eq!((error.code(), error.message()), ("ERR_WEB_SOCKET_HANDSHAKE", reason));
        run_until_stalled();
        let answer = String::from_utf8(reader.take()).expect("text");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\nConnection: close\r\n")), "{answer}");
        assert_eq!(answer.contains("Sec-WebSocket-Version: 13\r\n"), to == "n: 8", "{answer}");
        assert!(reader.is_ended());
    }
}

#[test]
fn what_a_server_answers() {
    let (near, far) = memory::pipe(1 << 16);
    let server = server();
    server.adopt(Stream::Memory(far)).expect("it is open");
    let (reader, writer) = near.split();
    let asks = "Sec-WebSocket-Protocol: a, chat, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let asks = [ASKS.strip_suffix("\r\n").expect("a head"), asks].concat();
    // A client may send before it is answered: the bytes come as the head of the event.
    writer.push(&[asks.as_bytes(), &frame(0x81, b"early")].concat());
    let options = AcceptOptions {
        protocols: vec!["b".to_owned(), "chat".to_owned()],
        headers: vec![("X-A".to_owned(), "1".to_owned())],
        settings: Settings { deflate: Some(DeflateOptions::default()), ..Settings::default() },
    };
    let socket = upgrade(&server, options).expect("it asks").expect("it may");
    assert_eq!(told(&socket), "open, early");
    assert_eq!(
        String::from_utf8(reader.take()).expect("text"),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nX-A: 1\r\n\r\n",
    );
    assert_eq!((socket.url(), socket.protocol(), socket.extensions()), ("", "chat", "permessage-deflate"));
}
