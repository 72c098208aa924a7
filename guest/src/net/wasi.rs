//! TCP over `wasi:sockets` 0.3: the one file that knows how (`batched.rs` takes over sockets that are connected).
//!
//! Rules of the platform that shape it: a dropped pending operation is a synchronous cancellation,
//! allowed only inside an async task, so streams are read, written and dropped by the driver alone;
//! the outcome of a direction is a future beside its stream, looked at when the stream has ended.

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use wasi::sockets::{
    ip_name_lookup::{self, ErrorCode as LookupError},
    types::{
        ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
        TcpSocket,
    },
};
use wit_bindgen::{FutureRead, FutureReader, StreamReader, StreamResult, StreamWriter};

use super::{ConnectError, Endpoints, NetError, Piece, ReadOutcome, Reader, Stream, Writer};
use crate::runtime::{Charge, Span};

/// How many accepted sockets one read of the listening stream may take.
const ACCEPT_BATCH: usize = 32;

/// What a direction comes to: a future that gives it once.
enum Outcome {
    Unasked(FutureReader<Result<(), ErrorCode>>),
    Asked(Pin<Box<FutureRead<Result<(), ErrorCode>>>>),
    /// It was given, or there is none.
    Known,
}

impl Outcome {
    /// Why the direction has ended, `None` when it did so in order.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<NetError>> {
        if let Self::Unasked(_) = self
            && let Self::Unasked(outcome) = mem::replace(self, Self::Known)
        {
            *self = Self::Asked(Box::pin(outcome.into_future()));
        }
        let Self::Asked(asked) = self else { return Poll::Ready(None) };
        let outcome = ready!(asked.as_mut().poll(cx));
        *self = Self::Known;
        Poll::Ready(outcome.err().map(|code| net_error(&code)))
    }

    async fn failure(&mut self) -> Option<NetError> {
        poll_fn(|cx| self.poll(cx)).await
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unasked(_) => "Unasked",
            Self::Asked(_) => "Asked",
            Self::Known => "Known",
        })
    }
}

/// A connected socket.
#[derive(Debug)]
pub struct TcpStream {
    socket: TcpSocket,
}

impl TcpStream {
    /// Starts both directions.
    pub fn split(self) -> (Reader, Writer, Endpoints) {
        #[cfg(feature = "batched")]
        if let Some((reader, writer)) = super::batched::attach(&self.socket) {
            let endpoints = TcpEndpoints { socket: self.socket };
            return (Reader::Batch(reader), Writer::Batch(writer), Endpoints::Tcp(endpoints));
        }
        let (incoming, received) = self.socket.receive();
        let (outgoing, to_send) = wasi::wit_stream::new();
        let sent = self.socket.send(to_send);
        (
            Reader::Tcp(TcpReader { stream: incoming, outcome: Outcome::Unasked(received) }),
            Writer::Tcp(TcpWriter { stream: outgoing, outcome: Outcome::Unasked(sent) }),
            Endpoints::Tcp(TcpEndpoints { socket: self.socket }),
        )
    }
}

/// Two byte streams that stand in for a connection: Node's `Duplex`.
#[derive(Debug)]
pub struct DuplexStream {
    /// What the far end sends.
    pub incoming: StreamReader<u8>,
    /// What the far end receives.
    pub outgoing: StreamWriter<u8>,
    /// The address that this side is to have.
    pub local: Option<SocketAddr>,
    /// The address that the far end is to have.
    pub remote: Option<SocketAddr>,
}

impl DuplexStream {
    /// Takes the two directions apart. No outcome stands beside such a stream: its end is all that
    /// there is to know.
    pub fn split(self) -> (TcpReader, TcpWriter) {
        (
            TcpReader { stream: self.incoming, outcome: Outcome::Known },
            TcpWriter { stream: self.outgoing, outcome: Outcome::Known },
        )
    }
}

/// The receiving half; dropping it shuts reception down.
#[derive(Debug)]
pub struct TcpReader {
    stream: StreamReader<u8>,
    outcome: Outcome,
}

