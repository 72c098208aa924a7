//! The handlers of `tests/vectors/node-23.5-server-wire.jsonl`, each in Rust, found by the golden's name.

use crate::support::*;

type Handler = fn(&ServerResponse, u32) -> Result<(), Error>;

/// A server for each golden, all in one instance.
pub(crate) async fn run(names: Vec<String>) -> Done {
    let mut servers = Vec::new();
    for name in names {
        let server = listen(&name, options(&name)).await;
        if name == "maxRequestsPerSocket 2" {
            server.set_max_requests_per_socket(2);
        }
        servers.push(Box::pin(async move { serve_golden(&name, &server).await }));
    }
    futures_util::future::join_all(servers).await;
}

async fn serve_golden(name: &str, server: &Server) {
    let handler = handler(name);
    let mut count = 0;
    loop {
        server.ready().await;
        for event in server.take_events(0) {
            match event.kind {
                ServerEventKind::Request(response) => {
                    answer(name, handler, response, count);
                    count += 1;
                }
                ServerEventKind::CheckContinue(response) => {
                    response.set_status_code(400).expect("a valid status");
                    end(&response, "no").expect("a fresh response");
                }
                ServerEventKind::Upgrade(upgrade) => {
                    let _ = upgrade.socket.write(&text("HTTP/1.1 101 X\r\n\r\n"));
                    if name == "Upgrade listener" {
                        let _ = upgrade.socket.end(None);
                    }
                    spawn(hold(upgrade.socket));
                }
                ServerEventKind::Close => return,
                _ => {}
            }
        }
    }
}

/// Dropping a socket destroys it: keeps it as long as its peer does.
async fn hold(socket: Socket) -> Result<(), Error> {
    loop {
        match socket.read(0) {
            ReadResult::Data(_) => {}
            ReadResult::Pending => socket.readable().await,
            ReadResult::End(_) | ReadResult::Failed(_) => return Ok(()),
        }
    }
}

fn answer(name: &str, handler: Option<Handler>, response: ServerResponse, number: u32) {
    if let Some(handler) = handler {
        return spawn(async move { handler(&response, number) });
    }
    let name = name.to_owned();
    spawn(async move {
        match name.as_str() {
            "write, tick, write, end" => {
                response.write(&text("ab"))?;
                sleep(20).await;
                response.write(&text("cde"))?;
                end(&response, "f")
            }
            "expect default" => {
                let body = response.request().read_all(10).await?;
                response.end(Some(&Chunk::Bytes(body)))
            }
            "pipeline order" => {
                sleep([60, 10, 30][number as usize]).await;
                end(&response, &format!("r{number}"))
            }
            "half-close client" | "half-close client httpAllowHalfOpen" => {
                sleep(30).await;
                end(&response, "x")
            }
            name => panic!("the golden {name:?} has no handler"),
        }
    });
}

fn options(name: &str) -> ServerOptions {
    let mut options = ServerOptions::default();
    match name {
        "no host, requireHostHeader false" => options.require_host_header = Some(false),
        "keepAliveTimeout 0" => options.keep_alive_timeout = Some(0),
        "keepAliveTimeout 1500" => options.keep_alive_timeout = Some(1500),
        "keepAliveTimeout 500" => options.keep_alive_timeout = Some(500),
        "uniqueHeaders" => options.unique_headers = Some(vec!["x-u".to_owned()]),
        "checkContinue final w/o continue" => options.listening = Some(ServerEvents::CHECK_CONTINUE),
        "Upgrade listener" | "Upgrade with body (CL)" => options.listening = Some(ServerEvents::UPGRADE),
        "half-close client httpAllowHalfOpen" => options.http_allow_half_open = Some(true),
        _ => {}
    }
    options
}

/// None for the handlers that wait for something.
fn handler(name: &str) -> Option<Handler> {
    body(name).or_else(|| head(name)).or_else(|| pipelined(name))
}

