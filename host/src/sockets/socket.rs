//! One TCP socket: the states between `create` and the streams.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustix::fd::{AsFd, BorrowedFd};
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi::p3::bindings::sockets::types::{ErrorCode, IpAddressFamily};

use super::Network;
use super::connection::Connection;
use super::shared::{Claim, Part, Seat};
use crate::Metrics;
use crate::metrics::{CountedSocket, Origin};

/// What POSIX and Rust's standard library use; Node asks for 511 itself.
const DEFAULT_BACKLOG: u32 = 128;

/// A TCP socket as `wasi:sockets` describes it.
pub(super) struct TcpSocket {
    pub(super) state: State,
    pub(super) family: IpAddressFamily,
    backlog: u32,
    /// What `bind` was asked for. The policy is about this address: the real port is unknown in advance with port 0.
    requested: Option<SocketAddr>,
    /// Its part of an address that workers share.
    claim: Option<Arc<Claim>>,
    /// Held while an accepted connection is open.
    _seat: Option<Seat>,
    _counted: CountedSocket,
    metrics: Metrics,
}

/// Where a socket is on its way. It never goes back.
pub(super) enum State {
    /// Created, perhaps bound. Goes to `Listening` or `Connecting`.
    Fresh(tokio::net::TcpSocket),
    /// Accepts connections. Final.
    Listening(Arc<TcpListener>),
    /// `connect` is running and owns the descriptor. Goes to `Connected` or `Closed`.
    Connecting,
    /// Has a peer; each direction is handed out once. Goes to `Attached` before either is.
    Connected { stream: Arc<Connection>, peer: SocketAddr, receive_taken: bool, send_taken: bool },
    /// Has a peer, and its bytes cross in batches. Final.
    #[cfg(unix)]
    Attached { stream: Arc<Connection<std::net::TcpStream>>, peer: SocketAddr },
    /// Connecting failed. Final.
    Closed(ErrorCode),
}

impl TcpSocket {
    pub(super) fn new(family: IpAddressFamily, metrics: Metrics) -> io::Result<Self> {
        let socket = match family {
            IpAddressFamily::Ipv4 => tokio::net::TcpSocket::new_v4()?,
            IpAddressFamily::Ipv6 => {
                let socket = tokio::net::TcpSocket::new_v6()?;
                // wasi:sockets: IPv6 sockets never speak IPv4.
                sockopt::set_ipv6_v6only(&socket, true)?;
                socket
            }
        };
        // Accepted sockets inherit it on Linux, connected ones keep it.
        socket.set_nodelay(true)?;
        Ok(Self::in_state(State::Fresh(socket), family, None, metrics))
    }

    pub(super) fn accepted(
        stream: TcpStream,
        peer: SocketAddr,
        family: IpAddressFamily,
        seat: Option<Seat>,
        metrics: Metrics,
    ) -> Self {
        if cfg!(not(target_os = "linux")) {
            // Without it the connection is slow, not broken.
            let _ = stream.set_nodelay(true);
        }
        let stream = Connection::new(stream, Origin::Accepted, metrics.clone());
        Self::in_state(State::connected(stream, peer), family, seat, metrics)
    }

    fn in_state(state: State, family: IpAddressFamily, seat: Option<Seat>, metrics: Metrics) -> Self {
        let _counted = metrics.count_socket();
        Self {
            state,
            family,
            backlog: DEFAULT_BACKLOG,
            requested: None,
            claim: None,
            _seat: seat,
            _counted,
            metrics,
        }
    }

    pub(super) fn bind(&mut self, network: &Network, address: SocketAddr) -> Result<(), ErrorCode> {
        let State::Fresh(socket) = &self.state else { return Err(ErrorCode::InvalidState) };
        if self.requested.is_some() {
            return Err(ErrorCode::InvalidState);
        }
        if !is_unicast(address.ip()) || !fits(address.ip(), self.family) {
            return Err(ErrorCode::InvalidArgument);
        }
        if !network.policy.may_bind(address) {
            return Err(ErrorCode::AccessDenied);
        }
        match &network.listeners {
            // Port 0 is another one for each socket, and perhaps for a client: shared once it listens.
            Some(listeners) if address.port() != 0 => {
                let claim = listeners.claim(address, socket, || bind(socket, address))?;
                self.claim = Some(Arc::new(claim));
            }
            _ => bind(socket, address)?,
        }
        self.requested = Some(address);
        Ok(())
    }

