//! Which addresses a component may listen on, connect to, exchange datagrams with, and which names it may look up.
//! Nothing, unless it is allowed.

mod denial;
mod name;
mod rule;

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::denial::Denial;
use self::denial::Observer;
pub use self::rule::{Rule, RuleError};

/// The addresses that a component may use. Denies everything by default.
///
/// A name may be looked up when a rule of any list could allow what comes out: one for every host, or one for that
/// name. `localhost` always may: everybody knows the answer.
///
/// ```
/// use node_http_host::Policy;
///
/// let mut policy = Policy::default();
/// policy.allow_listen("127.0.0.1:8080".parse()?);
/// policy.allow_connect("10.0.0.0/8:443".parse()?);
/// policy.allow_udp("10.0.0.53:53".parse()?);
/// # Ok::<(), node_http_host::RuleError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Policy {
    listen: Vec<Rule>,
    connect: Vec<Rule>,
    udp: Vec<Rule>,
    /// Ports that the system chose for listeners that asked for port 0: they count as port 0. Node's `::` needs it,
    /// which listens a second time on the same port, for the other family.
    chosen: Arc<Mutex<HashSet<u16>>>,
    observer: Observer,
}

impl Policy {
    /// Allows everything, as `wasmtime run -S inherit-network -S allow-ip-name-lookup` does.
    pub fn allow_all() -> Self {
        let any = || vec![Rule::any()];
        Self { listen: any(), connect: any(), udp: any(), ..Self::default() }
    }

    /// Allows to listen on the addresses that match `rule`.
    ///
    /// An application that asks for port 0 gets a port that the system chooses; the rule is asked about port 0. A rule
    /// with a name knows the addresses that the component itself has looked up.
    pub fn allow_listen(&mut self, rule: Rule) -> &mut Self {
        self.listen.push(rule);
        self
    }

    /// Allows to connect to the addresses that match `rule`, by TCP.
    pub fn allow_connect(&mut self, rule: Rule) -> &mut Self {
        self.connect.push(rule);
        self
    }

    /// Allows to send datagrams to the addresses that match `rule`, and to bind UDP sockets to them; to port 0 every
    /// UDP socket may be bound. Whoever knows the port of a socket can send to it. Without such a rule there is no UDP.
    pub fn allow_udp(&mut self, rule: Rule) -> &mut Self {
        self.udp.push(rule);
        self
    }

    /// Has `observer` told about everything that is denied, on the thread of the component and while that waits.
    /// Default: a warning in the log.
    pub fn on_denial(&mut self, observer: impl Fn(&Denial) + Send + Sync + 'static) -> &mut Self {
        self.observer = Observer(Arc::new(observer));
        self
    }

    pub(crate) fn may_listen(&self, address: SocketAddr) -> bool {
        // A chosen port counts as what was asked for, also in the hint.
        let asked = match self.chosen().contains(&address.port()) && !matches_any(&self.listen, address) {
            true => SocketAddr::new(address.ip(), 0),
            false => address,
        };
        self.unless_denied(matches_any(&self.listen, asked), || Denial::Listen(asked))
    }

    /// Whether a socket may listen that is bound to `address` already, to which port 0 may have led.
    pub(crate) fn may_listen_bound(&self, address: SocketAddr) -> bool {
        if matches_any(&self.listen, SocketAddr::new(address.ip(), 0)) {
            self.note_chosen(address.port());
            return true;
        }
        self.may_listen(address)
    }

    /// Notes the port that a listener got in place of port 0.
    pub(crate) fn note_chosen(&self, port: u16) {
        self.chosen().insert(port);
    }

    /// A socket is bound before it listens, or before it connects; which of the two it will be is not known yet, and it
    /// will be asked about. Port 0 gives nothing away that connecting would not.
    pub(crate) fn may_bind(&self, address: SocketAddr) -> bool {
        let is_harmless = address.ip().is_unspecified() || !self.connect.is_empty();
        (address.port() == 0 && is_harmless) || self.may_listen(address)
    }

    /// Asks no name service: see [`Self::look_up_for_connect`].
    pub(crate) fn may_connect(&self, address: SocketAddr) -> bool {
        self.unless_denied(matches_any(&self.connect, address), || Denial::Connect(address))
    }

    /// Whether there are UDP sockets at all.
    pub(crate) fn has_udp(&self) -> bool {
        !self.udp.is_empty()
    }

    pub(crate) fn may_create_udp(&self) -> bool {
        self.unless_denied(self.has_udp(), || Denial::Udp)
    }

    pub(crate) fn may_bind_udp(&self, address: SocketAddr) -> bool {
        (address.port() == 0 && self.has_udp()) || self.may_send(address)
    }

    /// Asks no name service: see [`Self::look_up_for_send`].
    pub(crate) fn may_send(&self, address: SocketAddr) -> bool {
        self.unless_denied(matches_any(&self.udp, address), || Denial::Datagram(address))
    }

    /// Whether the component may look `name` up: what it asks for goes to whoever runs the name service.
    pub(crate) fn may_look_up(&self, name: &str) -> bool {
        let Some(asked) = name::asked(name) else { return true };
        let allowed = asked == name::LOCALHOST || self.rules().any(|rule| rule.may_match_name(&asked));
        self.unless_denied(allowed, || Denial::LookUp(name.to_owned()))
    }

    /// Tells the rules with this name what the component's own lookup has given, so that they allow it what it got.
    pub(crate) fn learn(&self, name: &str, addresses: &[IpAddr]) {
        let Some(asked) = name::asked(name) else { return };
        for name in self.rules().filter_map(Rule::name).filter(|name| name.is(&asked)) {
            name.learn(addresses);
        }
    }