/// Handlers that differ in how they give the body.
#[allow(clippy::too_many_lines, reason = "a table")]
fn body(name: &str) -> Option<Handler> {
    Some(match name {
        "end(hello)" | "HEAD end(hello)" => |s, _| end(s, "hello"),
        "end()" => |s, _| s.end(None),
        "write+end()" => |s, _| {
            s.write(&text("hello "))?;
            s.end(None)
        },
        "write+write+end(x)" => |s, _| {
            s.write(&text("ab"))?;
            s.write(&text("cde"))?;
            end(s, "f")
        },
        "1.0 end"
        | "1.0 keepalive end(x)"
        | "req close"
        | "no host"
        | "no host, requireHostHeader false"
        | "expect bogus"
        | "expect 1.0"
        | "keepAliveTimeout 0"
        | "keepAliveTimeout 1500"
        | "keepAliveTimeout 500"
        | "maxRequestsPerSocket 2"
        | "CONNECT no listener"
        | "Upgrade listener"
        | "Upgrade with body (CL)"
        | "checkContinue final w/o continue" => |s, _| end(s, "x"),
        // Node's `q.upgrade`: here the request has come as an ordinary one.
        "Upgrade no listener" => |s, _| end(s, "xfalse"),
        "1.0 write+end" | "1.0 keepalive write+end" | "1.0 TE: chunked keepalive write+end" => |s, _| {
            s.write(&text("x"))?;
            end(s, "y")
        },
        "HEAD write" => |s, _| {
            s.write(&text("hello"))?;
            s.end(None)
        },
        "HEAD writeHead end" => |s, _| {
            s.write_head(200, None, &[])?;
            end(s, "hello")
        },
        "flushHeaders then end(x)" => |s, _| {
            s.flush_headers()?;
            end(s, "x")
        },
        "write empty then end(x)" => |s, _| {
            s.write(&text(""))?;
            end(s, "x")
        },
        "remove connection" => |s, _| {
            s.remove_header("connection")?;
            end(s, "x")
        },
        "remove date" => |s, _| {
            s.remove_header("date")?;
            end(s, "x")
        },
        "remove CL" => |s, _| {
            s.remove_header("content-length")?;
            end(s, "x")
        },
        "remove TE" => |s, _| {
            s.remove_header("transfer-encoding")?;
            s.write(&text("x"))?;
            end(s, "y")
        },
        "remove CL+TE" => |s, _| {
            s.remove_header("transfer-encoding")?;
            s.remove_header("content-length")?;
            end(s, "y")
        },
        "sendDate false" => |s, _| {
            s.set_send_date(false);
            end(s, "y")
        },
        _ => return framed(name),
    })
}

/// Handlers that choose the framing themselves.
fn framed(name: &str) -> Option<Handler> {
    Some(match name {
        "1.0 keepalive CL set" => |s, _| {
            s.set_header("Content-Length", &HeaderValue::Integer(1))?;
            end(s, "x")
        },
        "HEAD CL" => |s, _| {
            s.set_header("Content-Length", &HeaderValue::Integer(5))?;
            s.end(None)
        },
        "CL too big body short" => |s, _| {
            s.set_header("Content-Length", &HeaderValue::Integer(10))?;
            end(s, "abc")
        },
        "CL small, body long" => |s, _| {
            s.set_header("Content-Length", &HeaderValue::Integer(2))?;
            end(s, "abcdef")
        },
        "explicit TE chunked" => |s, _| {
            set(s, "Transfer-Encoding", "chunked")?;
            end(s, "abc")
        },
        "explicit TE gzip, chunked" => |s, _| {
            set(s, "Transfer-Encoding", "gzip, chunked")?;
            end(s, "abc")
        },
        "explicit TE + CL" => |s, _| {
            set(s, "Transfer-Encoding", "chunked")?;
            set(s, "Content-Length", "3")?;
            end(s, "abc")
        },
        "1.0 trailers" => |s, _| {
            s.add_trailers(&[header("a", "b")])?;
            end(s, "y")
        },
        "trailers" => |s, _| {
            s.write_head(200, None, &[header("Trailer", "X-T")])?;
            s.write(&text("a"))?;
            s.add_trailers(&[header("X-T", "v"), ("X-U".to_owned(), list(&["1", "2"]))])?;
            s.end(None)
        },
        "trailers w/o Trailer hdr, end only" => |s, _| {
            s.add_trailers(&[header("X-T", "v")])?;
            end(s, "abc")
        },
        "Trailer + CL throws" => |s, _| {
            let headers = [header("Trailer", "x"), ("Content-Length".to_owned(), HeaderValue::Integer(1))];
            let message = "Trailers are invalid with this transfer encoding";
            fails(s.write_head(200, None, &headers), "ERR_HTTP_TRAILER_INVALID", message);
            s.remove_header("trailer")?;
            end(s, "a")
        },
        "Trailer hdr end only" => |s, _| {
            set(s, "Trailer", "X-T")?;
            s.add_trailers(&[header("X-T", "v")])?;
            end(s, "abc")
        },
        _ => return None,
    })
}

