//! Says hello: a component that imports `node:http`.

use node::http::http::create_server;
use node::http::server::{ListenOptions, ServerEventKind};

wit_bindgen::generate!({ path: "../../../wit", world: "imports", additional_type_attributes: {
    "node:http/server@0.1.0/listen-options": [#[derive(Default)]],
} });

struct App;
wasi::cli::command::export!(App);

impl wasi::exports::cli::run::Guest for App {
    async fn run() -> Result<(), ()> {
        serve().await.map_err(|error| eprintln!("error: {}", error.message))
    }
}

async fn serve() -> Result<(), node::http::types::Error> {
    let server = create_server(None)?; // all options have defaults
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    let address = server.listen(ListenOptions { port, ..Default::default() }, None).await?;
    println!("listening on port {}", address.port);
    loop {
        server.ready().await; // only waits
        for event in server.take_events(0) {
            match event.kind {
                // Fails when the client has gone, and then nobody waits for it.
                ServerEventKind::Request(response) => _ = response.respond(200, &[], b"Hello!\n"),
                ServerEventKind::Close => return Ok(()),
                _ => {}
            }
        }
    }
}
