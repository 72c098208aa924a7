//! WebSockets at both ends.

use std::pin::Pin;

use crate::support::*;
use node_http_imports::{
    server::Upgrade,
    web_socket::{
        AcceptOptions, CloseEvent, ConnectOptions, DeflateOptions, Limits, Message, ReadyState, WebSocket,
        WebSocketEventKind,
    },
};

/// Arguments: what is done, then its own.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let (what, arguments) = arguments.split_first().expect("what is done");
    match what.as_str() {
        "serve" => serve(options(arguments), echoing).await,
        "closes" => serve(options(arguments), closing).await,
        "presses" => serve(options(arguments), pressing).await,
        "fuzzed" => fuzzed(&arguments[0]).await,
        "echo" => echoes(&arguments[0]).await,
        "members" => members().await,
        other => panic!("there is no case {other:?}"),
    }
}

/// Options of an accepted end by name.
fn options(names: &[String]) -> AcceptOptions {
    let named = |name: &str| names.iter().any(|given| given == name);
    AcceptOptions {
        protocols: vec!["echo".to_owned()],
        headers: Vec::new(),
        ping_interval: named("pings").then_some(200),
        deflate: named("deflate").then_some(deflate(false)),
        limits: Some(Limits {
            max_message_size: named("small").then_some(65_536),
            max_frame_size: None,
            high_water_mark: None,
            max_buffered_amount: None,
            close_timeout: named("hasty").then_some(300),
        }),
    }
}

fn deflate(client_forgets: bool) -> DeflateOptions {
    DeflateOptions {
        threshold: Some(0),
        server_no_context_takeover: None,
        client_no_context_takeover: Some(client_forgets),
        server_max_window_bits: None,
        client_max_window_bits: None,
    }
}

/// What becomes of an accepted connection.
type Handler = fn(WebSocket) -> Pin<Box<dyn Future<Output = ()>>>;

/// A server named `echo` that gives every connection to `handler` until the host drains.
async fn serve(options: AcceptOptions, handler: Handler) {
    let listening = Some(ServerEvents::UPGRADE);
    let server = listen("echo", ServerOptions { listening, ..ServerOptions::default() }).await;
    loop {
        server.ready().await;
        for event in server.take_events(0) {
            match event.kind {
                ServerEventKind::Upgrade(Upgrade { request, socket, head }) => {
                    match WebSocket::accept(&request, socket, &head, Some(&options)) {
                        Ok(socket) => _ = wit_bindgen::spawn_local(handler(socket)),
                        Err(error) => println!("refused {}", error.message),
                    }
                }
                ServerEventKind::Request(response) => {
                    // Its client may have gone.
                    let _ = response.respond(200, &[], b"no socket");
                }
                ServerEventKind::Close => return,
                _ => {}
            }
        }
    }
}

/// Sends back what comes.
fn echoing(socket: WebSocket) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move { _ = echo(&socket).await })
}

/// Closes at once, and says how that ended.
fn closing(socket: WebSocket) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        socket.close(Some(4000), Some("enough")).expect("both are allowed");
        let CloseEvent { was_clean, code, reason } = echo(&socket).await;
        println!("closed {was_clean} {code} {reason}");
    })
}

/// Sends more than the system takes at once, and says when all of it is there.
fn pressing(socket: WebSocket) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let mut sent = 0;
        while sent < 12 << 20 {
            socket.send(&Message::Binary(vec![7; 1 << 20])).expect("it is open");
            sent += 1 << 20;
            assert!(socket.buffered_amount() <= sent);
        }
        println!("buffered {}", socket.buffered_amount());
        socket.drain().await;
        println!("drained {}", socket.buffered_amount());
        echo(&socket).await;
    })
}

/// Sends back what comes until the connection is closed.
async fn echo(socket: &WebSocket) -> CloseEvent {
    loop {
        socket.ready().await;
        for event in socket.take_events(0) {
            match event.kind {
                WebSocketEventKind::Message(message) => socket.send(&message).expect("it is open"),
                WebSocketEventKind::Close(close) => return close,
                WebSocketEventKind::Open => {}
                WebSocketEventKind::Error(error) => println!("error {}", error.message),
            }
        }
    }
}

/// Offers whatever Autobahn's server may ask for: it asks no client to forget that has not offered to.
pub(crate) fn connect(url: &str) -> WebSocket {
    let options = ConnectOptions {
        headers: Vec::new(),
        connection: None,
        handshake_timeout: None,
        ping_interval: None,
        deflate: Some(deflate(true)),
        limits: None,
    };
    WebSocket::connect(url, &[], options, None).expect("the address is one")
}

