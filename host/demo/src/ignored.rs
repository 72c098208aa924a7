//! An upgrade to a protocol that nobody speaks here is ignored, as RFC 9110, 7.8 has it and Node does where nobody
//! listens: the request goes to the server once more, without it, and is answered as any other.

use futures_util::future::join;
use node_http_imports::net::Duplex;
use node_http_imports::server::{IncomingMessage, Server, Upgrade};
use node_http_imports::types::Error;
use node_http_imports::wit_stream;

/// Most bytes that are taken at once of what is of no use.
const PIECE: usize = 64 * 1024;

/// Returns when the connection is over.
pub(crate) async fn serve(server: &Server, upgrade: Upgrade) -> Result<(), Error> {
    let Upgrade { request, socket, .. } = upgrade;
    let (mut to_server, incoming) = wit_stream::new();
    let (duplex, outgoing) = Duplex::new(incoming);
    duplex.set_addresses(socket.local_address().as_ref(), socket.remote_address().as_ref());
    server.emit_connection(duplex)?;
    let mut behind = socket.incoming()?;
    let receive = async move {
        let is_chunked = request.header("transfer-encoding").is_some();
        let mut piece = Some(head(&request));
        while let Some(bytes) = piece.take() {
            if !to_server.write_all(bytes).await.is_empty() {
                return;
            }
            // A body that is cut short stays so.
            let Ok(body) = request.next().await else { return };
            piece = body.map(|body| if is_chunked { chunk(&body) } else { body });
        }
        if is_chunked {
            to_server.write_all(chunk(b"")).await;
        }
        // Until the client ends its side: what it sends is not answered any more.
        while !behind.read(Vec::with_capacity(PIECE)).await.1.is_empty() {}
    };
    let answer = async {
        // It fails when the client has gone, which ends the connection as well.
        let _ = socket.send(outgoing).await;
        socket.destroy_soon();
    };
    join(receive, answer).await;
    Ok(())
}

/// The head of the request without the upgrade. One answer is all that its connection has.
fn head(request: &IncomingMessage) -> Vec<u8> {
    let (method, url, version) =
        (request.method().unwrap_or_default(), request.url(), request.http_version());
    let mut head = format!("{method} {url} HTTP/{version}\r\n");
    for (name, value) in request.raw_headers() {
        if !["connection", "upgrade"].contains(&&*name.to_ascii_lowercase()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    // A character of a head is a byte.
    head.chars().map(|character| character as u8).collect()
}

/// A piece of a body whose length is not known; an empty one ends it.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
