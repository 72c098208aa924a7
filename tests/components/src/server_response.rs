//! Cases for `interface server-response`: one server, the path chooses what is tried.

use crate::support::*;

pub(crate) async fn run() -> Done {
    each("response", |response, _| {
        Box::pin(async move {
            match response.request_line().url.as_str() {
                "/headers" => headers(&response),
                "/set-headers" => set_headers(&response),
                "/invalid-headers" => invalid_headers(&response),
                "/after-head" => after_head(&response),
                "/write-head" => write_head(&response),
                "/invalid-head" => invalid_head(&response),
                "/status" => status(&response),
                "/flush" => flush(&response).await,
                "/date" => date(&response),
                "/informational" => informational(&response).await,
                "/trailers" => trailers(&response),
                "/cork" => cork(&response).await,
                "/strict" => strict(&response),
                "/ended" => ended(&response).await,
                "/encodings" => encodings(&response),
                "/flood" => flood(&response).await,
                "/cut" => cut(&response).await,
                "/endless" => endless(&response).await,
                "/destroy" => destroy(&response),
                "/socket" => socket(&response).await,
                "/request" => request(response),
                "/respond" => respond(&response),
                "/respond-all" => respond_all(response),
                other => panic!("there is no {other:?}"),
            }
        })
    })
    .await;
}

fn headers(response: &ServerResponse) -> Result<(), Error> {
    assert!(!response.has_header("X-One"));
    assert_eq!(plain(response.get_header("x-one")), "none");
    response.set_header("X-One", &HeaderValue::Integer(1))?;
    set(response, "X-Two", "2")?;
    response.append_header("x-two", &value("3"))?;
    response.set_header("X-List", &list(&["a", "b"]))?;
    set(response, "X-Gone", "1")?;
    response.remove_header("x-gone")?;
    assert!(response.has_header("x-ONE"));
    assert_eq!(plain(response.get_header("X-ONE")), "#1");
    assert_eq!(plain(response.get_header("x-two")), "[\"2\", \"3\"]");
    assert_eq!(response.get_header_names(), ["x-one", "x-two", "x-list"]);
    assert_eq!(response.get_raw_header_names(), ["X-One", "X-Two", "X-List"]);
    assert_eq!(plain_all(response.get_headers()), "x-one=#1&x-two=[\"2\", \"3\"]&x-list=[\"a\", \"b\"]");
    assert!(!response.headers_sent());
    end(response, "x")?;
    assert!(response.headers_sent());
    // What was set stays visible after it was sent.
    assert_eq!(plain(response.get_header("x-one")), "#1");
    Ok(())
}

fn set_headers(response: &ServerResponse) -> Result<(), Error> {
    set(response, "x-a", "0")?;
    response.set_headers(&[header("X-A", "caf\u{e9}"), ("Set-Cookie".to_owned(), list(&["a=1", "b=2"]))])?;
    // Fields that come in through writeHead win over those that were set.
    response.write_head(200, None, &[header("x-b", "2")])?;
    response.end(None)
}

fn invalid_headers(response: &ServerResponse) -> Result<(), Error> {
    let token = "Header name must be a valid HTTP token [\"x y\"]";
    fails(set(response, "x y", "1"), "ERR_INVALID_HTTP_TOKEN", token);
    fails(response.append_header("x y", &value("1")), "ERR_INVALID_HTTP_TOKEN", token);
    let content = "Invalid character in header content [\"x\"]";
    fails(set(response, "x", "a\r\nb: c"), "ERR_INVALID_CHAR", content);
    fails(set(response, "x", "\u{142}"), "ERR_INVALID_CHAR", content);
    fails(response.set_header("x", &list(&["a", "\n"])), "ERR_INVALID_CHAR", content);
    let split = [("x".to_owned(), "a\r\nb: c".to_owned())];
    fails(response.respond(200, &split, b""), "ERR_INVALID_CHAR", content);
    assert!(!response.headers_sent());
    end(response, "still fine")
}

