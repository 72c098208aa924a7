//! Pumps between messages and the component model's byte streams.

use std::{cell::Cell, rc::Rc};

use wit_bindgen::{StreamReader, StreamResult, StreamWriter};

use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, Readiness, Signal, unless},
    transport::{IncomingMessage, Sink, Socket},
};

/// How much one read of a caller's stream takes.
const PIECE: usize = 64 * 1024;

/// A stream on its way to a message, for the call that waits for its end.
#[derive(Default)]
struct Sending {
    /// How it ended.
    outcome: Cell<Option<Result<u64, Error>>>,
    /// Whether the call was dropped.
    stopped: Cell<bool>,
    changed: Signal,
}

/// Stops the sending when the call that waits for it is dropped.
struct Waiting(Rc<Sending>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.stopped.set(true);
        self.0.changed.notify();
    }
}

/// Writes all of `body` to the message, which stays open, waiting whenever the peer is slower. Returns
/// how many bytes were written.
///
/// The driver does it: in the task of this call each piece would wake the driver, and the driver this task.
pub(super) async fn send_body(message: impl Sink, body: StreamReader<u8>) -> Result<u64, Error> {
    runtime::ensure_driver();
    let sending = Rc::new(Sending::default());
    let waiting = Waiting(Rc::clone(&sending));
    runtime::spawn(async move {
        let work = write_all(&message, body);
        let outcome = unless(&sending.changed, || sending.stopped.get(), work).await;
        sending.outcome.set(outcome);
        sending.changed.notify();
    });
    waiting.0.changed.wait(|| waiting.0.outcome.take()).await
}

async fn write_all(message: &impl Sink, mut body: StreamReader<u8>) -> Result<u64, Error> {
    let mut sent = 0;
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        let (result, piece) = body.read(buffer).await;
        if !piece.is_empty() {
            sent += piece.len() as u64;
            if !message.write(&piece)? {
                let goes_on = || !message.outbound().borrow().writable_need_drain() || message.is_over();
                message.signal().wait(|| goes_on().then_some(())).await;
            }
        }
        if result == StreamResult::Dropped {
            return Ok(sent);
        }
        buffer = piece;
        buffer.clear();
    }
}

/// Writes all of `data` to a socket, which stays open. Returns how many bytes were written.
pub(super) async fn send(socket: &Socket, mut data: StreamReader<u8>) -> Result<u64, Error> {
    runtime::ensure_driver();
    let mut sent = 0;
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        let (result, piece) = data.read(buffer).await;
        if !piece.is_empty() {
            sent += piece.len() as u64;
            if !socket.write(&piece)? {
                socket.drain().await;
            }
        }
        if result == StreamResult::Dropped {
            socket.flushed().await?;
            return Ok(sent);
        }
        buffer = piece;
        buffer.clear();
    }
}

/// A byte whenever there is something to take.
pub(super) fn readiness(readiness: Readiness) -> StreamReader<u8> {
    runtime::ensure_driver();
    let (mut writer, reader) = wasi::wit_stream::new();
    runtime::spawn(async move {
        while readiness.next().await {
            if !writer.write_all(vec![0]).await.is_empty() {
                // Its reader is gone; another stream may have one.
                return readiness.pass_on();
            }
        }
    });
    reader
}

/// What a socket receives as a stream; dropping it leaves the rest in the socket.
pub(super) fn incoming(socket: Socket) -> StreamReader<u8> {
    let (mut writer, reader) = wasi::wit_stream::new();
    runtime::spawn(async move {
        loop {
            match socket.read(PIECE) {
                ReadResult::Data(bytes) => {
                    if !writer.write_all(bytes).await.is_empty() {
                        return;
                    }
                }
                ReadResult::Pending => socket.readable().await,
                ReadResult::End(_) | ReadResult::Aborted(_) => return,
            }
        }
    });
    reader
}

/// The rest of the message as a stream; it ends early when the message is cut short or the reader
/// is dropped, which dumps the rest.
pub(super) fn body(message: IncomingMessage) -> StreamReader<u8> {
    let (writer, reader) = wasi::wit_stream::new();
    runtime::spawn(pump(message, writer));
    reader
}

async fn pump(message: IncomingMessage, mut writer: StreamWriter<u8>) {
    loop {
        match message.read_for_stream(PIECE) {
            ReadResult::Data(bytes) => {
                let unwritten = writer.write_all(bytes).await;
                if !unwritten.is_empty() {
                    message.resume();
                    return;
                }
            }
            ReadResult::Pending => message.readable().await,
            ReadResult::End(_) | ReadResult::Aborted(_) => return,
        }
    }
}
