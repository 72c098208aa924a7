//! X5: an HTTP tunnelling proxy, and clients that go through it.

use futures_util::future::{join, try_join};

use super::*;
use node_http_imports::client::Upgraded;
use node_http_imports::net::{ConnectOptions, SocketEventKind, SocketEvents, Transport};
use node_http_imports::server::Upgrade;

/// The proxy.
pub(super) async fn proxy() {
    let options = ServerOptions { listening: Some(ServerEvents::CONNECT), ..ServerOptions::default() };
    let proxy = listen("proxy", options).await;
    loop {
        proxy.ready().await;
        for event in proxy.take_events(0) {
            match event.kind {
                ServerEventKind::Request(response) => {
                    let head = [header("Content-Type", "text/plain")];
                    response.write_head(200, None, &head).expect("a fresh response");
                    end(&response, "okay").expect("an open response");
                }
                ServerEventKind::Connect(client) => {
                    wit_bindgen::spawn_local(serve_tunnel(client));
                }
                ServerEventKind::Close => return,
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn serve_tunnel(client: Upgrade) {
    match tunnel(client).await {
        Ok((up, down)) => println!("tunnelled {up} up, {down} down"),
        Err(error) => println!("no tunnel: {}", error.message),
    }
}

/// Connects to an origin server, and pipes until both sides have ended.
async fn tunnel(client: Upgrade) -> Result<(u64, u64), Error> {
    let target = client.request.url();
    let (host, port) = target.rsplit_once(':').expect("an authority");
    let options = ConnectOptions {
        host: Some(host.to_owned()),
        port: Some(port.parse().expect("a port")),
        ..ConnectOptions::default()
    };
    // Node's `net.connect`.
    let server = http::global_agent().create_connection(&options)?;
    connected(&server).await?;
    client
        .socket
        .write(&text("HTTP/1.1 200 Connection Established\r\nProxy-agent: Node.js-Proxy\r\n\r\n"))?;
    if !client.head.is_empty() {
        server.write(&Chunk::Bytes(client.head))?;
    }
    try_join(pipe(&client.socket, &server), pipe(&server, &client.socket)).await
}

async fn connected(socket: &Socket) -> Result<(), Error> {
    socket.listen_for(SocketEvents::CONNECT | SocketEvents::ERROR);
    socket.ready().await;
    match socket.take_events(1).pop().map(|event| event.kind) {
        Some(SocketEventKind::Connect) => Ok(()),
        Some(SocketEventKind::Error(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// `from.pipe(to)`: the end is piped, too.
async fn pipe(from: &Socket, to: &Socket) -> Result<u64, Error> {
    let count = to.send(from.incoming()?).await?;
    to.end(None)?;
    Ok(count)
}

/// Makes a request to a tunnelling proxy.
async fn connect(port: u16, target: &str) -> Upgraded {
    let options = RequestOptions {
        method: Some("CONNECT".to_owned()),
        path: Some(target.to_owned()),
        listening: Some(ClientRequestEvents::CONNECT),
        ..to(port)
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    request.end(None).expect("a fresh request");
    let ClientRequestEventKind::Connect(connected) = next(&request).await else { panic!("no tunnel") };
    println!("got connected!");
    assert_eq!(connected.response.status_code(), Some(200));
    println!("head {:?}", latin1(&connected.head));
    connected
}

/// The manual's client: makes a request over the tunnel by hand.
pub(super) async fn client(port: u16, target: &str) {
    let Upgraded { socket, .. } = connect(port, target).await;
    let request = format!("GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    socket.write(&text(&request)).expect("an open socket");
    let mut received = Vec::new();
    loop {
        socket.readable().await;
        match socket.read(0) {
            ReadResult::Data(data) => received.extend(data.bytes),
            ReadResult::Pending => {}
            ReadResult::End(_) => break,
            ReadResult::Failed(error) => panic!("{error:?}"),
        }
    }
    println!("received {:?}", latin1(&received));
    socket.end(None).expect("an open socket");
}

/// A client that lets HTTP run in the tunnel: two requests at a time, each in a tunnel of its own.
pub(super) async fn request(port: u16, target: &str) {
    let ask = async |path: &str| {
        let tunnel = connect(port, target).await.socket;
        let options = RequestOptions {
            create_connection: Some(Transport::Socket(tunnel)),
            host: Some("origin.example".to_owned()),
            path: Some(path.to_owned()),
            ..RequestOptions::default()
        };
        let answer = get(options, None).await.expect("an answer");
        let (_, head) = answer.split_once('\n').expect("what the origin saw");
        // Without an agent there is no default port, not even 80.
        assert_eq!(
            head,
            format!("GET {path} HTTP/1.1\r\nHost: origin.example:80\r\nConnection: close\r\n\r\n")
        );
    };
    join(ask("/one"), ask("/two")).await;
}