/// Handlers that differ in status line and header fields.
#[allow(clippy::too_many_lines, reason = "a table")]
fn head(name: &str) -> Option<Handler> {
    Some(match name {
        "writeHead+end(x)" => |s, _| {
            s.write_head(200, None, &[header("Content-Type", "text/plain")])?;
            end(s, "x")
        },
        "setHeader+end(x)" => |s, _| {
            s.set_header("X-A", &HeaderValue::Integer(1))?;
            s.set_header("x-b", &list(&["1", "2"]))?;
            s.set_header("Set-Cookie", &list(&["a=1", "b=2"]))?;
            end(s, "x")
        },
        "204 end" => |s, _| status(s, 204, ""),
        "204 end(x)" => |s, _| status(s, 204, "x"),
        "205 end(x)" => |s, _| status(s, 205, "x"),
        "status unknown" => |s, _| status(s, 299, ""),
        "304 CL" => |s, _| {
            s.write_head(304, None, &[header("Content-Length", "10")])?;
            s.end(None)
        },
        "204 TE" => |s, _| {
            s.write_head(204, None, &[header("Transfer-Encoding", "chunked")])?;
            s.end(None)
        },
        "res close" => |s, _| {
            set(s, "Connection", "close")?;
            end(s, "x")
        },
        "own Keep-Alive" => |s, _| {
            set(s, "Keep-Alive", "timeout=9")?;
            end(s, "x")
        },
        "own Connection keep-alive" => |s, _| {
            set(s, "Connection", "keep-alive")?;
            end(s, "x")
        },
        "uniqueHeaders" => |s, _| {
            s.set_header("X-U", &list(&["1", "2"]))?;
            s.set_header("Cookie", &list(&["a", "b"]))?;
            s.append_header("x-v", &value("1"))?;
            s.append_header("X-V", &value("2"))?;
            s.end(None)
        },
        "early hints" => |s, _| {
            let link = list(&["</a>; rel=preload", "</b>; rel=preload"]);
            s.write_early_hints(&[("link".to_owned(), link), header("x-t", "1")])?;
            s.write_processing()?;
            s.write_continue()?;
            end(s, "x")
        },
        "statusMessage" => |s, _| {
            s.set_status_message(Some("Hi There"))?;
            s.end(None)
        },
        "statusMessage empty string" => |s, _| {
            s.set_status_message(Some(""))?;
            s.end(None)
        },
        "writeHead reason" => |s, _| {
            s.write_head(404, Some("Nope"), &[header("A", "b")])?;
            s.end(None)
        },
        "writeHead array" => |s, _| {
            s.write_head(200, None, &[header("A", "1"), header("A", "2"), header("b", "3")])?;
            s.end(None)
        },
        "setHeader+writeHead obj" => |s, _| {
            set(s, "X-A", "1")?;
            s.write_head(200, None, &[header("x-a", "2"), header("Y", "3")])?;
            s.end(None)
        },
        _ => return None,
    })
}

/// Handlers that look at the request.
fn pipelined(name: &str) -> Option<Handler> {
    Some(match name {
        "two hosts" => |s, _| end(s, &plain(s.request().header("host"))),
        "pipeline with close in middle" => |s, number| {
            if number == 1 {
                set(s, "Connection", "close")?;
            }
            end(s, &format!("r{number}"))
        },
        "body unread, keepalive next" => |s, _| end(s, &format!("x{}", s.request().url())),
        _ => return None,
    })
}

fn status(response: &ServerResponse, code: u16, body: &str) -> Result<(), Error> {
    response.set_status_code(code)?;
    if body.is_empty() { response.end(None) } else { end(response, body) }
}
