//! Conversions to and from the types of the crates `http` and `http-body`.
//!
//! ```no_run
//! use node_http_imports::http_types::{self, Body};
//! use node_http_imports::server::{Server, ServerResponse};
//!
//! # async fn example(server: Server) {
//! server
//!     .serve(async |response: &ServerResponse| {
//!         let request: http::Request<Body> = response.request().try_into()?;
//!         let answer = http::Response::new(request.uri().path().to_owned());
//!         http_types::respond(response, answer).await
//!     })
//!     .await;
//! # }
//! ```
//!
//! An [`IncomingMessage`] becomes an [`Request`] or [`Response`] with `try_into`; its body is read as it
//! comes. Lines of a name are kept apart, in their order.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use ::http::{HeaderMap, HeaderName, Method, Request, Response, Uri, Version};
use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame};
use send_wrapper::SendWrapper;

use crate::client::{Agent, ClientRequest, IncomingMessage, RequestOptions};
use crate::server::{Reply, ServerResponse};
use crate::types::{Chunk, Error, HeaderValue, ReadResult};
use crate::{http, spawn_local};

/// An error of any kind.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Most bytes of a frame.
const PIECE: u64 = 64 * 1024;

/// The body of a received message, read as it comes, then its trailers.
///
/// It is `Send` because routers ask for that; a component has one thread.
#[derive(Debug)]
pub struct Body(SendWrapper<Reading>);

#[derive(Debug)]
struct Reading {
    message: Rc<IncomingMessage>,
    state: State,
}

enum State {
    Reading,
    Waiting(Pin<Box<dyn Future<Output = ()>>>),
    Over,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Reading => "Reading",
            Self::Waiting(_) => "Waiting",
            Self::Over => "Over",
        })
    }
}

impl Body {
    fn new(message: IncomingMessage) -> Self {
        Self(SendWrapper::new(Reading { message: Rc::new(message), state: State::Reading }))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Reading { message, state } = &mut *self.0;
        loop {
            match state {
                State::Over => return Poll::Ready(None),
                State::Waiting(readable) => ready!(readable.as_mut().poll(context)),
                State::Reading => {}
            }
            *state = State::Reading;
            match message.read(PIECE) {
                ReadResult::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data.bytes.into())))),
                ReadResult::Pending => {
                    let message = Rc::clone(message);
                    *state = State::Waiting(Box::pin(async move { message.readable().await }));
                }
                ReadResult::End(_) => {
                    *state = State::Over;
                    let trailers = headers(&message.raw_trailers());
                    return Poll::Ready((!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers))));
                }
                ReadResult::Failed(error) => {
                    *state = State::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0.state, State::Over)
    }
}

/// The request of a server.
impl TryFrom<IncomingMessage> for Request<Body> {
    type Error = ::http::Error;

    fn try_from(message: IncomingMessage) -> Result<Self, ::http::Error> {
        let method = Method::from_bytes(message.method().unwrap_or_default().as_bytes())?;
        // A target is Latin-1, and those bytes that no URI has make an error.
        let uri = Uri::from_maybe_shared(latin1(&message.url()))?;
        let mut request = Self::new(Body::new(message));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let message = &request.body().0.message;
        (*request.version_mut(), *request.headers_mut()) =
            (version(message), headers(&message.raw_headers()));
        Ok(request)
    }
}

/// The answer to a client.
impl TryFrom<IncomingMessage> for Response<Body> {
    type Error = ::http::Error;

    fn try_from(message: IncomingMessage) -> Result<Self, ::http::Error> {
        let (version, headers) = (version(&message), headers(&message.raw_headers()));
        let mut response =
            Response::builder().status(message.status_code().unwrap_or_default()).version(version);
        if let Some(map) = response.headers_mut() {
            *map = headers;
        }
        response.body(Body::new(message))
    }
}

/// An answer whose body is known.
impl<B: Into<Vec<u8>>> From<Response<B>> for Reply {
    fn from(response: Response<B>) -> Self {
        let (parts, body) = response.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text_of(value.as_bytes())));
        Self { status: parts.status.as_u16(), headers: headers.collect(), body: body.into() }
    }
}

