//! Options of a connection: Node's `socket.connect(options)` and `new net.Socket(options)`.

use std::net::IpAddr;

use crate::{
    agent::{self, IpFamily, NameOptions},
    error::Error,
    runtime::Span,
};

/// TCP options. `None` means Node's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// `allowHalfOpen`; false.
    pub allow_half_open: Option<bool>,
    /// `autoSelectFamily`; true.
    pub auto_select_family: Option<bool>,
    /// `autoSelectFamilyAttemptTimeout`, milliseconds; 250, and at least 10.
    pub auto_select_family_attempt_timeout: Option<u32>,
    /// `highWaterMark`, bytes; 65536.
    pub high_water_mark: Option<u64>,
    /// `keepAlive`; false.
    pub keep_alive: Option<bool>,
    /// `keepAliveInitialDelay`, milliseconds; 0, the system's choice.
    pub keep_alive_initial_delay: Option<u32>,
    /// `noDelay`; true. `wasi:sockets` cannot set it: recorded, and done by hosts that can.
    pub no_delay: Option<bool>,
}

/// Where and how to connect. `None` means Node's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// `host`; `localhost`.
    pub host: Option<String>,
    /// `port`; none.
    pub port: Option<u16>,
    /// `path` of a Unix socket; none, and refused.
    pub path: Option<String>,
    /// `localAddress`; the system's choice.
    pub local_address: Option<String>,
    /// `localPort`; the system's choice.
    pub local_port: Option<u16>,
    /// `family`; both.
    pub family: Option<IpFamily>,
    /// `hints`; none. Recorded, as WASI's resolver takes none.
    pub hints: Option<u32>,
    /// In place of the function `lookup`, what it would find; the system is asked.
    pub lookup: Option<Vec<String>>,
    /// `timeout`, milliseconds; none.
    pub timeout: Option<u32>,
    /// TCP options.
    pub socket: Option<SocketOptions>,
}

/// What is to be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These addresses, in this order; at least one.
    Addresses(Vec<IpAddr>),
    /// What a resolver makes of this name.
    Name(String),
}

const HIGH_WATER_MARK: usize = 65_536;
const ATTEMPT_TIMEOUT: u32 = 250;
const MIN_ATTEMPT_TIMEOUT: u32 = 10;
const MAX_ATTEMPT_TIMEOUT: u32 = 0x7fff_ffff;

impl ConnectOptions {
    /// The options of an agent: Nagle's algorithm is off unless they say otherwise (AG2), connections of an agent
    /// that keeps them are probed (AG4), and they time out when the agent says so (AG9). `agent` is what the pool made
    /// of its options.
    #[must_use]
    pub fn of_agent(mut self, agent: &agent::Options) -> Self {
        let socket = self.socket.get_or_insert_default();
        socket.no_delay.get_or_insert(true);
        if agent.keep_alive {
            socket.keep_alive = Some(true);
            socket.keep_alive_initial_delay = Some(agent.keep_alive_msecs);
        }
        self.timeout = agent.timeout.or(self.timeout);
        self
    }

    /// The options of a request under those of its agent, which win (AG2), but for the timeout: there the request
    /// does (RO24).
    #[must_use]
    pub fn overridden_by(self, agent: &Self) -> Self {
        Self {
            host: pick(self.host, &agent.host),
            port: agent.port.or(self.port),
            path: pick(self.path, &agent.path),
            local_address: pick(self.local_address, &agent.local_address),
            local_port: agent.local_port.or(self.local_port),
            family: agent.family.or(self.family),
            hints: agent.hints.or(self.hints),
            lookup: pick(self.lookup, &agent.lookup),
            timeout: self.timeout.or(agent.timeout),
            socket: match (self.socket, agent.socket) {
                (Some(own), Some(agent)) => Some(own.overridden_by(agent)),
                (own, agent) => agent.or(own),
            },
        }
    }

    /// Checks what Node checks before it connects, in its order.
    ///
    /// # Errors
    /// - `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`: a path. There are no Unix sockets.
    /// - `ERR_INVALID_IP_ADDRESS`: the local address.
    /// - `ERR_OUT_OF_RANGE`: the attempt timeout.
    pub fn validate(&self) -> Result<(), Error> {
        if self.path.as_deref().is_some_and(|path| !path.is_empty()) {
            return Err(Error::unavailable_on_platform("connecting to a path"));
        }
        if let Some(address) = self.local_address.as_deref().filter(|address| !address.is_empty())
            && address.parse::<IpAddr>().is_err()
        {
            return Err(Error::invalid_ip_address(address));
        }
        match self.socket.and_then(|socket| socket.auto_select_family_attempt_timeout) {
            None | Some(1..=MAX_ATTEMPT_TIMEOUT) => Ok(()),
            Some(timeout) => Err(Error::out_of_range(
                "options.autoSelectFamilyAttemptTimeout",
                ">= 1 && <= 2147483647",
                i64::from(timeout),
            )),
        }
    }

