//! The same program as `server_linked`, as a component that imports `node:http`.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark.rs"]
mod benchmark;

#[cfg(target_family = "wasm")]
mod component {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use node_http_imports::http;
    use node_http_imports::server::{
        Answer, ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Upgrade,
    };
    use node_http_imports::types::{Chunk, HeaderValue};
    use node_http_imports::web_socket::{WebSocket, WebSocketEventKind};
    use node_http_imports::{Error, main, spawn_local, wit_stream};

    use crate::benchmark::{LINE, LINES, PIECE, PIECES, compute, large, variable};

    const TEXT: &str = "text/plain; charset=utf-8";
    const BYTES: &str = "application/octet-stream";

    /// Most events to take, and so most answers to give, in one call.
    const BATCH: u32 = 256;

    main!(serve);

    async fn serve() -> Result<(), Error> {
        let keep_alive_timeout = variable("KEEP_ALIVE_TIMEOUT");
        let listening = Some(ServerEvents::UPGRADE);
        let server =
            Server::create(&ServerOptions { keep_alive_timeout, listening, ..ServerOptions::default() })?;
        let options = ListenOptions { host: Some("127.0.0.1".to_owned()), ..ListenOptions::default() };
        let address = server.listen(options, None).await?;
        let (sockets, mut accepted) = (Sockets::default(), 0);
        spawn_local(echo_messages(Rc::clone(&sockets)));
        println!("listening on http://{}:{}", address.address, address.port);
        loop {
            server.ready().await;
            let mut answers = Vec::new();
            for event in server.take_events(BATCH) {
                match event.kind {
                    ServerEventKind::Request(response) => answers.extend(route(response)),
                    ServerEventKind::Upgrade(Upgrade { request, socket, head }) => {
                        accepted += 1;
                        let socket = WebSocket::accept(&request, socket, &head, None)?;
                        socket.watch(accepted);
                        sockets.borrow_mut().insert(accepted, socket);
                    }
                    ServerEventKind::Close => return Ok(()),
                    _ => {}
                }
            }
            if !answers.is_empty() {
                // An answer fails when its client has gone, and then nobody waits for it.
                ServerResponse::respond_all(answers);
            }
        }
    }

    /// Answers at once, or starts the task that will.
    fn route(response: ServerResponse) -> Option<Answer> {
        let url = response.request_line().url;
        match url.split_once('?').map_or(url.as_str(), |(path, _)| path) {
            "/plain" => Some(text(response, 200, "Hello, world\n")),
            "/work" => {
                compute();
                Some(text(response, 200, "Hello, world\n"))
            }
            "/echo" => later(echo(response)),
            "/sized" => later(sized(response)),
            "/chunked" => later(send(response, None, PIECE, PIECES)),
            "/lines" => later(stream(response, LINE, LINES)),
            _ => Some(text(response, 404, "Not found\n")),
        }
    }

    fn text(response: ServerResponse, status: u16, body: &str) -> Answer {
        let headers = vec![("Content-Type".to_owned(), TEXT.to_owned())];
        Answer { response, status, headers, body: body.into() }
    }

    fn later(handler: impl Future<Output = Result<(), Error>> + 'static) -> Option<Answer> {
        spawn_local(async move {
            // As above: it fails when its client has gone.
            let _ = handler.await;
        });
        None
    }

    /// Lists of bytes cross from one component to another byte by byte in wasmtime 48, streams at once.
    async fn echo(response: ServerResponse) -> Result<(), Error> {
        let request = response.request();
        let length = request.headers().into_iter().find(|(name, _)| name == "content-length");
        response.write_head(200, None, &fields(length.map(|(_, length)| length)))?;
        response.send_body(request.body()?).await?;
        response.end(None)
    }

    async fn sized(response: ServerResponse) -> Result<(), Error> {
        send(response, Some(large().len().to_string().into()), large(), 1).await
    }

    async fn send(
        response: ServerResponse,
        length: Option<HeaderValue>,
        piece: &'static [u8],
        count: usize,
    ) -> Result<(), Error> {
        response.write_head(200, None, &fields(length))?;
        let (mut writer, body) = wit_stream::new();
        spawn_local(async move {
            for _ in 0..count {
                // What is left over is nobody's: the client has gone.
                let _ = writer.write_all(piece.to_vec()).await;
            }
        });
        response.send_body(body).await?;
        response.end(None)
    }

    fn fields(length: Option<HeaderValue>) -> Vec<(String, HeaderValue)> {
        let length = length.map(|length| ("Content-Length".to_owned(), length));
        [("Content-Type".to_owned(), BYTES.into())].into_iter().chain(length).collect()
    }

    async fn stream(response: ServerResponse, piece: &[u8], count: usize) -> Result<(), Error> {
        response.set_header("Content-Type", &BYTES.into())?;
        let chunk = Chunk::Bytes(piece.to_vec());
        for _ in 0..count {
            if !response.write(&chunk)? {
                response.drain().await;
            }
        }
        response.end(None)
    }

    /// The open WebSockets, by the numbers under which they are watched.
    type Sockets = Rc<RefCell<BTreeMap<u64, WebSocket>>>;

    /// One wait for all of them: a wait for each costs more than all else that is done for a message.
    async fn echo_messages(sockets: Sockets) {
        loop {
            http::watched().await;
            let mut sockets = sockets.borrow_mut();
            for number in http::take_watched() {
                let Some(socket) = sockets.get(&number) else { continue };
                let mut closed = false;
                for event in socket.take_events(0) {
                    match event.kind {
                        WebSocketEventKind::Message(message) => _ = socket.send(&message),
                        WebSocketEventKind::Close(_) => closed = true,
                        _ => {}
                    }
                }
                if closed {
                    sockets.remove(&number);
                }
            }
        }
    }
}