impl TcpReader {
    /// As [`super::Reader::read`].
    pub async fn read(&mut self, buffer: Vec<u8>) -> (ReadOutcome, Vec<u8>) {
        let (result, buffer) = self.stream.read(buffer).await;
        let outcome = match result {
            StreamResult::Complete(read) if read > 0 => ReadOutcome::Data(read),
            StreamResult::Complete(_) | StreamResult::Dropped | StreamResult::Cancelled => {
                match self.outcome.failure().await {
                    Some(error) => ReadOutcome::Failed(error),
                    None => ReadOutcome::End,
                }
            }
        };
        (outcome, buffer)
    }
}

/// The sending half; dropping it sends FIN after all that was written.
#[derive(Debug)]
pub struct TcpWriter {
    stream: StreamWriter<u8>,
    outcome: Outcome,
}

impl TcpWriter {
    /// As [`super::Writer::write_all`]. A stream wants a buffer of its own: what others send, too, is copied part by part,
    /// and the copy charged, as every connection has one.
    pub async fn write_all(&mut self, piece: Piece) -> Result<Vec<u8>, NetError> {
        /// So much is copied at a time.
        const PART: usize = 64 * 1024;
        let bytes = match piece {
            Piece::Owned(bytes) => return self.write(bytes).await,
            Piece::Shared(bytes) => bytes,
        };
        let _copy = Charge::new(&Rc::default(), bytes.len().min(PART));
        let mut buffer = Vec::new();
        for part in bytes.chunks(PART) {
            buffer.clear();
            buffer.extend_from_slice(part);
            buffer = self.write(buffer).await?;
        }
        Ok(buffer)
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, NetError> {
        let (mut result, mut rest) = self.stream.write(bytes).await;
        while rest.remaining() > 0 {
            if let StreamResult::Dropped = result {
                return Err(self.outcome.failure().await.unwrap_or(NetError::BROKEN_PIPE));
            }
            (result, rest) = self.stream.write_buf(rest).await;
        }
        Ok(rest.into_vec())
    }

    /// As [`super::Writer::broken`]: a host may tell of it before anything is written. wasmtime's own does not.
    pub async fn broken(&mut self) -> NetError {
        match self.outcome.failure().await {
            Some(error) => error,
            None => pending().await,
        }
    }
}

/// The addresses of a connected socket; the handle keeps nothing else alive.
#[derive(Debug)]
pub struct TcpEndpoints {
    socket: TcpSocket,
}

impl TcpEndpoints {
    /// The address on this side.
    pub fn local(&self) -> Option<SocketAddr> {
        self.socket.get_local_address().ok().map(from_wasi)
    }

    /// The peer's address.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.socket.get_remote_address().ok().map(from_wasi)
    }
}