    /// Asks the name service about rules that might allow `address` and do not so far. Takes as long as that takes, so
    /// no synchronous call of a component may wait for it.
    pub(crate) async fn look_up_for_connect(&self, address: SocketAddr) {
        look_up_for(&self.connect, address).await;
    }

    /// The same for datagrams.
    pub(crate) async fn look_up_for_send(&self, address: SocketAddr) {
        look_up_for(&self.udp, address).await;
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.listen.iter().chain(&self.connect).chain(&self.udp)
    }

    fn chosen(&self) -> std::sync::MutexGuard<'_, HashSet<u16>> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unless_denied(&self, allowed: bool, denial: impl FnOnce() -> Denial) -> bool {
        if !allowed {
            (self.observer.0)(&denial());
        }
        allowed
    }
}

fn matches_any(rules: &[Rule], address: SocketAddr) -> bool {
    rules.iter().any(|rule| rule.matches(address))
}

async fn look_up_for(rules: &[Rule], address: SocketAddr) {
    let names = rules.iter().filter(|rule| rule.has_port(address.port())).filter_map(Rule::name);
    for name in names {
        if matches_any(rules, address) {
            return;
        }
        name.look_up().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn rule(text: &str) -> Rule {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        let policy = Policy::default();
        let address = address("127.0.0.1:0");
        assert!(!policy.may_bind(address));
        assert!(!policy.may_listen(address));
        assert!(!policy.may_connect(address));
        assert!(!policy.may_create_udp());
        assert!(!policy.may_bind_udp(address));
        assert!(!policy.may_send(address));
        assert!(!policy.may_look_up("example.com"));
    }

    #[test]
    fn every_list_has_its_own_rules() {
        let mut policy = Policy::default();
        policy.allow_connect(rule("127.0.0.1:1")).allow_udp(rule("127.0.0.1:2"));
        assert!(policy.may_connect(address("127.0.0.1:1")));
        assert!(!policy.may_connect(address("127.0.0.1:2")));
        assert!(policy.may_send(address("127.0.0.1:2")));
        assert!(policy.may_bind_udp(address("127.0.0.1:2")));
        assert!(policy.may_bind_udp(address("127.0.0.1:0")));
        assert!(!policy.may_send(address("127.0.0.1:1")));
        assert!(!policy.may_bind_udp(address("127.0.0.1:1")));
        assert!(!policy.may_listen(address("127.0.0.1:1")));
        assert!(policy.may_bind(address("127.0.0.1:0")));
        // What every socket is bound to before it connects.
        assert!(Policy::default().may_bind(address("0.0.0.0:0")));
        assert!(!Policy::default().may_listen(address("0.0.0.0:0")));
    }

    #[test]
    fn only_names_that_a_rule_could_allow_are_looked_up() {
        let mut policy = Policy::default();
        policy.allow_connect(rule("127.0.0.1:80")).allow_connect(rule("10.0.0.0/8"));
        for secret in ["secret.example.com", "example.com", "a b"] {
            assert!(!policy.may_look_up(secret), "{secret}");
        }
        // These ask nobody.
        for known in ["localhost", "LOCALHOST.", "192.0.2.1", "::1"] {
            assert!(policy.may_look_up(known), "{known}");
        }
        policy.allow_connect(rule("Example.com:443"));
        assert!(policy.may_look_up("example.COM."));
        assert!(!policy.may_look_up("secret.example.com"));
        policy.allow_udp(rule("ntp.example.com")).allow_listen(rule("here.example.com"));
        assert!(policy.may_look_up("ntp.example.com"));
        assert!(policy.may_look_up("here.example.com"));
        policy.allow_connect(rule("443"));
        assert!(policy.may_look_up("secret.example.com"));
    }

    #[test]
    fn what_the_component_looked_up_is_allowed_to_rules_with_that_name() {
        let mut policy = Policy::default();
        policy
            .allow_connect(rule("a.example:80"))
            .allow_listen(rule("a.example"))
            .allow_udp(rule("b.example"));
        policy.learn("A.example.", &[[192, 0, 2, 1].into()]);
        assert!(policy.may_connect(address("192.0.2.1:80")));
        assert!(policy.may_listen(address("192.0.2.1:81")));
        assert!(!policy.may_connect(address("192.0.2.1:81")));
        assert!(!policy.may_connect(address("192.0.2.2:80")));
        assert!(!policy.may_send(address("192.0.2.1:80")));
    }

    #[test]
    fn a_port_that_the_system_chose_counts_as_port_0() {
        let denials = Arc::new(Mutex::new(Vec::new()));
        let mut policy = Policy::default();
        let seen = Arc::clone(&denials);
        policy
            .allow_listen(rule("[::]:0"))
            .on_denial(move |denial| seen.lock().unwrap().push(denial.clone()));
        assert!(!policy.may_bind(address("0.0.0.0:4000")));
        policy.note_chosen(4000);
        assert!(policy.may_bind(address("0.0.0.0:4000")));
        assert!(policy.may_listen(address("0.0.0.0:4000")));
        assert!(!policy.may_listen(address("127.0.0.1:4000")));
        assert!(!policy.may_listen(address("0.0.0.0:4001")));
        let expected =
            ["0.0.0.0:4000", "127.0.0.1:0", "0.0.0.0:4001"].map(|text| Denial::Listen(address(text)));
        assert_eq!(*denials.lock().unwrap(), expected);
    }
}
