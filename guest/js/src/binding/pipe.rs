//! How the bytes of a socket of JavaScript get to a connection of the crate, and back.

use std::cell::RefCell;

use node_http::net::{
    Stream,
    memory::{self, MemoryReader, MemoryWriter},
};

use super::objects::{Object, add, get};

/// Unread bytes for the socket before the crate's writes wait: about what a system's socket takes.
const CAPACITY: usize = 64 * 1024;

/// The socket's end of a pipe.
#[derive(Debug)]
pub(super) struct Pipe {
    reader: MemoryReader,
    /// None once the socket has received the end.
    writer: RefCell<Option<MemoryWriter>>,
}

impl Pipe {
    /// With 0 nothing is noted any more.
    pub(super) fn watch(&self, number: u64) {
        self.reader.watch(number);
        if let Some(writer) = &*self.writer.borrow() {
            writer.watch(number);
        }
    }
}

/// A stream that bears the number of a socket, and the handle of the pipe behind it.
pub(super) fn open(socket: u64) -> (Stream, u32) {
    let (near, far) = memory::pipe(CAPACITY);
    let (reader, writer) = far.split();
    let handle = add(|_| Object::Pipe(Pipe { reader, writer: RefCell::new(Some(writer)) }));
    (Stream::Memory(near.named(socket)), handle)
}

fn with<T>(handle: u32, then: impl FnOnce(&Pipe) -> T) -> Option<T> {
    let object = get(handle)?;
    let Object::Pipe(pipe) = &*object else { return None };
    Some(then(pipe))
}

/// The socket has received bytes.
pub fn push(handle: u32, bytes: &[u8]) {
    with(handle, |pipe| {
        if let Some(writer) = &*pipe.writer.borrow()
            && !writer.is_broken()
        {
            writer.push(bytes);
        }
    });
}

/// The socket has received the end of the peer's side.
pub fn finish(handle: u32) {
    let writer = with(handle, |pipe| pipe.writer.borrow_mut().take());
    drop(writer);
}

/// The socket has failed, or is gone.
pub fn reset(handle: u32) {
    with(handle, |pipe| {
        if let Some(writer) = &*pipe.writer.borrow() {
            writer.reset();
        }
    });
}

/// All that the socket has to send now; empty when there is nothing.
pub fn pull(handle: u32) -> Vec<u8> {
    with(handle, |pipe| pipe.reader.take()).unwrap_or_default()
}

/// What becomes of the socket: 1 when the crate has ended its side and all was pulled, plus 2 when it reads no more,
/// plus 256 for each byte that it has not read.
pub fn pipe_state(handle: u32) -> f64 {
    with(handle, |pipe| {
        let ended = f64::from(u8::from(pipe.reader.is_ended()));
        let (broken, unread) =
            pipe.writer.borrow().as_ref().map_or((false, 0), |writer| (writer.is_broken(), writer.unread()));
        let unread = u32::try_from(unread).unwrap_or(u32::MAX);
        ended + 2.0 * f64::from(u8::from(broken)) + 256.0 * f64::from(unread)
    })
    .unwrap_or(3.0)
}

/// Bytes move between the pipe and a transport without JavaScript: nothing is noted of it until [`uncarry`]. False where
/// there is no such pipe.
pub fn carry(handle: u32) -> bool {
    with(handle, |pipe| pipe.watch(0)).is_some()
}

/// JavaScript is told of the pipe again. Gives back what the crate has not read.
pub fn uncarry(handle: u32) -> Vec<u8> {
    tell(handle);
    with(handle, |pipe| pipe.writer.borrow().as_ref().map(MemoryWriter::take_back))
        .flatten()
        .unwrap_or_default()
}

/// JavaScript is told of the pipe again, which goes on to be carried.
pub fn tell(handle: u32) {
    with(handle, |pipe| pipe.watch(u64::from(handle)));
}

/// Waits until there is something to [`pull`], or no more will come.
pub fn filled(handle: u32) -> Option<impl Future<Output = ()> + use<>> {
    with(handle, |pipe| pipe.reader.filled())
}

/// Waits until the crate has read all but `most` of what was pushed, or reads no more.
pub fn emptied(handle: u32, most: usize) -> Option<impl Future<Output = ()> + use<>> {
    with(handle, |pipe| pipe.writer.borrow().as_ref().map(|writer| writer.emptied(most))).flatten()
}

/// Whether the crate has ended its side, and all was pulled.
pub fn is_over(handle: u32) -> bool {
    with(handle, |pipe| pipe.reader.is_ended()).unwrap_or(true)
}
