use super::*;

// ## Servers

// X31: A server that answers with JSON
// const server = http.createServer();
// server.on('request', (req, res) => {
//   res.writeHead(200, { 'Content-Type': 'application/json' });
//   res.end(JSON.stringify({ data: 'Hello World!' }));
// });
// server.listen(8000);
async fn json_server() -> Result<(), Error> {
    let server = Server::create(&ServerOptions::default())?;
    server.listen(ListenOptions { port: Some(8000), ..Default::default() }, None).await?;
    server
        .serve(async |res: &ServerResponse| {
            res.write_head(200, None, &[header("Content-Type", "application/json")])?;
            res.end(Some(&r#"{"data":"Hello World!"}"#.into()))
        })
        .await;
    Ok(())
}

// X30: The URL of a request
// // GET /status?name=ryan
// const url = new URL(`http://localhost${req.url}`);
// url.searchParams.get('name'); // 'ryan'
fn url(req: &IncomingMessage) -> Option<String> {
    let url = req.url(); // "/status?name=ryan"; the crate `url` knows all of it
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "name").map(|(_, value)| value.to_owned())
}

// X28: Headers of a request
// req.headers; // { 'user-agent': 'curl/7.22.0', host: … }
// req.headersDistinct; // { 'user-agent': ['curl/7.22.0'], … }
// req.headers['user-agent'];
fn headers(req: &IncomingMessage) -> Option<String> {
    let _: Vec<(String, HeaderValue)> = req.headers();
    let _: Vec<(String, Vec<String>)> = req.headers_distinct();
    req.header_text("User-Agent") // any case; `header` has the value as it is
}

// X29: Headers as they came
// for (let i = 0; i < req.rawHeaders.length; i += 2)
//   console.log(req.rawHeaders[i], req.rawHeaders[i + 1]);
fn raw_headers(req: &IncomingMessage) {
    for (name, value) in req.raw_headers() {
        println!("{name} {value}");
    }
}

// X27: Was the message complete?
// res.resume();
// res.on('close', () => {
//   if (!res.complete)
//     console.error('The connection was terminated');
// });
async fn complete(message: &IncomingMessage) {
    message.resume();
    message.closed().await;
    if !message.complete() {
        eprintln!("The connection was terminated");
    }
}

// X24: Status code and message
// response.statusCode = 404;
// response.statusMessage = 'Not found';
// response.end();
fn status(response: &ServerResponse) -> Result<(), Error> {
    response.set_status_code(404)?;
    response.set_status_message(Some("Not found"))?;
    response.end(None)
}

// X25: A head in one call
// response
//   .writeHead(200, {
//     'Content-Length': Buffer.byteLength(body),
//     'Content-Type': 'text/plain',
//   })
//   .end(body);
fn length(response: &ServerResponse, body: &str) -> Result<(), Error> {
    let length = HeaderValue::Integer(body.len() as i64);
    let head = [("Content-Length".to_owned(), length), header("Content-Type", "text/plain")];
    response.write_head(200, None, &head)?;
    response.end(Some(&body.into()))
    // or all in one: response.respond(200, &[…], body.as_bytes())
}

// X22: writeHead wins over setHeader
// response.setHeader('Content-Type', 'text/html');
// response.setHeader('X-Foo', 'bar');
// response.writeHead(200, { 'Content-Type': 'text/plain' });
// response.end('ok');
fn precedence(response: &ServerResponse) -> Result<(), Error> {
    response.set_header("Content-Type", &"text/html".into())?;
    response.set_header("X-Foo", &"bar".into())?;
    response.write_head(200, None, &[header("Content-Type", "text/plain")])?;
    response.end(Some(&"ok".into()))
}

// X35: Many headers at once
// response.setHeaders(new Map([['foo', 'bar'], ['baz', '1']]));
fn set_headers(response: &ServerResponse) -> Result<(), Error> {
    response.set_headers(&[header("foo", "bar"), header("baz", "1")])
}

// X21: Trailers
// response.writeHead(200, { 'Trailer': 'Content-MD5' });
// response.write(fileData);
// response.addTrailers({ 'Content-MD5': '7895bf…' });
// response.end();
fn trailers(response: &ServerResponse, data: Vec<u8>) -> Result<(), Error> {
    response.write_head(200, None, &[header("Trailer", "Content-MD5")])?;
    response.write(&data.into())?;
    response.add_trailers(&[header("Content-MD5", "7895bf…")])?;
    response.end(None)
}

// X26: Early hints
// response.writeEarlyHints(
//   { link: '</styles.css>; rel=preload; as=style' },
//   () => console.log('early hints message sent'));
async fn early_hints(response: &ServerResponse) -> Result<(), Error> {
    response.write_early_hints(&[header("link", "</styles.css>; rel=preload; as=style")])?;
    response.flushed().await?; // the callback
    println!("early hints message sent");
    Ok(())
}

// X23: Who asks
// const ip = res.socket.remoteAddress;
// const port = res.socket.remotePort;
// res.end(`Your IP address is ${ip} and your source port is ${port}.`);
fn address(res: &ServerResponse) -> Result<(), Error> {
    let peer = res.socket().and_then(|socket| socket.remote_address());
    let Some(SocketAddress { address, port, .. }) = peer else { return Ok(()) };
    res.end(Some(&format!("Your IP address is {address} and your source port is {port}.").into()))
}

// X18: Closing a server
// setTimeout(() => {
//   server.close(() => console.log('server on port 8000 closed'));
// }, 10000);
async fn close(server: &Server) -> Result<(), Error> {
    wait_for(10_000_000_000).await; // nanoseconds
    server.close().await?;
    println!("server on port 8000 closed");
    Ok(())
}

// X19: … and ending all connections
// server.close(() => {});
// server.closeAllConnections();
async fn close_all(server: &Server) -> Result<(), Error> {
    // `close` waits for the connections, so both happen at once.
    let (closed, ()) = join(server.close(), async { server.close_all_connections() }).await;
    closed
}

// X20: … or the idle ones
// server.close(() => {});
// server.closeIdleConnections();
async fn close_idle(server: &Server) -> Result<(), Error> {
    let (closed, ()) = join(server.close(), async { server.close_idle_connections() }).await;
    closed
}

// X16: What is no request
// server.on('clientError', (err, socket) => {
//   socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
// });
async fn client_error() -> Result<(), Error> {
    let listening = Some(ServerEvents::CLIENT_ERROR); // declared: listening changes what happens
    let server = Server::create(&ServerOptions { listening, ..Default::default() })?;
    let refuse = |event| {
        if let ServerEventKind::ClientError(ClientError { socket, .. }) = event {
            _ = socket.end(Some(&"HTTP/1.1 400 Bad Request\r\n\r\n".into()));
        }
    };
    server.serve_with(async |_: &ServerResponse| (), refuse).await;
    Ok(())
}

// X17: … unless nobody is there any more
// server.on('clientError', (err, socket) => {
//   if (err.code === 'ECONNRESET' || !socket.writable) return;
//   socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
// });
fn client_error_guarded(ClientError { error, socket }: ClientError) -> Result<(), Error> {
    if error.code == "ECONNRESET" || !socket.writable() {
        return Ok(());
    }
    socket.end(Some(&"HTTP/1.1 400 Bad Request\r\n\r\n".into()))
}

// X7: Upgrades
// server.on('upgrade', (req, socket, head) => {
//   socket.write('HTTP/1.1 101 Switching Protocols\r\n' +
//     'Upgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n');
//   socket.pipe(socket); // echo
// });
async fn upgrade(server: &Server) {
    server.listen_for(ServerEvents::UPGRADE);
    let switch = |event| {
        if let ServerEventKind::Upgrade(Upgrade { socket, .. }) = event {
            spawn_local(async move { echo(&socket).await });
        }
    };
    server.serve_with(async |_: &ServerResponse| (), switch).await;
}

async fn echo(socket: &Socket) -> Result<(), Error> {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";
    socket.write(&head.into())?;
    socket.send(socket.incoming()?).await?;
    socket.end(None)
}
