//! The response as the application's view of it asks for it.

use std::cell::{Cell, Ref};

use super::exchange::Exchange;
use crate::{
    error::Error,
    message::{Body, ReadResult},
    proto::Fields,
    runtime::{self, EventLog, Millis, Signal},
    transport::{MessageEvent, Received, Socket, StartLine},
};

/// Node keeps 2000 array slots: 1000 names with their values. What is beyond frames the message all the same.
const MAX_HEADERS: usize = 1000;

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

    fn most_fields(&self) -> usize {
        match self.max_headers_count.get() {
            None => MAX_HEADERS,
            Some(0) => usize::MAX,
            Some(count) => count as usize,
        }
    }

    fn joins_duplicates(&self) -> bool {
        self.settings.join_duplicate_headers
    }

    fn body(&self) -> Ref<'_, Body> {
        Self::body(self)
    }

    fn high_water_mark(&self) -> usize {
        self.settings.connect.high_water_mark()
    }

    fn events(&self) -> &EventLog<MessageEvent> {
        &self.message_events
    }

    fn changed(&self) -> &Signal {
        &self.changed
    }

    fn views(&self) -> &Cell<usize> {
        &self.message_views
    }

    fn read(&self, max: usize) -> ReadResult {
        let result = self.body.borrow_mut().read(max, runtime::next_sequence);
        if let ReadResult::End(_) = result {
            self.message_ended();
        } else if let Some(connection) = self.connection() {
            connection.resume_receiving();
        }
        result
    }

    fn put_back(&self, bytes: Vec<u8>) {
        self.body.borrow_mut().put_back(bytes);
    }

    fn dump(&self) {
        self.body.borrow_mut().dump();
        if self.is_complete() {
            self.message_ended();
        } else if let Some(connection) = self.connection() {
            connection.resume_receiving();
        }
    }

    /// An incomplete response takes its connection along.
    fn destroy(&self, error: Option<Error>) {
        if self.message_is_closed() {
            return;
        }
        if self.is_complete() {
            self.dump();
            return;
        }
        self.abort_message();
        self.message_failure.replace(error.clone());
        if let Some(error) = &error {
            self.fail(error.clone());
            self.message_events.record(MessageEvent::Error(error.clone()));
        }
        self.close_message();
        if let Some(connection) = self.connection() {
            connection.destroy_with(error);
        }
        self.changed.notify();
    }

    fn is_closed(&self) -> bool {
        self.message_is_closed()
    }

    fn error(&self) -> Option<Error> {
        let given = self.message_failure.borrow().clone();
        given.or_else(|| self.body().is_aborted().then(Error::aborted))
    }

    fn set_idle_timeout(&self, timeout: Millis) {
        if let Some(connection) = self.connection() {
            connection.set_idle_timeout(timeout);
        }
    }

    fn socket(&self) -> Option<Socket> {
        self.connection().map(|connection| connection.socket())
    }
}
