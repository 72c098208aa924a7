//! The driver's side: what may go on the wire, and how much of it has.

use bytes::Bytes;

use super::{HeadState, OutgoingMessage, Stage, body};

/// The driver's side.
impl OutgoingMessage {
    /// `writableLength`: bytes on their way, framing included. A head that waits for its body counts only
    /// once a body waits with it.
    #[must_use]
    pub fn writable_length(&self) -> usize {
        let corked = match self.corked_chunk.len() {
            0 => 0,
            // The size line and the CRLF behind the data will surround it.
            data => data + body::hex_length(data) + 4,
        };
        let held = match self.head {
            HeadState::Held(held) if corked == 0 => held,
            _ => 0,
        };
        self.unflushed + self.out.len() - held + corked + self.shared.as_ref().map_or(0, Bytes::len)
    }

    /// Bytes that it holds itself.
    pub(crate) const fn buffered(&self) -> usize {
        self.out.len() + self.corked_chunk.len()
    }

    /// Whether there are bytes to take.
    #[must_use]
    pub const fn has_output(&self) -> bool {
        self.ready > 0
    }

    /// The bytes that may go on the wire now.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut taken = Vec::new();
        self.take_output_into(&mut taken);
        taken.extend(self.take_shared().unwrap_or_default());
        taken
    }

    /// Appends the bytes that may go on the wire now to `wire`, all but [`Self::take_shared`]; free of copies when `wire` is
    /// empty and nothing is held back.
    pub fn take_output_into(&mut self, wire: &mut Vec<u8>) {
        if self.ready == 0 {
            return;
        }
        if wire.is_empty() && self.ready == self.out.len() {
            std::mem::swap(wire, &mut self.out);
        } else {
            wire.extend(self.out.drain(..self.ready));
        }
        self.ready = 0;
    }

    /// The end of the message where others send it, too, once: it follows all other output.
    pub(crate) const fn take_shared(&mut self) -> Option<Bytes> {
        self.shared.take()
    }

    /// Exchanges the output buffer for `buffer`, so that a message can render straight into the connection's
    /// output. For [`respond`](Self::respond) only, which leaves no head behind that waits for its body.
    pub(crate) fn swap_output(&mut self, buffer: &mut Vec<u8>) {
        std::mem::swap(&mut self.out, buffer);
        self.ready = 0;
    }

    /// Tells how many of the taken bytes the transport still holds. Returns `true` when a program that was
    /// told to wait may go on: Node's `'drain'`.
    pub fn set_unflushed(&mut self, bytes: usize) -> bool {
        self.unflushed = bytes;
        if self.writable_need_drain() && self.writable_length() == 0 {
            self.needs_drain = false;
            return true;
        }
        false
    }

    /// Tells that `end` was called and everything is handed to the transport: Node's `'finish'`.
    pub fn set_finished(&mut self) {
        self.stage = Stage::Finished;
        self.unflushed = 0;
    }

    /// Whether the connection must close behind this message. Final once the message has ended: a body that
    /// differs from its Content-Length shows only there.
    #[must_use]
    pub const fn closes_connection(&self) -> bool {
        self.closes_connection
    }

    /// Whether all of the message is in the output.
    #[must_use]
    pub fn body_complete(&self) -> bool {
        self.stage != Stage::Open
    }

    /// Makes everything in `out` ready for the driver, save what is corked and a head that waits.
    pub(super) fn release(&mut self) {
        if self.destroyed {
            self.out = Vec::new();
            self.corked_chunk = Vec::new();
            return;
        }
        if self.corks > 0 {
            return;
        }
        self.ready = match self.head {
            HeadState::Held(held) => self.out.len() - held,
            _ => self.out.len(),
        };
    }
}
