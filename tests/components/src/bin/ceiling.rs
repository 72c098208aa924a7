//! What the platform allows: a component that answers raw sockets and parses nothing.
//!
//! It counts the ends of heads and writes that many fixed answers, as long as those of the demo's
//! `/plain`. What `node:http` costs shows in the distance from it.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
    use wit_bindgen::StreamResult;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\
        Content-Length: 13\r\n\r\nHello, world\n";

    const END_OF_HEAD: &[u8; 4] = b"\r\n\r\n";

    struct Ceiling;

    wasi::cli::command::export!(Ceiling);

    impl wasi::exports::cli::run::Guest for Ceiling {
        async fn run() -> Result<(), ()> {
            serve().await.map_err(|code| eprintln!("error: {code}"))
        }
    }

    async fn serve() -> Result<(), ErrorCode> {
        let listener = TcpSocket::create(IpAddressFamily::Ipv4)?;
        listener.bind(IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) }))?;
        listener.set_listen_backlog_size(511)?;
        let mut accepted = listener.listen()?;
        if let IpSocketAddress::Ipv4(address) = listener.get_local_address()? {
            println!("listening on http://127.0.0.1:{}", address.port);
        }
        loop {
            let (result, sockets) = accepted.read(Vec::with_capacity(64)).await;
            for socket in sockets {
                // Dropping the handle detaches the task.
                drop(wit_bindgen::spawn_local(connection(socket)));
            }
            if !matches!(result, StreamResult::Complete(_)) {
                return Ok(());
            }
        }
    }

    /// Answers until the peer ends. All connections share the one task of `run`.
    async fn connection(socket: TcpSocket) {
        let (mut incoming, _) = socket.receive();
        let (mut outgoing, to_send) = wasi::wit_stream::new();
        // Nobody asks how it ended, but a dropped outcome would be cancelled.
        let _sent = socket.send(to_send);
        let mut received = Vec::with_capacity(4096);
        let mut answers = Vec::new();
        loop {
            let (result, buffer) = incoming.read(received).await;
            received = buffer;
            if !matches!(result, StreamResult::Complete(_)) {
                return;
            }
            let (heads, end) = heads(&received);
            received.drain(..end);
            for _ in 0..heads {
                answers.extend_from_slice(ANSWER);
            }
            answers = outgoing.write_all(answers).await;
            answers.clear();
        }
    }

    /// How many heads end in `bytes`, and where the last one does.
    fn heads(bytes: &[u8]) -> (usize, usize) {
        let (mut count, mut end, mut at) = (0, 0, 3);
        // A byte tells how far the pattern must move to be there again, so most are never looked at.
        while let Some(byte) = bytes.get(at) {
            at += match byte {
                b'\r' => 1,
                b'\n' if bytes[at - 3..].starts_with(END_OF_HEAD) => {
                    count += 1;
                    end = at + 1;
                    4
                }
                b'\n' => 2,
                _ => 4,
            };
        }
        (count, end)
    }
}
