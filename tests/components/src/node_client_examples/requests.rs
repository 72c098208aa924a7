//! Examples about what a request says.

use super::*;

/// A request that is never sent.
fn unsent(options: RequestOptions) -> ClientRequest {
    http::request(Some("http://127.0.0.1/"), Some(options), None, None).expect("valid options")
}

/// X8.
pub(super) fn header_types() {
    let request = unsent(RequestOptions::default());
    request.set_header("content-type", &value("text/html")).expect("a valid header");
    request.set_header("Content-Length", &HeaderValue::Integer(11)).expect("a valid header");
    let cookies = list(&["type=ninja", "language=javascript"]);
    request.set_header("Cookie", &cookies).expect("a valid header");
    assert_eq!(plain(request.get_header("Content-Type")), "text/html");
    assert_eq!(plain(request.get_header("Content-Length")), "#11");
    assert_eq!(plain(request.get_header("cookie")), r#"["type=ninja", "language=javascript"]"#);
}

/// X9. The manual's outputs leave `Host` out, which is there by default.
pub(super) fn header_names() {
    let without_host = RequestOptions { set_host: Some(false), ..RequestOptions::default() };
    for (options, host) in [(without_host, false), (RequestOptions::default(), true)] {
        let request = unsent(options);
        request.set_header("Foo", &value("bar")).expect("a valid header");
        request.set_header("Set-Cookie", &list(&["foo=bar", "bar=baz"])).expect("a valid header");
        let skipped = usize::from(host);
        assert_eq!(request.has_header("HOST"), host);
        assert_eq!(request.get_header_names()[skipped..], ["foo", "set-cookie"]);
        assert_eq!(request.get_raw_header_names()[skipped..], ["Foo", "Set-Cookie"]);
        let headers = request.get_headers().split_off(skipped);
        assert_eq!(plain_all(headers), r#"foo=bar&set-cookie=["foo=bar", "bar=baz"]"#);
    }
}

/// X10.
pub(super) async fn remove_header(port: u16) {
    let request = http::request(None, Some(to(port)), None, None).expect("valid options");
    request.set_header("Content-Type", &value("text/plain")).expect("a valid header");
    request.set_header("X-Stays", &value("1")).expect("a valid header");
    request.remove_header("Content-Type").expect("not sent yet");
    request.remove_header("Host").expect("not sent yet");
    request.end(None).expect("a fresh request");
    body(&request).await.expect("an answer");
}

/// X13.
pub(super) async fn set_header(port: u16) {
    let request = http::request(None, Some(to(port)), None, None).expect("valid options");
    request.set_header("Content-Type", &value("application/json")).expect("a valid header");
    let cookies = list(&["type=ninja", "language=javascript"]);
    request.set_header("Cookie", &cookies).expect("a valid header");
    request.set_header("Set-Cookie", &cookies).expect("a valid header");
    request.end(None).expect("a fresh request");
    body(&request).await.expect("an answer");
}

/// X14.
pub(super) async fn file_name(port: u16) {
    let request = http::request(None, Some(to(port)), None, None).expect("valid options");
    let raw = value("attachment; filename=\"Rock \u{1f3b5}.txt\"");
    let message = "Invalid character in header content [\"Content-Disposition\"]";
    fails(request.set_header("Content-Disposition", &raw), "ERR_INVALID_CHAR", message);
    // `encodeURIComponent(filename)`
    let encoded = value("attachment; filename*=utf-8''Rock%20%F0%9F%8E%B5.txt");
    request.set_header("Content-Disposition", &encoded).expect("ASCII");
    request.end(None).expect("a fresh request");
    body(&request).await.expect("an answer");
}

/// X36, of a request.
pub(super) async fn trailers(port: u16) {
    let options = RequestOptions {
        method: Some("POST".to_owned()),
        headers: Some(vec![header("Trailer", "Content-MD5")]),
        ..to(port)
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    assert!(!request.has_header("content-md5") && request.has_header("TRAILER"));
    request.write(&text("file data")).expect("a fresh request");
    let digest = header("Content-MD5", "7895bf4b8828b55ceaf47747b4bca667");
    request.add_trailers(&[digest]).expect("a valid trailer");
    request.end(None).expect("an open request");
    body(&request).await.expect("an answer");
}

/// X34. Names and the default port are the manual's; they lead to the test's server.
pub(super) async fn url_object(port: u16) {
    let options = RequestOptions {
        lookup: Some(vec!["127.0.0.1".to_owned()]),
        port: Some(port),
        default_port: Some(port),
        ..RequestOptions::default()
    };
    let request = http::get(Some("http://abc:xyz@example.com"), Some(options), None, None);
    let request = request.expect("a valid URL");
    assert_eq!((request.host().as_str(), request.path().as_str()), ("example.com", "/"));
    body(&request).await.expect("an answer");
}

/// X33.
pub(super) async fn upload(port: u16) {
    let data = r#"{"msg":"Hello World!"}"#;
    let length = HeaderValue::Integer(data.len() as i64);
    let options = RequestOptions {
        path: Some("/upload".to_owned()),
        method: Some("POST".to_owned()),
        headers: Some(vec![
            header("Content-Type", "application/json"),
            ("Content-Length".to_owned(), length),
        ]),
        listening: Some(ClientRequestEvents::RESPONSE),
        ..to(port)
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    // Write data to request body.
    request.write(&text(data)).expect("a fresh request");
    request.end(None).expect("an open request");
    loop {
        match next(&request).await {
            ClientRequestEventKind::Response(response) => log(&response).await,
            ClientRequestEventKind::Error(error) => println!("problem with request: {}", error.message),
            ClientRequestEventKind::Close => return,
            other => panic!("{other:?}"),
        }
    }
}

async fn log(response: &IncomingMessage) {
    println!("STATUS: {}", response.status_code().expect("a response"));
    println!("HEADERS: {}", plain_all(response.headers()));
    loop {
        response.readable().await;
        match response.read(0) {
            ReadResult::Data(data) => println!("BODY: {}", latin1(&data.bytes)),
            ReadResult::Pending => {}
            ReadResult::End(_) => break,
            ReadResult::Failed(error) => panic!("{error:?}"),
        }
    }
    println!("No more data in response.");
}
