//! What the crate `node-http-imports` adds to the bindings: the loop, replies, bodies, types of others.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll};

    use http_body::Body as _;
    use node_http_imports::http_types::{self, Body, BoxError};
    use node_http_imports::server::{
        IncomingMessage, ListenOptions, Reply, Server, ServerOptions, ServerResponse,
    };
    use node_http_imports::types::Error;
    use node_http_imports::{main, spawn_local, wasi};
    use tower_service::Service;

    main!(imports);

    async fn imports() -> Result<(), Error> {
        let server = Server::create(&ServerOptions::default())?;
        let address = server.listen(ListenOptions::from_env(), None).await?;
        println!("listening {} app", address.port);

        let tower = Server::create(&ServerOptions::default())?;
        let address = tower.listen(ListenOptions::default(), None).await?;
        println!("listening {} tower", address.port);
        spawn_local(async move { tower.serve_tower(Echo).await });

        server.serve(async move |response: &ServerResponse| route(response, address.port).await).await;
        println!("closed");
        Ok(())
    }

    async fn route(response: &ServerResponse, tower: u16) -> Result<Option<Reply>, BoxError> {
        let line = response.request_line();
        Ok(Some(match line.url.as_str() {
            "/reply" => Reply::text("at once\n").header("X-Kind", "reply"),
            "/late" => {
                wasi::clocks::monotonic_clock::wait_for(1).await;
                Reply::json("{}").status(201)
            }
            "/fails" => {
                response.set_header("Content-Length", &1000_u32.into())?;
                return Err("no luck".into());
            }
            "/fails-half-way" => {
                response.write_all("half").await?;
                response.flushed().await?;
                return Err("no luck".into());
            }
            "/lines" => {
                lines(response).await?;
                return Ok(None);
            }
            "/count" => count(response.request()).await?,
            "/fetch" => fetch(tower).await?,
            "/twice" => {
                // Refused by the second call: the head is sent.
                response.respond(200, &[], b"once\n")?;
                Reply::text("twice\n")
            }
            _ => Reply::empty(404),
        }))
    }

    /// 20 KiB in small writes, a piece that was sent by hand, and the rest.
    async fn lines(response: &ServerResponse) -> Result<(), BoxError> {
        let mut body = response.body_writer();
        for _ in 0..2048 {
            if !body.write(b"ten bytes\n")? {
                body.drain().await?;
            }
        }
        writeln!(body, "{}", 1)?;
        body.flush()?;
        body.write(b"2")?;
        body.write(b"3")?;
        Ok(body.end()?)
    }

    async fn count(request: IncomingMessage) -> Result<Reply, Error> {
        let mut count = 0;
        while let Some(piece) = request.next().await? {
            count += piece.len();
        }
        Ok(Reply::text(format!("{count} of {}\n", request.header_text("content-length").unwrap_or_default())))
    }

    /// A request to the other server, with the types of the crate `http`.
    async fn fetch(port: u16) -> Result<Reply, BoxError> {
        let request = ::http::Request::post(format!("http://127.0.0.1:{port}/path?query"));
        let request = request.header("X-Many", "one").body("body".to_owned())?;
        let response: ::http::Response<Body> = http_types::fetch(request, None).await?;
        let (parts, body) = response.into_parts();
        let mut text =
            format!("{} {:?} {:?}\n", parts.status, parts.headers["x-line"], parts.headers["x-many"]);
        let mut body = pin!(body);
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            text.push_str(std::str::from_utf8(frame?.data_ref().ok_or("trailers")?)?);
        }
        Ok(Reply::text(text))
    }

    /// A `tower` service: says what it got, with the body behind it.
    #[derive(Clone)]
    struct Echo;

    impl Service<::http::Request<Body>> for Echo {
        type Response = ::http::Response<Body>;
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: ::http::Request<Body>) -> Self::Future {
            Box::pin(async move {
                let (parts, body) = request.into_parts();
                let text = format!("{} {} {:?}", parts.method, parts.uri, parts.version);
                if parts.uri.path() == "/fails" {
                    return Err("no luck".into());
                }
                let mut response = ::http::Response::new(body);
                *response.status_mut() = ::http::StatusCode::ACCEPTED;
                let headers = response.headers_mut();
                headers.insert("x-line", text.parse()?);
                for value in parts.headers.get_all("x-many") {
                    headers.append("x-many", value.clone());
                }
                Ok(response)
            })
        }
    }

    #[expect(dead_code, reason = "that it compiles is the test: a body is what routers want")]
    fn body_is_what_routers_want() {
        fn wanted<B: http_body::Body<Data = bytes::Bytes, Error = Error> + Send + 'static>() {}
        wanted::<Body>();
    }
}
