//! What a rule with a host name knows of the addresses behind it.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The name that needs no lookup.
pub(super) const LOCALHOST: &str = "localhost";

/// How long an address stays known after a lookup has given it. Longer than a lookup and the connecting that follows
/// it, also where a name rotates through addresses; short enough to notice that a name has moved.
const LIFETIME: Duration = Duration::from_secs(60);

/// At most so many addresses are known of one name; the oldest ones go first.
const MAX_ADDRESSES: usize = 64;

/// A host name with its addresses.
#[derive(Debug)]
pub(super) struct Name {
    /// As [`host_name`] gives it.
    name: String,
    known: Mutex<Known>,
}

impl Name {
    pub(super) fn new(name: String) -> Self {
        Self { name, known: Mutex::default() }
    }

    /// Notes what a lookup has given for this name.
    pub(super) fn learn(&self, addresses: &[IpAddr]) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).learn(addresses, Instant::now());
    }

    /// Asks the name service. What fails teaches nothing.
    pub(super) async fn look_up(&self) {
        if let Ok(found) = tokio::net::lookup_host((self.name.as_str(), 0)).await {
            let addresses: Vec<IpAddr> = found.map(|found| found.ip().to_canonical()).collect();
            self.learn(&addresses);
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn knows(&self, ip: IpAddr) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(ip, Instant::now())
    }
}

/// Addresses with the time of the last lookup that gave them, oldest first.
#[derive(Debug, Default)]
struct Known(Vec<(IpAddr, Instant)>);

impl Known {
    fn learn(&mut self, addresses: &[IpAddr], now: Instant) {
        self.0.retain(|(ip, seen)| is_fresh(*seen, now) && !addresses.contains(ip));
        self.0.extend(addresses.iter().take(MAX_ADDRESSES).map(|ip| (*ip, now)));
        let surplus = self.0.len().saturating_sub(MAX_ADDRESSES);
        self.0.drain(..surplus);
    }

    fn contains(&self, ip: IpAddr, now: Instant) -> bool {
        self.0.iter().any(|(known, seen)| *known == ip && is_fresh(*seen, now))
    }
}

fn is_fresh(seen: Instant, now: Instant) -> bool {
    now.saturating_duration_since(seen) < LIFETIME
}

/// A host name in lower case and without the dot at its end: labels of letters, digits, `-` and `_`. One that ends in
/// a number is none: resolvers take it for an address (WHATWG URL, "ends in a number").
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let is_name =
        name.len() <= 253 && name.split('.').all(is_label) && !name.rsplit('.').next().is_some_and(is_number);
    is_name.then(|| name.to_ascii_lowercase())
}

/// The name that a lookup of `text` would ask the name service for, `None` for an address, which is its own answer.
pub(super) fn asked(text: &str) -> Option<String> {
    if text.parse::<IpAddr>().is_ok() {
        return None;
    }
    match url::Host::parse(text) {
        // In ASCII and lower case.
        Ok(url::Host::Domain(name)) => Some(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => None,
        // wasmtime-wasi refuses to ask for it, and no rule names it.
        Err(_) => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn addresses_are_forgotten_when_lookups_stop_giving_them() {
        let start = Instant::now();
        let mut known = Known::default();
        known.learn(&[ip(1), ip(2)], start);
        assert!(known.contains(ip(1), start + LIFETIME / 2));
        known.learn(&[ip(2)], start + LIFETIME / 2);
        assert!(known.contains(ip(1), start + LIFETIME / 2));
        assert!(!known.contains(ip(1), start + LIFETIME));
        assert!(known.contains(ip(2), start + LIFETIME));
        assert!(!known.contains(ip(2), start + LIFETIME * 2));
        known.learn(&[ip(3)], start + LIFETIME * 2);
        assert_eq!(known.0.len(), 1);
    }

    #[test]
    fn addresses_are_bounded_in_number() {
        let now = Instant::now();
        let mut known = Known::default();
        for last in 0..=u8::MAX {
            known.learn(&[ip(last)], now);
        }
        assert_eq!(known.0.len(), MAX_ADDRESSES);
        assert!(known.contains(ip(u8::MAX), now));
        assert!(!known.contains(ip(0), now));
        let many: Vec<IpAddr> = (0..=u8::MAX).map(ip).collect();
        known.learn(&many, now);
        assert_eq!(known.0.len(), MAX_ADDRESSES);
        // The best ones come first.
        assert!(known.contains(ip(0), now));
    }

    #[test]
    fn names_are_normalized() {
        assert_eq!(host_name("API.Example.com.").as_deref(), Some("api.example.com"));
        assert_eq!(host_name("_a.x-1").as_deref(), Some("_a.x-1"));
        assert_eq!(asked("API.Example.com.").as_deref(), Some("api.example.com"));
        assert_eq!(asked("b\u{fc}cher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(asked("127.0.0.1\0.example.com").as_deref(), Some("127.0.0.1\0.example.com"));
        for address in ["127.0.0.1", "::1", "[::1]", "127.1"] {
            assert_eq!(asked(address), None, "{address}");
        }
    }
}
