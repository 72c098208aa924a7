//! What is served under which path.

use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use node_http_imports::server::{RequestLine, ServerResponse};
use node_http_imports::types::Error;
use node_http_imports::wasi::clocks::monotonic_clock::wait_for;

use crate::access_log::Sent;
use crate::conditions::Version;
use crate::{App, events, json};

/// How a path is answered.
pub(crate) enum Page {
    /// All of it is known.
    Short { status: u16, content_type: &'static str, body: &'static str },
    /// Something has to be waited for.
    Long(Handler),
}

/// Gets the response, the target of the request, and what all share.
pub(crate) type Handler =
    fn(ServerResponse, String, Rc<App>) -> Pin<Box<dyn Future<Output = Result<Sent, Error>>>>;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// Most of a body that the echo returns.
const MAX_ECHO: u64 = 1024 * 1024;
/// Pieces in which bodies are written.
const PIECE: usize = 64 * 1024;
/// Bytes of a line of `/large`.
const LINE: u64 = 16;

/// Finds the page of a request.
pub(crate) fn find(request: &RequestLine) -> Page {
    match path(&request.url) {
        "/" => Page::Short { status: 200, content_type: HTML, body: include_str!("index.html") },
        "/chat" => Page::Short { status: 200, content_type: HTML, body: include_str!("chat.html") },
        "/plain" => Page::Short { status: 200, content_type: TEXT, body: "Hello, world\n" },
        "/echo" => Page::Long(|response, _, _| Box::pin(echo(response))),
        "/upload" => Page::Long(|response, _, _| Box::pin(upload(response))),
        "/download" => Page::Long(|response, url, _| Box::pin(download(response, url))),
        "/large" => Page::Long(|response, url, _| Box::pin(large(response, url))),
        "/trailers" => Page::Long(|response, _, _| Box::pin(trailers(response))),
        "/events" => Page::Long(|response, _, app| Box::pin(events::stream(response, app))),
        "/slow" => Page::Long(|response, url, _| Box::pin(slow(response, url))),
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
    while let Some(piece) = request.next().await? {
        count += piece.len();
    }
    answer(&response, 200, TEXT, &format!("{count} bytes\n")).await
}

/// A body of unknown length: chunked.
async fn download(response: ServerResponse, url: String) -> Result<Sent, Error> {
    let bytes = parameter(&url, "bytes").unwrap_or(1_000_000);
    response.set_header("Content-Type", &TEXT.into())?;
    send_lines(&response, 200, 0..bytes).await
}

/// The same with its length and a version: whole, the part that is asked for, or nothing to who has it.
async fn large(response: ServerResponse, url: String) -> Result<Sent, Error> {
    let version = Version { size: parameter(&url, "bytes").unwrap_or(1_000_000), modified: None };
    let request = response.request();
    let wanted = version.wanted(&request);
    response.write_head(wanted.status, None, &version.fields(&wanted, TEXT))?;
    let is_head = request.method().as_deref() == Some("HEAD");
    send_lines(&response, wanted.status, if is_head { 0..0 } else { wanted.bytes }).await
}

/// Lines that say where they begin, as fast as the client takes them and no faster.
async fn send_lines(response: &ServerResponse, status: u16, bytes: Range<u64>) -> Result<Sent, Error> {
    for start in bytes.clone().step_by(PIECE) {
        response.write_all(lines(start, (bytes.end - start).min(PIECE as u64))).await?;
    }
    response.end(None)?;
    Ok(Sent { status, bytes: bytes.end - bytes.start })
}

/// So many bytes of the lines, from byte `start` on.
fn lines(start: u64, count: u64) -> Vec<u8> {
    let (first, last) = (start / LINE, (start + count) / LINE);
    let lines: String = (first..=last).map(|line| format!("{:>15}\n", line * LINE)).collect();
    lines.into_bytes().into_iter().skip((start % LINE) as usize).take(count as usize).collect()
}

/// Fields that follow the body.
async fn trailers(response: ServerResponse) -> Result<Sent, Error> {
    response.set_header("Content-Type", &TEXT.into())?;
    response.set_header("Trailer", &"X-Lines".into())?;
    let body = "one\ntwo\n";
    response.write(&body.into())?;
    response.add_trailers(&[("X-Lines".to_owned(), "2".into())])?;
    response.end(None)?;
    Ok(Sent { status: 200, bytes: body.len() as u64 })
}

/// An answer that takes its time.
async fn slow(response: ServerResponse, url: String) -> Result<Sent, Error> {
    let seconds = parameter(&url, "seconds").unwrap_or(2).min(60);
    wait_for(seconds * 1_000_000_000).await;
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
