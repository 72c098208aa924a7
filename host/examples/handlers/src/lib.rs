//! Handlers that wait: for a body, for a clock, for another server.

use node_http_imports::server::{
    IncomingMessage, ListenOptions, Reply, Server, ServerOptions, ServerResponse,
};
use node_http_imports::wasi::clocks::monotonic_clock::wait_for;
use node_http_imports::{Error, http, main, spawn_local, wit_stream};

main!(program);

async fn program() -> Result<(), Error> {
    let server = Server::create(&ServerOptions::default())?;
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    server.serve(route).await;
    Ok(())
}

/// An error is printed and answered with 500. `None`: the handler has answered itself.
async fn route(response: &ServerResponse) -> Result<Option<Reply>, Error> {
    let request = response.request();
    match request.url().as_str() {
        "/note" => note(&request).await.map(Some),
        "/count" => count(&request).await.map(Some),
        "/ticks" => ticks(response).await.map(|()| None),
        "/proxy" => proxy(&request).await.map(Some),
        _ => Ok(Some(Reply::text("Not found\n").status(404))),
    }
}

/// A body that may be kept in memory: at most 64 KiB.
async fn note(request: &IncomingMessage) -> Result<Reply, Error> {
    let body = request.read_all(64 * 1024).await?;
    Ok(Reply::text(String::from_utf8_lossy(&body).to_uppercase()))
}

/// A body of any size, piece by piece. A sender that is faster waits.
async fn count(request: &IncomingMessage) -> Result<Reply, Error> {
    let mut bytes = 0;
    while let Some(piece) = request.next().await? {
        bytes += piece.len();
    }
    Ok(Reply::text(format!("{bytes} bytes\n")))
}

/// A stream, filled by a task beside the handler.
async fn ticks(response: &ServerResponse) -> Result<(), Error> {
    let (mut writer, reader) = wit_stream::new();
    spawn_local(async move {
        for tick in 1..=3 {
            wait_for(100_000_000).await; // nanoseconds
            let left = writer.write_all(format!("tick {tick}\n").into_bytes()).await;
            if !left.is_empty() {
                return; // nobody reads any more
            }
        }
    });
    response.set_header("Content-Type", &"text/plain".into())?;
    response.send_body(reader).await?;
    response.end(None)
}

/// The answer of another server, the one that the header `x-url` names.
async fn proxy(request: &IncomingMessage) -> Result<Reply, Error> {
    let url = request.header_text("x-url");
    let answer = http::get(url.as_deref(), None, None, None)?.response().await?;
    let status = answer.status_code().unwrap_or(502);
    Ok(Reply::text(answer.read_all(1024 * 1024).await?).status(status))
}
