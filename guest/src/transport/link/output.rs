//! Bytes on their way to the peer.

use std::mem;

/// What a connection sends, and how much of it is with the operating system.
#[derive(Debug, Default)]
pub(crate) struct Output {
    queued: Vec<u8>,
    /// The buffer of the write before, for reuse.
    spare: Vec<u8>,
    in_flight: usize,
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

    /// Everything that is queued, to be written.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        if self.queued.is_empty() {
            return None;
        }
        let bytes = mem::replace(&mut self.queued, mem::take(&mut self.spare));
        self.in_flight = bytes.len();
        Some(bytes)
    }

    /// What was taken is with the operating system; its buffer can be used again.
    pub(crate) fn flushed(&mut self, mut buffer: Vec<u8>) {
        self.total_flushed += self.in_flight as u64;
        self.in_flight = 0;
        buffer.clear();
        if buffer.capacity() <= SPARE_CAPACITY {
            self.spare = buffer;
        }
    }

    /// Forgets what is queued.
    pub(crate) fn clear(&mut self) {
        self.queued = Vec::new();
    }

    /// Whether a write is going on.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight > 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// Bytes that the operating system has not taken.
    pub(crate) fn unflushed(&self) -> usize {
        self.queued.len() + self.in_flight
    }

    /// What [`Self::total_flushed`] must reach for everything queued so far to be flushed.
    pub(crate) fn total_queued(&self) -> u64 {
        self.total_queued
    }

    pub(crate) fn total_flushed(&self) -> u64 {
        self.total_flushed
    }
}
