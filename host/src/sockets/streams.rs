//! The two directions of a connection, between the socket and the memory of the guest.
//!
//! This is the hot path: one system call per operation, no copy, no allocation.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult};
use wasmtime_wasi::p3::bindings::sockets::types::ErrorCode;

use super::connection::Connection;

/// An operation that moved this much pays from tokio's cooperative budget before the next one, so that a bulk transfer
/// which never has to wait cannot keep the other connections waiting. Small exchanges are cheaper without it.
const BULK: usize = 16 * 1024;

/// What tells the guest how a direction ended.
pub(super) type Ending = oneshot::Sender<Result<(), ErrorCode>>;

/// Bytes from the peer: the host's end of the stream that `tcp-socket.receive` returns.
pub(super) struct Receiver {
    stream: Arc<Connection>,
    /// Taken when the direction ends.
    ending: Option<Ending>,
    bulk: bool,
}

impl Receiver {
    pub(super) fn new(stream: Arc<Connection>, ending: Ending) -> Self {
        Self { stream, ending: Some(ending), bulk: false }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.bulk {
            ready!(self.stream.poll_read_ready(cx))?;
            self.bulk = false;
        }
        loop {
            match try_read(&self.stream, buffer) {
                Ok(count) => {
                    self.stream.metrics().count_received(count);
                    self.bulk = count >= BULK;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_read_ready(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn end(&mut self, result: Result<(), ErrorCode>) -> StreamResult {
        if let Some(ending) = self.ending.take() {
            // Nobody has to be interested in how it ended.
            let _ = ending.send(result);
        }
        StreamResult::Dropped
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.ending.is_some() {
            // wasi:sockets: dropping the stream before its end is SHUT_RD.
            shutdown(&**self.stream, Shutdown::Read);
            self.end(Ok(()));
        }
    }
}

impl<D> StreamProducer<D> for Receiver {
    type Item = u8;
    // Never filled: all bytes go directly to their destination.
    type Buffer = Option<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        destination: Destination<'a, u8, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut destination = destination.as_direct(store, BULK);
        let buffer = destination.remaining();
        if buffer.is_empty() {
            // A read of no bytes asks for readiness. An error or the end is ready too: the next read reports it.
            return completed(self.stream.poll_read_ready(cx).map(drop), finish);
        }
        match self.poll_read(cx, buffer) {
            Poll::Ready(Ok(0)) => Poll::Ready(Ok(self.end(Ok(())))),
            Poll::Ready(Ok(count)) => {
                destination.mark_written(count);
                completed(Poll::Ready(()), finish)
            }
            Poll::Ready(Err(error)) => Poll::Ready(Ok(self.end(Err(error.into())))),
            Poll::Pending => completed(Poll::Pending, finish),
        }
    }
}

/// Bytes to the peer: the host's end of the stream that the guest passed to `tcp-socket.send`.
pub(super) struct Sender {
    stream: Arc<Connection>,
    ending: Option<Ending>,
    bulk: bool,
}

impl Sender {
    pub(super) fn new(stream: Arc<Connection>, ending: Ending) -> Self {
        Self { stream, ending: Some(ending), bulk: false }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.bulk {
            ready!(self.stream.poll_write_ready(cx))?;
            self.bulk = false;
        }
        loop {
            match try_write(&self.stream, bytes) {
                Ok(count) => {
                    self.stream.metrics().count_sent(count);
                    self.bulk = count >= BULK;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_write_ready(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn end(&mut self, result: Result<(), ErrorCode>) -> StreamResult {
        if let Some(ending) = self.ending.take() {
            let _ = ending.send(result);
        }
        StreamResult::Dropped
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // wasi:sockets: the end of the stream is SHUT_WR. After an error there is nothing left to shut.
        if self.ending.is_some() {
            shutdown(&**self.stream, Shutdown::Write);
            self.end(Ok(()));
        }
    }
}

impl<D> StreamConsumer<D> for Sender {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        if bytes.is_empty() {
            return completed(self.stream.poll_write_ready(cx).map(drop), finish);
        }
        match self.poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                source.mark_read(count);
                completed(Poll::Ready(()), finish)
            }
            Poll::Ready(Err(error)) => Poll::Ready(Ok(self.end(Err(failure(&error))))),
            Poll::Pending => completed(Poll::Pending, finish),
        }
    }
}

/// What sending comes to: how the direction `ended`, or that the connection broke before. A guest that reads and writes
/// nothing for now would not learn the latter otherwise. The descriptor is kept only while the guest asks.
pub(super) async fn sent(
    stream: Weak<Connection>,
    mut ended: oneshot::Receiver<Result<(), ErrorCode>>,
) -> Result<Result<(), ErrorCode>, oneshot::error::RecvError> {
    let Some(stream) = stream.upgrade() else { return ended.await };
    let mut broken = pin!(stream.ready(Interest::ERROR));
    poll_fn(|cx| {
        if let Poll::Ready(ended) = Pin::new(&mut ended).poll(cx) {
            return Poll::Ready(ended);
        }
        // What the error is stays with the socket, for whoever reads.
        broken.as_mut().poll(cx).map(|_| Ok(Err(ErrorCode::ConnectionReset)))
    })
    .await
}

/// The guest may be cancelling (`finish`): then an operation that would wait has to end instead.
fn completed(poll: Poll<()>, finish: bool) -> Poll<wasmtime::Result<StreamResult>> {
    match poll {
        Poll::Ready(()) => Poll::Ready(Ok(StreamResult::Completed)),
        Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
        Poll::Pending => Poll::Pending,
    }
}

/// Reads only if the socket is known to be readable, and knows that a short read has emptied it.
fn try_read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    let result = stream.try_io(Interest::READABLE, || {
        (_, count) = retry(|| rustix::net::recv(stream, &mut *buffer, RecvFlags::empty()))?;
        // tokio clears readiness on WouldBlock. With an edge-triggered system, whatever arrives later sets it again.
        if count > 0 && count < buffer.len() && EDGE_TRIGGERED {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            Ok(())
        }
    });
    match result {
        Err(_) if count > 0 => Ok(count),
        Err(error) => Err(error),
        Ok(()) => Ok(count),
    }
}

/// Writes only if the socket is known to be writable, and knows that a short write has filled it.
fn try_write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut count = 0;
    let result = stream.try_io(Interest::WRITABLE, || {
        count = retry(|| rustix::net::send(stream, bytes, SEND_FLAGS))?;
        if count < bytes.len() && EDGE_TRIGGERED { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match result {
        Err(_) if count > 0 => Ok(count),
        Err(error) => Err(error),
        Ok(()) => Ok(count),
    }
}

pub(super) fn retry<T>(mut operation: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match operation() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// What failed, where wasmtime-wasi has no word for a pipe that is broken.
pub(super) fn failure(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ErrorCode::ConnectionBroken,
        _ => ErrorCode::from(error),
    }
}

pub(super) fn shutdown(stream: impl AsFd, direction: Shutdown) {
    // It fails when the peer is gone, and then there is nothing to shut.
    let _ = rustix::net::shutdown(stream, direction);
}

/// epoll and kqueue as tokio uses them. Elsewhere readiness is only cleared by an attempt that fails.
const EDGE_TRIGGERED: bool =
    cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"));

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;
/// A program in Rust ignores SIGPIPE anyway.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const SEND_FLAGS: SendFlags = SendFlags::empty();
