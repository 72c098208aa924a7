//! Placeholder until the contract in `wit/` lands: one fixed answer to whatever arrives on a connection.
#![cfg(target_family = "wasm")]

use wasi::sockets::types::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
use wasi::wit_bindgen::StreamResult;

struct Demo;
wasi::cli::command::export!(Demo);

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 13\r\n\r\nHello, world\n";

impl wasi::exports::cli::run::Guest for Demo {
    async fn run() -> Result<(), ()> {
        let env = wasi::cli::environment::get_environment();
        let port = env.iter().find(|(k, _)| k == "PORT").and_then(|(_, v)| v.parse().ok()).unwrap_or(8080);
        let listener = TcpSocket::create(IpAddressFamily::Ipv4).map_err(drop)?;
        let address = Ipv4SocketAddress { port, address: (127, 0, 0, 1) };
        if let Err(e) = listener.bind(IpSocketAddress::Ipv4(address)) {
            eprintln!("bind: {e:?}");
            return Err(());
        }
        listener.set_listen_backlog_size(511).map_err(drop)?;
        let mut accepted = match listener.listen() {
            Ok(a) => a,
            Err(e) => {
                eprintln!("listen: {e:?}");
                return Err(());
            }
        };
        if let Ok(IpSocketAddress::Ipv4(a)) = listener.get_local_address() {
            println!("listening on http://127.0.0.1:{}", a.port);
        }
        loop {
            let (result, sockets) = accepted.read(Vec::with_capacity(64)).await;
            for socket in sockets {
                wasi::wit_bindgen::spawn_local(serve(socket));
            }
            if let StreamResult::Dropped = result {
                return Ok(());
            }
        }
    }
}

async fn serve(socket: TcpSocket) {
    let (mut rx, _done) = socket.receive();
    let (mut tx, outgoing) = wasi::wit_stream::new();
    let _sent = socket.send(outgoing);
    let mut buf = Vec::with_capacity(65536);
    let mut out = Vec::new();
    loop {
        buf.clear();
        let (result, data) = rx.read(buf).await;
        buf = data;
        if !buf.is_empty() {
            let requests = buf.windows(4).filter(|w| w == b"\r\n\r\n").count();
            out.clear();
            for _ in 0..requests {
                out.extend_from_slice(ANSWER);
            }
            out = tx.write_all(out).await;
        }
        if let StreamResult::Dropped = result {
            return;
        }
    }
}
