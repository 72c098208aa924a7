//! The same as `echo_composed`, with the crate `node-http` linked in.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use node_http::error::Error;
    use node_http::server::{ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions};
    use node_http::web_socket::{AcceptOptions, WebSocket, WebSocketEvent};

    struct Linked;

    wasi::cli::command::export!(Linked);

    impl wasi::exports::cli::run::Guest for Linked {
        async fn run() -> Result<(), ()> {
            serve().await.map_err(|error| eprintln!("error: {}", error.message()))
        }
    }

    async fn serve() -> Result<(), Error> {
        let listening = Some(ServerEvents::UPGRADE);
        let server = Server::create(ServerOptions { listening, ..ServerOptions::default() })?;
        let options = ListenOptions { host: Some("127.0.0.1".to_owned()), ..ListenOptions::default() };
        let address = server.listen(options).await?;
        println!("listening on http://{address}");
        loop {
            server.ready().await;
            for event in server.take_events(usize::MAX) {
                match event.kind {
                    ServerEventKind::Upgrade(upgrade) => {
                        let socket = WebSocket::accept(
                            &upgrade.request,
                            upgrade.socket,
                            upgrade.head,
                            AcceptOptions::default(),
                        )?;
                        wit_bindgen::spawn_local(echo(socket));
                    }
                    ServerEventKind::Close => return Ok(()),
                    _ => {}
                }
            }
        }
    }

    async fn echo(socket: WebSocket) {
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
