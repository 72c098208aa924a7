//! What the drivers need from the world: streams of bytes that can be read, written and closed.
//!
//! Every operation takes and returns an owned buffer, because a pending operation of the component
//! model owns the memory that it works on. Nothing here knows HTTP.
//!
//! `wasi.rs` is the one file that knows `wasi:sockets`, `batched.rs` what our own host offers beside it; `memory.rs` is a pipe for tests and for
//! servers that talk to themselves. Below it, `memory::Network` is what a native build connects through.

mod abort_signal;
#[cfg(all(target_family = "wasm", feature = "batched"))]
pub mod batched;
mod error;
pub mod memory;
mod piece;
#[cfg(test)]
mod tests;
#[cfg(target_family = "wasm")]
pub mod wasi;

use std::{
    future::{Future as _, poll_fn},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    task::Poll,
};

pub(crate) use self::abort_signal::{Abortable, Watch};
pub use self::{abort_signal::AbortSignal, error::ConnectError, error::NetError, piece::Piece};
use crate::runtime::Span;

#[cfg(not(target_family = "wasm"))]
use memory::network as transport;
#[cfg(target_family = "wasm")]
use wasi as transport;

/// Connects to `remote`, from the address `local` if there is one (port 0: any port).
///
/// Dropping the pending future gives the attempt up and frees its socket. That has to happen inside an
/// async task, as with every operation here: the drivers see to it.
///
/// # Errors
/// What binding and connecting report, under Node's names: `ECONNREFUSED`, `ETIMEDOUT`, `EADDRNOTAVAIL`, …;
/// `EACCES` when the host does not allow the address.
pub async fn connect(remote: SocketAddr, local: Option<SocketAddr>) -> Result<Stream, ConnectError> {
    transport::connect(reachable(canonical(remote)), local.map(canonical)).await
}

/// The addresses of `name`, best first; at least one. An address is its own name.
///
/// # Errors
/// `ENOTFOUND`; `EAI_AGAIN` or `EACCES` where the host says that it may work later, or not for us.
pub async fn resolve(name: &str) -> Result<Vec<IpAddr>, NetError> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    match transport::resolve(name).await {
        Ok(addresses) if addresses.is_empty() => Err(NetError { code: "ENOTFOUND" }),
        // A host that grants no name lookup still knows what this name means (RFC 6761 section 6.3).
        Err(_) if name.eq_ignore_ascii_case("localhost") => {
            Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
        }
        result => result,
    }
}

/// An IPv4 address is one even in IPv6 notation: IPv6 sockets of `wasi:sockets` never speak IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        // As it is, with scope and flow.
        IpAddr::V6(_) => address,
        v4 => SocketAddr::new(v4, address.port()),
    }
}

/// To connect to `0.0.0.0` or `::` means this machine everywhere, but WASI refuses it.
fn reachable(remote: SocketAddr) -> SocketAddr {
    match remote.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), remote.port()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), remote.port()),
        _ => remote,
    }
}

/// A connection to a peer, whatever carries it.
#[derive(Debug)]
pub enum Stream {
    /// TCP through `wasi:sockets`.
    #[cfg(target_family = "wasm")]
    Tcp(wasi::TcpStream),
    /// Two byte streams that the application made.
    #[cfg(target_family = "wasm")]
    Duplex(wasi::DuplexStream),
    /// A pipe in this process's memory.
    Memory(memory::MemoryStream),
}

impl Stream {
    /// The number that its maker gave a stream in memory: [`memory::MemoryStream::named`].
    pub fn name(&self) -> Option<u64> {
        match self {
            Self::Memory(stream) => stream.name(),
            #[cfg(target_family = "wasm")]
            Self::Tcp(_) | Self::Duplex(_) => None,
        }
    }

    /// Takes the stream apart into what is read, what is written and what is known of the two ends.
    pub fn split(self) -> (Reader, Writer, Endpoints) {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(stream) => stream.split(),
            #[cfg(target_family = "wasm")]
            Self::Duplex(stream) => {
                let endpoints = Endpoints::Fixed { local: stream.local, remote: stream.remote };
                let (reader, writer) = stream.split();
                (Reader::Tcp(reader), Writer::Tcp(writer), endpoints)
            }
            Self::Memory(stream) => {
                let endpoints = Endpoints::Memory(stream.options());
                let (reader, writer) = stream.split();
                (Reader::Memory(reader), Writer::Memory(writer), endpoints)
            }
        }
    }
}

/// How a read ended.
#[derive(Debug)]
pub enum ReadOutcome {
    /// This many bytes were appended to the buffer; never 0.
    Data(usize),
    /// The peer has sent all that it will.
    End,
    /// The connection failed.
    Failed(NetError),
}

