//! How long the connection of a request may stand still.

use super::{events::RequestEvent, exchange::Exchange};
use crate::{
    runtime::Span,
    transport::{Link, MessageEvent},
};

impl Exchange {
    /// The connection is up: `setTimeout` counts from here.
    pub(super) fn connected(&self, link: &Link) {
        if let Some(timeout) = self.timeout.get()
            && !link.halves().is_connecting()
        {
            link.set_idle_timeout(timeout);
        }
    }

    /// `request.setTimeout()`: nothing after the response has ended.
    pub(super) fn set_request_timeout(&self, timeout: Span) {
        if self.told.get().message_end {
            return;
        }
        self.timeout.set(Some(timeout));
        if let Some(connection) = self.connection() {
            self.connected(&connection.link);
        }
    }

    /// The connection was idle for the time that was set (E12); nothing after the response has ended.
    pub(super) fn timed_out(&self) {
        if self.told.get().message_end {
            return;
        }
        if !self.told.get().timeout {
            self.tell(|told| told.timeout = true);
            self.record(RequestEvent::Timeout);
        }
        if self.head.get().is_some() {
            self.inbound.events.record(MessageEvent::Timeout);
        }
    }
}
