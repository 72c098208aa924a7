//! Where a message comes from: a response from its request and its server, a request from its options and its agent.

use std::{borrow::Cow, rc::Rc};

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
    pub keep_alive_timeout: u32,
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

/// What a request must know of its options and its agent.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The method: a token, in upper case.
    pub method: Cow<'static, str>,
    /// The request target, a binary string that passed [`validate_path`](crate::message::validate::validate_path).
    pub path: String,
    /// Node's `shouldKeepAlive` at the start: false without an agent, and for an agent that neither keeps
    /// connections nor limits their number, because then no other request could use this one's (AG3).
    pub keep_alive: bool,
    /// The request has an agent, not only a connection of its own. Node announces `keep-alive` for requests
    /// of an agent alone when nothing says where their body ends.
    pub has_agent: bool,
    /// `setDefaultHeaders`; when false there is no automatic Connection, Content-Length or Transfer-Encoding.
    pub default_headers: bool,
    /// The request's `uniqueHeaders`: arrays under these names become one line.
    pub unique_headers: Rc<[String]>,
    /// The size of buffered output from which `write` returns `false`.
    pub high_water_mark: usize,
}

impl Default for RequestContext {
    /// A GET of `/` through Node's global agent.
    fn default() -> Self {
        Self {
            method: "GET".into(),
            path: "/".to_owned(),
            keep_alive: true,
            has_agent: true,
            default_headers: true,
            unique_headers: Rc::new([]),
            high_water_mark: super::DEFAULT_HIGH_WATER_MARK,
        }
    }
}

/// What a message is.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Response(ResponseContext),
    /// Behind a pointer, so that responses do not grow by what requests know, and requests that are made alike share it.
    Request(Rc<RequestContext>),
    /// Node's bare `OutgoingMessage` has headers and a buffer but cannot make a head of its own.
    Bare {
        high_water_mark: usize,
    },
}

impl Role {
    pub(super) fn high_water_mark(&self) -> usize {
        match self {
            Self::Response(context) => context.high_water_mark,
            Self::Request(context) => context.high_water_mark,
            Self::Bare { high_water_mark } => *high_water_mark,
        }
    }

    pub(super) fn unique_headers(&self) -> &[String] {
        match self {
            Self::Response(context) => &context.unique_headers,
            Self::Request(context) => &context.unique_headers,
            Self::Bare { .. } => &[],
        }
    }

    pub(super) const fn rejects_body(&self) -> bool {
        matches!(self, Self::Response(context) if context.reject_non_standard_body_writes)
    }

    /// A response to a request that holds its body back.
    pub(super) const fn holds_body_back(&self) -> bool {
        matches!(self, Self::Response(context) if context.expects_continue)
    }

    pub(super) const fn max_requests_reached(&self) -> bool {
        matches!(self, Self::Response(context) if context.max_requests_reached)
    }

    pub(super) fn has_agent(&self) -> bool {
        matches!(self, Self::Request(context) if context.has_agent)
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
