//! Received bytes that are not parsed yet, and the parser.

use crate::proto::{Decoder, Event, ParseError};

/// What a connection's receiving loop owns.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) decoder: Decoder,
    pub(super) bytes: Vec<u8>,
    /// How much of `bytes` is parsed.
    parsed: usize,
    /// Where the newest read begins in `bytes`: Node's `rawPacket`.
    newest: usize,
    /// Whether the parser stopped for back-pressure, so that there may be more to find.
    pub(crate) held_back: bool,
}

/// Idle connections are many: the read that waits for a message gets this much room.
pub(super) const SMALLEST: usize = 4096;
/// The reads of a message that does not fit get this much.
const LARGEST: usize = 64 * 1024;

impl Inbox {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, bytes: Vec::new(), parsed: 0, newest: 0, held_back: false }
    }

    /// Makes room for the next read, moving what is unparsed to the front. A buffer that was filled by the read
    /// before grows, by little where memory is `tight`.
    pub(super) fn make_room(&mut self, tight: bool) {
        let filled = self.bytes.len() == self.bytes.capacity();
        self.bytes.drain(..self.parsed);
        self.parsed = 0;
        self.newest = self.bytes.len();
        if filled {
            let first = self.bytes.capacity() == 0;
            self.bytes.reserve_exact(if first || tight { SMALLEST } else { LARGEST });
        }
    }

    /// Forgets everything and makes room for bytes that nobody will look at.
    pub(super) fn discard(&mut self) {
        self.parsed = self.bytes.len();
        self.make_room(true);
    }

    /// Looks for the next event; what it consumed is to be [`Self::consume`]d.
    pub(crate) fn decode(&mut self) -> Result<(usize, Option<Event>), ParseError> {
        self.decoder.decode(&self.bytes[self.parsed..])
    }

    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.parsed..]
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.parsed += bytes;
    }

    /// Everything that is unparsed.
    pub(crate) fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.rest().to_vec();
        self.parsed = self.bytes.len();
        rest
    }

    /// The bytes of the newest read.
    pub(crate) fn newest(&self) -> &[u8] {
        &self.bytes[self.newest..]
    }

    /// All is parsed: the buffer starts over. Between messages a large one is given back.
    pub(crate) fn rewind(&mut self) {
        if self.parsed < self.bytes.len() {
            return;
        }
        if self.bytes.capacity() > SMALLEST && self.decoder.is_idle() {
            self.bytes = Vec::new();
        } else if self.parsed < self.bytes.capacity() {
            self.bytes.clear();
        } else {
            // Full, and of what has to grow: the next read makes room.
            return;
        }
        self.parsed = 0;
        self.newest = 0;
    }

    /// Gives back what is not needed for what is unparsed: where memory is short, so that there is room to read on.
    pub(super) fn compact(&mut self) {
        if self.bytes.capacity() > self.rest().len() + SMALLEST {
            self.bytes = self.rest().to_vec();
            self.parsed = 0;
            self.newest = 0;
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}
