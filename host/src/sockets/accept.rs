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

use super::socket::TcpSocket;
use super::{NetworkCtxView, host};
use crate::DrainHandle;

/// At most so many in one go, however many the guest has room for: between two goes the others get their turn.
const MAX_ACCEPTS: usize = 64;

/// How long a listener rests when the process or the system is out of descriptors or memory. The connections wait in
/// the backlog meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// The stream of accepted sockets. It ends when draining starts.
pub(super) struct Acceptor<T: 'static> {
    listener: Arc<TcpListener>,
    family: IpAddressFamily,
    /// Accepted by a check for readiness, not delivered yet.
    waiting: Option<(TcpStream, SocketAddr)>,
    /// Set while the listener rests.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether the lack of descriptors has been logged, once until it is over.
    warned: bool,
    /// Resolves when draining starts; `None` afterwards.
    draining: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    view: fn(&mut T) -> NetworkCtxView<'_>,
}

impl<T> Acceptor<T> {
    pub(super) fn new(
        listener: Arc<TcpListener>,
        family: IpAddressFamily,
        drain: DrainHandle,
        view: fn(&mut T) -> NetworkCtxView<'_>,
    ) -> Self {
        let draining = Box::pin(async move { drain.started().await });
        Self { listener, family, waiting: None, pause: None, warned: false, draining: Some(draining), view }
    }

    /// The next connection, or `None` when there will be no more.
    ///
    /// What is in the backlog when draining starts is still accepted: closing the listener would reset it.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<(TcpStream, SocketAddr)>> {
        if let Some(connection) = self.waiting.take() {
            return Poll::Ready(Some(connection));
        }
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(cx).is_pending() {
                    return self.poll_draining(cx).map(|()| None);
                }
                self.pause = None;
            }
            match self.listener.poll_accept(cx) {
                Poll::Ready(Ok(connection)) => {
                    self.warned = false;
                    return Poll::Ready(Some(connection));
                }
                // wasi:sockets: the stream does not report errors that pass.
                Poll::Ready(Err(error)) if is_exhaustion(&error) => {
                    if !std::mem::replace(&mut self.warned, true) {
                        tracing::warn!("cannot accept connections at the moment: {error}");
                    }
                    self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!("a connection failed before it was accepted: {error}")
                }
                Poll::Pending => return self.poll_draining(cx).map(|()| None),
            }
        }
    }

    fn poll_draining(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.draining.as_mut().map(|draining| draining.as_mut().poll(cx)) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(())) | None => {
                self.draining = None;
                Poll::Ready(())
            }
        }
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
        while let Some((stream, peer)) = next.take() {
            let socket = TcpSocket::accepted(stream, peer, self.family);
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
