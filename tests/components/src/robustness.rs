//! What hostile clients are let loose on: a server that is slow on purpose nowhere, and panics when asked to.

use crate::support::*;

/// Pieces in which large bodies are written.
const PIECE: usize = 64 * 1024;

/// Arguments: the most connections there may be, or none for the default. Connections stay open while idle.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let options = ServerOptions { keep_alive_timeout: Some(0), ..ServerOptions::default() };
    let server = Server::create(&options).expect("options are valid");
    if let Some(most) = arguments.first() {
        server.set_max_connections(most.parse().expect("a number"));
    }
    let address = announce("robustness", &server).await;
    // What the benchmarks look for.
    println!("listening on http://127.0.0.1:{}", address.port);
    serve(&server, |response, _| route(response)).await;
}

fn route(response: ServerResponse) {
    match response.request_line().url.as_str() {
        "/panic" => panic!("as the client asked"),
        "/upload" => quietly(async move {
            let body = response.request().read_all(1 << 20).await?;
            response.respond(200, &[], body.len().to_string().as_bytes())
        }),
        "/large" => quietly(large(response)),
        // A body, should there be one, is not read. It fails when the client has gone.
        _ => {
            let _ = response.respond(200, &[], b"Hello, world\n");
        }
    }
}

/// A hundred megabytes, as fast as the client takes them.
async fn large(response: ServerResponse) -> Result<(), Error> {
    for _ in 0..1600 {
        if !response.write(&Chunk::Bytes(vec![b'.'; PIECE]))? {
            response.drain().await;
        }
    }
    response.end(None)
}

/// Clients leave whenever they like.
fn quietly(work: impl Future<Output = Result<(), Error>> + 'static) {
    wit_bindgen::spawn_local(async {
        let _ = work.await;
    });
}
