//! A pipe in memory, and a listener whose connections a test makes.

#[cfg(not(target_family = "wasm"))]
pub(super) mod network;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    mem,
    net::SocketAddr,
    rc::Rc,
};

use super::{NetError, Piece, ReadOutcome, Stream};
use crate::runtime::{Signal, Span};

#[cfg(not(target_family = "wasm"))]
pub use self::network::Network;

/// Two connected streams, each with room for `capacity` unread bytes per direction.
pub fn pipe(capacity: usize) -> (MemoryStream, MemoryStream) {
    let there = Rc::new(Channel::new(capacity));
    let back = Rc::new(Channel::new(capacity));
    let end = |reader: &Rc<Channel>, writer: &Rc<Channel>| MemoryStream {
        reader: MemoryReader(Rc::clone(reader)),
        writer: MemoryWriter(Rc::clone(writer)),
        addresses: None,
        name: None,
    };
    (end(&back, &there), end(&there, &back))
}

/// One end of a pipe; dropping it closes both directions.
#[derive(Debug)]
pub struct MemoryStream {
    reader: MemoryReader,
    writer: MemoryWriter,
    addresses: Option<Addresses>,
    name: Option<u64>,
}

/// The addresses of the two ends, seen from one of them.
#[derive(Clone, Copy, Debug)]
struct Addresses {
    local: SocketAddr,
    remote: SocketAddr,
}

impl MemoryStream {
    /// Gives this end a number, which the socket on it bears as its name.
    #[must_use]
    pub fn named(mut self, name: u64) -> Self {
        self.name = Some(name);
        self
    }

    /// As [`Stream::name`].
    pub fn name(&self) -> Option<u64> {
        self.name
    }

    /// What the socket options of this end are set with.
    pub fn options(&self) -> MemoryOptions {
        MemoryOptions { channel: Rc::clone(&self.writer.0), addresses: self.addresses }
    }

    /// Takes the two directions apart.
    pub fn split(self) -> (MemoryReader, MemoryWriter) {
        (self.reader, self.writer)
    }
}

/// Socket options of one end: recorded, for the peer to look at. And its addresses.
#[derive(Debug)]
pub struct MemoryOptions {
    channel: Rc<Channel>,
    addresses: Option<Addresses>,
}

impl MemoryOptions {
    /// As [`super::Endpoints::set_keep_alive`].
    pub fn set_keep_alive(&self, enable: bool, initial_delay: Span) {
        self.channel.keep_alive.borrow_mut().push(enable.then_some(initial_delay));
    }

    /// The address on this side.
    pub fn local(&self) -> Option<SocketAddr> {
        self.addresses.map(|addresses| addresses.local)
    }

    /// The peer's address.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.addresses.map(|addresses| addresses.remote)
    }
}

/// One direction of a pipe.
#[derive(Debug)]
struct Channel {
    bytes: RefCell<Vec<u8>>,
    capacity: usize,
    state: Cell<ChannelState>,
    changed: Signal,
    /// Every setting so far.
    keep_alive: RefCell<Vec<Option<Span>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChannelState {
    Open,
    /// The writer is gone; what is there can still be read.
    Ended,
    /// The reader is gone, or a test has reset the connection.
    Broken,
}

impl Channel {
    fn new(capacity: usize) -> Self {
        Self {
            bytes: RefCell::default(),
            capacity,
            state: Cell::new(ChannelState::Open),
            changed: Signal::default(),
            keep_alive: RefCell::default(),
        }
    }

