//! The calls into the component: the request goes out while the answer comes in.

use node_http_host::Ctx;
use node_http_host::bindings::NodeHttp;
use node_http_host::bindings::exports::node::http::types::{Chunk, ReadResult};
use node_http_host::wasmtime::component::{Accessor, Instance, ResourceAny};

use super::failure::{Failure, Stage};
use super::output::Output;
use super::progress::Progress;
use super::request::Request;
use super::upload::Upload;
use crate::cli::Fetch;

/// Makes the request and writes the answer where `options` say.
///
/// # Errors
/// When no whole answer comes, or when it cannot be written.
pub(super) async fn run(
    store: &Accessor<Ctx>,
    instance: Instance,
    request: Request,
    options: &Fetch,
) -> Result<(), Failure> {
    let exports = store.with(|access| NodeHttp::new(access, &instance))?;
    let made =
        exports.node_http_http().call_request(store, Some(request.url), Some(request.options), None, None);
    let handle = made.await?.map_err(|error| Failure::of_component(Stage::Preparing, error))?;
    let exchange = Exchange { store, exports: &exports, request: handle, options };
    tokio::select! {
        // The first call has to be the one that waits for the answer.
        biased;
        received = exchange.receive() => received,
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

    async fn receive(&self) -> Result<(), Failure> {
        let calls = self.exports.node_http_client_request().client_request();
        let answered = calls.call_response(self.store, self.request).await?;
        let response = answered.map_err(|error| Failure::of_component(Stage::Asking, error))?;
        let mut output = Output::open(self.options.output.as_deref())?;
        let fields = self.exports.node_http_incoming_message().incoming_message();
        let fields = fields.call_raw_headers(self.store, response).await?;
        if self.options.shows_head() {
            output.write(&self.head(response, &fields).await?)?;
        }
        self.receive_body(response, &mut output, length(&fields)).await
    }

    /// The head of the response as it came.
    async fn head(&self, response: ResourceAny, fields: &[(String, String)]) -> Result<Vec<u8>, Failure> {
        let (store, calls) = (self.store, self.exports.node_http_incoming_message().incoming_message());
        let version = calls.call_http_version(store, response).await?;
        let code = calls.call_status_code(store, response).await?.unwrap_or_default();
        let reason = calls.call_status_message(store, response).await?.unwrap_or_default();
        let mut head = format!("HTTP/{version} {code} {reason}\r\n");
        for (name, value) in fields {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // One byte is one character in the strings of the component, and all of them are below U+0100.
        Ok(head.chars().map(|character| character as u8).collect())
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
    let (_, value) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.parse().ok()
}
