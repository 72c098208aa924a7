//! The calls into the component: the request goes out while the answer comes in.

use std::time::Duration;

use node_http_host::Ctx;
use node_http_host::bindings::NodeHttp;
use node_http_host::bindings::exports::node::http::types::{Chunk, HeaderValue, ReadResult};
use node_http_host::wasmtime::component::{Accessor, Instance, ResourceAny};

use super::failure::{Failure, Stage};
use super::output::Output;
use super::progress::Progress;
use super::request::Request;
use super::upload::Upload;
use crate::cli::Fetch;

/// What came of a request whose answer was written.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// When to try again.
    pub(super) retry_after: Option<Duration>,
}

impl Answer {
    /// Whether another try may be answered otherwise: the statuses that curl takes for that.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
    }

    /// # Errors
    /// When the status is a failure, and is to be one.
    pub(super) fn judge(&self, options: &Fetch) -> Result<(), Failure> {
        if options.fail && self.status >= 400 { Err(Failure::refused(self.status)) } else { Ok(()) }
    }

    fn of(status: u16, fields: &[(String, String)]) -> Self {
        let is_redirect = matches!(status, 300..=303 | 305 | 307 | 308);
        let retry_after = field(fields, "retry-after").and_then(|value| value.parse().ok());
        Self {
            status,
            location: field(fields, "location").filter(|_| is_redirect).map(str::to_owned),
            retry_after: retry_after.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        }
    }
}

/// Makes the request and writes the answer where `options` say; not that of a redirect that is followed.
///
/// # Errors
/// When no whole answer comes, or when it cannot be written.
pub(super) async fn run(
    store: &Accessor<Ctx>,
    instance: Instance,
    request: Request,
    options: &Fetch,
    output: &mut Output,
) -> Result<Answer, Failure> {
    let exports = store.with(|access| NodeHttp::new(access, &instance))?;
    let made = exports.node_http_http().call_request(store, request.url, Some(request.options), None, None);
    let handle = made.await?.map_err(|error| Failure::of_component(Stage::Preparing, error))?;
    let exchange = Exchange { store, exports: &exports, request: handle, options };
    if options.verbose {
        exchange.show_request().await?;
    }
    tokio::select! {
        // The first call has to be the one that waits for the answer.
        biased;
        received = exchange.receive(output) => received,
        Err(failure) = exchange.send(request.upload) => Err(failure),
    }
}

struct Exchange<'a> {
    store: &'a Accessor<Ctx>,
    exports: &'a NodeHttp,
    request: ResourceAny,
    options: &'a Fetch,
}

impl Exchange<'_> {
    /// Sends the body. What becomes of the request is said by [`Self::receive`]: an answer may come although the
    /// server did not take all of it.
    async fn send(&self, upload: Option<Upload>) -> Result<(), Failure> {
        let (store, request) = (self.store, self.request);
        let calls = self.exports.node_http_client_request().client_request();
        let Some(mut upload) = upload else {
            _ = calls.call_end(store, request, None).await?;
            return Ok(());
        };
        let mut progress = Progress::new(self.options, upload.length());
        loop {
            let (piece, is_last) = upload.next().await?;
            progress.advance(piece.len());
            if is_last {
                _ = calls.call_end(store, request, Some(Chunk::Bytes(piece))).await?;
                return Ok(());
            }
            match calls.call_write(store, request, Chunk::Bytes(piece)).await? {
                Ok(true) => {}
                Ok(false) => calls.call_drain(store, request).await?,
                Err(_) => return Ok(()),
            }
        }
    }

    async fn receive(&self, output: &mut Output) -> Result<Answer, Failure> {
        let calls = self.exports.node_http_client_request().client_request();
        let answered = calls.call_response(self.store, self.request).await?;
        let response = answered.map_err(|error| Failure::of_component(Stage::Asking, error))?;
        let messages = self.exports.node_http_incoming_message().incoming_message();
        let fields = messages.call_raw_headers(self.store, response).await?;
        let status = messages.call_status_code(self.store, response).await?.unwrap_or_default();
        let answer = Answer::of(status, &fields);
        let head = self.head(response, status, &fields).await?;
        if self.options.verbose {
            show('<', &head);
        }
        if self.options.shows_head() {
            output.write(&head)?;
        }
        if answer.judge(self.options).is_err() || self.options.location && answer.location.is_some() {
            return Ok(answer);
        }
        output.open()?;
        self.receive_body(response, output, length(&fields)).await?;
        Ok(answer)
    }

    /// The head of the request as it is sent.
    async fn show_request(&self) -> Result<(), Failure> {
        let (store, request) = (self.store, self.request);
        let calls = self.exports.node_http_client_request().client_request();
        let method = calls.call_method(store, request).await?;
        let mut head = format!("{method} {} HTTP/1.1\r\n", calls.call_path(store, request).await?);
        for name in calls.call_get_raw_header_names(store, request).await? {
            let values = match calls.call_get_header(store, request, name.clone()).await? {
                Some(HeaderValue::Text(text)) => vec![text],
                Some(HeaderValue::Integer(number)) => vec![number.to_string()],
                Some(HeaderValue::List(values)) => values,
                None => Vec::new(),
            };
            for value in values {
                head.extend([&name, ": ", &value, "\r\n"]);
            }
        }
        // Of one that has no agent to keep connections.
        head.push_str("Connection: close\r\n\r\n");
        show('>', &to_bytes(&head));
        Ok(())
    }

    /// The head of the response as it came.
    async fn head(
        &self,
        response: ResourceAny,
        code: u16,
        fields: &[(String, String)],
    ) -> Result<Vec<u8>, Failure> {
        let (store, calls) = (self.store, self.exports.node_http_incoming_message().incoming_message());
        let version = calls.call_http_version(store, response).await?;
        let reason = calls.call_status_message(store, response).await?.unwrap_or_default();
        let mut head = format!("HTTP/{version} {code} {reason}\r\n");
        for (name, value) in fields {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        Ok(to_bytes(&head))
    }

    async fn receive_body(
        &self,
        response: ResourceAny,
        output: &mut Output,
        length: Option<u64>,
    ) -> Result<(), Failure> {
        let (store, calls) = (self.store, self.exports.node_http_incoming_message().incoming_message());
        let mut progress = Progress::new(self.options, length);
        loop {
            match calls.call_read(store, response, 0).await? {
                ReadResult::Data(data) => {
                    output.write(&data.bytes)?;
                    progress.advance(data.bytes.len());
                }
                ReadResult::Pending => calls.call_readable(store, response).await?,
                ReadResult::End(_) => return Ok(()),
                ReadResult::Failed(aborted) => {
                    // The response only says that it was cut short, the request also why.
                    let requests = self.exports.node_http_client_request().client_request();
                    let reason = requests.call_errored(store, self.request).await?;
                    return Err(Failure::of_component(Stage::Receiving, reason.unwrap_or(aborted)));
                }
            }
        }
    }
}

/// What the response says about the length of its body.
fn length(fields: &[(String, String)]) -> Option<u64> {
    field(fields, "content-length")?.parse().ok()
}

fn field<'a>(fields: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
}

/// One byte is one character in the strings of the component, and all of them are below U+0100.
fn to_bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| character as u8).collect()
}

/// A head on standard error, as curl shows it.
fn show(direction: char, head: &[u8]) {
    for line in String::from_utf8_lossy(head).lines() {
        eprintln!("{direction} {line}");
    }
}
