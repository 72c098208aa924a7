//! `interface net`: `socket`, `duplex` and `abort-signal`.

use std::{cell::Cell, net::SocketAddr};

use wit_bindgen::{StreamReader, StreamWriter};

use super::{
    Component,
    bindings::exports::node::http::{
        net::{
            Duplex as DuplexHandle, Guest, GuestAbortSignal, GuestDuplex, GuestSocket, ReadyState,
            SocketEvent, SocketEventKind, SocketEvents,
        },
        types::{Chunk, Error, Milliseconds, ReadResult, SocketAddress},
    },
    convert, streams,
};
use crate::{
    error, message,
    net::{AbortSignal, Stream, wasi::DuplexStream},
    runtime,
    transport::{self, Socket},
};

impl Guest for Component {
    type Socket = Socket;
    type Duplex = Duplex;
    type AbortSignal = AbortSignal;
}

impl GuestSocket for Socket {
    fn listen_for(&self, events: SocketEvents) {
        Self::listen_for(self, events.bits().into());
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
        self.watch_bytes(number);
    }

    fn take_events(&self, max: u32) -> Vec<SocketEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(SocketEvent::from).collect()
    }

    fn local_address(&self) -> Option<SocketAddress> {
        Self::local_address(self).map(SocketAddress::from)
    }

    fn remote_address(&self) -> Option<SocketAddress> {
        Self::remote_address(self).map(SocketAddress::from)
    }

    fn ready_state(&self) -> ReadyState {
        if self.connecting() {
            return ReadyState::Opening;
        }
        match (self.is_readable(), Self::writable(self)) {
            (true, true) => ReadyState::Open,
            (true, false) => ReadyState::ReadOnly,
            (false, true) => ReadyState::WriteOnly,
            (false, false) => ReadyState::Closed,
        }
    }

    fn bytes_read(&self) -> u64 {
        Self::bytes_read(self)
    }

    fn bytes_written(&self) -> u64 {
        Self::bytes_written(self)
    }

    fn writable(&self) -> bool {
        Self::writable(self)
    }

    fn destroyed(&self) -> bool {
        Self::destroyed(self)
    }

    fn timeout(&self) -> Option<Milliseconds> {
        Self::timeout(self)
    }

    fn set_timeout(&self, timeout: Milliseconds) {
        Self::set_timeout(self, timeout);
    }

    /// `wasi:sockets` has no such option: the host decides.
    fn set_no_delay(&self, _no_delay: bool) {}

    fn set_keep_alive(&self, enable: bool, initial_delay: Milliseconds) {
        Self::set_keep_alive(self, enable, initial_delay);
    }

    async fn readable(&self) {
        Self::readable(self).await;
    }

    fn read(&self, max: u64) -> ReadResult {
        Self::read(self, convert::all_if_zero(max)).into()
    }

    fn incoming(&self) -> Result<StreamReader<u8>, Error> {
        self.hand_out_incoming()?;
        Ok(streams::incoming(self.another()))
    }

    fn write(&self, data: Chunk) -> Result<bool, Error> {
        Ok(Self::write(self, &message::Chunk::from(data).bytes())?)
    }

    async fn drain(&self) {
        Self::drain(self).await;
    }

    async fn flushed(&self) -> Result<(), Error> {
        Ok(Self::flushed(self).await?)
    }

    async fn send(&self, data: StreamReader<u8>) -> Result<u64, Error> {
        Ok(streams::send(self, data).await?)
    }

    fn end(&self, data: Option<Chunk>) -> Result<(), Error> {
        let chunk = data.map(message::Chunk::from);
        let bytes = chunk.as_ref().map(message::Chunk::bytes);
        Ok(Self::end(self, bytes.as_deref())?)
    }

    fn destroy(&self, error: Option<Error>) {
        Self::destroy(self, error.map(error::Error::from));
    }

    fn destroy_soon(&self) {
        Self::destroy_soon(self);
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }

    fn agent_remove(&self) {
        Self::agent_remove(self);
    }
}

impl From<runtime::Recorded<transport::SocketEvent>> for SocketEvent {
    fn from(event: runtime::Recorded<transport::SocketEvent>) -> Self {
        let kind = match event.kind {
            transport::SocketEvent::Connect => SocketEventKind::Connect,
            transport::SocketEvent::Drain => SocketEventKind::Drain,
            transport::SocketEvent::Timeout => SocketEventKind::Timeout,
            transport::SocketEvent::Error(error) => SocketEventKind::Error(error.into()),
            transport::SocketEvent::Close(failed) => SocketEventKind::Close(failed),
            transport::SocketEvent::Free => SocketEventKind::Free,
            transport::SocketEvent::AgentRemove => SocketEventKind::AgentRemove,
        };
        Self { sequence: event.sequence, kind }
    }
}

/// Two byte streams made by the application, until a server takes them.
#[derive(Debug)]
pub struct Duplex {
    incoming: StreamReader<u8>,
    outgoing: StreamWriter<u8>,
    addresses: Cell<(Option<SocketAddr>, Option<SocketAddr>)>,
}

impl Duplex {
    /// The connection that they make.
    pub(super) fn into_stream(self) -> Stream {
        let (local, remote) = self.addresses.get();
        Stream::Duplex(DuplexStream { incoming: self.incoming, outgoing: self.outgoing, local, remote })
    }
}

impl GuestDuplex for Duplex {
    fn new(incoming: StreamReader<u8>) -> (DuplexHandle, StreamReader<u8>) {
        let (outgoing, received) = wasi::wit_stream::new();
        (DuplexHandle::new(Self { incoming, outgoing, addresses: Cell::default() }), received)
    }

    fn set_addresses(&self, local: Option<SocketAddress>, remote: Option<SocketAddress>) {
        self.addresses.set((local.and_then(convert::socket_addr), remote.and_then(convert::socket_addr)));
    }
}

impl GuestAbortSignal for AbortSignal {
    fn new() -> Self {
        Self::default()
    }

    fn abort(&self, reason: Option<String>) {
        Self::abort(self, reason);
    }

    fn aborted(&self) -> bool {
        Self::aborted(self)
    }

    fn reason(&self) -> Option<String> {
        Self::reason(self)
    }
}
