//! What a policy refuses, and who is told.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Something that a component asked for and that its [`Policy`](super::Policy) does not allow. All that the component
/// sees is `access-denied`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// Listening on an address, or binding a TCP socket to it. Port 0 leaves the choice to the system.
    Listen(SocketAddr),
    /// Connecting to an address by TCP.
    Connect(SocketAddr),
    /// Making a UDP socket, where no rule allows UDP.
    Udp,
    /// Sending datagrams to an address, or binding a UDP socket to it.
    Datagram(SocketAddr),
    /// Looking a host name up.
    LookUp(String),
}

impl Denial {
    /// The text of a [`Rule`](super::Rule) that would have allowed it, in the list that it was missing in; a name is
    /// looked up when any list has it. `None` where that depends on what the component is up to.
    pub fn rule(&self) -> Option<String> {
        match self {
            // Without the scope of an IPv6 address, which rules do not have.
            Self::Listen(address) | Self::Connect(address) | Self::Datagram(address) => {
                Some(SocketAddr::new(address.ip(), address.port()).to_string())
            }
            Self::LookUp(name) => super::name::host_name(&super::name::asked(name)?),
            Self::Udp => None,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not allowed to ")?;
        match self {
            Self::Listen(address) => write!(f, "listen on {address}"),
            Self::Connect(address) => write!(f, "connect to {address}"),
            Self::Udp => f.write_str("use UDP"),
            Self::Datagram(address) => write!(f, "use UDP with {address}"),
            // It is the component's text.
            Self::LookUp(name) => write!(f, "look up {name:?}"),
        }
    }
}

/// Who is told about denials.
#[derive(Clone)]
pub(super) struct Observer(pub(super) Arc<dyn Fn(&Denial) + Send + Sync>);

impl Default for Observer {
    fn default() -> Self {
        Self(Arc::new(|denial| tracing::warn!("{denial}")))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Policy, Rule};

    #[test]
    fn the_rule_would_have_allowed_it() {
        for address in ["127.0.0.1:0", "0.0.0.0:80", "[::]:80", "[::1]:0", "[fe80::1%3]:80"] {
            let address: SocketAddr = address.parse().unwrap();
            let rule: Rule = Denial::Listen(address).rule().unwrap().parse().unwrap();
            let mut policy = Policy::default();
            assert!(!policy.may_listen(address));
            assert!(policy.allow_listen(rule).may_listen(address), "{address}");
        }
        let mut policy = Policy::default();
        assert!(!policy.may_look_up("API.Example.com"));
        let rule = Denial::LookUp("API.Example.com".to_owned()).rule().unwrap();
        assert!(policy.allow_connect(rule.parse().unwrap()).may_look_up("API.Example.com"));
        assert_eq!(Denial::LookUp("a b".to_owned()).rule(), None);
    }
}
