//! What the platform allows: a component that answers raw sockets and parses nothing.
//!
//! It counts the ends of heads and writes that many fixed answers, as long as those of the other servers. What
//! `node:http` costs shows in the distance from it. `BODY` is the length of a body, without it that of `/plain`; with
//! `CLOSE` each connection is closed after its first answers.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use std::rc::Rc;

    use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
    use wit_bindgen::StreamResult;

    const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\
        Content-Length: 13\r\n\r\nHello, world\n";

    const LARGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n";

    const CLOSING: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\
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
        let closes = std::env::var("CLOSE").is_ok();
        let answer: Rc<[u8]> = answer(closes).into_bytes().into();
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
                drop(wit_bindgen::spawn_local(connection(socket, Rc::clone(&answer), closes)));
            }
            if !matches!(result, StreamResult::Complete(_)) {
                return Ok(());
            }
        }
    }

    fn answer(closes: bool) -> String {
        match std::env::var("BODY").ok().and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => format!("{LARGE}Content-Length: {length}\r\n\r\n{}", ".".repeat(length)),
            None if closes => CLOSING.to_owned(),
            None => PLAIN.to_owned(),
        }
    }

    /// Answers until the peer ends, or once. All connections share the one task of `run`.
    async fn connection(socket: TcpSocket, answer: Rc<[u8]>, closes: bool) {
        let (mut incoming, _) = socket.receive();
        let (mut outgoing, to_send) = wasi::wit_stream::new();
        // A dropped outcome would be cancelled.
        let sent = socket.send(to_send);
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
                answers.extend_from_slice(&answer);
            }
            answers = outgoing.write_all(answers).await;
            answers.clear();
            if closes && heads > 0 {
                drop(outgoing);
                // It fails when the peer has gone.
                let _ = sent.await;
                return;
            }
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
