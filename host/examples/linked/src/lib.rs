//! Says hello: a component with the crate `node-http` linked in.

use node_http::error::Error;
use node_http::server::{ListenOptions, Server, ServerEventKind, ServerOptions};

struct App;
wasi::cli::command::export!(App);

impl wasi::exports::cli::run::Guest for App {
    async fn run() -> Result<(), ()> {
        serve().await.map_err(|error| eprintln!("error: {}", error.message()))
    }
}

async fn serve() -> Result<(), Error> {
    let server = Server::create(ServerOptions::default())?;
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
    let address = server.listen(ListenOptions { port, ..Default::default() }).await?;
    println!("listening on port {}", address.port());
    loop {
        server.ready().await;
        for event in server.take_events(usize::MAX) {
            match event.kind {
                ServerEventKind::Request(response) => _ = response.respond(200, &[], b"Hello!\n"),
                ServerEventKind::Close => return Ok(()),
                _ => {}
            }
        }
    }
}
