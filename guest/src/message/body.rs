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
    unread: Vec<u8>,
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
    /// What arrives is thrown away.
    Dumped,
}

impl Body {
    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.flow != Flow::Dumped {
            self.unread.extend_from_slice(bytes);
        }
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
        if self.flow == Flow::Untouched {
            self.flow = Flow::Consumed;
        }
        if !self.unread.is_empty() && max > 0 {
            return ReadResult::Data(self.take(max));
        }
        match self.progress {
            _ if !self.unread.is_empty() => ReadResult::Pending,
            Progress::Receiving => ReadResult::Pending,
            Progress::Complete(_) => ReadResult::End(*self.ended.get_or_insert_with(number)),
            Progress::Aborted => ReadResult::Aborted(Error::aborted()),
        }
    }

    /// Puts bytes back that were taken last.
    pub fn put_back(&mut self, mut bytes: Vec<u8>) {
        if self.flow != Flow::Dumped {
            bytes.append(&mut self.unread);
            self.unread = bytes;
        }
    }

    /// Throws away what is unread and what will arrive.
    pub fn dump(&mut self) {
        self.flow = Flow::Dumped;
        self.unread = Vec::new();
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

    /// Whether a stream of it was handed out and has not come to its end.
    pub fn is_out(&self) -> bool {
        self.handed_out.get() && self.ended.is_none() && self.flow != Flow::Dumped
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
        self.unread.len()
    }

    /// Whether there is nothing to read now.
    pub fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }

    /// Whether [`Self::read`] would answer something other than [`ReadResult::Pending`].
    pub fn is_readable(&self) -> bool {
        !self.unread.is_empty() || !matches!(self.progress, Progress::Receiving)
    }

    /// Whether the whole message was received: Node's `message.complete`.
    pub fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Complete(_))
    }

    /// Whether the message was cut short: Node's `message.aborted`.
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
        if self.unread.len() <= max {
            return mem::take(&mut self.unread);
        }
        let rest = self.unread.split_off(max);
        mem::replace(&mut self.unread, rest)
    }
}
