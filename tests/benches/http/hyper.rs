//! hyper beside us: the same programs on one thread.

use std::env;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Empty, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use node_http_host::{
    Result,
    wasmtime::{bail, error::Context as _},
};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
static LARGE: [u8; 1 << 20] = [b'.'; 1 << 20];
static PIECE: [u8; 64 * 1024] = [b'.'; 64 * 1024];

/// Is a server, a reverse proxy or a client.
pub(crate) fn be(kind: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match kind {
        "server" => runtime.block_on(serve(answer)),
        "proxy" => runtime.block_on(serve(proxy)),
        "client" => runtime.block_on(client()),
        _ => bail!("hyper is no {kind}"),
    }
}

async fn serve<A, F, B>(answer: A) -> Result<()>
where
    A: Fn(Request<Incoming>) -> F + Copy + Send + 'static,
    F: Future<Output = Result<Response<B>, Error>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(511)?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut builder = hyper::server::conn::http1::Builder::new();
            let serving = builder.pipeline_flush(true);
            // It fails when the client has gone.
            let _ = serving.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Either<Full<Bytes>, Pieces>>, Error> {
    // Nobody looks at another token.
    let is_kept = !request.headers().contains_key(CONNECTION) || request.headers()[CONNECTION] != "close";
    let (status, content_type, body) = match request.uri().path() {
        "/plain" => (StatusCode::OK, TEXT, whole(Bytes::from_static(b"Hello, world\n"))),
        "/echo" => (StatusCode::OK, BYTES, whole(request.into_body().collect().await?.to_bytes())),
        "/sized" => (StatusCode::OK, BYTES, whole(Bytes::from_static(&LARGE))),
        "/chunked" => (StatusCode::OK, BYTES, Either::Right(Pieces { piece: &PIECE, left: 16 })),
        "/lines" => (StatusCode::OK, BYTES, Either::Right(Pieces { piece: b"a line of text\n", left: 1000 })),
        _ => (StatusCode::NOT_FOUND, TEXT, whole(Bytes::from_static(b"Not found\n"))),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    if is_kept {
        // hyper does without; so the bytes are the others'.
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.insert(KEEP_ALIVE, HeaderValue::from_static("timeout=5"));
    }
    Ok(response)
}

fn whole(bytes: Bytes) -> Either<Full<Bytes>, Pieces> {
    Either::Left(Full::new(bytes))
}

/// A body in equal pieces.
struct Pieces {
    piece: &'static [u8],
    left: usize,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        Poll::Ready(left.map(|_| Ok(Frame::data(Bytes::from_static(self.piece)))))
    }
}

/// Passes on to `UPSTREAM`, with connections kept on both sides.
async fn proxy(mut request: Request<Incoming>) -> Result<Response<Incoming>, Error> {
    static KEPT: Mutex<Vec<SendRequest<Incoming>>> = Mutex::new(Vec::new());
    let take = || KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
    request.headers_mut().remove(CONNECTION);
    let mut upstream = None;
    while let (None, Some(mut kept)) = (&upstream, take()) {
        upstream = kept.ready().await.is_ok().then_some(kept);
    }
    let mut upstream = match upstream {
        Some(upstream) => upstream,
        None => {
            let uri: Uri = env::var("UPSTREAM")?.parse()?;
            connect(uri.authority().ok_or("no authority")?.as_str()).await?
        }
    };
    let mut answer = upstream.send_request(request).await?;
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(upstream);
    for name in [CONNECTION, KEEP_ALIVE] {
        answer.headers_mut().remove(name);
    }
    Ok(answer)
}

async fn connect<B>(address: &str) -> Result<SendRequest<B>, Error>
where
    B: Body<Data: Send, Error: Into<Error>> + Send + 'static,
{
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Whoever sends is told how it ended.
    tokio::spawn(async move { _ = connection.await });
    Ok(sender)
}

/// Asks again and again: `IN_FLIGHT` requests at a time, on connections that are kept if `KEEP_ALIVE` is true.
async fn client() -> Result<()> {
    let variable = |name| env::var(name).context(name);
    let address = format!("127.0.0.1:{}", variable("PORT")?);
    let keep_alive = variable("KEEP_ALIVE")? == "true";
    let mut asking: JoinSet<Result<(), Error>> = JoinSet::new();
    for _ in 0..variable("IN_FLIGHT")?.parse::<usize>()? {
        let address = address.clone();
        asking.spawn(async move {
            let mut kept = None;
            loop {
                let mut sender = match kept.take() {
                    Some(sender) => sender,
                    None => connect(&address).await?,
                };
                ask(&mut sender, &address, keep_alive).await?;
                kept = keep_alive.then_some(sender);
            }
        });
    }
    match asking.join_next().await {
        Some(Ok(Err(error))) => bail!("{error}"),
        other => bail!("{other:?}"),
    }
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, host: &str, keep_alive: bool) -> Result<(), Error> {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let request = Request::get("/plain").header(HOST, host).header(CONNECTION, connection);
    sender.ready().await?;
    let answer = sender.send_request(request.body(Empty::new())?).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    if body.len() == 13 { Ok(()) } else { Err("not the answer that was expected".into()) }
}