    /// Starts listening and returns the descriptor that the stream of accepted sockets shares with this socket.
    pub(super) fn listen(&mut self, network: &Network) -> Result<Arc<TcpListener>, ErrorCode> {
        let State::Fresh(socket) = &self.state else { return Err(ErrorCode::InvalidState) };
        let address = self.requested.unwrap_or_else(|| unspecified(self.family));
        if !network.policy.may_listen(address) {
            return Err(ErrorCode::AccessDenied);
        }
        if self.requested.is_none() {
            // Not every system binds a listening socket by itself.
            bind(socket, address)?;
        }
        if let (None, Some(listeners)) = (&self.claim, &network.listeners) {
            let claim = listeners.claim(address, socket, || Ok(()))?;
            self.claim = Some(Arc::new(claim));
        }
        let State::Fresh(socket) = std::mem::replace(&mut self.state, State::Closed(ErrorCode::InvalidState))
        else {
            unreachable!("checked above, and nothing else touched the socket since");
        };
        let listening = match &self.claim {
            Some(claim) => claim.listen(self.backlog),
            None => socket.listen(self.backlog),
        };
        let listener = match listening {
            Ok(listener) => Arc::new(listener),
            Err(error) => {
                let code = ErrorCode::from(&error);
                self.state = State::Closed(code.clone());
                return Err(code);
            }
        };
        if let Ok(bound) = listener.local_addr() {
            if address.port() == 0 {
                network.policy.note_chosen(bound.port());
            }
            network.listening.note(bound);
        }
        network.drain.note_listener();
        self.state = State::Listening(Arc::clone(&listener));
        Ok(listener)
    }

