//! What is served under which path.

use std::pin::Pin;

use wasi::clocks::monotonic_clock;

use crate::bindings::node::http::server_response::{RequestLine, ServerResponse};
use crate::bindings::node::http::types::{Chunk, Error, HeaderValue, ReadResult};
use crate::json;

/// How a path is answered.
pub(crate) enum Page {
    /// All of it is known.
    Short { status: u16, content_type: &'static str, body: &'static str },
    /// Something has to be waited for.
    Long(Handler),
}

/// Gets the response and the target of the request.
pub(crate) type Handler = fn(ServerResponse, String) -> Pin<Box<dyn Future<Output = Result<(), Error>>>>;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// Most of a body that the echo returns.
const MAX_ECHO: u64 = 1024 * 1024;
/// Pieces in which bodies are read and written.
const PIECE: usize = 64 * 1024;

/// Finds the page of a request.
pub(crate) fn find(request: &RequestLine) -> Page {
    match path(&request.url) {
        "/" => Page::Short { status: 200, content_type: HTML, body: include_str!("index.html") },
        "/chat" => Page::Short { status: 200, content_type: HTML, body: include_str!("chat.html") },
        "/plain" => Page::Short { status: 200, content_type: TEXT, body: "Hello, world\n" },
        "/echo" => Page::Long(|response, _| Box::pin(echo(response))),
        "/upload" => Page::Long(|response, _| Box::pin(upload(response))),
        "/download" => Page::Long(|response, url| Box::pin(download(response, url))),
        "/large" => Page::Long(|response, url| Box::pin(large(response, url))),
        "/trailers" => Page::Long(|response, _| Box::pin(trailers(response))),
        "/slow" => Page::Long(|response, url| Box::pin(slow(response, url))),
        _ => Page::Short { status: 404, content_type: TEXT, body: "Not found\n" },
    }
}

/// The request as JSON.
async fn echo(response: ServerResponse) -> Result<(), Error> {
    let request = response.request();
    let body = match request.read_all(MAX_ECHO).await {
        Ok(body) => body,
        Err(error) if error.code == "ERR_OUT_OF_RANGE" => {
            return response.respond(413, &header("Content-Type", TEXT), b"Too large to echo\n");
        }
        Err(error) => return Err(error),
    };
    let json = format!(
        "{{\n  \"method\": {},\n  \"url\": {},\n  \"httpVersion\": {},\n  \"rawHeaders\": {},\n  \"body\": {},\n  \"rawTrailers\": {}\n}}\n",
        json::string(&request.method().unwrap_or_default()),
        json::string(&request.url()),
        json::string(&request.http_version()),
        json::pairs(&request.raw_headers()),
        json::string(&String::from_utf8_lossy(&body)),
        json::pairs(&request.raw_trailers()),
    );
    response.respond(200, &header("Content-Type", "application/json"), json.as_bytes())
}

/// Counts the bytes of the body without keeping them.
async fn upload(response: ServerResponse) -> Result<(), Error> {
    let request = response.request();
    let mut count = 0;
    loop {
        match request.read(PIECE as u64) {
            ReadResult::Data(data) => count += data.bytes.len(),
            ReadResult::Pending => request.readable().await,
            ReadResult::End(_) => break,
            ReadResult::Failed(error) => return Err(error),
        }
    }
    response.respond(200, &header("Content-Type", TEXT), format!("{count} bytes\n").as_bytes())
}

/// A body of unknown length: chunked.
async fn download(response: ServerResponse, url: String) -> Result<(), Error> {
    response.set_header("Content-Type", &HeaderValue::Text(BYTES.to_owned()))?;
    write_bytes(&response, parameter(&url, "bytes").unwrap_or(1_000_000)).await
}

/// The same with its length.
async fn large(response: ServerResponse, url: String) -> Result<(), Error> {
    let bytes = parameter(&url, "bytes").unwrap_or(1_000_000);
    response.set_header("Content-Type", &HeaderValue::Text(BYTES.to_owned()))?;
    response.set_header("Content-Length", &HeaderValue::Text(bytes.to_string()))?;
    write_bytes(&response, bytes).await
}

/// Writes as fast as the client takes it, and no faster.
async fn write_bytes(response: &ServerResponse, bytes: u64) -> Result<(), Error> {
    let mut left = bytes;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        if !response.write(&Chunk::Bytes(vec![b'.'; piece]))? {
            response.drain().await;
        }
        left -= piece as u64;
    }
    response.end(None)
}

/// Fields that follow the body.
async fn trailers(response: ServerResponse) -> Result<(), Error> {
    response.set_header("Content-Type", &HeaderValue::Text(TEXT.to_owned()))?;
    response.set_header("Trailer", &HeaderValue::Text("X-Lines".to_owned()))?;
    response.write(&Chunk::Text("one\ntwo\n".to_owned()))?;
    response.add_trailers(&[("X-Lines".to_owned(), HeaderValue::Text("2".to_owned()))])?;
    response.end(None)
}

/// An answer that takes its time.
async fn slow(response: ServerResponse, url: String) -> Result<(), Error> {
    let seconds = parameter(&url, "seconds").unwrap_or(2).min(60);
    monotonic_clock::wait_for(seconds * 1_000_000_000).await;
    response.respond(200, &header("Content-Type", TEXT), format!("after {seconds} s\n").as_bytes())
}

fn header(name: &str, value: &str) -> [(String, String); 1] {
    [(name.to_owned(), value.to_owned())]
}

/// A target without its query.
pub(crate) fn path(url: &str) -> &str {
    url.split_once('?').map_or(url, |(path, _)| path)
}

/// A number from the query.
fn parameter(url: &str, name: &str) -> Option<u64> {
    let (_, query) = url.split_once('?')?;
    let (_, value) =
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    value.parse().ok()
}
