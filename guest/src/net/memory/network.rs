//! A network in memory: what a native build connects through, so that the drivers of clients can be tested
//! with a manual clock. It belongs to the thread, as the runtime does.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::pending,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
};

use super::{Addresses, MemoryConnector, MemoryListener, listener, pipe};
use crate::net::{ConnectError, NetError, Stream};

/// Unread bytes that a connection takes in each direction, about what a system's socket does.
const CAPACITY: usize = 64 * 1024;

/// The first of the ports that nobody asked for by number.
const FIRST_EPHEMERAL_PORT: u16 = 49152;

/// The network of this thread: who listens where, what names mean, and which addresses misbehave.
#[derive(Clone, Debug)]
pub struct Network(Rc<State>);

#[derive(Debug)]
struct State {
    listeners: RefCell<BTreeMap<SocketAddr, MemoryConnector>>,
    failing: RefCell<BTreeMap<SocketAddr, &'static str>>,
    silent: RefCell<BTreeSet<SocketAddr>>,
    names: RefCell<BTreeMap<String, Vec<IpAddr>>>,
    silent_names: RefCell<BTreeSet<String>>,
    next_port: Cell<u16>,
    /// Attempts to connect and lookups that nobody answers and nobody has given up yet.
    waiting: Cell<usize>,
}

impl State {
    fn new() -> Self {
        Self {
            listeners: RefCell::default(),
            failing: RefCell::default(),
            silent: RefCell::default(),
            names: RefCell::default(),
            silent_names: RefCell::default(),
            next_port: Cell::new(FIRST_EPHEMERAL_PORT),
            waiting: Cell::new(0),
        }
    }

    fn port(&self) -> u16 {
        let port = self.next_port.get();
        self.next_port.set(port.checked_add(1).unwrap_or(FIRST_EPHEMERAL_PORT));
        port
    }

    fn with_port(&self, address: SocketAddr) -> SocketAddr {
        if address.port() == 0 { SocketAddr::new(address.ip(), self.port()) } else { address }
    }

    /// Waits for ever; dropping the wait takes it off the count.
    async fn no_answer<T>(&self) -> T {
        let _counted = Counted::new(&self.waiting);
        pending().await
    }
}

struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

thread_local! {
    static NETWORK: RefCell<Network> = RefCell::new(Network(Rc::new(State::new())));
}

impl Network {
    /// Gives this thread a network of its own, in which nobody listens, nothing has a name save `localhost`,
    /// and every connection is refused. The one before is gone; its connections stay.
    pub fn start() -> Self {
        let network = Self(Rc::new(State::new()));
        NETWORK.replace(network.clone());
        network
    }

    fn current() -> Self {
        NETWORK.with_borrow(Self::clone)
    }

    /// Listens on `address`, with any port for port 0, in place of whoever did before. The address that it
    /// really is stands beside the listener, which refuses connections once it is dropped.
    pub fn bind(&self, address: SocketAddr) -> (MemoryListener, SocketAddr) {
        let address = self.0.with_port(address);
        let (listener, connector) = listener();
        self.0.listeners.borrow_mut().insert(address, connector);
        (listener, address)
    }

    /// Ends what listens on `address`, as a draining host does; connections are refused from now on.
    pub fn unbind(&self, address: SocketAddr) {
        self.0.listeners.borrow_mut().remove(&address);
    }

    /// Says what `name` means from now on; no addresses: nothing.
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        self.0.names.borrow_mut().insert(name.to_ascii_lowercase(), addresses.to_vec());
    }

    /// Leaves lookups of `name` without an answer.
    pub fn silence_name(&self, name: &str) {
        self.0.silent_names.borrow_mut().insert(name.to_ascii_lowercase());
    }

    /// Makes connections to `address` fail with `code`.
    pub fn fail(&self, address: SocketAddr, code: &'static str) {
        self.0.failing.borrow_mut().insert(address, code);
    }

    /// Leaves connections to `address` without an answer.
    pub fn silence(&self, address: SocketAddr) {
        self.0.silent.borrow_mut().insert(address);
    }

    /// How many attempts to connect and lookups wait for an answer that will not come.
    pub fn waiting(&self) -> usize {
        self.0.waiting.get()
    }
}

/// As [`crate::net::connect`].
pub(in crate::net) async fn connect(
    remote: SocketAddr,
    local: Option<SocketAddr>,
) -> Result<Stream, ConnectError> {
    let network = Network::current();
    let state = &network.0;
    if local.is_some_and(|local| local.is_ipv4() != remote.is_ipv4()) {
        return Err(ConnectError::binding(NetError { code: "EINVAL" }));
    }
    if state.silent.borrow().contains(&remote) {
        return state.no_answer().await;
    }
    if let Some(code) = state.failing.borrow().get(&remote).copied() {
        return Err(ConnectError::connecting(NetError { code }));
    }
    let loopback: IpAddr =
        if remote.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let local = state.with_port(local.unwrap_or(SocketAddr::new(loopback, 0)));
    let (mut near, mut far) = pipe(CAPACITY);
    near.addresses = Some(Addresses { local, remote });
    far.addresses = Some(Addresses { local: remote, remote: local });
    let accepted = state.listeners.borrow().get(&remote).is_some_and(|listener| listener.offer(far).is_ok());
    if !accepted {
        return Err(ConnectError::connecting(NetError { code: "ECONNREFUSED" }));
    }
    Ok(Stream::Memory(near))
}

/// As [`crate::net::resolve`]; names are searched without regard to case.
pub(in crate::net) async fn resolve(name: &str) -> Result<Vec<IpAddr>, NetError> {
    let network = Network::current();
    let name = name.to_ascii_lowercase();
    if network.0.silent_names.borrow().contains(&name) {
        return network.0.no_answer().await;
    }
    let addresses = network.0.names.borrow().get(&name).cloned();
    addresses.ok_or(NetError { code: "ENOTFOUND" })
}
