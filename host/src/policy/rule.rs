//! One entry of an allow-list, and how it is written.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use super::name::{self, Name};

/// One entry of an allow-list: a host and a port, either of which may be open.
///
/// | text | allows |
/// |---|---|
/// | `*` | everything |
/// | `127.0.0.1:8080`, `[::1]:8080` | one address |
/// | `127.0.0.1`, `::1`, `localhost:*` | every port of a host |
/// | `10.0.0.0/8:8000-8999`, `[fd00::/8]:80` | a network and a range of ports |
/// | `*:443`, `443`, `8000-8999` | ports of every host |
/// | `[::]:8080` | listening there, and on `0.0.0.0:8080`: together they are Node's `::` |
/// | `api.example.com:443` | the addresses that name lookup has given for this name within the last minute |
///
/// Anything else is an error, an empty text and an empty host above all: a variable of a shell that is not set allows
/// nothing. `localhost` is `127.0.0.1` and `::1`, whatever name lookup says.
#[derive(Debug, Clone)]
pub struct Rule {
    host: Host,
    ports: RangeInclusive<u16>,
}

impl Rule {
    pub(super) fn any() -> Self {
        Self { host: Host::Any, ports: ANY_PORT }
    }

    pub(super) fn matches(&self, address: SocketAddr) -> bool {
        self.ports.contains(&address.port()) && self.host.matches(address.ip())
    }

    /// Whether `name`, as [`name::asked`] gives it, may turn out to have an address that matches.
    pub(super) fn may_match_name(&self, name: &str) -> bool {
        match &self.host {
            Host::Any => true,
            Host::Network { prefix, .. } => *prefix == 0,
            Host::Localhost => false,
            Host::Name(own) => own.is(name),
        }
    }

    /// The name whose addresses match.
    pub(super) fn name(&self) -> Option<&Name> {
        match &self.host {
            Host::Name(name) => Some(name),
            Host::Any | Host::Network { .. } | Host::Localhost => None,
        }
    }

    pub(super) fn has_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
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
        parse(text).map_err(|reason| RuleError { text: text.to_owned(), reason })
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
    Network {
        address: IpAddr,
        prefix: u8,
    },
    /// RFC 6761 section 6.3: this name is known without asking anybody.
    Localhost,
    /// Shared by the clones of a rule, so that what one of them learns serves all.
    Name(Arc<Name>),
}

impl Host {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "" => return Err("there is no host; `*` is every host"),
            "*" => return Ok(Self::Any),
            _ => {}
        }
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| NETWORK)?;
            let prefix = digits(prefix).and_then(|prefix| prefix.parse().ok()).ok_or(NETWORK)?;
            return match prefix <= width(address) {
                true => Ok(Self::Network { address, prefix }),
                false => Err("the network has more bits than the address"),
            };
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network { address, prefix: width(address) });
        }
        match name::host_name(text).ok_or("expected an address, a network, a host name or `*`")? {
            name if name == name::LOCALHOST => Ok(Self::Localhost),
            name => Ok(Self::Name(Arc::new(Name::new(name)))),
        }
    }

    fn matches(&self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Network { address, prefix } => same_network(*address, ip, *prefix),
            Self::Localhost => {
                [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&ip)
            }
            Self::Name(name) => name.knows(ip),
        }
    }
}

const ANY_PORT: RangeInclusive<u16> = 0..=u16::MAX;
const NETWORK: &str = "a network is `address/bits`";
const PORTS: &str = "a port is 0 to 65535, a range is `low-high`";

fn parse(text: &str) -> Result<Rule, &'static str> {
    if text.is_empty() {
        return Err("it is empty; `*` is everything");
    }
    // Nothing but ports. Host names of digits do not exist, and `80-` is no host name either.
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Ok(Rule { host: Host::Any, ports: parse_ports(text).ok_or(PORTS)? });
    }
    let (host, ports) = split(text)?;
    let host = Host::parse(host)?;
    let ports = match ports {
        None | Some("*") => ANY_PORT,
        Some(ports) => parse_ports(ports).ok_or(PORTS)?,
    };
    Ok(Rule { host, ports })
}

/// Host and port; a text with several colons and no brackets is one IPv6 address.
fn split(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("brackets do not match")?;
        if !host.contains(':') {
            return Err("brackets are for IPv6 addresses and networks");
        }
        return match rest.strip_prefix(':') {
            Some(ports) => Ok((host, Some(ports))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("a colon and ports follow the brackets"),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, ports)) => Ok((host, Some(ports))),
        None => Ok((text, None)),
    }
}

fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let port = |text: &str| digits(text)?.parse::<u16>().ok();
    match text.split_once('-') {
        Some((low, high)) => Some(port(low)?..=port(high)?).filter(|range| !range.is_empty()),
        None => port(text).map(|port| port..=port),
    }
}

/// `str::parse` alone would accept a leading plus sign.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

fn same_network(network: IpAddr, ip: IpAddr, prefix: u8) -> bool {
    match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(32 - u32::from(prefix)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0
        }
        // Node's `::` is both families, and takes two sockets of WASI. Nobody can connect to 0.0.0.0.
        (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => true,
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
        assert!(allows("443", "1.1.1.1:443"));
        assert!(!allows("443", "1.1.1.1:80"));
        assert!(allows("8000-8999", "1.1.1.1:8999"));
        assert!(!allows("8000-8999", "1.1.1.1:9000"));
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
    fn rule_takes_all_ipv6_for_node_s_both_families() {
        assert!(allows("[::]:80", "[::]:80"));
        assert!(allows("[::]:80", "0.0.0.0:80"));
        assert!(!allows("[::]:80", "127.0.0.1:80"));
        assert!(!allows("[::]:80", "0.0.0.0:81"));
        assert!(!allows("0.0.0.0:80", "[::]:80"));
    }

    #[test]
    fn rule_knows_localhost() {
        assert!(allows("localhost:80", "127.0.0.1:80"));
        assert!(allows("LocalHost.", "[::1]:80"));
        assert!(!allows("localhost:80", "127.0.0.1:81"));
        assert!(!allows("localhost:80", "127.0.0.2:80"));
    }

    #[test]
    fn rule_refuses_nonsense() {
        const WORDS: &str = "!! : :::: ::: :* :443 - -- 80- -80 9-1 99999 *: *:+1 *:9-1 *:1- ** *.example.com \
            127.0.0.1: localhost: [] []:80 [*]:80 [80] [localhost]:80 [127.0.0.1]:80 [::1 [::1]80 [::1]: ::1]:80 \
            1.2.3.4/33 1.2.3.4/x 1.2.3.4/ 1.2.3.4/+8 /8 x/8 1.2.3.4:99999 1::2::3 1.2.3 256.1.1.1 1.2.3.4. a..b . .a \
            -a a-:80 a,b http://a a:b \u{e9}";
        let spaces = ["", " ", "\t", "\n", " 80", "80 ", "*:80 ", "a b"];
        for text in WORDS.split_ascii_whitespace().chain(spaces) {
            assert!(text.parse::<Rule>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn rule_error_says_what_is_wrong() {
        let error = |text: &str| text.parse::<Rule>().unwrap_err().to_string();
        assert_eq!(error(""), "`` is no allowed address: it is empty; `*` is everything");
        assert_eq!(error(":443"), "`:443` is no allowed address: there is no host; `*` is every host");
    }
}
