//! Accepted connections: the host's end of the stream that `tcp-socket.listen` returns.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Resource, StreamProducer, StreamResult, VecBuffer};
use wasmtime_wasi::p3::bindings::sockets::types::{IpAddressFamily, TcpSocket as WitTcpSocket};

use super::shared::{Part, Seat};
use super::socket::TcpSocket;
use super::{NetworkCtxView, host};
use crate::{DrainHandle, Metrics};

/// At most so many in one go, however many the guest has room for: between two goes the others get their turn.
const MAX_ACCEPTS: usize = 64;

/// How long a listener rests when the process or the system is out of descriptors or memory. The connections wait in
/// the backlog meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection, from whom, and its place among a worker's.
type Accepted = (TcpStream, SocketAddr, Option<Seat>);

/// The stream of accepted sockets. It ends when draining starts.
pub(super) struct Acceptor<T: 'static> {
    listener: Arc<TcpListener>,
    family: IpAddressFamily,
    /// Set where other workers accept, too.
    part: Option<Part>,
    /// Accepted by a check for readiness, not delivered yet.
    waiting: Option<Accepted>,
    /// Set while the listener rests.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether the lack of descriptors has been logged, once until it is over.
    warned: bool,
    /// Resolves when draining starts; `None` afterwards.
    draining: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    metrics: Metrics,
    view: fn(&mut T) -> NetworkCtxView<'_>,
}

impl<T> Acceptor<T> {
    pub(super) fn new(
        listener: Arc<TcpListener>,
        family: IpAddressFamily,
        part: Option<Part>,
        drain: DrainHandle,
        metrics: Metrics,
        view: fn(&mut T) -> NetworkCtxView<'_>,
    ) -> Self {
        let draining = Box::pin(async move { drain.started().await });
        Self {
            listener,
            family,
            part,
            waiting: None,
            pause: None,
            warned: false,
            draining: Some(draining),
            metrics,
            view,
        }
    }

    /// The next connection, or `None` when there will be no more.
    ///
    /// What is in the backlog when draining starts is still accepted: closing the listener would reset it.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        if let Some(connection) = self.waiting.take() {
            return Poll::Ready(Some(connection));
        }
        if let Some(dealt) = self.poll_dealt(cx) {
            return Poll::Ready(Some(dealt));
        }
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(cx).is_pending() {
                    return self.poll_draining(cx);
                }
                self.pause = None;
            }
            match self.listener.poll_accept(cx) {
                Poll::Ready(Ok((stream, peer))) => {
                    self.warned = false;
                    if let Some(kept) = self.keep(stream, peer) {
                        return Poll::Ready(Some(kept));
                    }
                }
                // wasi:sockets: the stream does not report errors that pass.
                Poll::Ready(Err(error)) if is_exhaustion(&error) => {
                    self.metrics.count_accept_failure();
                    if !std::mem::replace(&mut self.warned, true) {
                        tracing::warn!("cannot accept connections at the moment: {error}");
                    }
                    self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!("a connection failed before it was accepted: {error}")
                }
                Poll::Pending => return self.poll_draining(cx),
            }
        }
    }

    /// A connection that was accepted, if this worker has it.
    fn keep(&self, stream: TcpStream, peer: SocketAddr) -> Option<Accepted> {
        let Some(part) = &self.part else { return Some((stream, peer, None)) };
        match part.deal(stream, peer) {
            Ok(kept) => kept.map(|(stream, seat)| (stream, peer, Some(seat))),
            Err(error) => {
                tracing::debug!("a connection could not be given to another worker: {error}");
                None
            }
        }
    }

    /// What another worker has accepted for this one.
    fn poll_dealt(&mut self, cx: &mut Context<'_>) -> Option<Accepted> {
        let part = self.part.as_mut()?;
        while let Poll::Ready(Some((stream, peer, seat))) = part.dealt.poll_recv(cx) {
            match TcpStream::from_std(stream) {
                Ok(stream) => return Some((stream, peer, Some(seat))),
                Err(error) => tracing::debug!("a connection could not be taken from another worker: {error}"),
            }
        }
        None
    }

    /// The end, once draining has started and what was dealt before is delivered.
    fn poll_draining(&mut self, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        if let Some(draining) = &mut self.draining {
            std::task::ready!(draining.as_mut().poll(cx));
            self.draining = None;
        }
        if let Some(part) = &mut self.part {
            part.leave();
        }
        Poll::Ready(self.poll_dealt(cx))
    }
}

impl<T> StreamProducer<T> for Acceptor<T> {
    type Item = Resource<WitTcpSocket>;
    type Buffer = VecBuffer<Self::Item>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, T>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = destination.remaining(&mut store).unwrap_or(MAX_ACCEPTS).min(MAX_ACCEPTS);
        let first = match self.poll_accept(cx) {
            Poll::Ready(first) => first,
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
        };
        if room == 0 {
            // A read of nothing asks for readiness; the next one gets the connection, or the end.
            self.waiting = first;
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let Some(first) = first else { return Poll::Ready(Ok(StreamResult::Dropped)) };

        let view = self.view;
        let mut next = Some(first);
        let mut sockets = Vec::new();
        while let Some((stream, peer, seat)) = next.take() {
            let socket = TcpSocket::accepted(stream, peer, self.family, seat, self.metrics.clone());
            sockets.push(host::push(view(store.data_mut()).wasi.table, socket)?);
            if sockets.len() < room
                && let Poll::Ready(connection) = self.poll_accept(cx)
            {
                next = connection;
            }
        }
        destination.set_buffer(sockets.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

/// Descriptors or memory ran out: trying again at once would only spin.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}
