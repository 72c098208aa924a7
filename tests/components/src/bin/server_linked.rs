//! The demo's `/plain` with the crate `node-http` linked in: one component, no inner boundary.
//!
//! What a Rust author writes who does not compose. The benchmark holds it against the composed demo.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use node_http::server::{Answer, ListenOptions, Server, ServerEventKind, ServerOptions, ServerResponse};

    struct Linked;

    wasi::cli::command::export!(Linked);

    impl wasi::exports::cli::run::Guest for Linked {
        async fn run() -> Result<(), ()> {
            let server = Server::create(ServerOptions::default()).map_err(|_| ())?;
            let options = ListenOptions { host: Some("127.0.0.1".to_owned()), ..ListenOptions::default() };
            let address =
                server.listen(options).await.map_err(|error| eprintln!("error: {}", error.message()))?;
            println!("listening on http://{address}");
            loop {
                server.ready().await;
                let mut answers = Vec::new();
                for event in server.take_events(usize::MAX) {
                    match event.kind {
                        ServerEventKind::Request(response) => answers.push(answer(response)),
                        ServerEventKind::Close => return Ok(()),
                        _ => {}
                    }
                }
                // An answer fails when its client has gone, and then nobody waits for it.
                ServerResponse::respond_all(answers);
            }
        }
    }

    /// Routes as the demo does, so that both do the same work.
    fn answer(response: ServerResponse) -> Answer {
        let url = response.url();
        let (status, body) = match url.split_once('?').map_or(url.as_str(), |(path, _)| path) {
            "/plain" => (200, "Hello, world\n"),
            _ => (404, "Not found\n"),
        };
        let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Answer { response, status, headers, body: body.into() }
    }
}
