//! Counters over HTTP, for Prometheus: on a thread of their own, so that they are there whatever the component does.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use node_http_host::Metrics;

use crate::cli::Listen;

/// How long a client may take. Prometheus is near and fast, and one is served at a time.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a request that are looked at.
const MOST: usize = 8192;

/// Listens, and serves from now on.
pub(super) fn serve(listen: &Listen, metrics: &Metrics) -> io::Result<()> {
    let listener = TcpListener::bind((listen.host.as_str(), listen.port))?;
    tracing::info!("counters at http://{}/metrics", listener.local_addr()?);
    let metrics = metrics.clone();
    let serve = move || {
        for stream in listener.incoming() {
            // Whoever could not be answered asks again.
            let _ = stream.and_then(|stream| answer(stream, &metrics));
        }
    };
    thread::Builder::new().name("metrics".to_owned()).spawn(serve).map(drop)
}

fn answer(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MOST {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    let text = metrics.to_prometheus();
    let (status, body) = match head.split(|byte| *byte == b' ').collect::<Vec<_>>().as_slice() {
        [b"GET", b"/metrics", ..] => ("200 OK", text.as_str()),
        [b"HEAD", b"/metrics", ..] => ("200 OK", ""),
        _ => ("404 Not Found", "the counters are at /metrics\n"),
    };
    let length = if head.starts_with(b"HEAD ") { text.len() } else { body.len() };
    let fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close";
    write!(stream, "HTTP/1.1 {status}\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}")
}
