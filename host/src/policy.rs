//! Which addresses a component may listen on and connect to. Nothing, unless it is allowed.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// The addresses that a component may use. Denies everything by default.
///
/// ```
/// use node_http_host::Policy;
///
/// let mut policy = Policy::default();
/// policy.allow_listen("127.0.0.1:8080".parse()?);
/// policy.allow_connect("10.0.0.0/8:443".parse()?);
/// # Ok::<(), node_http_host::RuleError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Policy {
    listen: Vec<Rule>,
    connect: Vec<Rule>,
}

impl Policy {
    /// Allows listening and connecting everywhere, as `wasmtime run -S inherit-network` does.
    pub fn allow_all() -> Self {
        Self { listen: vec![Rule::any()], connect: vec![Rule::any()] }
    }

    /// Allows to listen on the addresses that match `rule`.
    ///
    /// An application that asks for port 0 gets a port that the system chooses; the rule is asked about port 0.
    pub fn allow_listen(&mut self, rule: Rule) -> &mut Self {
        self.listen.push(rule);
        self
    }

    /// Allows to connect to the addresses that match `rule`, and to look up host names.
    pub fn allow_connect(&mut self, rule: Rule) -> &mut Self {
        self.connect.push(rule);
        self
    }

    /// Whether anything may be connected to. Without that, names need no lookup.
    pub fn connects(&self) -> bool {
        !self.connect.is_empty()
    }

    pub(crate) async fn may_listen(&self, address: SocketAddr) -> bool {
        matches_any(&self.listen, address).await
    }

    pub(crate) async fn may_connect(&self, address: SocketAddr) -> bool {
        matches_any(&self.connect, address).await
    }

    /// A socket is bound before it listens, or before it connects from a chosen local address; which of the two it
    /// will be is not known yet. Port 0 gives nothing away that connecting would not.
    pub(crate) async fn may_bind(&self, address: SocketAddr) -> bool {
        (address.port() == 0 && self.connects()) || self.may_listen(address).await
    }
}

/// One entry of an allow-list: a host and a port, either of which may be open.
///
/// | text | allows |
/// |---|---|
/// | `*` | everything |
/// | `127.0.0.1:8080`, `[::1]:8080` | one address |
/// | `127.0.0.1`, `::1`, `localhost:*` | every port of a host |
/// | `10.0.0.0/8:8000-8999`, `[fd00::/8]:80` | a network and a range of ports |
/// | `*:443`, `:443`, `443` | one port of every host |
/// | `api.example.com:443` | the addresses that the host looks up for this name |
#[derive(Debug, Clone)]
pub struct Rule {
    host: Host,
    ports: RangeInclusive<u16>,
}

impl Rule {
    fn any() -> Self {
        Self { host: Host::Any, ports: 0..=u16::MAX }
    }

    fn matches(&self, address: SocketAddr) -> bool {
        self.ports.contains(&address.port()) && self.host.matches(address.ip())
    }
}

impl From<SocketAddr> for Rule {
    fn from(address: SocketAddr) -> Self {
        let host = Host::Network { address: address.ip(), prefix: width(address.ip()) };
        Self { host, ports: address.port()..=address.port() }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let error = |reason| RuleError { text: text.to_owned(), reason };
        let (host, ports) = split(text).ok_or_else(|| error("brackets do not match"))?;
        let host = Host::parse(host).map_err(error)?;
        let ports = match ports {
            None | Some("*") => 0..=u16::MAX,
            Some(ports) => {
                parse_ports(ports).ok_or_else(|| error("a port is 0 to 65535, a range is `low-high`"))?
            }
        };
        Ok(Self { host, ports })
    }
}

/// Why a text is no [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no allowed address: {}", self.text, self.reason)
    }
}

impl std::error::Error for RuleError {}

#[derive(Debug, Clone)]
enum Host {
    Any,
    Network { address: IpAddr, prefix: u8 },
    Name(Arc<Name>),
}

/// A host name and every address that it has resolved to so far: names that rotate through addresses would otherwise
/// refuse the one that the application got from its own lookup.
#[derive(Debug)]
struct Name {
    name: String,
    known: Mutex<HashSet<IpAddr>>,
}

impl Host {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text == "*" {
            return Ok(Self::Any);
        }
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| "a network is `address/bits`")?;
            let prefix: u8 = prefix.parse().map_err(|_| "a network is `address/bits`")?;
            return match prefix <= width(address) {
                true => Ok(Self::Network { address, prefix }),
                false => Err("the network has more bits than the address"),
            };
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network { address, prefix: width(address) });
        }
        let label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match text.bytes().all(label) {
            true => Ok(Self::Name(Arc::new(Name { name: text.to_owned(), known: Mutex::default() }))),
            false => Err("expected an address, a network, a host name or `*`"),
        }
    }

    fn matches(&self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Network { address, prefix } => same_network(*address, ip, *prefix),
            Self::Name(name) => name.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&ip),
        }
    }
}

