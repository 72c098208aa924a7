//! What every server of files can do: read, ask about, read if it has changed, and write.

use crate::support::*;
use node_http_imports::client::{Agent, AgentOptions};
use node_http_imports::client::{ClientRequest, RequestOptions};
use node_http_imports::http;

const SMALL: &str = "a small file\n";
/// What is in the large file, and what is uploaded.
const LARGE: usize = 8 << 20;
const PIECE: usize = 100_000;

struct Client {
    agent: Agent,
    port: u16,
    /// The method that makes a file.
    upload: String,
    /// How many requests were made.
    requests: std::cell::Cell<u32>,
}

/// Arguments: the server's port, the method that makes a file.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let options = AgentOptions { keep_alive: Some(true), max_sockets: Some(1), ..AgentOptions::default() };
    let client = Client {
        agent: Agent::create(&options).expect("valid options"),
        port: arguments[0].parse().expect("a port"),
        upload: arguments[1].clone(),
        requests: std::cell::Cell::new(0),
    };
    let modified = client.small().await;
    client.head(&modified).await;
    client.not_modified(&modified).await;
    client.large("/large").await;
    client.upload_with_length().await;
    client.large("/sized").await;
    client.upload_in_chunks().await;
    client.large("/chunked").await;
    client.small().await;
    client.missing().await;
    println!("requests {}", client.requests.get());
    client.agent.destroy();
}

/// The byte at `position` of every large file.
fn byte(position: usize) -> u8 {
    (position * 31 % 251) as u8
}

fn large() -> Vec<u8> {
    (0..LARGE).map(byte).collect()
}

impl Client {
    /// A request that goes over the connection of the one before.
    fn request(&self, method: &str, path: &str, headers: Vec<(String, HeaderValue)>) -> ClientRequest {
        let options = RequestOptions {
            host: Some("127.0.0.1".to_owned()),
            port: Some(self.port),
            path: Some(path.to_owned()),
            method: Some(method.to_owned()),
            headers: Some(headers),
            ..RequestOptions::default()
        };
        let request = http::request(None, Some(options), Some(&self.agent), None).expect("valid options");
        assert_eq!(request.reused_socket(), self.requests.get() > 0, "{method} {path}");
        self.requests.set(self.requests.get() + 1);
        request
    }

    async fn answer(&self, request: ClientRequest, status: u16) -> IncomingMessage {
        request.end(None).expect("an open request");
        let response = request.response().await.expect("an answer");
        assert_eq!(response.status_code(), Some(status));
        response
    }

    /// Answers `Last-Modified`.
    async fn small(&self) -> HeaderValue {
        let response = self.answer(self.request("GET", "/small", Vec::new()), 200).await;
        assert_eq!(response.read_all(100).await.expect("a whole body"), SMALL.as_bytes());
        response.header("last-modified").expect("a file's date")
    }

    async fn head(&self, modified: &HeaderValue) {
        let response = self.answer(self.request("HEAD", "/small", Vec::new()), 200).await;
        assert_eq!(plain(response.header("content-length")), SMALL.len().to_string());
        assert_eq!(plain(response.header("last-modified")), plain(Some(modified.clone())));
        assert_eq!(response.read_all(100).await.expect("no body"), b"");
    }

    async fn not_modified(&self, modified: &HeaderValue) {
        let since = vec![("If-Modified-Since".to_owned(), modified.clone())];
        let response = self.answer(self.request("GET", "/small", since), 304).await;
        assert_eq!(response.read_all(100).await.expect("no body"), b"");
    }

    /// Some servers close their connection with this answer.
    async fn missing(&self) {
        let response = self.answer(self.request("GET", "/missing", Vec::new()), 404).await;
        response.resume();
        response.closed().await;
    }

    /// Reads a large file piece by piece.
    async fn large(&self, path: &str) {
        let response = self.answer(self.request("GET", path, Vec::new()), 200).await;
        let mut position = 0;
        loop {
            response.readable().await;
            match response.read(0) {
                ReadResult::Data(data) => {
                    let length = data.bytes.len();
                    let same = data.bytes.iter().enumerate().all(|(at, &found)| found == byte(position + at));
                    assert!(same, "{path}: within {length} bytes from {position}");
                    position += length;
                }
                ReadResult::Pending => {}
                ReadResult::End(_) => break,
                ReadResult::Failed(error) => panic!("{path}: {error:?}"),
            }
        }
        assert_eq!((position, response.complete()), (LARGE, true), "{path}");
    }

    async fn upload_with_length(&self) {
        let request = self.request(&self.upload, "/sized", Vec::new());
        request.end(Some(&Chunk::Bytes(large()))).expect("an open request");
        let response = request.response().await.expect("an answer");
        assert_eq!(response.status_code(), Some(201));
        response.read_all(1000).await.expect("a whole body");
    }

    async fn upload_in_chunks(&self) {
        let request = self.request(&self.upload, "/chunked", Vec::new());
        for piece in large().chunks(PIECE) {
            if !request.write(&Chunk::Bytes(piece.to_vec())).expect("an open request") {
                request.drain().await;
            }
        }
        assert_eq!(plain(request.get_header("transfer-encoding")), "none", "it is not set by hand");
        let response = self.answer(request, 201).await;
        response.read_all(1000).await.expect("a whole body");
    }
}
