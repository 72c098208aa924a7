//! Errors of the parser and of the operating system, as Node words them.

use std::borrow::Cow;

use super::{Details, Error, ParseDetails, SystemDetails};
use crate::proto::ParseError;

impl Error {
    /// An `HPE_*` error of the parser, with the bytes that were being parsed.
    #[must_use]
    pub fn parse(error: ParseError, raw_packet: Vec<u8>) -> Self {
        // Node words the message where it catches errors of received bytes; an end of input goes past that.
        let message: Cow<'static, str> = match error.code {
            "HPE_INVALID_EOF_STATE" => "Parse Error".into(),
            _ => format!("Parse Error: {}", error.reason).into(),
        };
        let parse = ParseDetails { reason: error.reason.into(), bytes_parsed: error.offset, raw_packet };
        let details = Details { parse: Some(parse), ..Details::default() };
        Self::plain(error.code, message).with_details(details)
    }

    /// A failed `read` or `write` on a connection: `read ECONNRESET`.
    #[must_use]
    pub fn system(syscall: &'static str, code: &'static str) -> Self {
        Self::system_error(code, format!("{syscall} {code}"), syscall, None, None)
    }

    /// A failed `connect`: `connect ECONNREFUSED 127.0.0.1:1`.
    #[must_use]
    pub fn connect(code: &'static str, address: &str, port: u16) -> Self {
        let message = format!("connect {code} {address}:{port}");
        Self::system_error(code, message, "connect", Some(address.to_owned()), Some(port))
    }

    /// A failed `bind` of the local end of a connection: `bind EADDRNOTAVAIL 192.0.2.9`, with `:port` if one
    /// was chosen.
    #[must_use]
    pub fn bind(code: &'static str, address: &str, port: u16) -> Self {
        let chosen = Some(port).filter(|port| *port > 0);
        let end = chosen.map_or_else(|| address.to_owned(), |port| format!("{address}:{port}"));
        let message = format!("bind {code} {end}");
        Self::system_error(code, message, "bind", Some(address.to_owned()), chosen)
    }

    /// A failed `listen`: `listen EADDRINUSE: address already in use 127.0.0.1:80`.
    #[must_use]
    pub fn listen(code: &'static str, address: &str, port: u16) -> Self {
        let message = format!("listen {code}: {} {address}:{port}", system_text(code));
        Self::system_error(code, message, "listen", Some(address.to_owned()), Some(port))
    }

    /// A failed name look-up: `getaddrinfo ENOTFOUND host`.
    #[must_use]
    pub fn getaddrinfo(code: &'static str, host: &str) -> Self {
        let message = format!("getaddrinfo {code} {host}");
        Self::system_error(code, message, "getaddrinfo", Some(host.to_owned()), None)
    }

    fn system_error(
        code: &'static str,
        message: String,
        syscall: &'static str,
        address: Option<String>,
        port: Option<u16>,
    ) -> Self {
        let system = SystemDetails { syscall: syscall.into(), address, port };
        Self::plain(code, message).with_details(Details { system: Some(system), ..Details::default() })
    }
}

/// libuv's text for an error that a server can meet while it starts to listen.
fn system_text(code: &str) -> &'static str {
    match code {
        "EACCES" => "permission denied",
        "EADDRINUSE" => "address already in use",
        "EADDRNOTAVAIL" => "address not available",
        "EAFNOSUPPORT" => "address family not supported",
        "EINVAL" => "invalid argument",
        "EMFILE" => "too many open files",
        "ENOBUFS" => "no buffer space available",
        "ENOMEM" => "not enough memory",
        "ENOTSUP" => "operation not supported on socket",
        _ => "unknown error",
    }
}
