//! Where a response comes from: its request and its server.

use std::rc::Rc;

use crate::message::headers::contains_word;
use crate::proto::{KnownField, Method, RequestHead};

/// What a response must know of its request and server.
#[derive(Clone, Debug)]
pub struct ResponseContext {
    /// The request was HEAD: the response has a head only.
    pub head_request: bool,
    /// The HTTP version of the request, major and minor.
    pub http_version: (u8, u8),
    /// The request allows the connection to persist (llhttp's `shouldKeepAlive`).
    pub keep_alive: bool,
    /// The request has a `TE` header that names `chunked`. Only asked of HTTP/1.0 clients.
    pub te_chunked: bool,
    /// The request has `Expect: 100-continue`.
    pub expects_continue: bool,
    /// The server's `keepAliveTimeout` in milliseconds; 0 announces none.
    pub keep_alive_timeout: u64,
    /// The server's `maxRequestsPerSocket`; 0 is no limit.
    pub max_requests_per_socket: u32,
    /// This request is the last one that limit allows on its connection.
    pub max_requests_reached: bool,
    /// The server's `uniqueHeaders` in lower case: arrays under these names become one line.
    pub unique_headers: Rc<[String]>,
    /// The server's `rejectNonStandardBodyWrites`.
    pub reject_non_standard_body_writes: bool,
    /// The size of buffered output from which `write` returns `false`.
    pub high_water_mark: usize,
}

impl Default for ResponseContext {
    /// A GET over HTTP/1.1 to a server with Node's default options.
    fn default() -> Self {
        Self {
            head_request: false,
            http_version: (1, 1),
            keep_alive: true,
            te_chunked: false,
            expects_continue: false,
            keep_alive_timeout: 5000,
            max_requests_per_socket: 0,
            max_requests_reached: false,
            unique_headers: Rc::new([]),
            reject_non_standard_body_writes: false,
            high_water_mark: super::DEFAULT_HIGH_WATER_MARK,
        }
    }
}

impl ResponseContext {
    /// This context, which holds what the server says, with what `request` says.
    #[must_use]
    pub fn for_request(self, request: &RequestHead) -> Self {
        // Several fields of one name count as one joined value; most requests have none.
        let names = |known, name, word| {
            request.fields.known(known).is_some()
                && request.fields.get_all(name).any(|value| contains_word(value, word))
        };
        Self {
            head_request: request.method == Method::Head,
            http_version: request.version,
            keep_alive: request.keep_alive,
            te_chunked: names(KnownField::Te, "te", "chunked"),
            // I-16: HTTP/1.0 knows no expectations.
            expects_continue: request.version == (1, 1)
                && names(KnownField::Expect, "expect", "100-continue"),
            ..self
        }
    }
}
