//! One answer, looked at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use node_http_host::{
    Result,
    wasmtime::{ensure, error::Context as _},
};

use crate::load::PATIENCE;

/// Where the body of an answer ends.
enum End {
    Length(usize),
    Chunked,
}

/// Asks once and checks the answer: 200, and a header that tells where it ends. How many bytes it has.
pub(crate) fn response_length(stream: &mut TcpStream, request: &[u8]) -> Result<usize> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut response = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer).context("no answer")?;
        ensure!(count > 0, "the connection ended before the answer did");
        response.extend_from_slice(&buffer[..count]);
        let Some(head) = response.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let body = head + 4;
        let is_whole = match end(&String::from_utf8_lossy(&response[..head]))? {
            End::Length(length) => response.len() - body >= length,
            End::Chunked => response.ends_with(b"\r\n0\r\n\r\n"),
        };
        if is_whole {
            return Ok(response.len());
        }
    }
}

fn end(head: &str) -> Result<End> {
    ensure!(head.starts_with("HTTP/1.1 200 "), "not the answer that was expected: {head}");
    let end = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => value.trim().parse().ok().map(End::Length),
            "transfer-encoding" => Some(End::Chunked),
            _ => None,
        }
    });
    end.context("the answer does not say where it ends")
}
