//! What an application receives and sends on a connection itself: after HTTP, or instead of it.

use super::{Afterwards, Link};
use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, Span},
};

impl Link {
    // What arrives.

    pub(crate) fn receive_raw(&self, bytes: &[u8]) {
        self.raw.borrow_mut().push(bytes);
        self.recount();
        self.changed.notify();
    }

    pub(crate) fn end_raw_input(&self) {
        self.raw.borrow_mut().complete(None);
        self.changed.notify();
    }

    /// Whether the application must read before more is received.
    pub(super) fn raw_is_full(&self) -> bool {
        let unread = self.raw.borrow().len();
        unread >= self.high_water_mark().max(1) || unread > 0 && self.is_spent()
    }

    /// Whether the application has left something unread.
    pub(crate) fn has_raw(&self) -> bool {
        !self.raw.borrow().is_empty()
    }

    /// Whether [`Self::read_raw`] would not answer pending.
    pub(crate) fn raw_is_readable(&self) -> bool {
        self.raw.borrow().is_readable() || self.is_gone()
    }

    pub(crate) fn read_raw(&self, max: usize) -> ReadResult {
        let mut raw = self.raw.borrow_mut();
        if self.is_gone() && !raw.is_readable() {
            raw.complete(None);
        }
        let result = raw.read(max, runtime::next_sequence);
        drop(raw);
        self.recount();
        self.resume_receiving();
        result
    }

    // What is sent.

    pub(crate) fn write_raw(&self, bytes: &[u8]) -> Result<bool, Error> {
        if self.is_destroyed() {
            return Err(Error::stream_destroyed("write"));
        }
        let behind = self.protocol().is_some_and(|protocol| protocol.owes());
        let mut halves = self.halves();
        if !halves.write_raw(bytes, behind) {
            return Err(Error::write_after_end());
        }
        let room = halves.has_room(self.high_water_mark());
        drop(halves);
        self.with_protocol(|protocol| protocol.advance());
        self.wake_sending(false);
        Ok(room)
    }

    /// `socket.end()`.
    pub(crate) fn end_raw(&self) {
        let own = self.halves().end_raw();
        self.with_protocol(|protocol| if own { protocol.advance() } else { protocol.end(Afterwards::Wait) });
        self.wake();
    }

    /// `socket.destroySoon()`.
    pub(crate) fn destroy_soon(&self) {
        self.with_protocol(|protocol| protocol.end(Afterwards::Destroy));
        self.wake();
    }

    /// The last view of a connection is gone. One that HTTP has let go of ends then: what was written and ended is
    /// sent, anything else is destroyed.
    pub(super) fn abandoned(&self) {
        let mut halves = self.halves();
        if !halves.is_released() {
            return;
        }
        let ended = halves.abandon();
        drop(halves);
        if ended {
            self.raw.borrow_mut().dump();
            self.recount();
            self.receiving.notify();
        } else {
            self.destroy();
        }
    }

    /// HTTP lets the connection go: its deadlines are not the application's.
    pub(crate) fn release(&self) {
        use super::Timer;
        for timer in [Timer::Headers, Timer::Request, Timer::KeepAlive] {
            self.clear_deadline(timer);
        }
        self.halves().release();
    }

    pub(crate) fn has_views(&self) -> bool {
        self.views.get() > 0
    }

    /// What `net.createConnection` sets before it connects.
    pub(crate) fn prepare(&self, keep_alive: Option<Span>, timeout: Option<Span>) {
        if let Some(delay) = keep_alive {
            self.set_keep_alive(true, delay);
        }
        if let Some(timeout) = timeout {
            self.set_idle_timeout(timeout);
        }
    }
}
