//! What the platform allows a client: 64 sockets that send a fixed request, count the bytes of its answer and parse
//! nothing. What `node:http` costs shows in the distance from it.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use futures_util::future::join_all;
    use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
    use wit_bindgen::StreamResult;

    /// As long as that of the other clients.
    const REQUEST: &[u8] = b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:65535\r\nConnection: keep-alive\r\n\r\n";

    const END_OF_ANSWER: &[u8] = b"Hello, world\n";

    struct Ceiling;

    wasi::cli::command::export!(Ceiling);

    impl wasi::exports::cli::run::Guest for Ceiling {
        async fn run() -> Result<(), ()> {
            let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).ok_or(())?;
            for result in join_all((0..64).map(|_| connection(port))).await {
                result.map_err(|code| eprintln!("error: {code}"))?;
            }
            Err(())
        }
    }

    async fn connection(port: u16) -> Result<(), ErrorCode> {
        let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
        let address = Ipv4SocketAddress { port, address: (127, 0, 0, 1) };
        socket.connect(IpSocketAddress::Ipv4(address)).await?;
        let (mut incoming, _) = socket.receive();
        let (mut outgoing, to_send) = wasi::wit_stream::new();
        // Nobody asks how it ended, but a dropped outcome would be cancelled.
        let _sent = socket.send(to_send);
        let mut request = REQUEST.to_vec();
        let mut received = Vec::with_capacity(4096);
        loop {
            request = outgoing.write_all(request).await;
            request.clear();
            request.extend_from_slice(REQUEST);
            while !received.ends_with(END_OF_ANSWER) {
                let (result, buffer) = incoming.read(received).await;
                received = buffer;
                if !matches!(result, StreamResult::Complete(_)) {
                    return Ok(());
                }
            }
            received.clear();
        }
    }
}
