use super::*;

// ## Clients

// X32: Asking for JSON
// http.get('http://localhost:8000/', (res) => {
//   if (res.statusCode !== 200) {
//     res.resume();
//     return console.error(`Status Code: ${res.statusCode}`);
//   }
//   let rawData = '';
//   res.on('data', (chunk) => { rawData += chunk; });
//   res.on('end', () => console.log(JSON.parse(rawData)));
// }).on('error', (e) => console.error(e.message));
async fn get_json() -> Result<(), Error> {
    let request = http::get(Some("http://localhost:8000/"), None, None, None)?;
    let res = request.response().await?; // the error of the request comes here, too
    if res.status_code() != Some(200) {
        res.resume();
        eprintln!("Status Code: {:?}", res.status_code());
        return Ok(());
    }
    let data = res.read_all(1 << 20).await?; // at most 1 MiB
    println!("{}", String::from_utf8_lossy(&data)); // serde_json::from_slice(&data)
    Ok(())
}

// X33: Sending a body
// const req = http.request({
//   hostname: 'www.google.com', port: 80, path: '/upload',
//   method: 'POST',
//   headers: { 'Content-Type': 'application/json',
//              'Content-Length': Buffer.byteLength(postData) },
// }, (res) => {
//   res.on('data', (chunk) => console.log(`BODY: ${chunk}`));
// });
// req.write(postData);
// req.end();
async fn upload(data: &str) -> Result<(), Error> {
    let length = HeaderValue::Integer(data.len() as i64);
    let head = vec![header("Content-Type", "application/json"), ("Content-Length".to_owned(), length)];
    let options = RequestOptions {
        hostname: Some("www.google.com".to_owned()),
        port: Some(80),
        path: Some("/upload".to_owned()),
        method: Some("POST".to_owned()),
        headers: Some(head),
        ..Default::default()
    };
    let req = http::request(None, Some(options), None, None)?;
    req.write(&data.into())?;
    req.end(None)?;
    let res = req.response().await?;
    while let Some(chunk) = res.next().await? {
        println!("BODY: {}", String::from_utf8_lossy(&chunk));
    }
    Ok(())
}

// X34: A URL with a name and a password
// http.request(new URL('http://abc:xyz@example.com'), (res) => {});
fn url_object() -> Result<ClientRequest, Error> {
    http::request(Some("http://abc:xyz@example.com"), None, None, None)
}

// X8: Types of headers
// request.setHeader('content-type', 'text/html');
// request.setHeader('Content-Length', Buffer.byteLength(body));
// request.setHeader('Cookie', ['type=ninja', 'language=javascript']);
// request.getHeader('Content-Type'); // 'text/html'
fn header_types(request: &ClientRequest, body: &str) -> Result<(), Error> {
    request.set_header("content-type", &"text/html".into())?;
    request.set_header("Content-Length", &HeaderValue::Integer(body.len() as i64))?;
    let cookies = ["type=ninja", "language=javascript"].map(str::to_owned);
    request.set_header("Cookie", &cookies.to_vec().into())?;
    let _: Option<HeaderValue> = request.get_header("Content-Type"); // Text("text/html")
    Ok(())
}

// X9: Names of headers
// request.setHeader('Foo', 'bar');
// request.getHeaderNames(); // ['foo']
// request.getHeaders(); // { foo: 'bar' }
// request.getRawHeaderNames(); // ['Foo']
// request.hasHeader('FOO'); // true
fn header_names(request: &ClientRequest) -> Result<(), Error> {
    request.set_header("Foo", &"bar".into())?;
    let _: Vec<String> = request.get_header_names();
    let _: Vec<(String, HeaderValue)> = request.get_headers();
    let _: Vec<String> = request.get_raw_header_names();
    let _: bool = request.has_header("FOO");
    Ok(())
}

// X10: Removing a header
// request.removeHeader('Content-Type');
fn remove_header(request: &ClientRequest) -> Result<(), Error> {
    request.remove_header("Content-Type")
}

// X13: Several values
// response.setHeader('Set-Cookie', ['type=ninja', 'language=javascript']);
fn several_values(response: &ServerResponse) -> Result<(), Error> {
    let cookies = ["type=ninja", "language=javascript"].map(str::to_owned);
    response.set_header("Set-Cookie", &cookies.to_vec().into())
}

// X14: A file name that is not Latin-1
// const filename = 'Rock 🎵.txt';
// request.setHeader('Content-Disposition',
//   `attachment; filename*=utf-8''${encodeURIComponent(filename)}`);
fn file_name(request: &ClientRequest) -> Result<(), Error> {
    // The crate `percent-encoding` encodes it; the name as it is answers ERR_INVALID_CHAR.
    let value = "attachment; filename*=utf-8''Rock%20%F0%9F%8E%B5.txt";
    request.set_header("Content-Disposition", &value.into())
}

// X36: Trailers of a request
// request.setHeader('Trailer', 'Content-MD5');
// request.write('file data');
// request.addTrailers({ 'Content-MD5': '7895bf…' });
// request.end();
fn request_trailers(request: &ClientRequest) -> Result<(), Error> {
    request.set_header("Trailer", &"Content-MD5".into())?;
    request.write(&"file data".into())?;
    request.add_trailers(&[header("Content-MD5", "7895bf…")])?;
    request.end(None)
}

// X15: Which address a request has here
// req.once('response', (res) => {
//   const { localAddress, localPort } = req.socket;
// });
async fn local_address(req: &ClientRequest) -> Result<Option<SocketAddress>, Error> {
    req.response().await?;
    Ok(req.socket().and_then(|socket| socket.local_address()))
}

// X6: Interim responses
// req.on('information', (info) => {
//   console.log(`Got information prior to main response: ${info.statusCode}`);
// });
async fn information(req: &ClientRequest) {
    req.listen_for(ClientRequestEvents::INFORMATION | ClientRequestEvents::RESPONSE);
    loop {
        req.ready().await;
        for event in req.take_events(0) {
            match event.kind {
                ClientRequestEventKind::Information(info) => {
                    println!("Got information prior to main response: {}", info.status_code);
                }
                ClientRequestEventKind::Response(_) | ClientRequestEventKind::Close => return,
                _ => {}
            }
        }
    }
}

// X40: The order of events
// for (const name of ['socket', 'response', 'close'])
//   req.on(name, () => console.log(name));
async fn order(req: &ClientRequest) {
    req.listen_for(ClientRequestEvents::SOCKET | ClientRequestEvents::RESPONSE);
    loop {
        req.ready().await;
        for event in req.take_events(0) {
            println!("{}: {:?}", event.sequence, event.kind); // one counter for all objects
            if let ClientRequestEventKind::Close = event.kind {
                return;
            }
        }
    }
}