fn after_head(response: &ServerResponse) -> Result<(), Error> {
    response.write_head(200, None, &[header("X", "1")])?;
    let cannot = |verb: &str| format!("Cannot {verb} headers after they are sent to the client");
    fails(set(response, "y", "1"), "ERR_HTTP_HEADERS_SENT", &cannot("set"));
    fails(response.append_header("y", &value("1")), "ERR_HTTP_HEADERS_SENT", &cannot("append"));
    fails(response.remove_header("x"), "ERR_HTTP_HEADERS_SENT", &cannot("remove"));
    fails(response.write_head(200, None, &[]), "ERR_HTTP_HEADERS_SENT", &cannot("write"));
    fails(response.respond(200, &[], b""), "ERR_HTTP_HEADERS_SENT", &cannot("write"));
    // As in Node 26: an informational head cannot follow the final one.
    assert_eq!(response.write_continue().expect_err("too late").code, "ERR_HTTP_HEADERS_SENT");
    assert_eq!(response.write_processing().expect_err("too late").code, "ERR_HTTP_HEADERS_SENT");
    // Only what was set is remembered.
    assert_eq!(plain(response.get_header("x")), "none");
    end(response, "x")
}

fn write_head(response: &ServerResponse) -> Result<(), Error> {
    set(response, "X-Set", "set")?;
    set(response, "X-Both", "set")?;
    let head = [header("x-both", "head"), ("Content-Length".to_owned(), HeaderValue::Integer(2))];
    response.write_head(201, Some("Fine \u{e9}"), &head)?;
    assert_eq!((response.status_code(), response.status_message().as_deref()), (201, Some("Fine \u{e9}")));
    end(response, "ok")
}

fn invalid_head(response: &ServerResponse) -> Result<(), Error> {
    for wrong in [0, 99, 1000] {
        let message = format!("Invalid status code: {wrong}");
        fails(response.write_head(wrong, None, &[]), "ERR_HTTP_INVALID_STATUS_CODE", &message);
        fails(response.respond(wrong, &[], b""), "ERR_HTTP_INVALID_STATUS_CODE", &message);
    }
    let message = "Invalid character in statusMessage";
    fails(response.write_head(200, Some("a\r\nb"), &[]), "ERR_INVALID_CHAR", message);
    assert!(!response.headers_sent());
    // As in Node, the message stays set.
    response.set_status_message(None)?;
    response.respond(200, &[], b"still fine")
}

fn status(response: &ServerResponse) -> Result<(), Error> {
    assert_eq!((response.status_code(), response.status_message()), (200, None));
    response.set_status_code(404)?;
    assert_eq!(response.status_code(), 404);
    response.set_status_message(Some("Gone Fishing"))?;
    assert_eq!(response.status_message().as_deref(), Some("Gone Fishing"));
    response.end(None)
}

/// The head leaves before there is a body.
async fn flush(response: &ServerResponse) -> Result<(), Error> {
    response.flush_headers()?;
    response.flush_headers()?;
    assert!(response.headers_sent());
    response.flushed().await?;
    println!("flushed");
    // The client sends its body only when it has seen the head.
    let body = response.request().read_all(10).await?;
    response.end(Some(&Chunk::Bytes(body)))
}

fn date(response: &ServerResponse) -> Result<(), Error> {
    assert!(response.send_date());
    response.set_send_date(false);
    assert!(!response.send_date());
    response.end(None)
}

async fn informational(response: &ServerResponse) -> Result<(), Error> {
    response.write_continue()?;
    response.write_processing()?;
    // Without a link nothing is sent.
    response.write_early_hints(&[header("x", "1")])?;
    let wrong = response.write_early_hints(&[header("link", "no link")]).expect_err("not a link");
    assert_eq!(wrong.code, "ERR_INVALID_ARG_VALUE");
    response.write_early_hints(&[header("link", "</a>; rel=preload")])?;
    response.flushed().await?;
    assert!(!response.headers_sent());
    println!("informed");
    let body = response.request().read_all(10).await?;
    response.end(Some(&Chunk::Bytes(body)))
}