    /// The descriptor to connect with, after which [`Self::finish_connect`] is due.
    pub(super) fn start_connect(&mut self, remote: SocketAddr) -> Result<tokio::net::TcpSocket, ErrorCode> {
        if !matches!(self.state, State::Fresh(_)) {
            return Err(ErrorCode::InvalidState);
        }
        let ip = remote.ip();
        if !is_unicast(ip)
            || ip.to_canonical().is_unspecified()
            || remote.port() == 0
            || !fits(ip, self.family)
        {
            return Err(ErrorCode::InvalidArgument);
        }
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Fresh(socket) => Ok(socket),
            _ => unreachable!("checked above"),
        }
    }

    pub(super) fn finish_connect(
        &mut self,
        remote: SocketAddr,
        result: Result<TcpStream, ErrorCode>,
    ) -> Result<(), ErrorCode> {
        match result {
            Ok(stream) => {
                let stream = Connection::new(stream, Origin::Connected, self.metrics.clone());
                self.state = State::connected(stream, remote);
                Ok(())
            }
            Err(code) => {
                self.state = State::Closed(code.clone());
                Err(code)
            }
        }
    }

    /// Its part in the dealing of connections, where workers share the address.
    pub(super) fn take_part(&self) -> Option<Part> {
        self.claim.as_ref().map(Claim::take_part)
    }

    pub(super) fn take_receive(&mut self) -> Result<Arc<Connection>, ErrorCode> {
        match &mut self.state {
            State::Connected { stream, receive_taken, .. } if !*receive_taken => {
                *receive_taken = true;
                Ok(Arc::clone(stream))
            }
            State::Closed(code) => Err(code.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    /// Both directions at once; tokio watches the socket no more.
    #[cfg(unix)]
    pub(super) fn attach(&mut self) -> Result<Arc<Connection<std::net::TcpStream>>, ErrorCode> {
        let state = std::mem::replace(&mut self.state, State::Closed(ErrorCode::InvalidState));
        let (stream, peer) = match state {
            State::Connected { stream, peer, receive_taken: false, send_taken: false } => (stream, peer),
            other => {
                let code =
                    if let State::Closed(code) = &other { code.clone() } else { ErrorCode::InvalidState };
                self.state = other;
                return Err(code);
            }
        };
        // Nobody else has it before a direction is handed out.
        let stream = Arc::into_inner(stream).ok_or(ErrorCode::InvalidState)?;
        let stream = Arc::new(stream.into_std()?);
        self.state = State::Attached { stream: Arc::clone(&stream), peer };
        Ok(stream)
    }

    pub(super) fn take_send(&mut self) -> Result<Arc<Connection>, ErrorCode> {
        match &mut self.state {
            State::Connected { stream, send_taken, .. } if !*send_taken => {
                *send_taken = true;
                Ok(Arc::clone(stream))
            }
            State::Closed(code) => Err(code.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr, ErrorCode> {
        match &self.state {
            State::Fresh(socket) if self.requested.is_some() => match &self.claim {
                Some(claim) => Ok(claim.local_address()?),
                None => Ok(socket.local_addr()?),
            },
            State::Fresh(_) | State::Connecting => Err(ErrorCode::InvalidState),
            State::Listening(listener) => Ok(listener.local_addr()?),
            State::Connected { stream, .. } => Ok(stream.local_addr()?),
            #[cfg(unix)]
            State::Attached { stream, .. } => Ok(stream.local_addr()?),
            State::Closed(code) => Err(code.clone()),
        }
    }

    pub(super) fn remote_address(&self) -> Result<SocketAddr, ErrorCode> {
        match &self.state {
            State::Connected { peer, .. } => Ok(*peer),
            #[cfg(unix)]
            State::Attached { peer, .. } => Ok(*peer),
            State::Closed(code) => Err(code.clone()),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        matches!(self.state, State::Listening(_))
    }

    pub(super) fn set_backlog(&mut self, value: u64) -> Result<(), ErrorCode> {
        if value == 0 {
            return Err(ErrorCode::InvalidArgument);
        }
        // Systems clamp it further.
        let value = i32::try_from(value).unwrap_or(i32::MAX);
        match &self.state {
            State::Fresh(_) => {}
            // Linux and BSD let a second `listen` change it.
            State::Listening(listener) => {
                rustix::net::listen(listener.as_ref(), value).map_err(|_| ErrorCode::NotSupported)?;
            }
            State::Closed(code) => return Err(code.clone()),
            _ => return Err(ErrorCode::InvalidState),
        }
        self.backlog = value.unsigned_abs();
        Ok(())
    }

    /// For socket options.
    pub(super) fn fd(&self) -> Result<BorrowedFd<'_>, ErrorCode> {
        match &self.state {
            State::Fresh(socket) => {
                Ok(self.claim.as_ref().map_or_else(|| socket.as_fd(), |claim| claim.socket().as_fd()))
            }
            State::Listening(listener) => Ok(listener.as_fd()),
            State::Connected { stream, .. } => Ok(stream.as_fd()),
            #[cfg(unix)]
            State::Attached { stream, .. } => Ok(stream.as_fd()),
            State::Connecting => Err(ErrorCode::InvalidState),
            State::Closed(code) => Err(code.clone()),
        }
    }
}

impl State {
    fn connected(stream: Connection, peer: SocketAddr) -> Self {
        Self::Connected { stream: Arc::new(stream), peer, receive_taken: false, send_taken: false }
    }
}

fn bind(socket: &tokio::net::TcpSocket, address: SocketAddr) -> Result<(), ErrorCode> {
    // wasi:sockets: connections in TIME_WAIT must not keep a server from coming back. On Windows this is the default,
    // and the option of that name means something else.
    if cfg!(not(windows)) {
        socket.set_reuseaddr(true)?;
    }
    Ok(socket.bind(address)?)
}

fn unspecified(family: IpAddressFamily) -> SocketAddr {
    match family {
        IpAddressFamily::Ipv4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddressFamily::Ipv6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn is_unicast(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_multicast(),
    }
}

/// An IPv6 socket takes no address that stands for an IPv4 one, mapped (::ffff:a.b.c.d) or compatible (::a.b.c.d).
fn fits(ip: IpAddr, family: IpAddressFamily) -> bool {
    match (ip, family) {
        (IpAddr::V4(_), IpAddressFamily::Ipv4) => true,
        (IpAddr::V6(ip), IpAddressFamily::Ipv6) => {
            let compatible = matches!(ip.segments(), [0, 0, 0, 0, 0, 0, _, _])
                && ip != Ipv6Addr::UNSPECIFIED
                && ip != Ipv6Addr::LOCALHOST;
            !compatible && ip.to_ipv4_mapped().is_none()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: SO11
    #[test]
    fn accepted_sockets_do_not_delay() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        runtime.block_on(async {
            let fresh =
                TcpSocket::new(IpAddressFamily::Ipv4, Metrics::default()).expect("a free descriptor").state;
            let State::Fresh(socket) = fresh else { panic!("not new") };
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
            let listener = socket.listen(1).expect("a bound socket");
            let address = listener.local_addr().expect("a bound socket");
            let _client = TcpStream::connect(address).await.expect("somebody listens");
            let (stream, peer) = listener.accept().await.expect("a client");
            let accepted =
                TcpSocket::accepted(stream, peer, IpAddressFamily::Ipv4, None, Metrics::default()).state;
            let State::Connected { stream, .. } = accepted else { panic!("not connected") };
            assert!(stream.nodelay().expect("a TCP socket"));
        });
    }
}
