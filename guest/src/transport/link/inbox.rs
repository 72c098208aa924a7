//! Received bytes that are not parsed yet, and the parser.

use std::{mem, ops::Range};

use crate::{
    proto::{Decoder, Event, ParseError},
    transport::Inbound,
};

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
    /// Whether the buffer was given to the message that is being received: the next one is as large.
    given: bool,
}

/// Idle connections are many: the read that waits for a message gets this much room.
pub(super) const SMALLEST: usize = 4096;
/// The reads of a message that does not fit get this much.
const LARGEST: usize = 64 * 1024;

impl Inbox {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, bytes: Vec::new(), parsed: 0, newest: 0, held_back: false, given: false }
    }

    /// Makes room for the next read, moving what is unparsed to the front. A buffer that was filled by the read
    /// before grows, by little where memory is `tight`.
    pub(super) fn make_room(&mut self, tight: bool) {
        let filled = self.bytes.len() == self.bytes.capacity();
        self.bytes.drain(..self.parsed);
        self.parsed = 0;
        self.newest = self.bytes.len();
        if filled {
            let first = self.bytes.capacity() == 0 && !mem::take(&mut self.given);
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

    /// Gives `range` of what is unparsed to the message that it belongs to, and consumes so many bytes. A buffer that
    /// holds little else goes as it is.
    pub(crate) fn deliver(&mut self, range: Range<usize>, consumed: usize, to: &Inbound) {
        let (start, end) = (self.parsed + range.start, self.parsed + range.end);
        let ends_buffer = self.parsed + consumed == self.bytes.len() && end == self.bytes.len();
        if ends_buffer && range.len() > SMALLEST && range.len() > self.bytes.capacity() / 2 {
            (self.parsed, self.newest, self.given) = (0, 0, true);
            to.receive_buffer(mem::take(&mut self.bytes), start);
        } else {
            to.receive(&self.bytes[start..end]);
            self.consume(consumed);
        }
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
        self.given &= !self.decoder.is_idle();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::ReadResult,
        proto::{Direction, Leniency, Limits},
    };

    fn inbox(bytes: Vec<u8>) -> Inbox {
        let decoder = Decoder::new(Direction::Request, Limits::default(), Leniency::STRICT);
        let mut inbox = Inbox::new(decoder);
        inbox.bytes = bytes;
        inbox
    }

    fn read(from: &Inbound) -> Vec<u8> {
        match from.read(usize::MAX).0 {
            ReadResult::Data(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_buffer_that_holds_little_else_goes_as_it_is() {
        let message = Inbound::new(&std::rc::Rc::default(), 0);
        let large: Vec<u8> = (0..10_000).map(|place| place as u8).collect();
        let mut given = inbox(large.clone());
        given.consume(100);
        given.deliver(5..9_900, 9_900, &message);
        assert_eq!(message.body().len(), 9_895);
        assert_eq!(read(&message), large[105..]);
        assert!(given.rest().is_empty() && given.memory() == 0);
        given.make_room(false);
        assert!(given.memory() >= LARGEST, "more of it is to come");
        given.bytes.extend_from_slice(&large);
        given.deliver(0..10, 12, &message);
        assert_eq!((read(&message), given.rest()), (large[..10].to_vec(), &large[12..]));
        given.deliver(0..9_988, 9_988, &message);
        assert_eq!(read(&message), large[12..], "most of the buffer is empty: it is copied");
        assert!(given.memory() >= LARGEST);
    }

    #[test]
    fn what_waits_to_be_read_goes_before_a_buffer() {
        let message = Inbound::new(&std::rc::Rc::default(), 0);
        message.receive(b"first");
        let mut second = inbox(vec![b'x'; 10_000]);
        second.deliver(0..10_000, 10_000, &message);
        let bytes = read(&message);
        assert!(bytes.starts_with(b"firstx") && bytes.len() == 10_005);
    }
}