fn trailers(response: &ServerResponse) -> Result<(), Error> {
    let message = "Trailer name must be a valid HTTP token [\"x y\"]";
    fails(response.add_trailers(&[header("x y", "1")]), "ERR_INVALID_HTTP_TOKEN", message);
    let message = "Invalid character in trailer content [\"x\"]";
    fails(response.add_trailers(&[header("x", "\n")]), "ERR_INVALID_CHAR", message);
    response.write(&text("a"))?;
    response.add_trailers(&[header("X-Replaced", "1")])?;
    response.add_trailers(&[header("X-T", "caf\u{e9}"), ("X-U".to_owned(), list(&["1", "2"]))])?;
    response.end(None)
}

/// What is written while corked leaves as one chunk.
async fn cork(response: &ServerResponse) -> Result<(), Error> {
    response.flush_headers()?;
    response.cork();
    response.cork();
    assert_eq!(response.writable_corked(), 2);
    response.write(&text("one "))?;
    response.write(&text("two "))?;
    response.uncork();
    assert_eq!(response.writable_corked(), 1);
    response.write(&text("three"))?;
    response.uncork();
    assert_eq!(response.writable_corked(), 0);
    response.flushed().await?;
    response.end(None)
}

fn strict(response: &ServerResponse) -> Result<(), Error> {
    assert!(!response.strict_content_length());
    response.set_strict_content_length(true);
    assert!(response.strict_content_length());
    set(response, "Content-Length", "4")?;
    let message = |bytes: u8| {
        format!(
            "Response body's content-length of {bytes} byte(s) does not match the content-length of 4 byte(s) set \
             in header"
        )
    };
    fails(response.write(&text("12345")), "ERR_HTTP_CONTENT_LENGTH_MISMATCH", &message(5));
    response.write(&text("12"))?;
    fails(response.end(None), "ERR_HTTP_CONTENT_LENGTH_MISMATCH", &message(2));
    end(response, "34")
}

async fn ended(response: &ServerResponse) -> Result<(), Error> {
    assert!(!response.writable_ended() && !response.is_finished() && !response.writable_finished());
    end(response, "x")?;
    assert!(response.writable_ended() && response.is_finished());
    response.finished().await?;
    assert!(response.writable_finished());
    assert_eq!(response.writable_length(), 0);
    // As in Node from 'close' on.
    assert!(response.destroyed());
    assert!(response.errored().is_none());
    fails(response.write(&text("y")), "ERR_STREAM_WRITE_AFTER_END", "write after end");
    fails(end(response, "y"), "ERR_STREAM_WRITE_AFTER_END", "write after end");
    // As in Node, where only a callback would hear of it.
    response.end(None)?;
    response.closed().await;
    println!("ended");
    Ok(())
}

/// Eight ways to give bytes.
fn encodings(response: &ServerResponse) -> Result<(), Error> {
    let encoded = |text: &str, encoding| Chunk::Encoded((text.to_owned(), encoding));
    response.write(&Chunk::Bytes(vec![0, 255]))?;
    response.write(&text("\u{e9}"))?;
    response.write(&encoded("\u{e9}", Encoding::Utf8))?;
    response.write(&encoded("\u{e9}", Encoding::Latin1))?;
    response.write(&encoded("\u{e9}", Encoding::Utf16le))?;
    response.write(&encoded("00ff", Encoding::Hex))?;
    response.write(&encoded("AP8=", Encoding::Base64))?;
    response.end(Some(&encoded("AP8", Encoding::Base64url)))
}

/// Writes until it is told to wait, several times.
async fn flood(response: &ServerResponse) -> Result<(), Error> {
    assert_eq!(response.writable_high_water_mark(), 65_536);
    let mut waits = 0;
    let mut written: u64 = 0;
    while waits < 20 {
        written += 10_000;
        if !response.write(&Chunk::Bytes(vec![b'x'; 10_000]))? {
            assert!(response.writable_need_drain());
            assert!(response.writable_length() >= response.writable_high_water_mark());
            if waits == 0 {
                println!("full");
            }
            waits += 1;
            response.drain().await;
            assert!(!response.writable_need_drain());
        }
    }
    println!("written {written}");
    response.end(None)
}

