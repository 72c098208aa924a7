//! Cases for `interface incoming-message`.

use wit_bindgen::StreamResult;

use crate::support::*;

/// Answers `ok` once the body is read, as the probe did that recorded `tests/vectors/node-26.10-parser.jsonl`.
pub(crate) async fn parser() -> Done {
    let default = ServerOptions::default;
    let handler: fn(ServerResponse, u32) -> Handling = |response, _| {
        Box::pin(async move {
            // Fails when the message is cut short.
            if response.request().read_all(1000).await.is_ok() {
                end(&response, "ok")?;
            }
            Ok(())
        })
    };
    all([
        Box::pin(each_with("{}", default(), handler)),
        Box::pin(each_with(
            "insecureHTTPParser",
            ServerOptions { insecure_http_parser: Some(true), ..default() },
            handler,
        )),
        Box::pin(each_with(
            "maxHeaderSize",
            ServerOptions { max_header_size: Some(100), ..default() },
            handler,
        )),
    ])
    .await;
}

/// One server; the path chooses what is tried.
pub(crate) async fn run() -> Done {
    each("message", |response, _| {
        Box::pin(async move {
            let request = response.request();
            match response.request_line().url.as_str() {
                "/read-all" => read_all(&response, &request).await,
                "/limit" => limit(&response, &request).await,
                "/read" => read(&response, &request).await,
                "/stream" => stream(&response, &request).await,
                "/half-stream" => half_stream(&response, &request).await,
                "/echo" => echo(&response, &request).await,
                "/aborted" => aborted(&response, &request).await,
                "/destroy" => destroy(&response, &request),
                "/unread" => respond(&response, "unread"),
                "/drop-view" => {
                    drop(request);
                    respond(&response, "dropped")
                }
                "/resume" => {
                    request.resume();
                    respond(&response, "resumed")
                }
                "/socket" => socket(&response, &request),
                "/trailers" => trailers(&response, &request).await,
                "/slow" => slow(&response, &request).await,
                _ => describe(&response, &request),
            }
        })
    })
    .await;
}

fn respond(response: &ServerResponse, body: &str) -> Result<(), Error> {
    response.respond(200, &[], body.as_bytes())
}

/// Everything that the head says.
fn describe(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    assert_eq!(request.status_code(), None);
    assert_eq!(request.status_message(), None);
    let version = (request.http_version_major(), request.http_version_minor());
    assert_eq!(request.http_version(), format!("{}.{}", version.0, version.1));
    let line = response.request_line();
    assert_eq!((Some(line.method), line.url), (request.method(), request.url()));
    for (name, wanted) in request.headers() {
        assert_eq!(plain(request.header(&name.to_uppercase())), plain(Some(wanted)));
    }
    assert_eq!(plain(request.header("x-absent")), "none");
    let lines = [
        format!("{} {} {}", request.method().unwrap_or_default(), request.url(), request.http_version()),
        plain_all(request.headers()),
        format!("{:?}", request.headers_distinct()),
        format!("{:?}", request.raw_headers()),
    ];
    // The answer is Latin-1 as the request was.
    response.end(Some(&Chunk::Encoded((lines.join("\n"), Encoding::Latin1))))
}

async fn read_all(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let body = request.read_all(1 << 21).await?;
    assert!(request.complete());
    assert!(request.readable_ended());
    assert!(!request.aborted());
    request.closed().await;
    response.respond(200, &[], &body)
}

async fn limit(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let error = request.read_all(3).await.expect_err("a longer body");
    respond(response, &error.code)
}

/// By `readable` and `read`, three bytes at a time.
async fn read(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let mut pieces = Vec::new();
    let mut last = 0;
    loop {
        let sequence = match request.read(3) {
            ReadResult::Data(data) => {
                assert!((1..=3).contains(&data.bytes.len()));
                pieces.extend(data.bytes);
                data.sequence
            }
            ReadResult::Pending => {
                assert!(!request.complete());
                request.readable().await;
                continue;
            }
            ReadResult::End(sequence) => {
                assert!(sequence > last);
                break;
            }
            ReadResult::Failed(error) => return Err(error),
        };
        assert!(sequence > last);
        last = sequence;
    }
    assert!(request.complete());
    response.respond(200, &[], &pieces)
}

async fn stream(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let sent = response.send_body(request.body()?).await?;
    println!("streamed {sent}");
    assert!(!response.writable_ended());
    response.end(None)
}

/// Takes the first bytes of the stream and drops it: the rest is dumped.
async fn half_stream(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let mut body = request.body()?;
    let (result, first) = body.read(Vec::with_capacity(4)).await;
    assert_ne!(result, StreamResult::Dropped);
    drop(body);
    response.respond(200, &[], &first)
}

/// Both ways at once, with back-pressure.
async fn echo(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let mut waits = 0;
    loop {
        match request.read(0) {
            ReadResult::Data(data) => {
                if !response.write(&Chunk::Bytes(data.bytes))? {
                    assert!(response.writable_need_drain());
                    waits += 1;
                    response.drain().await;
                    assert!(!response.writable_need_drain());
                }
            }
            ReadResult::Pending => request.readable().await,
            ReadResult::End(_) => break,
            ReadResult::Failed(error) => return Err(error),
        }
    }
    println!("waited {waits}");
    response.end(None)
}

/// The client goes away in the middle of its body.
async fn aborted(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    println!("began");
    let error = request.read_all(100).await.expect_err("the body is cut");
    assert_eq!((&*error.code, &*error.message), ("ECONNRESET", "aborted"));
    assert!(request.aborted());
    assert!(!request.complete());
    request.closed().await;
    response.closed().await;
    let error = response.finished().await.expect_err("the connection is gone");
    assert_eq!(error.code, "ERR_STREAM_PREMATURE_CLOSE");
    println!("aborted");
    Ok(())
}

fn destroy(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    assert!(!request.complete());
    request.destroy(None);
    // It is gone together with its connection.
    let _ = response.respond(200, &[], b"never seen");
    Ok(())
}

fn socket(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    let socket = request.socket().expect("a connection");
    let alias = request.connection().expect("a connection");
    let addresses =
        [socket.remote_address(), alias.remote_address(), socket.local_address(), alias.local_address()];
    let ports: Vec<String> = addresses
        .into_iter()
        .flatten()
        .map(|address| format!("{}:{}", address.address, address.port))
        .collect();
    respond(response, &ports.join(" "))
}

async fn trailers(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    if !request.complete() {
        assert!(request.raw_trailers().is_empty());
    }
    request.read_all(100).await?;
    let lines = [
        plain_all(request.trailers()),
        format!("{:?}", request.trailers_distinct()),
        format!("{:?}", request.raw_trailers()),
    ];
    respond(response, &lines.join("\n"))
}

/// Reads only after the client had time to send more than is kept.
async fn slow(response: &ServerResponse, request: &IncomingMessage) -> Result<(), Error> {
    request.readable().await;
    sleep(50).await;
    let kept = request.readable_length();
    assert!(kept > 0, "nothing was received ahead");
    // One read of the socket may go beyond the mark.
    assert!(kept < 2 * request.readable_high_water_mark() + 65_536, "{kept} bytes were received ahead");
    let body = request.read_all(u64::MAX).await?;
    respond(response, &body.len().to_string())
}