    fn close(&self, state: ChannelState) {
        if self.state.get() == ChannelState::Open {
            self.state.set(state);
            self.changed.notify();
        }
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct MemoryReader(Rc<Channel>);

impl MemoryReader {
    /// As [`super::Reader::read`].
    pub async fn read(&mut self, mut buffer: Vec<u8>) -> (ReadOutcome, Vec<u8>) {
        let channel = &self.0;
        let outcome = channel
            .changed
            .wait(|| {
                let mut bytes = channel.bytes.borrow_mut();
                if channel.state.get() == ChannelState::Broken {
                    return Some(ReadOutcome::Failed(NetError::RESET));
                }
                if bytes.is_empty() {
                    return (channel.state.get() == ChannelState::Ended).then_some(ReadOutcome::End);
                }
                let room = buffer.capacity() - buffer.len();
                let taken = room.min(bytes.len());
                buffer.extend(bytes.drain(..taken));
                Some(ReadOutcome::Data(taken))
            })
            .await;
        channel.changed.notify();
        (outcome, buffer)
    }

    /// All that is there now, without waiting.
    pub fn take(&self) -> Vec<u8> {
        let taken = mem::take(&mut *self.0.bytes.borrow_mut());
        if !taken.is_empty() {
            self.0.changed.notify();
        }
        taken
    }

    /// The initial delay of the other side's keep-alive probes; none when they are off.
    pub fn peer_keep_alive(&self) -> Option<u32> {
        self.0.keep_alive.borrow().last().copied().flatten().map(Span::as_millis)
    }

    /// How often the other side has set its keep-alive probes.
    pub fn peer_keep_alive_settings(&self) -> usize {
        self.0.keep_alive.borrow().len()
    }

    /// Notes under this number whenever there is something to take, or no more will come: see
    /// [`crate::runtime::take_watched`]. 0: notes nothing any more.
    pub fn watch(&self, number: u64) {
        self.0.changed.watch(number);
    }

    /// Waits until there is something to take, or no more will come. Does not keep the pipe open.
    pub fn filled(&self) -> impl Future<Output = ()> + use<> {
        let channel = Rc::clone(&self.0);
        async move {
            let is_filled =
                || !channel.bytes.borrow().is_empty() || channel.state.get() != ChannelState::Open;
            channel.changed.wait(|| is_filled().then_some(())).await;
        }
    }

    /// Whether the other side has ended its writing and all was taken.
    pub fn is_ended(&self) -> bool {
        self.0.state.get() != ChannelState::Open && self.0.bytes.borrow().is_empty()
    }
}

impl Drop for MemoryReader {
    fn drop(&mut self) {
        self.0.close(ChannelState::Broken);
    }
}

/// The sending half.
#[derive(Debug)]
pub struct MemoryWriter(Rc<Channel>);

impl MemoryWriter {
    /// As [`super::Writer::write_all`].
    pub async fn write_all(&mut self, bytes: Piece) -> Result<Vec<u8>, NetError> {
        let channel = &self.0;
        let mut written = 0;
        let outcome = channel
            .changed
            .wait(|| {
                if channel.state.get() != ChannelState::Open {
                    return Some(Err(NetError::BROKEN_PIPE));
                }
                let mut queued = channel.bytes.borrow_mut();
                let room = channel.capacity.saturating_sub(queued.len()).min(bytes.len() - written);
                queued.extend_from_slice(&bytes[written..written + room]);
                written += room;
                drop(queued);
                if room > 0 {
                    channel.changed.notify();
                }
                (written == bytes.len()).then_some(Ok(()))
            })
            .await;
        outcome.map(|()| bytes.into_buffer())
    }

    /// As [`super::Writer::broken`].
    pub async fn broken(&mut self) -> NetError {
        let channel = &self.0;
        channel
            .changed
            .wait(|| (channel.state.get() == ChannelState::Broken).then_some(NetError::RESET))
            .await
    }

    /// Appends `bytes` whatever the capacity: how a test sends, or whoever looks at [`Self::unread`] itself.
    pub fn push(&self, bytes: &[u8]) {
        self.0.bytes.borrow_mut().extend_from_slice(bytes);
        self.0.changed.notify();
    }

    /// Notes under this number whenever the other side has taken something, or is gone. 0: notes nothing any more.
    pub fn watch(&self, number: u64) {
        self.0.changed.watch(number);
    }

    /// Waits until at most `most` bytes are unread, or nobody reads them. Does not keep the pipe open.
    pub fn emptied(&self, most: usize) -> impl Future<Output = ()> + use<> {
        let channel = Rc::clone(&self.0);
        async move {
            let is_emptied =
                || channel.bytes.borrow().len() <= most || channel.state.get() != ChannelState::Open;
            channel.changed.wait(|| is_emptied().then_some(())).await;
        }
    }

    /// Takes back what the other side has not read.
    pub fn take_back(&self) -> Vec<u8> {
        mem::take(&mut *self.0.bytes.borrow_mut())
    }

    /// Bytes that the other side has not read.
    pub fn unread(&self) -> usize {
        self.0.bytes.borrow().len()
    }

    /// Whether the other side reads no more, or the connection was reset.
    pub fn is_broken(&self) -> bool {
        self.0.state.get() == ChannelState::Broken
    }

    /// Makes the other side's reads and writes fail, as a TCP reset does.
    pub fn reset(&self) {
        self.0.close(ChannelState::Broken);
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.0.close(ChannelState::Ended);
    }
}

/// A listener and the handle that makes connections to it.
pub fn listener() -> (MemoryListener, MemoryConnector) {
    let queue =
        Rc::new(Queue { streams: RefCell::default(), open: Cell::new(true), changed: Signal::default() });
    (MemoryListener(Rc::clone(&queue)), MemoryConnector(queue))
}

#[derive(Debug)]
struct Queue {
    streams: RefCell<VecDeque<MemoryStream>>,
    open: Cell<bool>,
    changed: Signal,
}

/// The accepting side.
#[derive(Debug)]
pub struct MemoryListener(Rc<Queue>);

impl MemoryListener {
    /// As [`super::Listener::accept`].
    pub async fn accept(&mut self) -> Option<Vec<Stream>> {
        let queue = &self.0;
        queue
            .changed
            .wait(|| {
                let mut streams = queue.streams.borrow_mut();
                if !streams.is_empty() {
                    return Some(Some(streams.drain(..).map(Stream::Memory).collect()));
                }
                (!queue.open.get()).then_some(None)
            })
            .await
    }

    /// The connections that are there now, without waiting: how a test is a server.
    pub fn take(&self) -> Vec<MemoryStream> {
        self.0.streams.borrow_mut().drain(..).collect()
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.0.open.set(false);
        // Who waits to be accepted finds the connection ended, as who connects later does.
        let waiting = mem::take(&mut *self.0.streams.borrow_mut());
        drop(waiting);
    }
}

/// The connecting side; dropping it ends the listener as a draining host does.
#[derive(Debug)]
pub struct MemoryConnector(Rc<Queue>);

impl MemoryConnector {
    /// Connects and returns the client's two halves.
    pub fn connect(&self, capacity: usize) -> (MemoryReader, MemoryWriter) {
        let (near, far) = pipe(capacity);
        // Without a listener the far end is dropped, which ends the connection.
        let _ = self.offer(far);
        near.split()
    }

    /// Puts the server's end of a connection into the listener's queue; gives it back when nobody listens.
    fn offer(&self, far: MemoryStream) -> Result<(), MemoryStream> {
        if !self.0.open.get() {
            return Err(far);
        }
        self.0.streams.borrow_mut().push_back(far);
        self.0.changed.notify();
        Ok(())
    }
}

impl Drop for MemoryConnector {
    fn drop(&mut self) {
        self.0.open.set(false);
        self.0.changed.notify();
    }
}