async fn matches_any(rules: &[Rule], address: SocketAddr) -> bool {
    if rules.iter().any(|rule| rule.matches(address)) {
        return true;
    }
    for rule in rules {
        let Host::Name(name) = &rule.host else { continue };
        if !rule.ports.contains(&address.port()) {
            continue;
        }
        let Ok(found) = tokio::net::lookup_host((name.name.as_str(), 0)).await else { continue };
        name.known.lock().unwrap_or_else(PoisonError::into_inner).extend(found.map(|found| found.ip()));
        if rule.matches(address) {
            return true;
        }
    }
    false
}

/// Host and port; a text with several colons and no brackets is one IPv6 address.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.is_empty() {
            true => Some((host, None)),
            false => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, ports)) => Some((host, Some(ports))),
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(("*", Some(text))),
        None => Some((text, None)),
    }
}

fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    // `str::parse` alone would accept a leading plus sign.
    let port = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u16>().ok(),
        false => None,
    };
    match text.split_once('-') {
        Some((low, high)) => Some(port(low)?..=port(high)?).filter(|range| !range.is_empty()),
        None => port(text).map(|port| port..=port),
    }
}

fn same_network(network: IpAddr, ip: IpAddr, prefix: u8) -> bool {
    match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(32 - u32::from(prefix)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, address: &str) -> bool {
        rule.parse::<Rule>().unwrap().matches(address.parse().unwrap())
    }

    #[test]
    fn rule_matches_host_and_port() {
        assert!(allows("*", "1.2.3.4:5"));
        assert!(allows("127.0.0.1:80", "127.0.0.1:80"));
        assert!(!allows("127.0.0.1:80", "127.0.0.1:81"));
        assert!(!allows("127.0.0.1:80", "127.0.0.2:80"));
        assert!(allows("127.0.0.1", "127.0.0.1:65535"));
        assert!(allows("*:443", "[2001:db8::1]:443"));
        assert!(allows(":443", "1.1.1.1:443"));
        assert!(allows("443", "1.1.1.1:443"));
        assert!(!allows("443", "1.1.1.1:80"));
        assert!(allows("[::1]:80", "[::1]:80"));
        assert!(allows("::1", "[::1]:80"));
        assert!(!allows("::1", "127.0.0.1:80"));
        assert!(!allows("127.0.0.1", "[::1]:80"));
        assert!(allows("1.2.3.4:*", "1.2.3.4:0"));
    }

    #[test]
    fn rule_matches_networks_and_ranges() {
        assert!(allows("10.0.0.0/8:8000-8999", "10.255.0.1:8000"));
        assert!(allows("10.0.0.0/8:8000-8999", "10.255.0.1:8999"));
        assert!(!allows("10.0.0.0/8:8000-8999", "10.255.0.1:9000"));
        assert!(!allows("10.0.0.0/8:8000-8999", "11.0.0.1:8000"));
        assert!(allows("0.0.0.0/0", "255.255.255.255:1"));
        assert!(!allows("0.0.0.0/0", "[::1]:1"));
        assert!(allows("fd00::/8", "[fdff::1]:1"));
        assert!(!allows("[fd00::/8]:80", "[fdff::1]:81"));
        assert!(!allows("[fd00::/8]:80", "[fe00::1]:80"));
        assert!(allows("::/0", "[fe00::1]:80"));
    }

    #[test]
    fn rule_refuses_nonsense() {
        for text in [
            "[::1",
            "[::1]80",
            "1.2.3.4/33",
            "1.2.3.4/x",
            "x/8",
            "a b",
            "1.2.3.4:99999",
            "*:+1",
            "*:9-1",
            "*:1-",
            "1::2::3",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn names_are_looked_up() {
        let mut policy = Policy::default();
        policy.allow_connect("localhost:80".parse().unwrap());
        assert!(policy.may_connect("127.0.0.1:80".parse().unwrap()).await);
        assert!(!policy.may_connect("127.0.0.1:81".parse().unwrap()).await);
        assert!(!policy.may_connect("127.0.0.2:80".parse().unwrap()).await);
        assert!(!policy.may_listen("127.0.0.1:80".parse().unwrap()).await);
    }

    #[tokio::test]
    async fn nothing_is_allowed_by_default() {
        let policy = Policy::default();
        let address = "127.0.0.1:0".parse().unwrap();
        assert!(!policy.may_bind(address).await);
        assert!(!policy.may_listen(address).await);
        assert!(!policy.may_connect(address).await);
    }
}