/// The receiving half of a stream.
#[derive(Debug)]
pub enum Reader {
    /// TCP, or another byte stream of the component model.
    #[cfg(target_family = "wasm")]
    Tcp(wasi::TcpReader),
    /// TCP, in batches.
    #[cfg(all(target_family = "wasm", feature = "batched"))]
    Batch(batched::BatchReader),
    /// In memory.
    Memory(memory::MemoryReader),
}

impl Reader {
    /// Reads once into the spare capacity of `buffer`, which must not be empty.
    pub async fn read(&mut self, buffer: Vec<u8>) -> (ReadOutcome, Vec<u8>) {
        debug_assert!(buffer.capacity() > buffer.len(), "a read needs room");
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(reader) => reader.read(buffer).await,
            #[cfg(all(target_family = "wasm", feature = "batched"))]
            Self::Batch(reader) => reader.read(buffer).await,
            Self::Memory(reader) => reader.read(buffer).await,
        }
    }
}

/// The sending half of a stream. Dropping it sends what the transport knows as "end" (TCP: FIN).
#[derive(Debug)]
pub enum Writer {
    /// TCP.
    #[cfg(target_family = "wasm")]
    Tcp(wasi::TcpWriter),
    /// TCP, in batches.
    #[cfg(all(target_family = "wasm", feature = "batched"))]
    Batch(batched::BatchWriter),
    /// In memory.
    Memory(memory::MemoryWriter),
}

impl Writer {
    /// Writes all of `piece` and gives the emptied buffer back for the next write, if there is one.
    pub async fn write_all(&mut self, piece: impl Into<Piece>) -> Result<Vec<u8>, NetError> {
        let piece = piece.into();
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(writer) => writer.write_all(piece).await,
            #[cfg(all(target_family = "wasm", feature = "batched"))]
            Self::Batch(writer) => writer.write_all(piece).await,
            Self::Memory(writer) => writer.write_all(piece).await,
        }
    }

    /// As [`Self::write_all`] if that need not wait; else none, with what the transport took on its way.
    pub async fn try_write_all(&mut self, piece: Piece) -> Option<Result<Vec<u8>, NetError>> {
        #[cfg(all(target_family = "wasm", feature = "batched"))]
        if let Self::Batch(writer) = self {
            return writer.try_write_all(piece).await;
        }
        let mut work = pin!(self.write_all(piece));
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Waits until the connection is known to be broken, without writing; a dropped wait loses nothing. Not every
    /// transport can tell.
    pub async fn broken(&mut self) -> NetError {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(writer) => writer.broken().await,
            #[cfg(all(target_family = "wasm", feature = "batched"))]
            Self::Batch(writer) => writer.broken().await,
            Self::Memory(writer) => writer.broken().await,
        }
    }
}

/// What is known of the two ends of a stream.
#[derive(Debug)]
pub enum Endpoints {
    /// TCP: asked of the socket on demand.
    #[cfg(target_family = "wasm")]
    Tcp(wasi::TcpEndpoints),
    /// What the application said.
    Fixed {
        /// The address on this side.
        local: Option<SocketAddr>,
        /// The peer's.
        remote: Option<SocketAddr>,
    },
    /// In memory; only connections of a `memory::Network` have addresses.
    Memory(memory::MemoryOptions),
}

impl Endpoints {
    /// The address on this side.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(endpoints) => endpoints.local(),
            Self::Fixed { local, .. } => *local,
            Self::Memory(options) => options.local(),
        }
    }

    /// The peer's address.
    pub fn remote(&self) -> Option<SocketAddr> {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(endpoints) => endpoints.remote(),
            Self::Fixed { remote, .. } => *remote,
            Self::Memory(options) => options.remote(),
        }
    }
}

impl Endpoints {
    /// TCP keep-alive probes, the first after `initial_delay` of silence (none: the system's choice). A transport without them ignores it.
    pub fn set_keep_alive(&self, enable: bool, initial_delay: Span) {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(endpoints) => endpoints.set_keep_alive(enable, initial_delay),
            Self::Memory(options) => options.set_keep_alive(enable, initial_delay),
            Self::Fixed { .. } => {}
        }
    }
}

/// Something that connections come from.
#[derive(Debug)]
pub enum Listener {
    /// A listening TCP socket.
    #[cfg(target_family = "wasm")]
    Tcp(wasi::TcpListener),
    /// Connections that a test makes.
    Memory(memory::MemoryListener),
}

impl Listener {
    /// Waits for connections and takes those that are there, at most a few dozen. `None` when no
    /// more will come: the host drains, or the other side of a memory listener is gone.
    pub async fn accept(&mut self) -> Option<Vec<Stream>> {
        match self {
            #[cfg(target_family = "wasm")]
            Self::Tcp(listener) => listener.accept().await,
            Self::Memory(listener) => listener.accept().await,
        }
    }
}