    /// What is to be connected to: an address given as host, else what was looked up before, else a name.
    ///
    /// # Errors
    /// Not thrown by Node, but emitted by the socket:
    /// - `ERR_INVALID_IP_ADDRESS`: nothing that was looked up is an address.
    /// - `ENOTFOUND`: nothing was looked up, or the name has characters that no name has. Node leaves that to the
    ///   C library, for which a name ends at a NUL: `127.0.0.1\0.example.com` would connect to `127.0.0.1`.
    pub fn target(&self) -> Result<Target, Error> {
        let host = self.host();
        if let Ok(address) = host.parse() {
            return Ok(Target::Addresses(vec![address]));
        }
        if let Some(found) = &self.lookup {
            let addresses: Vec<IpAddr> = found.iter().filter_map(|address| address.parse().ok()).collect();
            return match found.first() {
                None => Err(Error::getaddrinfo("ENOTFOUND", host)),
                Some(first) if addresses.is_empty() => Err(Error::invalid_ip_address(first)),
                Some(_) => Ok(Target::Addresses(addresses)),
            };
        }
        if host.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(Error::getaddrinfo("ENOTFOUND", host));
        }
        Ok(Target::Name(host.to_owned()))
    }

    /// The name of the origin: `agent.getName`.
    #[must_use]
    pub fn agent_name(&self) -> String {
        agent::name(&NameOptions {
            host: self.host.as_deref(),
            port: self.port,
            local_address: self.local_address.as_deref(),
            family: self.family,
            socket_path: self.path.as_deref(),
        })
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("localhost")
    }

    /// Where to connect from.
    #[must_use]
    pub fn local_address(&self) -> Option<IpAddr> {
        self.local_address.as_deref()?.parse().ok()
    }

    /// Whether all addresses of a name are tried, families in turn, instead of the first alone. Node does not where
    /// the family is settled.
    #[must_use]
    pub fn selects_family(&self) -> bool {
        let wanted = self.socket.and_then(|socket| socket.auto_select_family).unwrap_or(true);
        wanted && self.family.is_none() && self.local_address.as_deref().is_none_or(str::is_empty)
    }

    /// How long one of several addresses may take.
    #[must_use]
    pub fn attempt_timeout(&self) -> Span {
        let timeout = self.socket.and_then(|socket| socket.auto_select_family_attempt_timeout);
        Span::millis(timeout.map_or(ATTEMPT_TIMEOUT, |timeout| timeout.max(MIN_ATTEMPT_TIMEOUT)))
    }

    /// Whether this side stays open after the peer has ended its own.
    #[must_use]
    pub fn allow_half_open(&self) -> bool {
        self.socket.and_then(|socket| socket.allow_half_open).unwrap_or(false)
    }

    /// Bytes that are buffered in each direction before the other side must wait.
    #[must_use]
    pub fn high_water_mark(&self) -> usize {
        let bytes = self.socket.and_then(|socket| socket.high_water_mark);
        bytes.map_or(HIGH_WATER_MARK, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// How long a connection may stand still.
    #[must_use]
    pub fn idle_timeout(&self) -> Option<Span> {
        self.timeout.map(Span::millis)
    }

    /// The silence before the first TCP probe, none for the system's choice; nothing without probes.
    #[must_use]
    pub fn keep_alive(&self) -> Option<Span> {
        let socket = self.socket.filter(|socket| socket.keep_alive == Some(true))?;
        Some(Span::millis(socket.keep_alive_initial_delay.unwrap_or(0)))
    }
}

impl SocketOptions {
    fn overridden_by(self, agent: Self) -> Self {
        Self {
            allow_half_open: agent.allow_half_open.or(self.allow_half_open),
            auto_select_family: agent.auto_select_family.or(self.auto_select_family),
            auto_select_family_attempt_timeout: agent
                .auto_select_family_attempt_timeout
                .or(self.auto_select_family_attempt_timeout),
            high_water_mark: agent.high_water_mark.or(self.high_water_mark),
            keep_alive: agent.keep_alive.or(self.keep_alive),
            keep_alive_initial_delay: agent.keep_alive_initial_delay.or(self.keep_alive_initial_delay),
            no_delay: agent.no_delay.or(self.no_delay),
        }
    }
}

fn pick<T: Clone>(own: Option<T>, agent: &Option<T>) -> Option<T> {
    agent.clone().or(own)
}
