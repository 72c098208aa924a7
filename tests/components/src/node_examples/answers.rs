//! Examples that are a handler: one server, the path chooses the example.

use super::hello_world;
use crate::support::*;
use node_http_imports::http;

pub(crate) async fn run() -> Done {
    each("examples", |response, _| {
        Box::pin(async move {
            match response.request_line().url.as_str() {
                "/trailers" => trailers(&response),
                "/precedence" => precedence(&response),
                "/address" => address(&response),
                "/status" => status(&response),
                "/length" => length(&response),
                "/early-hints" => early_hints(&response).await,
                "/complete" => complete(&response).await,
                "/headers" => headers(&response),
                "/set-headers" => set_headers(&response),
                "/set-headers/precedence" => set_headers_precedence(&response),
                _ => end(&response, &response.request().url()),
            }
        })
    })
    .await;
}

/// X31: `createServer(listener)` and `createServer()` with `server.on('request', listener)` are the same here.
pub(crate) async fn listeners() -> Done {
    let first = http::create_server(None).expect("no options");
    announce("listener", &first).await;
    let second = listen("request", ServerOptions::default()).await;
    let answer = |response, _| hello_world(&response).expect("a fresh response");
    all([Box::pin(serve(&first, answer)), Box::pin(serve(&second, answer))]).await;
}

/// X21, X36.
fn trailers(response: &ServerResponse) -> Result<(), Error> {
    response.write_head(
        200,
        None,
        &[header("Content-Type", "text/plain"), header("Trailer", "Content-MD5")],
    )?;
    response.write(&text("file data"))?;
    response.add_trailers(&[header("Content-MD5", "7895bf4b8828b55ceaf47747b4bca667")])?;
    response.end(None)
}

/// X22.
fn precedence(response: &ServerResponse) -> Result<(), Error> {
    set(response, "Content-Type", "text/html")?;
    set(response, "X-Foo", "bar")?;
    response.write_head(200, None, &[header("Content-Type", "text/plain")])?;
    end(response, "ok")
}

/// X23.
fn address(response: &ServerResponse) -> Result<(), Error> {
    let socket = response.socket().expect("a connection");
    let SocketAddress { address, port, .. } = socket.remote_address().expect("a peer");
    end(response, &format!("Your IP address is {address} and your source port is {port}."))
}

/// X24.
fn status(response: &ServerResponse) -> Result<(), Error> {
    response.set_status_code(404)?;
    response.set_status_message(Some("Not found"))?;
    response.end(None)
}

/// X25.
fn length(response: &ServerResponse) -> Result<(), Error> {
    let body = "hello world";
    let length = HeaderValue::Integer(body.len() as i64);
    let head = [("Content-Length".to_owned(), length), header("Content-Type", "text/plain")];
    response.write_head(200, None, &head)?;
    end(response, body)
}

/// X26. The callback is `flushed`.
async fn early_hints(response: &ServerResponse) -> Result<(), Error> {
    let style = "</styles.css>; rel=preload; as=style";
    response.write_early_hints(&[header("link", style)])?;
    let links = list(&[style, "</scripts.js>; rel=preload; as=script"]);
    response.write_early_hints(&[
        ("link".to_owned(), links.clone()),
        header("x-trace-id", "id for diagnostics"),
    ])?;
    response.write_early_hints(&[("link".to_owned(), links)])?;
    response.flushed().await?;
    println!("early hints message sent");
    end(response, "ok")
}

/// X27, of a request.
async fn complete(response: &ServerResponse) -> Result<(), Error> {
    let request = response.request();
    let body = request.read_all(100).await;
    assert_eq!(body.is_ok(), request.complete());
    if request.complete() {
        println!("complete");
        return response.end(None);
    }
    assert!(request.aborted());
    println!("The connection was terminated while the message was still being sent");
    Ok(())
}

/// X28.
fn headers(response: &ServerResponse) -> Result<(), Error> {
    let request = response.request();
    let lines = [
        plain_all(request.headers()),
        format!("{:?}", request.headers_distinct()),
        format!("{:?}", request.raw_headers()),
    ];
    end(response, &lines.join("\n"))
}

/// X35, of a `Headers` and of a `Map`.
fn set_headers(response: &ServerResponse) -> Result<(), Error> {
    response.set_headers(&[
        header("foo", "bar"),
        header("set-cookie", "a=1"),
        header("set-cookie", "b=2"),
    ])?;
    response.set_headers(&[header("Mapped", "1")])?;
    response.end(None)
}

/// X35: `writeHead` wins over `setHeaders`.
fn set_headers_precedence(response: &ServerResponse) -> Result<(), Error> {
    response.set_headers(&[header("Content-Type", "text/html")])?;
    response.write_head(200, None, &[header("Content-Type", "text/plain")])?;
    end(response, "ok")
}
