//! What is served under which path.

use std::pin::Pin;

use wasi::clocks::monotonic_clock;

use crate::access_log::Sent;
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
pub(crate) type Handler = fn(ServerResponse, String) -> Pin<Box<dyn Future<Output = Result<Sent, Error>>>>;

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
async fn echo(response: ServerResponse) -> Result<Sent, Error> {
    let request = response.request();
    let body = match request.read_all(MAX_ECHO).await {
        Ok(body) => body,
        Err(error) if error.code == "ERR_OUT_OF_RANGE" => {
            return answer(&response, 413, TEXT, "Too large to echo\n").await;
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
    answer(&response, 200, "application/json", &json).await
}

/// Counts the bytes of the body without keeping them.
async fn upload(response: ServerResponse) -> Result<Sent, Error> {
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
    answer(&response, 200, TEXT, &format!("{count} bytes\n")).await
}

/// A body of unknown length: chunked.
async fn download(response: ServerResponse, url: String) -> Result<Sent, Error> {
    response.set_header("Content-Type", &HeaderValue::Text(BYTES.to_owned()))?;
    write_bytes(&response, parameter(&url, "bytes").unwrap_or(1_000_000)).await
}

/// The same with its length.
async fn large(response: ServerResponse, url: String) -> Result<Sent, Error> {
    let bytes = parameter(&url, "bytes").unwrap_or(1_000_000);
    response.set_header("Content-Type", &HeaderValue::Text(BYTES.to_owned()))?;
    response.set_header("Content-Length", &HeaderValue::Text(bytes.to_string()))?;
    write_bytes(&response, bytes).await
}

/// Writes as fast as the client takes it, and no faster.
async fn write_bytes(response: &ServerResponse, bytes: u64) -> Result<Sent, Error> {
    let mut left = bytes;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        if !response.write(&Chunk::Bytes(vec![b'.'; piece]))? {
            response.drain().await;
        }
        left -= piece as u64;
    }
    response.end(None)?;
    Ok(Sent { status: 200, bytes })
}

/// Fields that follow the body.
async fn trailers(response: ServerResponse) -> Result<Sent, Error> {
    response.set_header("Content-Type", &HeaderValue::Text(TEXT.to_owned()))?;
    response.set_header("Trailer", &HeaderValue::Text("X-Lines".to_owned()))?;
    let body = "one\ntwo\n";
    response.write(&Chunk::Text(body.to_owned()))?;
    response.add_trailers(&[("X-Lines".to_owned(), HeaderValue::Text("2".to_owned()))])?;
    response.end(None)?;
    Ok(Sent { status: 200, bytes: body.len() as u64 })
}

/// An answer that takes its time.
async fn slow(response: ServerResponse, url: String) -> Result<Sent, Error> {
    let seconds = parameter(&url, "seconds").unwrap_or(2).min(60);
    monotonic_clock::wait_for(seconds * 1_000_000_000).await;
    answer(&response, 200, TEXT, &format!("after {seconds} s\n")).await
}

/// A whole answer.
async fn answer(
    response: &ServerResponse,
    status: u16,
    content_type: &str,
    body: &str,
) -> Result<Sent, Error> {
    let headers = [("Content-Type".to_owned(), content_type.to_owned())];
    response.respond(status, &headers, body.as_bytes())?;
    Ok(Sent { status, bytes: body.len() as u64 })
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
