//! Echoes the messages of WebSockets: what the benchmark holds against npm's `ws`.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use node::http::http::create_server;
    use node::http::server::{ListenOptions, ServerEventKind, ServerEvents, ServerOptions, Upgrade};
    use node::http::types::Error;
    use node::http::web_socket::{WebSocket, WebSocketEventKind};

    wit_bindgen::generate!({
        path: "../../wit",
        world: "imports",
        additional_type_attributes: {
            "node:http/server@0.1.0/listen-options": [#[derive(Default)]],
            "node:http/server@0.1.0/server-options": [#[derive(Default)]],
        },
    });

    struct Composed;

    wasi::cli::command::export!(Composed);

    impl wasi::exports::cli::run::Guest for Composed {
        async fn run() -> Result<(), ()> {
            serve().await.map_err(|error| eprintln!("error: {}", error.message))
        }
    }

    async fn serve() -> Result<(), Error> {
        let listening = Some(ServerEvents::UPGRADE);
        let server = create_server(Some(&ServerOptions { listening, ..ServerOptions::default() }))?;
        let options = ListenOptions { host: Some("127.0.0.1".to_owned()), ..ListenOptions::default() };
        let address = server.listen(options, None).await?;
        println!("listening on http://{}:{}", address.address, address.port);
        loop {
            server.ready().await;
            for event in server.take_events(0) {
                match event.kind {
                    ServerEventKind::Upgrade(Upgrade { request, socket, head }) => {
                        let socket = WebSocket::accept(&request, socket, &head, None)?;
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
            for event in socket.take_events(0) {
                match event.kind {
                    WebSocketEventKind::Message(message) => _ = socket.send(&message),
                    WebSocketEventKind::Close(_) => return,
                    _ => {}
                }
            }
        }
    }
}
