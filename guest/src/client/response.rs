//! The response as the application's view of it asks for it.

use std::rc::Rc;

use super::exchange::Exchange;
use crate::{
    error::Error,
    proto::Fields,
    transport::{Inbound, Link, Received, StartLine},
};

/// Views exist only once there is a head.
const HEAD: &str = "a response has a head";

impl Received for Exchange {
    fn start_line(&self) -> StartLine<'_> {
        let head = self.head.get().expect(HEAD);
        StartLine::Response { status: head.status, reason: head.reason() }
    }

    fn version(&self) -> (u8, u8) {
        self.head.get().expect(HEAD).version
    }

    fn fields(&self) -> &Fields {
        &self.head.get().expect(HEAD).fields
    }

    fn joins_duplicates(&self) -> bool {
        self.settings.join_duplicate_headers
    }

    fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    fn high_water_mark(&self) -> usize {
        self.settings.connect.high_water_mark()
    }

    fn link(&self) -> Option<Rc<Link>> {
        self.connection().map(|connection| Rc::clone(&connection.link))
    }

    fn ended(&self) {
        self.message_ended();
    }

    /// One that was not read to its end takes its connection along.
    fn destroy(&self, error: Option<Error>) {
        if self.inbound.is_closed() || !self.inbound.abort() {
            return;
        }
        self.inbound.destroy();
        self.tell(|told| told.message_end = true);
        if let Some(error) = &error {
            self.fail(error.clone());
            self.inbound.fail(error.clone());
        }
        self.inbound.close();
        match self.connection() {
            Some(connection) => connection.link.destroy_with(error),
            None => self.close(),
        }
        self.changed.notify();
    }

    fn unwatched(&self) {
        self.inbound.events.abandon();
    }
}
