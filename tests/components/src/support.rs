//! What most cases need: a listening server, an event loop, short names.

use std::future::Future;
use std::pin::Pin;

use wasi::clocks::monotonic_clock;

pub(crate) use node_http_imports::net::Socket;
pub(crate) use node_http_imports::server::IncomingMessage;
pub(crate) use node_http_imports::server::{Answer, ServerResponse};
pub(crate) use node_http_imports::server::{
    ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions,
};
pub(crate) use node_http_imports::types::{
    Chunk, Encoding, Error, ErrorName, HeaderValue, IpFamily, ReadResult, SocketAddress,
};

pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// What every case ends with: the host drains, or the case is done.
pub(crate) type Done = ();

/// A server on a free port of 127.0.0.1.
pub(crate) async fn listen(name: &str, options: ServerOptions) -> Server {
    let server = Server::create(&options).expect("options are valid");
    announce(name, &server).await;
    server
}

/// Makes `server` listen and tells the test where.
pub(crate) async fn announce(name: &str, server: &Server) -> SocketAddress {
    let address = server.listen(local(), None).await.expect("a free port");
    println!("listening {} {name}", address.port);
    address
}

/// A free port of 127.0.0.1.
pub(crate) fn local() -> ListenOptions {
    ListenOptions { host: Some("127.0.0.1".to_owned()), port: Some(0), ..ListenOptions::default() }
}

/// Hands every request, numbered from 0, to `handler` until the server is closed.
pub(crate) async fn serve(server: &Server, mut handler: impl FnMut(ServerResponse, u32)) -> Done {
    let mut count = 0;
    loop {
        server.ready().await;
        for event in server.take_events(0) {
            match event.kind {
                ServerEventKind::Request(response) => {
                    handler(response, count);
                    count += 1;
                }
                ServerEventKind::Close => return,
                _ => {}
            }
        }
    }
}

/// [`listen`] with default options, then [`serve`] with a task for each request.
pub(crate) async fn each(name: &str, handler: fn(ServerResponse, u32) -> Handling) -> Done {
    each_with(name, ServerOptions::default(), handler).await;
}

/// [`each`] with other options.
pub(crate) async fn each_with(
    name: &str,
    options: ServerOptions,
    handler: fn(ServerResponse, u32) -> Handling,
) -> Done {
    let server = listen(name, options).await;
    serve(&server, |response, number| spawn(handler(response, number))).await;
}

/// Runs a handler beside the event loop; its error is a failed test, unless it is that the connection was closed before
/// the answer: by a younger answer, or by a client that some tests send away.
pub(crate) fn spawn(work: impl Future<Output = Result<(), Error>> + 'static) {
    wit_bindgen::spawn_local(async {
        if let Err(error) = work.await
            && error.code != "ERR_STREAM_DESTROYED"
        {
            panic!("{error:?}");
        }
    });
}

/// Waits for all of them.
pub(crate) async fn all<const N: usize>(works: [Pin<Box<dyn Future<Output = ()> + '_>>; N]) -> Done {
    futures_util::future::join_all(works).await;
}

/// The next request.
pub(crate) async fn next_request(server: &Server) -> ServerResponse {
    loop {
        server.ready().await;
        for event in server.take_events(1) {
            match event.kind {
                ServerEventKind::Request(response) => return response,
                ServerEventKind::Listening => {}
                other => panic!("{other:?} instead of a request"),
            }
        }
    }
}

pub(crate) async fn sleep(milliseconds: u64) {
    monotonic_clock::wait_for(milliseconds * 1_000_000).await;
}

pub(crate) fn text(chunk: &str) -> Chunk {
    Chunk::Text(chunk.to_owned())
}

pub(crate) fn value(value: &str) -> HeaderValue {
    HeaderValue::Text(value.to_owned())
}

pub(crate) fn list(values: &[&str]) -> HeaderValue {
    HeaderValue::List(values.iter().map(|&value| value.to_owned()).collect())
}

pub(crate) fn header(name: &str, content: &str) -> (String, HeaderValue) {
    (name.to_owned(), value(content))
}

pub(crate) fn set(response: &ServerResponse, name: &str, content: &str) -> Result<(), Error> {
    response.set_header(name, &value(content))
}

pub(crate) fn end(response: &ServerResponse, body: &str) -> Result<(), Error> {
    response.end(Some(&text(body)))
}

/// Code and message of an expected error.
#[track_caller]
pub(crate) fn fails<T: std::fmt::Debug>(result: Result<T, Error>, code: &str, message: &str) {
    let error = result.expect_err(code);
    assert_eq!((error.code.as_str(), error.message.as_str()), (code, message));
}

/// `HeaderValue` has no equality of its own.
pub(crate) fn plain(value: Option<HeaderValue>) -> String {
    match value {
        None => "none".to_owned(),
        Some(HeaderValue::Text(text)) => text,
        Some(HeaderValue::Integer(number)) => format!("#{number}"),
        Some(HeaderValue::List(values)) => format!("{values:?}"),
    }
}

/// `name: value` pairs as one line.
pub(crate) fn plain_all(headers: Vec<(String, HeaderValue)>) -> String {
    let pairs: Vec<String> =
        headers.into_iter().map(|(name, value)| format!("{name}={}", plain(Some(value)))).collect();
    pairs.join("&")
}