impl TcpEndpoints {
    /// As [`super::Endpoints::set_keep_alive`].
    pub fn set_keep_alive(&self, enable: bool, initial_delay: Span) {
        const NANOS_PER_MILLI: u64 = 1_000_000;
        // Node ignores failures of these too: they are hints.
        let _ = self.socket.set_keep_alive_enabled(enable);
        if initial_delay.is_some() {
            let nanos = u64::from(initial_delay.as_millis()) * NANOS_PER_MILLI;
            let _ = self.socket.set_keep_alive_idle_time(nanos);
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct TcpListener {
    accepted: StreamReader<TcpSocket>,
    address: SocketAddr,
}

impl TcpListener {
    /// Binds `address` and listens; port 0 lets the system choose.
    ///
    /// # Errors
    /// What `bind` and `listen` report, under Node's names.
    pub fn bind(address: SocketAddr, backlog: u32) -> Result<Self, NetError> {
        let listening = || {
            let socket = TcpSocket::create(family_of(address))?;
            socket.bind(to_wasi(address))?;
            // The default of 128 makes bursts wait a second for a repeated SYN; where the host
            // does not take the hint there is nothing better to do than to go on.
            let _ = socket.set_listen_backlog_size(u64::from(backlog.max(1)));
            let accepted = socket.listen()?;
            Ok((accepted, from_wasi(socket.get_local_address()?)))
        };
        let (accepted, address) = listening().map_err(|code: ErrorCode| net_error(&code))?;
        Ok(Self { accepted, address })
    }

    /// The address it is bound to, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As [`super::Listener::accept`].
    pub async fn accept(&mut self) -> Option<Vec<Stream>> {
        let (result, sockets) = self.accepted.read(Vec::with_capacity(ACCEPT_BATCH)).await;
        match result {
            StreamResult::Complete(_) => {
                Some(sockets.into_iter().map(|socket| Stream::Tcp(TcpStream { socket })).collect())
            }
            StreamResult::Dropped | StreamResult::Cancelled => None,
        }
    }
}

/// As [`super::connect`].
///
/// The socket outlives the call that borrows it: when this future is dropped, the pending call goes first,
/// which cancels it, and then the socket.
pub(super) async fn connect(remote: SocketAddr, local: Option<SocketAddr>) -> Result<Stream, ConnectError> {
    let failed = |code: ErrorCode| ConnectError::connecting(net_error(&code));
    let socket = TcpSocket::create(family_of(remote)).map_err(failed)?;
    if let Some(local) = local {
        socket.bind(to_wasi(local)).map_err(|code| ConnectError::binding(net_error(&code)))?;
    }
    socket.connect(to_wasi(remote)).await.map_err(failed)?;
    Ok(Stream::Tcp(TcpStream { socket }))
}

/// What the host's resolver answers; see [`super::resolve`].
pub(super) async fn resolve(name: &str) -> Result<Vec<IpAddr>, NetError> {
    let addresses = ip_name_lookup::resolve_addresses(name.to_owned()).await;
    match addresses {
        Ok(addresses) => Ok(addresses.into_iter().map(ip_from_wasi).collect()),
        Err(LookupError::AccessDenied) => Err(NetError { code: "EACCES" }),
        Err(LookupError::TemporaryResolverFailure) => Err(NetError { code: "EAI_AGAIN" }),
        Err(_) => Err(NetError { code: "ENOTFOUND" }),
    }
}

fn family_of(address: SocketAddr) -> IpAddressFamily {
    if address.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 }
}

fn ip_from_wasi(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

fn from_wasi(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(v4) => SocketAddr::new(ip_from_wasi(IpAddress::Ipv4(v4.address)), v4.port),
        IpSocketAddress::Ipv6(v6) => SocketAddr::new(ip_from_wasi(IpAddress::Ipv6(v6.address)), v6.port),
    }
}

fn to_wasi(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(v4) => IpSocketAddress::Ipv4(v4_to_wasi(v4)),
        SocketAddr::V6(v6) => IpSocketAddress::Ipv6(v6_to_wasi(v6)),
    }
}

fn v4_to_wasi(v4: SocketAddrV4) -> Ipv4SocketAddress {
    let [a, b, c, d] = v4.ip().octets();
    Ipv4SocketAddress { port: v4.port(), address: (a, b, c, d) }
}

fn v6_to_wasi(v6: SocketAddrV6) -> Ipv6SocketAddress {
    let [a, b, c, d, e, f, g, h] = v6.ip().segments();
    Ipv6SocketAddress {
        port: v6.port(),
        flow_info: v6.flowinfo(),
        address: (a, b, c, d, e, f, g, h),
        scope_id: v6.scope_id(),
    }
}

/// WASI's codes are fewer than POSIX's; each maps to the one that Node's users match on.
pub(super) fn net_error(code: &ErrorCode) -> NetError {
    let code = match code {
        ErrorCode::AccessDenied => "EACCES",
        ErrorCode::NotSupported => "ENOTSUP",
        ErrorCode::InvalidArgument | ErrorCode::InvalidState => "EINVAL",
        ErrorCode::OutOfMemory => "ENOMEM",
        ErrorCode::Timeout => "ETIMEDOUT",
        ErrorCode::AddressNotBindable => "EADDRNOTAVAIL",
        ErrorCode::AddressInUse => "EADDRINUSE",
        ErrorCode::RemoteUnreachable => "EHOSTUNREACH",
        ErrorCode::ConnectionRefused => "ECONNREFUSED",
        ErrorCode::ConnectionBroken => "EPIPE",
        ErrorCode::ConnectionReset => "ECONNRESET",
        ErrorCode::ConnectionAborted => "ECONNABORTED",
        ErrorCode::DatagramTooLarge => "EMSGSIZE",
        ErrorCode::Other(_) => "EIO",
    };
    NetError { code }
}
