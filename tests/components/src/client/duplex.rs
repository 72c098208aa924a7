//! A connection made of two streams, and its other end.

use wit_bindgen::{StreamReader, StreamResult, StreamWriter};

use super::*;

/// What the origin is elsewhere. Dropping it ends the connection.
pub(super) struct FarEnd {
    to_client: StreamWriter<u8>,
    from_client: StreamReader<u8>,
    received: String,
}

impl FarEnd {
    pub(super) fn new() -> (Duplex, Self) {
        let (to_client, incoming) = node_http_imports::wit_stream::new();
        let (duplex, from_client) = Duplex::new(incoming);
        (duplex, Self { to_client, from_client, received: String::new() })
    }

    /// All that was received, once it has `end` in it or is over.
    pub(super) async fn receive(&mut self, end: &str) -> &str {
        while !self.received.contains(end) {
            let (result, bytes) = self.from_client.read(Vec::with_capacity(65_536)).await;
            self.received.extend(bytes.into_iter().map(char::from));
            if result == StreamResult::Dropped {
                break;
            }
        }
        &self.received
    }

    pub(super) async fn send(&mut self, text: &str) {
        let left = self.to_client.write_all(text.as_bytes().to_vec()).await;
        assert!(left.is_empty(), "{} bytes were not taken", left.len());
    }

    /// Answers one request and answers what it was.
    pub(super) async fn answer(mut self, reply: &str) -> String {
        self.receive("\r\n\r\n").await;
        self.send(reply).await;
        self.received
    }
}
