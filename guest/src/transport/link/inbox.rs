//! Received bytes that are not parsed yet, and the parser.

use crate::proto::{Decoder, Event, ParseError};

/// What a connection's receiving loop owns.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) decoder: Decoder,
    pub(crate) bytes: Vec<u8>,
    /// How much of `bytes` is parsed.
    parsed: usize,
    /// Where the newest read begins in `bytes`: Node's `rawPacket`.
    newest: usize,
    /// Whether the parser stopped for back-pressure, so that there may be more to find.
    pub(crate) held_back: bool,
}

/// The first read of a connection gets this much room: idle connections are many.
const SMALLEST: usize = 4096;
/// No read gets more than this.
const LARGEST: usize = 64 * 1024;

impl Inbox {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, bytes: Vec::new(), parsed: 0, newest: 0, held_back: false }
    }

    /// Makes room for the next read, moving what is unparsed to the front. A buffer that was filled
    /// by the read before grows.
    pub(crate) fn make_room(&mut self) {
        let filled = self.bytes.len() == self.bytes.capacity();
        self.bytes.drain(..self.parsed);
        self.parsed = 0;
        self.newest = self.bytes.len();
        if filled {
            let grown = (self.bytes.capacity() * 4).clamp(SMALLEST, LARGEST);
            self.bytes.reserve_exact(grown);
        }
    }

    /// Forgets everything and makes room for bytes that nobody will look at.
    pub(crate) fn discard(&mut self) {
        self.parsed = self.bytes.len();
        self.make_room();
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

    /// All is parsed: the buffer starts over.
    pub(crate) fn rewind(&mut self) {
        if self.parsed == self.bytes.len() && self.parsed < self.bytes.capacity() {
            self.bytes.clear();
            self.parsed = 0;
            self.newest = 0;
        }
    }
}
