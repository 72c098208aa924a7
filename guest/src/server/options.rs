//! Options of a server: Node's names, defaults and errors.

use std::rc::Rc;

use super::listening::ServerEvents;
use crate::{
    error::Error,
    proto::{Leniency, Limits},
};

/// `http.createServer` options (SO1–SO16). `None` means Node's default.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// `connectionsCheckingInterval`, milliseconds: accepted and without effect, as deadlines are kept
    /// exactly here and not only looked at from time to time.
    pub connections_checking_interval: Option<u32>,
    /// `headersTimeout`, milliseconds; the smaller of 60000 and `request_timeout`. 0 disables.
    pub headers_timeout: Option<u32>,
    /// `highWaterMark`, bytes; 65536.
    pub high_water_mark: Option<u64>,
    /// `insecureHTTPParser`; false.
    pub insecure_http_parser: Option<bool>,
    /// `joinDuplicateHeaders`; false.
    pub join_duplicate_headers: Option<bool>,
    /// `keepAlive`: TCP keep-alive probes on accepted sockets; false.
    pub keep_alive: Option<bool>,
    /// `keepAliveInitialDelay`, milliseconds; 0.
    pub keep_alive_initial_delay: Option<u32>,
    /// `keepAliveTimeout`, milliseconds; 5000. 0 disables.
    pub keep_alive_timeout: Option<u32>,
    /// `maxHeaderSize`, bytes; 16384.
    pub max_header_size: Option<u64>,
    /// `noDelay`; true. `wasi:sockets` cannot set it: recorded, and done by hosts that can.
    pub no_delay: Option<bool>,
    /// `requestTimeout`, milliseconds; 300000. 0 disables.
    pub request_timeout: Option<u32>,
    /// `requireHostHeader`; true.
    pub require_host_header: Option<bool>,
    /// `uniqueHeaders`: names of response headers whose list values are sent as one line; none.
    pub unique_headers: Option<Vec<String>>,
    /// `rejectNonStandardBodyWrites`; false.
    pub reject_non_standard_body_writes: Option<bool>,
    /// `httpAllowHalfOpen`; true, where Node has false (difference S6).
    pub http_allow_half_open: Option<bool>,
    /// The events of the server that are listened to; none.
    pub listening: Option<ServerEvents>,
    /// The events of every response that are listened to from its beginning, by [`super::ResponseEvent`]'s bits; none.
    pub response_listening: Option<u16>,
    /// The events of every request that are listened to from its beginning, by [`super::MessageEvent`]'s bits; none.
    pub message_listening: Option<u16>,
    /// The events of every socket that are listened to from its beginning, by [`super::SocketEvent`]'s bits; none.
    pub socket_listening: Option<u16>,
    /// How many connections may be open at once; 18000 (see [`MAX_CONNECTIONS`]).
    pub max_connections: Option<u32>,
}

/// A connection costs five of a store's 100,000 handles, and the application needs some too.
pub const MAX_CONNECTIONS: u32 = (100_000 - 10_000) / 5;

/// What a server works by: valid options, and the properties that Node lets a program write while it
/// runs. A change holds for what begins afterwards.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Milliseconds a head may take; 0: no limit. `server.headersTimeout`.
    pub headers_timeout: u32,
    /// Milliseconds a whole request may take; 0: no limit. `server.requestTimeout`.
    pub request_timeout: u32,
    /// Milliseconds an idle connection is kept, a second added; 0: for ever. `server.keepAliveTimeout`.
    pub keep_alive_timeout: u32,
    /// Milliseconds of inactivity; recorded only. `server.timeout`.
    pub timeout: u32,
    /// Bytes that are buffered in each direction before the other side must wait.
    pub high_water_mark: usize,
    /// Whether a client that has ended its side is still answered.
    pub http_allow_half_open: bool,
    /// Whether invalid messages are let through as far as Node can.
    pub insecure_http_parser: bool,
    /// Whether duplicates of single-valued fields are joined instead of dropped.
    pub join_duplicate_headers: bool,
    /// Bytes of a head. `maxHeaderSize`.
    pub max_header_size: usize,
    /// Fields per head; 0: no limit, none: [`MAX_HEADERS_COUNT`].
    pub max_headers_count: Option<u32>,
    /// Requests per connection; 0: no limit. `server.maxRequestsPerSocket`.
    pub max_requests_per_socket: u32,
    /// Whether HTTP/1.1 without Host is refused.
    pub require_host_header: bool,
    /// Lower-case names of response fields whose lists are sent as one line.
    pub unique_headers: Rc<[String]>,
    /// Whether a body where none may be is an error.
    pub reject_non_standard_body_writes: bool,
    /// Whether accepted sockets get TCP keep-alive probes.
    pub keep_alive: bool,
    /// Milliseconds of silence before the first probe; 0: the system's choice.
    pub keep_alive_initial_delay: u32,
    /// Connections that may be open at once.
    pub max_connections: u32,
    /// What is listened to on every response, request and socket from its beginning.
    pub response_listening: u16,
    /// As `response_listening`.
    pub message_listening: u16,
    /// As `response_listening`.
    pub socket_listening: u16,
}

/// Node's `maxHeadersCount` default of 2000 counts names and values: 1000 fields.
const MAX_HEADERS_COUNT: usize = 1000;

impl Settings {
    /// Checks what Node checks, in its order.
    pub(super) fn new(options: ServerOptions) -> Result<Self, Error> {
        let request_timeout = options.request_timeout.unwrap_or(300_000);
        let headers_timeout = options.headers_timeout.unwrap_or_else(|| request_timeout.min(60_000));
        if options.headers_timeout.is_some() && request_timeout > 0 && headers_timeout > request_timeout {
            return Err(Error::out_of_range(
                "headersTimeout",
                "<= requestTimeout",
                i64::from(headers_timeout),
            ));
        }
        Ok(Self {
            headers_timeout,
            request_timeout,
            keep_alive_timeout: options.keep_alive_timeout.unwrap_or(5000),
            timeout: 0,
            high_water_mark: to_size(options.high_water_mark.unwrap_or(65_536)),
            http_allow_half_open: options.http_allow_half_open.unwrap_or(true),
            insecure_http_parser: options.insecure_http_parser.unwrap_or(false),
            join_duplicate_headers: options.join_duplicate_headers.unwrap_or(false),
            max_header_size: to_size(options.max_header_size.unwrap_or(16_384)),
            max_headers_count: None,
            max_requests_per_socket: 0,
            require_host_header: options.require_host_header.unwrap_or(true),
            unique_headers: options
                .unique_headers
                .unwrap_or_default()
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            reject_non_standard_body_writes: options.reject_non_standard_body_writes.unwrap_or(false),
            keep_alive: options.keep_alive.unwrap_or(false),
            keep_alive_initial_delay: options.keep_alive_initial_delay.unwrap_or(0),
            max_connections: options.max_connections.unwrap_or(MAX_CONNECTIONS),
            response_listening: options.response_listening.unwrap_or(0),
            message_listening: options.message_listening.unwrap_or(0),
            socket_listening: options.socket_listening.unwrap_or(0),
        })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_header_size: self.max_header_size,
            max_headers_count: self.max_headers_count.map_or(MAX_HEADERS_COUNT, |count| count as usize),
            ..Limits::default()
        }
    }

    pub(super) fn leniency(&self) -> Leniency {
        if self.insecure_http_parser { Leniency::insecure_http_parser() } else { Leniency::STRICT }
    }
}

/// Sizes beyond the address space mean "no limit".
fn to_size(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
