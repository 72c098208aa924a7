//! WIT types to the crate's and back: only `From`.

use std::net::SocketAddr;

use super::{
    bindings::exports::node::http::{net as wit_net, server as wit_server, types as wit},
    net::Duplex,
};
use crate::{
    agent::IpFamily,
    client::{ConnectOptions, SocketOptions, Transport},
    error::{Error, ErrorName},
    message::{Chunk, Encoding, HeaderValue, ReadResult},
    runtime,
    server::{ListenOptions, ServerEvents, ServerOptions, ServerResponse},
};

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        let details = error.details().cloned().unwrap_or_default();
        Self {
            name: error.name().into(),
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            parse: details.parse.map(|parse| wit::ParseDetails {
                reason: parse.reason.into_owned(),
                bytes_parsed: parse.bytes_parsed,
                raw_packet: parse.raw_packet,
            }),
            system: details.system.map(|system| wit::SystemDetails {
                syscall: system.syscall.into_owned(),
                address: system.address,
                port: system.port,
            }),
            cause: details.cause.map(|cause| wit::ErrorCause {
                name: cause.name,
                code: cause.code,
                message: cause.message,
            }),
        }
    }
}

impl From<ErrorName> for wit::ErrorName {
    fn from(name: ErrorName) -> Self {
        match name {
            ErrorName::Error => Self::Error,
            ErrorName::TypeError => Self::TypeError,
            ErrorName::RangeError => Self::RangeError,
            ErrorName::AbortError => Self::AbortError,
            ErrorName::SyntaxError => Self::SyntaxError,
            ErrorName::InvalidStateError => Self::InvalidStateError,
            ErrorName::InvalidAccessError => Self::InvalidAccessError,
        }
    }
}

impl From<wit::ErrorName> for ErrorName {
    fn from(name: wit::ErrorName) -> Self {
        match name {
            wit::ErrorName::Error => Self::Error,
            wit::ErrorName::TypeError => Self::TypeError,
            wit::ErrorName::RangeError => Self::RangeError,
            wit::ErrorName::AbortError => Self::AbortError,
            wit::ErrorName::SyntaxError => Self::SyntaxError,
            wit::ErrorName::InvalidStateError => Self::InvalidStateError,
            wit::ErrorName::InvalidAccessError => Self::InvalidAccessError,
        }
    }
}

/// An application's own error, such as the argument of `destroy`: its details are not ours to keep.
impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        Self::new(error.name.into(), error.code, error.message)
    }
}

impl From<wit::HeaderValue> for HeaderValue {
    fn from(value: wit::HeaderValue) -> Self {
        match value {
            wit::HeaderValue::Text(text) => Self::Text(text),
            wit::HeaderValue::Integer(integer) => Self::Integer(integer),
            wit::HeaderValue::List(list) => Self::List(list),
        }
    }
}

impl From<HeaderValue> for wit::HeaderValue {
    fn from(value: HeaderValue) -> Self {
        match value {
            HeaderValue::Text(text) => Self::Text(text),
            HeaderValue::Integer(integer) => Self::Integer(integer),
            HeaderValue::List(list) => Self::List(list),
        }
    }
}

impl From<wit::Chunk> for Chunk {
    fn from(chunk: wit::Chunk) -> Self {
        match chunk {
            wit::Chunk::Bytes(bytes) => Self::Bytes(bytes),
            wit::Chunk::Text(text) => Self::Text(text),
            wit::Chunk::Encoded((text, encoding)) => Self::Encoded(text, encoding.into()),
        }
    }
}

impl From<wit::Encoding> for Encoding {
    fn from(encoding: wit::Encoding) -> Self {
        match encoding {
            wit::Encoding::Utf8 => Self::Utf8,
            wit::Encoding::Utf16le => Self::Utf16Le,
            wit::Encoding::Latin1 => Self::Latin1,
            wit::Encoding::Ascii => Self::Ascii,
            wit::Encoding::Hex => Self::Hex,
            wit::Encoding::Base64 => Self::Base64,
            wit::Encoding::Base64url => Self::Base64Url,
        }
    }
}

impl From<SocketAddr> for wit::SocketAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            address: address.ip().to_string(),
            port: address.port(),
            family: if address.is_ipv4() { wit::IpFamily::Ipv4 } else { wit::IpFamily::Ipv6 },
        }
    }
}

impl From<wit_server::ServerOptions> for ServerOptions {
    fn from(options: wit_server::ServerOptions) -> Self {
        Self {
            connections_checking_interval: options.connections_checking_interval,
            headers_timeout: options.headers_timeout,
            high_water_mark: options.high_water_mark,
            insecure_http_parser: options.insecure_http_parser,
            join_duplicate_headers: options.join_duplicate_headers,
            keep_alive: options.keep_alive,
            keep_alive_initial_delay: options.keep_alive_initial_delay,
            keep_alive_timeout: options.keep_alive_timeout,
            max_header_size: options.max_header_size,
            no_delay: options.no_delay,
            request_timeout: options.request_timeout,
            require_host_header: options.require_host_header,
            unique_headers: options.unique_headers,
            reject_non_standard_body_writes: options.reject_non_standard_body_writes,
            http_allow_half_open: options.http_allow_half_open,
            listening: options.listening.map(ServerEvents::from),
            // The flags are declared in the order of the bits.
            response_listening: options.response_listening.map(|events| events.bits().into()),
            message_listening: options.message_listening.map(|events| events.bits().into()),
            socket_listening: options.socket_listening.map(|events| events.bits().into()),
            max_connections: options.max_connections,
        }
    }
}

