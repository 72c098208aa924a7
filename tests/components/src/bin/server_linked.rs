//! What the benchmark asks a server, with the crate `node-http` linked in: one component, no inner boundary.
//!
//! What a Rust author writes who does not compose. `server_composed` is the same program.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark.rs"]
mod benchmark;

#[cfg(target_family = "wasm")]
mod component {
    use node_http::error::Error;
    use node_http::message::HeaderValue;
    use node_http::server::{
        ListenOptions, PreparedAnswer, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse,
    };
    use node_http::web_socket::{AcceptOptions, WebSocket, WebSocketEvent};

    use crate::benchmark::{LINE, LINES, PIECE, PIECES, Page, compute, large, variable};

    const TEXT: &str = "text/plain; charset=utf-8";
    const BYTES: &str = "application/octet-stream";

    struct Linked;

    wasi::cli::command::export!(Linked);

    impl wasi::exports::cli::run::Guest for Linked {
        async fn run() -> Result<(), ()> {
            serve().await.map_err(|error| eprintln!("error: {}", error.message()))
        }
    }

    async fn serve() -> Result<(), Error> {
        let keep_alive_timeout = variable("KEEP_ALIVE_TIMEOUT");
        let listening = Some(ServerEvents::UPGRADE);
        let server =
            Server::create(ServerOptions { keep_alive_timeout, listening, ..ServerOptions::default() })?;
        let options = ListenOptions { host: Some("127.0.0.1".to_owned()), ..ListenOptions::default() };
        let address = server.listen(options).await?;
        println!("listening on http://{address}");
        let pages = Pages::prepare()?;
        loop {
            server.ready().await;
            pages.answer(server.take_requests(usize::MAX));
            for event in server.take_events(usize::MAX) {
                match event.kind {
                    ServerEventKind::Upgrade(upgrade) => {
                        let (socket, head) = (upgrade.socket, upgrade.head);
                        let accepted =
                            WebSocket::accept(&upgrade.request, socket, head, AcceptOptions::default())?;
                        wit_bindgen::spawn_local(echo_messages(accepted));
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
                let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
                PreparedAnswer::new(status, headers, body.to_vec())
            };
            Ok(Self {
                plain: page(200, TEXT, b"Hello, world\n")?,
                sized: page(200, BYTES, large())?,
                not_found: page(404, TEXT, b"Not found\n")?,
            })
        }

        /// Answers at once, or starts the tasks that will.
        fn answer(&self, responses: Vec<ServerResponse>) {
            let (mut plain, mut sized, mut not_found) = (Vec::new(), Vec::new(), Vec::new());
            for response in responses {
                let page = Page::at(&response.target());
                match page {
                    Page::Plain => plain.push(response),
                    Page::Work => {
                        compute();
                        plain.push(response);
                    }
                    // As below: it fails when its client has gone.
                    Page::Echo => _ = echo(&response),
                    Page::Sized => sized.push(response),
                    Page::Chunked => later(stream(response, PIECE, PIECES)),
                    Page::Lines => later(stream(response, LINE, LINES)),
                    Page::Other => not_found.push(response),
                }
            }
            for (answer, responses) in
                [(&self.plain, plain), (&self.sized, sized), (&self.not_found, not_found)]
            {
                // An answer fails when its client has gone, and then nobody waits for it.
                ServerResponse::respond_all_prepared(answer, responses);
            }
        }
    }

    fn header() -> (String, String) {
        ("Content-Type".to_owned(), BYTES.to_owned())
    }

    fn later(handler: impl Future<Output = Result<(), Error>> + 'static) {
        wit_bindgen::spawn_local(async move {
            // As above: it fails when its client has gone.
            let _ = handler.await;
        });
    }

    fn echo(response: &ServerResponse) -> Result<(), Error> {
        let request = response.request();
        let (name, value) = header();
        let mut fields = vec![(name, HeaderValue::Text(value))];
        fields.extend(request.header("content-length").map(|length| ("Content-Length".to_owned(), length)));
        response.write_head(200, None, &fields)?;
        response.pipe_from(&request, true)
    }

    async fn stream(response: ServerResponse, piece: &[u8], count: usize) -> Result<(), Error> {
        let (name, value) = header();
        response.write_head(200, None, &[(name, HeaderValue::Text(value))])?;
        for _ in 0..count {
            if !response.write(piece)? {
                response.drain().await;
            }
        }
        response.end(None)
    }

    async fn echo_messages(socket: WebSocket) {
        loop {
            socket.ready().await;
            for event in socket.take_events(usize::MAX) {
                match event.kind {
                    WebSocketEvent::Message(message) => _ = socket.send(message),
                    WebSocketEvent::Close(_) => return,
                    _ => {}
                }
            }
        }
    }
}
