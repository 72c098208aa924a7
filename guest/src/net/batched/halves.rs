//! The two directions of a connection whose bytes cross in batches.

use std::{
    future::poll_fn,
    mem,
    rc::Rc,
    task::{Context, Poll},
};

use super::{BATCH, Operation, ROOM, Receiving, Sending, Watching};
use crate::{
    net::{NetError, Piece, ReadOutcome},
    runtime::{self, Charge},
};

/// So much room a read gets where the message before did not fit into the smallest: one of 64 KiB is then received at
/// once, with its head.
const LARGE_ROOM: usize = 128 * 1024;

/// The receiving half; dropping it shuts reception down.
#[derive(Debug)]
pub struct BatchReader {
    number: u32,
    /// Whether nothing more can come.
    ended: bool,
    /// Whether the message before did not fit into the smallest room.
    large: bool,
}

impl BatchReader {
    pub(super) fn new(number: u32) -> Self {
        Self { number, ended: false, large: false }
    }

    /// As [`crate::net::Reader::read`].
    pub async fn read(&mut self, mut buffer: Vec<u8>) -> (ReadOutcome, Vec<u8>) {
        let mut room = buffer.capacity() - buffer.len();
        let waits_idle = buffer.is_empty() && room == ROOM;
        let mut promised = None;
        if waits_idle {
            BATCH.with(|batch| batch.keep(mem::take(&mut buffer)));
            // All who were promised so much may get it at the same time.
            if self.large && runtime::budget_used() < runtime::budget() / 2 {
                room = LARGE_ROOM;
                promised = Some(Charge::new(&Rc::default(), room));
            }
        }
        let mut begun = Some(buffer);
        let (outcome, buffer) = poll_fn(|cx| self.poll_read(&mut begun, room, cx)).await;
        drop(promised);
        if let ReadOutcome::Data(bytes) = outcome {
            self.large = if waits_idle { bytes >= ROOM } else { self.large };
        } else {
            self.ended = true;
        }
        (outcome, buffer)
    }

    fn poll_read(
        &self,
        begun: &mut Option<Vec<u8>>,
        room: usize,
        cx: &mut Context<'_>,
    ) -> Poll<(ReadOutcome, Vec<u8>)> {
        BATCH.with(|batch| {
            let polled = batch.with(self.number, |connection| {
                if let Some(buffer) = begun.take() {
                    connection.receiving = Receiving::Waiting(buffer, room, cx.waker().clone());
                    let room = u32::try_from(room).unwrap_or(u32::MAX);
                    batch.queue(self.number, Operation::Receive(room));
                    return Poll::Pending;
                }
                match mem::take(&mut connection.receiving) {
                    Receiving::Done(outcome, buffer) => Poll::Ready((outcome, buffer)),
                    Receiving::Waiting(buffer, room, _) => {
                        connection.receiving = Receiving::Waiting(buffer, room, cx.waker().clone());
                        Poll::Pending
                    }
                    Receiving::Idle => Poll::Ready((ReadOutcome::End, Vec::new())),
                }
            });
            polled.unwrap_or_else(|| Poll::Ready((ReadOutcome::End, Vec::new())))
        })
    }
}

impl Drop for BatchReader {
    fn drop(&mut self) {
        let shut = (!self.ended).then_some(Operation::ShutReceive);
        BATCH.with(|batch| batch.drop_half(self.number, shut));
    }
}

/// The sending half; dropping it sends FIN after all that was written.
#[derive(Debug)]
pub struct BatchWriter {
    number: u32,
    /// After a failure there is nothing left to shut.
    failed: bool,
}

impl BatchWriter {
    pub(super) fn new(number: u32) -> Self {
        Self { number, failed: false }
    }

    /// As [`crate::net::Writer::write_all`].
    pub async fn write_all(&mut self, mut bytes: Piece) -> Result<Vec<u8>, NetError> {
        let mut sent = 0;
        while sent < bytes.len() {
            self.begin_send(bytes, sent);
            let result = poll_fn(|cx| self.poll_sent(cx)).await;
            self.failed = result.is_err();
            let (count, piece) = result?;
            bytes = piece;
            sent += count;
        }
        Ok(bytes.into_buffer())
    }

    /// As [`crate::net::Writer::try_write_all`].
    pub async fn try_write_all(&mut self, bytes: Piece) -> Option<Result<Vec<u8>, NetError>> {
        let mut work = std::pin::pin!(self.write_all(bytes));
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Pending => {
                BATCH.with(|batch| batch.submit(false));
                Poll::Ready(match work.as_mut().poll(cx) {
                    Poll::Ready(done) => Some(done),
                    Poll::Pending => None,
                })
            }
            Poll::Ready(done) => Poll::Ready(Some(done)),
        })
        .await
    }

    /// As [`crate::net::Writer::broken`].
    pub async fn broken(&mut self) -> NetError {
        poll_fn(|cx| self.poll_broken(cx)).await;
        NetError { code: "ECONNRESET" }
    }

    /// Sends what is behind the first `sent` bytes.
    fn begin_send(&self, bytes: Piece, sent: usize) {
        BATCH.with(|batch| {
            batch.pieces.borrow_mut().push((bytes, sent));
            batch.queue(self.number, Operation::Send);
            batch.with(self.number, |connection| connection.sending = Sending::Idle);
        });
    }

    /// How many bytes are on their way, and all of the piece.
    fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<Result<(usize, Piece), NetError>> {
        let polled = BATCH.with(|batch| {
            batch.with(self.number, |connection| match mem::take(&mut connection.sending) {
                Sending::Done(result) => {
                    let piece = mem::take(&mut connection.piece);
                    Poll::Ready(result.map(|count| (count, piece)))
                }
                Sending::Idle | Sending::Waiting(_) => {
                    connection.sending = Sending::Waiting(cx.waker().clone());
                    Poll::Pending
                }
            })
        });
        polled.unwrap_or(Poll::Ready(Err(NetError::BROKEN_PIPE)))
    }

    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let polled = BATCH.with(|batch| {
            batch.with(self.number, |connection| {
                match connection.watching {
                    Watching::Broken => return Poll::Ready(()),
                    Watching::Idle => batch.queue(self.number, Operation::Watch),
                    Watching::Waiting(_) => {}
                }
                connection.watching = Watching::Waiting(cx.waker().clone());
                Poll::Pending
            })
        });
        polled.unwrap_or(Poll::Ready(()))
    }
}

impl Drop for BatchWriter {
    fn drop(&mut self) {
        let shut = (!self.failed).then_some(Operation::ShutSend);
        BATCH.with(|batch| batch.drop_half(self.number, shut));
    }
}