impl From<wit_server::ListenOptions> for ListenOptions {
    fn from(options: wit_server::ListenOptions) -> Self {
        Self {
            port: options.port,
            host: options.host,
            backlog: options.backlog,
            ipv6_only: options.ipv6_only,
            path: options.path,
        }
    }
}

/// The flags are declared in the same order.
impl From<wit_server::ServerEvents> for ServerEvents {
    fn from(events: wit_server::ServerEvents) -> Self {
        Self::from_bits(events.bits())
    }
}

impl From<wit::IpFamily> for IpFamily {
    fn from(family: wit::IpFamily) -> Self {
        match family {
            wit::IpFamily::Ipv4 => Self::Ipv4,
            wit::IpFamily::Ipv6 => Self::Ipv6,
        }
    }
}

impl From<IpFamily> for wit::IpFamily {
    fn from(family: IpFamily) -> Self {
        match family {
            IpFamily::Ipv4 => Self::Ipv4,
            IpFamily::Ipv6 => Self::Ipv6,
        }
    }
}

impl From<wit_net::ConnectOptions> for ConnectOptions {
    fn from(options: wit_net::ConnectOptions) -> Self {
        Self {
            host: options.host,
            port: options.port,
            path: options.path,
            local_address: options.local_address,
            local_port: options.local_port,
            family: options.family.map(IpFamily::from),
            hints: options.hints,
            lookup: options.lookup,
            timeout: options.timeout,
            socket: options.socket.map(SocketOptions::from),
        }
    }
}

impl From<ConnectOptions> for wit_net::ConnectOptions {
    fn from(options: ConnectOptions) -> Self {
        Self {
            host: options.host,
            port: options.port,
            path: options.path,
            local_address: options.local_address,
            local_port: options.local_port,
            family: options.family.map(wit::IpFamily::from),
            hints: options.hints,
            lookup: options.lookup,
            timeout: options.timeout,
            socket: options.socket.map(wit_net::SocketOptions::from),
        }
    }
}

impl From<wit_net::SocketOptions> for SocketOptions {
    fn from(options: wit_net::SocketOptions) -> Self {
        Self {
            allow_half_open: options.allow_half_open,
            auto_select_family: options.auto_select_family,
            auto_select_family_attempt_timeout: options.auto_select_family_attempt_timeout,
            high_water_mark: options.high_water_mark,
            keep_alive: options.keep_alive,
            keep_alive_initial_delay: options.keep_alive_initial_delay,
            no_delay: options.no_delay,
        }
    }
}

impl From<SocketOptions> for wit_net::SocketOptions {
    fn from(options: SocketOptions) -> Self {
        Self {
            allow_half_open: options.allow_half_open,
            auto_select_family: options.auto_select_family,
            auto_select_family_attempt_timeout: options.auto_select_family_attempt_timeout,
            high_water_mark: options.high_water_mark,
            keep_alive: options.keep_alive,
            keep_alive_initial_delay: options.keep_alive_initial_delay,
            no_delay: options.no_delay,
        }
    }
}

/// The handles are taken over from the application.
impl From<wit_net::Transport> for Transport {
    fn from(transport: wit_net::Transport) -> Self {
        match transport {
            wit_net::Transport::Socket(socket) => Self::Socket(socket.into_inner()),
            wit_net::Transport::Duplex(duplex) => Self::Stream(duplex.into_inner::<Duplex>().into_stream()),
        }
    }
}

impl From<ReadResult> for wit::ReadResult {
    fn from(result: ReadResult) -> Self {
        match result {
            ReadResult::Data(bytes) => {
                Self::Data(wit::BodyData { sequence: runtime::next_sequence(), bytes })
            }
            ReadResult::Pending => Self::Pending,
            ReadResult::End(sequence) => Self::End(sequence),
            ReadResult::Aborted(error) => Self::Failed(error.into()),
        }
    }
}

/// How many of something a caller takes: 0 means all.
pub(super) fn all_if_zero(max: u64) -> usize {
    if max == 0 { usize::MAX } else { usize::try_from(max).unwrap_or(usize::MAX) }
}

/// An address that an application made up; none when it is not one.
pub(super) fn socket_addr(address: wit::SocketAddress) -> Option<SocketAddr> {
    Some(SocketAddr::new(address.address.parse().ok()?, address.port))
}

/// Method and target of a request as a line.
pub(super) fn push_line(lines: &mut String, response: &ServerResponse) {
    lines.push_str(response.method().as_str());
    lines.push(' ');
    lines.push_str(&response.target());
    lines.push('\n');
}

/// Header fields with values of any type.
pub(super) fn headers(headers: Vec<(String, wit::HeaderValue)>) -> Vec<(String, HeaderValue)> {
    headers.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// The same, outwards.
pub(super) fn wit_headers(headers: Vec<(String, HeaderValue)>) -> Vec<(String, wit::HeaderValue)> {
    headers.into_iter().map(|(name, value)| (name, value.into())).collect()
}
