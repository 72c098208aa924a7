//! The `Host` field (RFC 9112 3.2), judged for whoever has to answer 400.

use std::net::Ipv6Addr;

use super::fields::{Fields, KnownField};
use super::grammar::{hex_digit, is_name};

/// What a request's `Host` fields amount to. No verdict: Node accepts what the RFC forbids, a server decides (S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostField {
    /// There is none.
    Missing,
    /// Exactly one, and its value is `uri-host [ ":" port ]` or empty.
    One,
    /// More than one.
    Many,
    /// Exactly one, and its value is neither.
    Invalid,
}

impl HostField {
    pub(super) fn of(fields: &Fields) -> Self {
        match (fields.hosts(), fields.known(KnownField::Host)) {
            (0, _) | (_, None) => Self::Missing,
            (1, Some(value)) if is_host(value) => Self::One,
            (1, Some(_)) => Self::Invalid,
            _ => Self::Many,
        }
    }
}

/// `Host = uri-host [ ":" port ]` (RFC 9110 7.2); an empty host is legal for a target without authority.
fn is_host(value: &[u8]) -> bool {
    let behind = match value {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else {
                return false;
            };
            if !is_ip_literal(&rest[..end]) {
                return false;
            }
            &rest[end + 1..]
        }
        _ => behind_reg_name(value),
    };
    match behind {
        [] => true,
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// What is behind `reg-name = *( unreserved / pct-encoded / sub-delims )` (RFC 3986 3.2.2), which has IPv4 addresses in
/// it.
fn behind_reg_name(mut name: &[u8]) -> &[u8] {
    while let Some(other) = name.iter().position(|byte| !is_name(*byte)) {
        match &name[other..] {
            [b'%', high, low, rest @ ..] if hex_digit(*high).is_some() && hex_digit(*low).is_some() => {
                name = rest;
            }
            behind => return behind,
        }
    }
    &[]
}

/// `IP-literal = "[" ( IPv6address / IPvFuture ) "]"` (RFC 3986 3.2.2), without the brackets.
fn is_ip_literal(literal: &[u8]) -> bool {
    if let [b'v' | b'V', rest @ ..] = literal {
        let Some(dot) = rest.iter().position(|byte| *byte == b'.') else {
            return false;
        };
        let (version, address) = (&rest[..dot], &rest[dot + 1..]);
        return !version.is_empty()
            && version.iter().all(u8::is_ascii_hexdigit)
            && !address.is_empty()
            && address.iter().all(|byte| is_name(*byte) || *byte == b':');
    }
    std::str::from_utf8(literal).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_hosts() {
        let hosts = [
            "",
            "a",
            "example.com",
            "a:80",
            "a:",
            ":80",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:80",
            "[v1.a:b]",
            "%41b",
            "a_b",
        ];
        for host in hosts {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn refuses_what_is_no_host() {
        let hosts = [
            "a b", "a/b", "a@b", "a:b", "a:80:81", "a,b/", "[::1", "[x]", "[::1]a", "::1", "%4", "%zz",
            "a?b", "ä", "[v.a]",
        ];
        for host in hosts {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
