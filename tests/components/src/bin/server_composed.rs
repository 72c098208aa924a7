//! The same program as `server_linked`, as a component that imports `node:http`.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark.rs"]
mod benchmark;

#[cfg(target_family = "wasm")]
#[allow(clippy::result_large_err, reason = "the errors are the generated ones")]
mod component {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use node_http_imports::http;
    use node_http_imports::server::{
        ListenOptions, PreparedAnswer, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse,
        Upgrade,
    };
    use node_http_imports::types::HeaderValue;
    use node_http_imports::web_socket::{WebSocket, WebSocketEventKind};
    use node_http_imports::{Error, main, spawn_local, wit_stream};

    use crate::benchmark::{LINE, LINES, PIECE, PIECES, Page, compute, large, variable};

    const TEXT: &str = "text/plain; charset=utf-8";
    const BYTES: &str = "application/octet-stream";

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
        let pages = Pages::prepare()?;
        let (mut ready, mut byte) = (server.readiness().await, Vec::with_capacity(1));
        loop {
            (_, byte) = ready.read(byte).await;
            byte.clear();
            let requests = server.take_requests(0);
            pages.answer(requests.responses, &requests.lines);
            if !requests.others {
                continue;
            }
            for event in server.take_events(0) {
                match event.kind {
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
        }
    }

    /// Answers that are always the same.
    struct Pages {
        plain: PreparedAnswer,
        sized: PreparedAnswer,
        not_found: PreparedAnswer,
    }

    impl Pages {
        fn prepare() -> Result<Self, Error> {
            let page = |status, content_type: &str, body: &[u8]| {
                PreparedAnswer::create(status, &[("Content-Type".to_owned(), content_type.to_owned())], body)
            };
            Ok(Self {
                plain: page(200, TEXT, b"Hello, world\n")?,
                sized: page(200, BYTES, large())?,
                not_found: page(404, TEXT, b"Not found\n")?,
            })
        }

        /// Answers at once, or starts the tasks that will.
        fn answer(&self, responses: Vec<ServerResponse>, lines: &str) {
            let (mut plain, mut sized, mut not_found) = (Vec::new(), Vec::new(), Vec::new());
            for (response, line) in responses.into_iter().zip(lines.lines()) {
                match Page::at(line.split_once(' ').map_or("", |(_, url)| url)) {
                    Page::Plain => plain.push(response),
                    Page::Work => {
                        compute();
                        plain.push(response);
                    }
                    // As below: it fails when its client has gone.
                    Page::Echo => _ = echo(&response),
                    Page::Sized => sized.push(response),
                    Page::Chunked => later(chunked(response)),
                    Page::Lines => later(lines_of_text(response)),
                    Page::Other => not_found.push(response),
                }
            }
            for (answer, responses) in
                [(&self.plain, plain), (&self.sized, sized), (&self.not_found, not_found)]
            {
                if !responses.is_empty() {
                    // An answer fails when its client has gone, and then nobody waits for it.
                    answer.respond_all(responses);
                }
            }
        }
    }

    fn later(handler: impl Future<Output = Result<(), Error>> + 'static) {
        spawn_local(async move {
            // As above: it fails when its client has gone.
            let _ = handler.await;
        });
    }

    /// The body does not cross into this component.
    fn echo(response: &ServerResponse) -> Result<(), Error> {
        let request = response.request();
        response.write_head(200, None, &fields(request.header("content-length")))?;
        response.pipe_from(&request, true)
    }

    async fn chunked(response: ServerResponse) -> Result<(), Error> {
        response.write_head(200, None, &fields(None))?;
        let (mut writer, body) = wit_stream::new();
        spawn_local(async move {
            for _ in 0..PIECES {
                if !writer.write_all(PIECE.to_vec()).await.is_empty() {
                    return; // the client has gone
                }
            }
        });
        response.send_body(body).await?;
        response.end(None)
    }

    fn fields(length: Option<HeaderValue>) -> Vec<(String, HeaderValue)> {
        let length = length.map(|length| ("Content-Length".to_owned(), length));
        [("Content-Type".to_owned(), BYTES.into())].into_iter().chain(length).collect()
    }

    /// Small writes are joined: each that crosses costs more than its bytes.
    async fn lines_of_text(response: ServerResponse) -> Result<(), Error> {
        response.write_head(200, None, &fields(None))?;
        let mut body = response.body_writer();
        for _ in 0..LINES {
            if !body.write(LINE)? {
                body.drain().await?;
            }
        }
        body.end()
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
