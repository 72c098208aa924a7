//! `interface net`: `socket` as a server hands it out, `duplex` and `abort-signal`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        net::{
            Duplex as DuplexHandle, Guest, GuestAbortSignal, GuestDuplex, GuestSocket, ReadyState,
            SocketEvent, SocketEvents,
        },
        types::{Chunk, Error, Milliseconds, ReadResult, SocketAddress},
    },
};
use crate::{error, net::AbortSignal, server::Socket};

impl Guest for Component {
    type Socket = Socket;
    type Duplex = Duplex;
    type AbortSignal = AbortSignal;
}

fn pending(member: &str) -> Error {
    error::Error::pending(member).into()
}

impl GuestSocket for Socket {
    fn listen_for(&self, _events: SocketEvents) {}

    async fn ready(&self) {
        Self::closed(self).await;
    }

    fn take_events(&self, _max: u32) -> Vec<SocketEvent> {
        Vec::new()
    }

    fn local_address(&self) -> Option<SocketAddress> {
        Self::local_address(self).map(SocketAddress::from)
    }

    fn remote_address(&self) -> Option<SocketAddress> {
        Self::remote_address(self).map(SocketAddress::from)
    }

    fn ready_state(&self) -> ReadyState {
        if Self::destroyed(self) { ReadyState::Closed } else { ReadyState::Open }
    }

    fn bytes_read(&self) -> u64 {
        0
    }

    fn bytes_written(&self) -> u64 {
        0
    }

    fn writable(&self) -> bool {
        !Self::destroyed(self)
    }

    fn destroyed(&self) -> bool {
        Self::destroyed(self)
    }

    fn timeout(&self) -> Option<Milliseconds> {
        None
    }

    fn set_timeout(&self, _timeout: Milliseconds) {}

    fn set_no_delay(&self, _no_delay: bool) {}

    fn set_keep_alive(&self, _enable: bool, _initial_delay: Milliseconds) {}

    async fn readable(&self) {}

    fn read(&self, _max: u64) -> ReadResult {
        ReadResult::Failed(pending("socket.read"))
    }

    fn incoming(&self) -> Result<StreamReader<u8>, Error> {
        Err(pending("socket.incoming"))
    }

    fn write(&self, _data: Chunk) -> Result<bool, Error> {
        Err(pending("socket.write"))
    }

    async fn drain(&self) {}

    async fn flushed(&self) -> Result<(), Error> {
        Err(pending("socket.flushed"))
    }

    async fn send(&self, _data: StreamReader<u8>) -> Result<u64, Error> {
        Err(pending("socket.send"))
    }

    fn end(&self, _data: Option<Chunk>) -> Result<(), Error> {
        Err(pending("socket.end"))
    }

    fn destroy(&self, _error: Option<Error>) {
        Self::destroy(self);
    }

    fn destroy_soon(&self) {
        Self::destroy_soon(self);
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }

    fn agent_remove(&self) {}
}

/// A byte stream made by the application; nothing takes one yet.
#[derive(Debug)]
pub struct Duplex;

impl GuestDuplex for Duplex {
    fn new(incoming: StreamReader<u8>) -> (DuplexHandle, StreamReader<u8>) {
        // Both directions end at once: there is nothing that could read or write them yet.
        drop(incoming);
        let (writer, outgoing) = wasi::wit_stream::new::<u8>();
        drop(writer);
        (DuplexHandle::new(Self), outgoing)
    }

    fn set_addresses(&self, _local: Option<SocketAddress>, _remote: Option<SocketAddress>) {}
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
