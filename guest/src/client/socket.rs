//! What an application sees of a client's connection, and does to one directly.

use std::{any::Any, cell::Cell, net::SocketAddr, rc::Rc};

use super::connection::Connection;
use crate::{
    error::Error,
    message::ReadResult,
    runtime::{self, EventLog, Millis, Signal},
    transport::{Carrier, SocketEvent},
};

impl Carrier for Connection {
    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn events(&self) -> &EventLog<SocketEvent> {
        &self.events
    }

    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn views(&self) -> &Cell<usize> {
        &self.views
    }

    /// A connection that is not HTTP's ends with its last view, after what was written and ended.
    fn abandoned(&self) {
        let state = self.state_mut();
        if !state.is_raw() {
            return;
        }
        let ended = !state.is_writable();
        drop(state);
        if ended {
            self.end_and_destroy();
        } else {
            self.destroy();
        }
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.addresses().0
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.addresses().1
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    fn bytes_written(&self) -> u64 {
        self.state_mut().bytes_written()
    }

    fn is_connecting(&self) -> bool {
        self.state_mut().is_connecting()
    }

    fn is_readable(&self) -> bool {
        self.state_mut().is_readable()
    }

    fn is_writable(&self) -> bool {
        self.state_mut().is_writable()
    }

    fn is_destroyed(&self) -> bool {
        Self::is_destroyed(self)
    }

    fn is_closed(&self) -> bool {
        self.is_gone()
    }

    fn idle_timeout(&self) -> Millis {
        self.idleness.timeout()
    }

    fn set_idle_timeout(&self, timeout: Millis) {
        Self::set_idle_timeout(self, timeout);
    }

    fn set_keep_alive(&self, enable: bool, initial_delay: Millis) {
        Self::set_keep_alive(self, enable, initial_delay);
    }

    fn raw_is_readable(&self) -> bool {
        self.raw.borrow().is_readable() || self.is_gone()
    }

    fn read_raw(&self, max: usize) -> ReadResult {
        if self.is_gone() && !self.raw.borrow().is_readable() {
            self.raw.borrow_mut().complete(None);
        }
        let result = self.raw.borrow_mut().read(max, runtime::next_sequence);
        self.resume_receiving();
        result
    }

    fn hand_out(&self) -> Result<(), Error> {
        self.raw.borrow().hand_out()
    }

    fn write_raw(&self, bytes: &[u8]) -> Result<bool, Error> {
        if Self::is_destroyed(self) {
            return Err(Error::stream_destroyed("write"));
        }
        if !self.state_mut().write_raw(bytes) {
            return Err(Error::write_after_end());
        }
        self.sending.notify();
        Ok(Self::unflushed(self) < self.high_water_mark())
    }

    fn end_raw(&self) {
        self.state_mut().end();
        self.sending.notify();
    }

    fn unflushed(&self) -> usize {
        Self::unflushed(self)
    }

    fn lost_output(&self) -> bool {
        self.state_mut().lost_output()
    }

    fn destroy(&self, error: Option<Error>) {
        self.destroy_with(error);
    }

    fn destroy_soon(&self) {
        self.end_and_destroy();
    }

    fn agent_remove(&self) {
        self.agent_removed();
    }
}
