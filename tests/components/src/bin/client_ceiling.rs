//! What the platform allows a client: `IN_FLIGHT` sockets that send a fixed request, count the bytes of its answer and
//! parse nothing. What `node:http` costs shows in the distance from it. Unless `KEEP_ALIVE` is true each request has a
//! socket of its own.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark_client.rs"]
mod benchmark_client;

#[cfg(target_family = "wasm")]
mod component {
    use futures_util::future::join_all;
    use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
    use wit_bindgen::StreamResult;

    use crate::benchmark_client::Settings;

    /// As long as those of the other clients.
    const KEPT: &[u8] = b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:65535\r\nConnection: keep-alive\r\n\r\n";
    const CLOSED: &[u8] = b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:65535\r\nConnection: close\r\n\r\n";

    const END_OF_ANSWER: &[u8] = b"Hello, world\n";

    struct Ceiling;

    wasi::cli::command::export!(Ceiling);

    impl wasi::exports::cli::run::Guest for Ceiling {
        async fn run() -> Result<(), ()> {
            let settings = Settings::from_env();
            join_all((0..settings.in_flight).map(|_| ask(&settings))).await;
            Err(())
        }
    }

    async fn ask(settings: &Settings) {
        loop {
            if let Err(code) = connection(settings).await {
                return eprintln!("error: {code}");
            }
        }
    }

    /// Asks on one socket: again and again, or once.
    async fn connection(settings: &Settings) -> Result<(), ErrorCode> {
        let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
        let address = Ipv4SocketAddress { port: settings.port, address: (127, 0, 0, 1) };
        socket.connect(IpSocketAddress::Ipv4(address)).await?;
        let (mut incoming, _) = socket.receive();
        let (mut outgoing, to_send) = wasi::wit_stream::new();
        // Nobody asks how it ended, but a dropped outcome would be cancelled.
        let _sent = socket.send(to_send);
        let fixed = if settings.keep_alive { KEPT } else { CLOSED };
        let mut request = Vec::new();
        let mut received = Vec::with_capacity(4096);
        loop {
            request.extend_from_slice(fixed);
            request = outgoing.write_all(request).await;
            request.clear();
            while !received.ends_with(END_OF_ANSWER) {
                let (result, buffer) = incoming.read(received).await;
                received = buffer;
                if !matches!(result, StreamResult::Complete(_)) {
                    return Ok(());
                }
            }
            received.clear();
            if !settings.keep_alive {
                return Ok(());
            }
        }
    }
}