/// The client goes away in the middle of the answer.
async fn cut(response: &ServerResponse) -> Result<(), Error> {
    response.write(&text("begin"))?;
    println!("writing");
    response.closed().await;
    assert!(response.destroyed());
    assert!(!response.writable_finished());
    let message = "Cannot call write after a stream was destroyed";
    fails(response.write(&text("more")), "ERR_STREAM_DESTROYED", message);
    assert_eq!(response.finished().await.expect_err("it was cut").code, "ERR_STREAM_PREMATURE_CLOSE");
    println!("cut");
    Ok(())
}

/// Writes until that fails.
async fn endless(response: &ServerResponse) -> Result<(), Error> {
    let mut written = 0;
    let error = loop {
        match response.write(&Chunk::Bytes(vec![b'x'; 10_000])) {
            Ok(true) => {}
            Ok(false) => response.drain().await,
            Err(error) => break error,
        }
        written += 1;
        if written == 1 {
            println!("writing");
        }
    };
    assert_eq!(error.code, "ERR_STREAM_DESTROYED");
    println!("cut");
    Ok(())
}

fn destroy(response: &ServerResponse) -> Result<(), Error> {
    response.destroy(None);
    assert!(response.destroyed());
    let message = "Cannot call write after a stream was destroyed";
    fails(response.write(&text("x")), "ERR_STREAM_DESTROYED", message);
    println!("destroyed");
    Ok(())
}

async fn socket(response: &ServerResponse) -> Result<(), Error> {
    let socket = response.socket().expect("a connection");
    let alias = response.connection().expect("a connection");
    let address = |socket: Option<SocketAddress>| socket.map(|address| (address.address, address.port));
    assert_eq!(address(socket.remote_address()), address(alias.remote_address()));
    let (_, port) = address(socket.remote_address()).expect("a peer");
    end(response, &port.to_string())?;
    response.finished().await?;
    assert!(response.socket().is_none());
    assert!(response.connection().is_none());
    Ok(())
}

/// The message outlives the answer's handle.
fn request(response: ServerResponse) -> Result<(), Error> {
    let (request, again) = (response.request(), response.request());
    end(&response, "x")?;
    drop(response);
    assert_eq!((request.url(), again.url()), ("/request".to_owned(), "/request".to_owned()));
    Ok(())
}

fn respond(response: &ServerResponse) -> Result<(), Error> {
    let headers = [("X-Cafe".to_owned(), "\u{e9}".to_owned()), ("x-b".to_owned(), "2".to_owned())];
    response.respond(202, &headers, b"in one call")?;
    assert!(response.writable_ended());
    assert_eq!(response.status_code(), 202);
    Ok(())
}

thread_local! {
    /// Responses that wait until there are three.
    static BATCH: std::cell::RefCell<Vec<ServerResponse>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Three answers in one call, of which the second is wrong: its connection is destroyed with its handle.
fn respond_all(response: ServerResponse) -> Result<(), Error> {
    let batch = BATCH.with_borrow_mut(|batch| {
        batch.push(response);
        if batch.len() == 3 { std::mem::take(batch) } else { Vec::new() }
    });
    let answer = |(index, response)| Answer {
        response,
        status: if index == 1 { 1 } else { 200 },
        headers: Vec::new(),
        body: format!("answer {index}").into_bytes(),
    };
    let answers: Vec<Answer> = batch.into_iter().enumerate().map(answer).collect();
    if !answers.is_empty() {
        let failed = ServerResponse::respond_all(answers);
        let failed: Vec<(u32, String)> =
            failed.into_iter().map(|failed| (failed.index, failed.error.code)).collect();
        assert_eq!(failed, [(1, "ERR_HTTP_INVALID_STATUS_CODE".to_owned())]);
    }
    Ok(())
}
