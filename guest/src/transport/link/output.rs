//! Bytes on their way to the peer.

use std::{collections::VecDeque, mem};

use bytes::Bytes;

use crate::net::Piece;

/// What a connection sends, and how much of it is with the operating system.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Goes before `queued`.
    pieces: VecDeque<Piece>,
    queued: Vec<u8>,
    /// The buffer of the write before, for reuse.
    spare: Vec<u8>,
    in_flight: usize,
    /// Bytes in `pieces`.
    waiting: usize,
    /// Bytes that others send, too, waiting or in flight.
    shared: usize,
    /// Bytes queued and flushed since the beginning of the connection.
    total_queued: u64,
    total_flushed: u64,
}

/// A spare buffer larger than this is not kept: idle connections are many.
const SPARE_CAPACITY: usize = 4096;

impl Output {
    /// Runs `append` on the queue; what it appended is queued.
    pub(crate) fn append<T>(&mut self, append: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let before = self.queued.len();
        let result = append(&mut self.queued);
        self.total_queued += (self.queued.len() - before) as u64;
        result
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.append(|queued| queued.extend_from_slice(bytes));
    }

    /// Queues bytes that others send, too: they are not copied.
    pub(crate) fn push_shared(&mut self, bytes: Bytes) {
        if !self.queued.is_empty() {
            let before = mem::take(&mut self.queued);
            self.waiting += before.len();
            self.pieces.push_back(before.into());
        }
        self.waiting += bytes.len();
        self.shared += bytes.len();
        self.total_queued += bytes.len() as u64;
        self.pieces.push_back(Piece::Shared(bytes));
    }

    /// What is queued, to be written: everything up to bytes that others send, too, or these.
    pub(crate) fn take(&mut self) -> Option<Piece> {
        let piece = match self.pieces.pop_front() {
            Some(piece) => {
                self.waiting -= piece.len();
                piece
            }
            None if self.queued.is_empty() => return None,
            None => mem::replace(&mut self.queued, mem::take(&mut self.spare)).into(),
        };
        self.in_flight = piece.len();
        Some(piece)
    }

    /// What was taken is with the operating system; its buffer, which is empty now, can be used again.
    pub(crate) fn flushed(&mut self, buffer: Vec<u8>) {
        self.total_flushed += self.in_flight as u64;
        self.in_flight = 0;
        if self.shared > 0 {
            self.shared = self.pieces.iter().map(Piece::shared).sum();
        }
        if (1..=SPARE_CAPACITY).contains(&buffer.capacity()) {
            self.spare = buffer;
        }
    }

    /// Forgets what is queued.
    pub(crate) fn clear(&mut self) {
        self.queued = Vec::new();
        self.pieces = VecDeque::new();
        (self.waiting, self.shared) = (0, 0);
    }

    /// Whether a write is going on.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight > 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.pieces.is_empty()
    }

    /// Bytes that the operating system has not taken.
    pub(crate) fn unflushed(&self) -> usize {
        self.waiting + self.queued.len() + self.in_flight
    }

    /// Those of them that take memory of this connection's own.
    pub(crate) fn held(&self) -> usize {
        self.unflushed().saturating_sub(self.shared)
    }

    /// What [`Self::total_flushed`] must reach for everything queued so far to be flushed.
    pub(crate) fn total_queued(&self) -> u64 {
        self.total_queued
    }

    pub(crate) fn total_flushed(&self) -> u64 {
        self.total_flushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what comes next, and flushes it.
    fn flush(output: &mut Output) -> Vec<u8> {
        let piece = output.take().expect("something is queued");
        let bytes = piece.to_vec();
        output.flushed(piece.into_buffer());
        bytes
    }

    #[test]
    fn what_others_send_too_goes_in_its_place() {
        let mut output = Output::default();
        output.push(b"head");
        output.push_shared(Bytes::from_static(b"shared"));
        output.push_shared(Bytes::from_static(b"again"));
        output.push(b"next");
        assert_eq!((output.unflushed(), output.held(), output.total_queued()), (19, 8, 19));
        assert_eq!(flush(&mut output), b"head");
        let piece = output.take().expect("something is queued");
        assert_eq!(piece, Piece::Shared(Bytes::from_static(b"shared")));
        assert_eq!((output.unflushed(), output.held()), (15, 4), "in flight, too");
        output.flushed(piece.into_buffer());
        assert_eq!((output.unflushed(), output.held()), (9, 4));
        assert_eq!([flush(&mut output), flush(&mut output)], [b"again".to_vec(), b"next".to_vec()]);
        assert!(output.is_empty() && output.take().is_none());
        assert_eq!((output.unflushed(), output.held(), output.total_flushed()), (0, 0, 19));
    }

    #[test]
    fn what_is_cleared_is_not_held() {
        let mut output = Output::default();
        output.push_shared(Bytes::from_static(b"shared"));
        output.push(b"x");
        output.clear();
        assert!(output.is_empty());
        assert_eq!((output.unflushed(), output.held()), (0, 0));
    }
}
