//! What belongs to one running component: arguments, environment, standard streams, network.

use std::net::SocketAddr;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::StdoutStream;
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsCtxView};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::limits::Memory;
use crate::sockets::{Listeners, Network, NetworkCtxView, NetworkView};
use crate::{DrainHandle, Listening, Metrics, Policy};

/// The data of a store.
pub struct Ctx {
    wasi: WasiCtx,
    table: ResourceTable,
    network: Network,
    #[cfg(unix)]
    batch: crate::sockets::Batch,
    grace: Duration,
    /// Set up by [`crate::Limits`].
    pub(crate) memory: Memory,
}

impl Ctx {
    /// A component that sees nothing of its surroundings:
    ///
    /// - no arguments, no environment variables, no files;
    /// - standard input empty, standard output and error discarded;
    /// - no address to listen on or to connect to, no UDP, no name lookup;
    /// - clocks and random numbers as everywhere;
    /// - 10 seconds of grace for a drain.
    pub fn builder() -> CtxBuilder {
        CtxBuilder {
            wasi: WasiCtx::builder(),
            environment: Vec::new(),
            policy: Policy::default(),
            drain: DrainHandle::new(),
            metrics: Metrics::default(),
            grace: Duration::from_secs(10),
            listeners: None,
        }
    }

    /// The switch that ends the streams of accepted sockets.
    pub fn drain(&self) -> &DrainHandle {
        &self.network.drain
    }

    /// Where the component listens.
    pub fn listening(&self) -> &Listening {
        &self.network.listening
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.network.metrics
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }
}

/// Builds a [`Ctx`].
pub struct CtxBuilder {
    wasi: WasiCtxBuilder,
    environment: Vec<(String, String)>,
    policy: Policy,
    drain: DrainHandle,
    metrics: Metrics,
    grace: Duration,
    listeners: Option<Listeners>,
}

impl CtxBuilder {
    /// Sets the arguments; the first one is the name of the program.
    pub fn args(mut self, args: &[impl AsRef<str>]) -> Self {
        self.wasi.args(args);
        self
    }

    /// Sets an environment variable; what is set last counts.
    pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.environment.retain(|(known, _)| known != name.as_ref());
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Connects standard input, output and error to those of this process.
    pub fn inherit_stdio(mut self) -> Self {
        self.wasi.inherit_stdio();
        self
    }

    /// Sends standard output somewhere else, e.g. to a `wasmtime_wasi::p2::pipe::MemoryOutputPipe`.
    pub fn stdout(mut self, stream: impl StdoutStream + 'static) -> Self {
        self.wasi.stdout(stream);
        self
    }

    /// Sends standard error somewhere else.
    pub fn stderr(mut self, stream: impl StdoutStream + 'static) -> Self {
        self.wasi.stderr(stream);
        self
    }

    /// Sets what the component may listen on, connect to, send to and look up.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Uses a switch that others hold, too.
    pub fn drain(mut self, drain: DrainHandle) -> Self {
        self.drain = drain;
        self
    }

    /// Counts with others, or for others to see.
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    /// How long a drain may take before connections are destroyed. Default: 10 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Shares the addresses that it listens on with other instances ([`crate::App::run_workers`]).
    pub(crate) fn listeners(mut self, listeners: Listeners) -> Self {
        self.listeners = Some(listeners);
        self
    }

    /// Changes anything else that wasmtime-wasi offers, e.g. preopened folders.
    pub fn wasi(mut self, change: impl FnOnce(&mut WasiCtxBuilder)) -> Self {
        change(&mut self.wasi);
        self
    }

    /// Builds the data of a store.
    pub fn build(mut self) -> Ctx {
        let policy = self.policy.clone();
        // For sockets of wasi 0.2, for UDP, and for wasmtime-wasi's own TCP. Names are checked before it hears of them.
        self.wasi.allow_tcp(true).allow_udp(policy.has_udp()).allow_ip_name_lookup(true);
        self.wasi.socket_addr_check(move |address, usage| {
            Box::pin(std::future::ready(allows(&policy, address, usage)))
        });
        self.wasi.envs(&self.environment);
        self.metrics.start(&self.drain);
        let (wasi, table, memory) =
            (self.wasi.build(), ResourceTable::new(), Memory::new(self.metrics.clone()));
        let network = Network {
            policy: self.policy,
            drain: self.drain,
            metrics: self.metrics,
            listeners: self.listeners,
            listening: Listening::default(),
        };
        Ctx {
            wasi,
            table,
            network,
            #[cfg(unix)]
            batch: crate::sockets::Batch::default(),
            grace: self.grace,
            memory,
        }
    }
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl NetworkView for Ctx {
    fn network(&mut self) -> NetworkCtxView<'_> {
        let wasi = WasiSocketsCtxView { ctx: self.wasi.sockets(), table: &mut self.table };
        NetworkCtxView {
            network: &self.network,
            wasi,
            #[cfg(unix)]
            batch: &mut self.batch,
        }
    }
}

/// Synchronous, because most of the component's calls that it is asked for are.
fn allows(policy: &Policy, address: SocketAddr, usage: SocketAddrUse) -> bool {
    match usage {
        SocketAddrUse::TcpBind => policy.may_bind(address),
        SocketAddrUse::TcpListen => policy.may_listen_bound(address),
        SocketAddrUse::TcpConnect => policy.may_connect(address),
        SocketAddrUse::UdpBind => policy.may_bind_udp(address),
        SocketAddrUse::UdpSend => policy.may_send(address),
        // Who may talk to a listener is the firewall's business.
        SocketAddrUse::TcpAccept | SocketAddrUse::UdpReceive => true,
    }
}
