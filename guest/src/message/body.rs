//! The body of a received message between the connection and the application.

use std::{cell::Cell, mem};

use crate::{error::Error, proto::Fields};

/// What a read found.
#[derive(Debug)]
pub enum ReadResult {
    /// Bytes of the body, never empty.
    Data(Vec<u8>),
    /// Nothing has arrived yet.
    Pending,
    /// The whole message was received and read. The number of that event, however often it is asked for.
    End(u64),
    /// The message was cut short: Node's `aborted`, `ECONNRESET`.
    Aborted(Error),
}

/// Received bytes of one message that the application has not read, and how far the message is.
#[derive(Debug, Default)]
pub struct Body {
    received: Vec<u8>,
    /// How much of `received` was read: small reads must not move the rest each time.
    read: usize,
    progress: Progress,
    flow: Flow,
    /// The number of Node's 'end', once the message was read to it.
    ended: Option<u64>,
    /// Whether a stream of it was handed out.
    handed_out: Cell<bool>,
}

#[derive(Debug, Default)]
enum Progress {
    /// More may arrive. Next: any other.
    #[default]
    Receiving,
    /// All has arrived: Node's `complete`.
    Complete(Option<Box<Fields>>),
    /// No more will arrive: Node's `aborted`.
    Aborted,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Flow {
    /// Nobody has read yet. Next: any other.
    #[default]
    Untouched,
    /// The application reads.
    Consumed,
    /// What arrives is thrown away. Next: `Destroyed`.
    Dumped,
    /// The application has destroyed it: there is nothing to read any more.
    Destroyed,
}

impl Body {
    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.flow, Flow::Dumped | Flow::Destroyed) {
            return;
        }
        if self.read > self.received.len() / 2 {
            self.received.drain(..mem::take(&mut self.read));
        }
        self.received.extend_from_slice(bytes);
    }

    /// As [`Self::push`], of what stands in `buffer` behind its first `start` bytes, without a copy where nothing is unread.
    pub fn push_buffer(&mut self, buffer: Vec<u8>, start: usize) {
        if matches!(self.flow, Flow::Dumped | Flow::Destroyed) || !self.is_empty() {
            return self.push(&buffer[start..]);
        }
        (self.received, self.read) = (buffer, start);
    }

    /// Everything that is unread, without a copy: it stands in the buffer behind so many bytes.
    pub fn take_buffer(&mut self) -> (Vec<u8>, usize) {
        (mem::take(&mut self.received), mem::take(&mut self.read))
    }

    /// The message is complete.
    pub fn complete(&mut self, trailers: Option<Box<Fields>>) {
        self.progress = Progress::Complete(trailers);
    }

    /// The connection ended before the message did; a complete message stays complete.
    pub fn abort(&mut self) {
        if matches!(self.progress, Progress::Receiving) {
            self.progress = Progress::Aborted;
        }
    }

    /// Takes at most `max` bytes. `number` draws the number of the end, the first time that it is reached.
    pub fn read(&mut self, max: usize, number: impl FnOnce() -> u64) -> ReadResult {
        self.touch();
        if !self.is_empty() && max > 0 {
            return ReadResult::Data(self.take(max));
        }
        match self.progress {
            _ if self.flow == Flow::Destroyed && self.ended.is_none() => {
                ReadResult::Aborted(Error::aborted())
            }
            _ if !self.is_empty() => ReadResult::Pending,
            Progress::Receiving => ReadResult::Pending,
            Progress::Complete(_) => ReadResult::End(*self.ended.get_or_insert_with(number)),
            Progress::Aborted => ReadResult::Aborted(Error::aborted()),
        }
    }

    /// The application reads, or waits for something to read.
    pub fn touch(&mut self) {
        if self.flow == Flow::Untouched {
            self.flow = Flow::Consumed;
        }
    }

    /// Puts bytes back that were taken last.
    pub fn put_back(&mut self, mut bytes: Vec<u8>) {
        if !matches!(self.flow, Flow::Dumped | Flow::Destroyed) {
            bytes.extend_from_slice(&self.received[self.read..]);
            self.received = bytes;
            self.read = 0;
        }
    }

    /// Throws away what is unread and what will arrive.
    pub fn dump(&mut self) {
        if self.flow != Flow::Destroyed {
            self.discard(Flow::Dumped);
        }
    }

    /// As [`Self::dump`], and there is no end to read either, unless it was read.
    pub fn destroy(&mut self) {
        self.discard(Flow::Destroyed);
    }

    fn discard(&mut self, flow: Flow) {
        self.flow = flow;
        self.received = Vec::new();
        self.read = 0;
    }

    /// Node's `_dump` at the end of an answer: not when the application has begun to read.
    pub fn dump_unless_consumed(&mut self) {
        if self.flow == Flow::Untouched {
            self.dump();
        }
    }

    /// The rest of the body becomes a stream, which it can do once.
    ///
    /// # Errors
    /// `ERR_STREAM_ALREADY_FINISHED` the second time.
    pub fn hand_out(&self) -> Result<(), Error> {
        if self.handed_out.replace(true) { Err(Error::already_finished("body")) } else { Ok(()) }
    }

    /// The stream of it takes no more: the rest is the application's again.
    pub fn take_back(&self) {
        self.handed_out.set(false);
    }

    /// Whether a stream of it was handed out and has not come to its end.
    pub fn is_out(&self) -> bool {
        self.handed_out.get() && self.ended.is_none() && !matches!(self.flow, Flow::Dumped | Flow::Destroyed)
    }

    /// Whether a stream of it was handed out.
    pub fn is_handed_out(&self) -> bool {
        self.handed_out.get()
    }

    /// Whether nobody has begun to read.
    pub fn is_untouched(&self) -> bool {
        self.flow == Flow::Untouched
    }

    /// Whether what arrives is thrown away.
    pub fn is_dumped(&self) -> bool {
        self.flow == Flow::Dumped
    }

    /// Unread bytes.
    pub fn len(&self) -> usize {
        self.received.len() - self.read
    }

    /// Whether there is nothing to read now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`Self::read`] would answer something other than [`ReadResult::Pending`].
    pub fn is_readable(&self) -> bool {
        let over = !matches!(self.progress, Progress::Receiving) || self.flow == Flow::Destroyed;
        !self.is_empty() || over
    }

    /// Whether the whole message was received: Node's `message.complete`.
    pub fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Complete(_))
    }

    /// Whether the message was read to its end.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether the message was cut short.
    pub fn is_aborted(&self) -> bool {
        matches!(self.progress, Progress::Aborted)
    }

    /// The trailer fields, once the message is complete and read (Node fills them at 'end').
    pub fn trailers(&self) -> Option<&Fields> {
        match &self.progress {
            Progress::Complete(Some(trailers)) => Some(trailers),
            Progress::Complete(None) | Progress::Receiving | Progress::Aborted => None,
        }
    }

    fn take(&mut self, max: usize) -> Vec<u8> {
        if self.len() > max {
            let taken = self.received[self.read..self.read + max].to_vec();
            self.read += max;
            return taken;
        }
        let mut taken = mem::take(&mut self.received);
        taken.drain(..mem::take(&mut self.read));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &mut Body, max: usize) -> Option<Vec<u8>> {
        match body.read(max, || 7) {
            ReadResult::Data(bytes) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn small_reads_and_what_is_put_back_keep_the_order() {
        let mut body = Body::default();
        body.push(b"abcdef");
        assert_eq!(read(&mut body, 2).as_deref(), Some(&b"ab"[..]));
        assert_eq!(read(&mut body, 3).as_deref(), Some(&b"cde"[..]));
        assert_eq!(body.len(), 1);
        body.push(b"gh");
        assert_eq!(read(&mut body, 1).as_deref(), Some(&b"f"[..]));
        body.put_back(b"ef".to_vec());
        assert_eq!((body.len(), body.is_empty()), (4, false));
        assert_eq!(read(&mut body, 9).as_deref(), Some(&b"efgh"[..]));
        assert!(body.is_empty() && !body.is_readable());
        assert_eq!(read(&mut body, 9), None);
    }

    /// A megabyte byte by byte, which took minutes when every read moved the rest.
    #[test]
    fn reading_byte_by_byte_is_linear() {
        let mut body = Body::default();
        body.push(&vec![b'x'; 1 << 20]);
        let mut reads = 0;
        while read(&mut body, 1).is_some() {
            reads += 1;
        }
        assert_eq!(reads, 1 << 20);
    }

    #[test]
    fn what_has_arrived_is_read_before_the_end_or_the_cut() {
        let mut body = Body::default();
        body.push(b"x");
        body.abort();
        assert!(read(&mut body, 9).is_some());
        assert!(matches!(body.read(9, || 7), ReadResult::Aborted(_)));
        let mut body = Body::default();
        body.push(b"x");
        body.complete(None);
        body.abort();
        assert!(body.is_complete() && !body.has_ended());
        assert!(read(&mut body, 9).is_some());
        assert!(matches!(body.read(9, || 7), ReadResult::End(7)));
        assert!(matches!(body.read(9, || 8), ReadResult::End(7)) && body.has_ended());
    }
}