/// Answers with an [`Response`], as fast as the client takes it. Returns when the last piece is handed over.
///
/// `Content-Length` is set when the body knows its length; trailers are sent when it does not.
///
/// # Errors
/// When the client has gone, when the body fails, or when the head cannot be sent: `ERR_HTTP_INVALID_STATUS_CODE` and
/// the like.
pub async fn respond<B>(response: &ServerResponse, answer: Response<B>) -> Result<(), BoxError>
where
    B: HttpBody,
    B::Error: Into<BoxError>,
{
    let (parts, body) = answer.into_parts();
    response.set_status_code(parts.status.as_u16())?;
    for (name, value) in &parts.headers {
        response.append_header(name.as_str(), &text_of(value.as_bytes()).into())?;
    }
    if let (Some(length), false) = (body.size_hint().exact(), parts.headers.contains_key("content-length")) {
        response.set_header("Content-Length", &HeaderValue::Text(length.to_string()))?;
    }
    transfer(body, response).await
}

/// Sends an [`Request`] and answers with the head of the response; the URI is absolute.
///
/// The body is sent by a task of its own, and a failure of it destroys the request.
///
/// # Errors
/// As `http.request`, and the failure of the request.
pub async fn fetch<B>(request: Request<B>, agent: Option<&Agent>) -> Result<Response<Body>, BoxError>
where
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let headers =
        parts.headers.iter().map(|(name, value)| (name.to_string(), text_of(value.as_bytes()).into()));
    let mut headers: Vec<(String, HeaderValue)> = headers.collect();
    if let (Some(length @ 1..), false) =
        (body.size_hint().exact(), parts.headers.contains_key("content-length"))
    {
        headers.push(("content-length".to_owned(), HeaderValue::Text(length.to_string())));
    }
    let options = RequestOptions {
        method: Some(parts.method.to_string()),
        headers: Some(headers),
        ..RequestOptions::default()
    };
    let request = Rc::new(http::request(Some(&parts.uri.to_string()), Some(options), agent, None)?);
    if body.is_end_stream() {
        request.end(None)?;
    } else {
        let request = Rc::clone(&request);
        spawn_local(async move {
            if transfer(body, &*request).await.is_err() {
                request.destroy(None);
            }
        });
    }
    Ok(request.response().await?.try_into()?)
}

/// What a body is written to.
trait Outgoing {
    fn write(&self, chunk: &Chunk) -> Result<bool, Error>;
    async fn drain(&self);
    fn end(&self, chunk: Option<&Chunk>) -> Result<(), Error>;
    fn add_trailers(&self, trailers: &[(String, HeaderValue)]) -> Result<(), Error>;
}

macro_rules! outgoing {
    ($($class:ty),*) => {$(
        impl Outgoing for $class {
            fn write(&self, chunk: &Chunk) -> Result<bool, Error> {
                Self::write(self, chunk)
            }
            async fn drain(&self) {
                Self::drain(self).await;
            }
            fn end(&self, chunk: Option<&Chunk>) -> Result<(), Error> {
                Self::end(self, chunk)
            }
            fn add_trailers(&self, trailers: &[(String, HeaderValue)]) -> Result<(), Error> {
                Self::add_trailers(self, trailers)
            }
        }
    )*};
}

outgoing!(ServerResponse, ClientRequest);

async fn transfer<B>(body: B, to: &impl Outgoing) -> Result<(), BoxError>
where
    B: HttpBody,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        match frame.map_err(Into::into)?.into_data() {
            Ok(mut data) => {
                let bytes = data.copy_to_bytes(data.remaining());
                if !to.write(&Chunk::Bytes(bytes.into()))? {
                    to.drain().await;
                }
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                let lines = trailers
                    .iter()
                    .map(|(name, value)| (name.to_string(), HeaderValue::Text(text_of(value.as_bytes()))));
                to.add_trailers(&lines.collect::<Vec<_>>())?;
            }
        }
    }
    Ok(to.end(None)?)
}

fn version(message: &IncomingMessage) -> Version {
    match message.http_version_minor() {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    }
}

/// Lines that the parser let through have a name and a value that `HeaderMap` takes.
fn headers(lines: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(lines.len());
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, ::http::HeaderValue::from_maybe_shared(latin1(value))) {
            map.append(name, value);
        }
    }
    map
}

/// Strings of `node:http` have one character for each byte.
fn latin1(text: &str) -> Bytes {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