/// The client of a server that tests clients: how many cases there are, each of them, then the report.
async fn fuzzed(address: &str) {
    let count = connect(&format!("ws://{address}/getCaseCount"));
    let mut cases = 0;
    loop {
        count.ready().await;
        for event in count.take_events(0) {
            match event.kind {
                WebSocketEventKind::Message(Message::Text(text)) => {
                    cases = text.parse().expect("a number");
                }
                WebSocketEventKind::Close(_) => {
                    for case in 1..=cases {
                        echo(&connect(&format!("ws://{address}/runCase?case={case}&agent=node-http"))).await;
                    }
                    echo(&connect(&format!("ws://{address}/updateReports?agent=node-http"))).await;
                    println!("ran {cases}");
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Asks a server that echoes, and says what became of that.
async fn echoes(url: &str) {
    let socket = WebSocket::create(url, &["echo".to_owned()]).expect("the address is one");
    let messages = [
        Message::Text("κόσμε".to_owned()),
        Message::Binary(vec![7; 100_000]),
        Message::Text("a".repeat(5000)),
    ];
    let mut echoed = 0;
    loop {
        socket.ready().await;
        for event in socket.take_events(0) {
            match event.kind {
                WebSocketEventKind::Open => {
                    println!("open {} {}", socket.protocol(), socket.extensions());
                    messages.iter().for_each(|message| socket.send(message).expect("it is open"));
                    socket.drain().await;
                }
                WebSocketEventKind::Message(message) => {
                    assert_eq!(format!("{message:?}"), format!("{:?}", messages[echoed]));
                    echoed += 1;
                    if echoed == messages.len() {
                        socket.close(Some(3001), Some("thanks")).expect("both are allowed");
                    }
                }
                WebSocketEventKind::Error(error) => println!("error {}", error.message),
                WebSocketEventKind::Close(CloseEvent { was_clean, code, reason }) => {
                    println!("closed {was_clean} {code} {reason}");
                    return;
                }
            }
        }
    }
}

/// Every member of the class, against a server of its own.
async fn members() {
    let server =
        listen("own", ServerOptions { listening: Some(ServerEvents::UPGRADE), ..ServerOptions::default() })
            .await;
    let port = server.address().expect("it listens").port;
    let url = format!("ws://127.0.0.1:{port}/path?query");
    let refused = |url: &str, protocols: &[&str]| {
        let protocols: Vec<String> = protocols.iter().map(|name| (*name).to_owned()).collect();
        let error = WebSocket::create(url, &protocols).expect_err("it is refused");
        (error.name, error.code, error.message)
    };
    let syntax = |message: &str| (ErrorName::SyntaxError, "12".to_owned(), message.to_owned());
    assert_eq!(refused("foo", &[]), syntax("TypeError: Invalid URL"));
    assert_eq!(refused("ftp://x/", &[]), syntax("Expected a ws: or wss: protocol, got ftp:"));
    assert_eq!(refused("ws://x/#f", &[]), syntax("Got fragment"));
    assert_eq!(refused(&url, &["a", "A"]), syntax("Invalid Sec-WebSocket-Protocol value"));
    assert_eq!(refused("wss://x/", &[]).1, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");

    let client = WebSocket::create(&url, &["x".to_owned(), "echo".to_owned()]).expect("the address is one");
    assert_eq!((client.url(), client.ready_state()), (url, ReadyState::Connecting));
    let early = client.send(&Message::Text("early".to_owned())).expect_err("it is not open");
    assert_eq!((early.name, &*early.message), (ErrorName::InvalidStateError, "Sent before connected."));
    let accepted = loop {
        server.ready().await;
        let upgrade = server.take_events(0).into_iter().find_map(|event| match event.kind {
            ServerEventKind::Upgrade(upgrade) => Some(upgrade),
            _ => None,
        });
        if let Some(Upgrade { request, socket, head }) = upgrade {
            assert_eq!(request.url(), "/path?query");
            break WebSocket::accept(&request, socket, &head, Some(&options(&["deflate".to_owned()])))
                .expect("it may");
        }
    };
    client.ready().await;
    assert!(matches!(client.take_events(1)[0].kind, WebSocketEventKind::Open));
    assert_eq!((client.protocol(), client.extensions()), ("echo".to_owned(), accepted.extensions()));
    assert_eq!((accepted.url(), accepted.protocol()), (String::new(), "echo".to_owned()));
    assert_eq!((client.ready_state(), accepted.ready_state()), (ReadyState::Open, ReadyState::Open));
    for code in [1001, 2999] {
        let error = client.close(Some(code), None).expect_err("it is not the application's");
        assert_eq!((error.name, &*error.code), (ErrorName::InvalidAccessError, "15"));
    }
    assert_eq!(client.close(None, Some(&"x".repeat(124))).expect_err("it is too long").code, "12");
    client.send(&Message::Binary(vec![0; 10])).expect("it is open");
    assert_eq!(client.buffered_amount(), 10);
    client.drain().await;
    assert_eq!(client.buffered_amount(), 0);
    client.close(Some(4000), Some("done")).expect("both are allowed");
    assert_eq!(client.ready_state(), ReadyState::Closing);
    let close = echo(&accepted).await;
    assert_eq!((close.was_clean, close.code, &*close.reason), (true, 4000, "done"));
    client.closed().await;
    assert_eq!(client.ready_state(), ReadyState::Closed);
    client.send(&Message::Text("late".to_owned())).expect("it only counts");
    assert_eq!(client.buffered_amount(), 4);
    accepted.terminate();
    server.close().await.expect("it is open");
}
