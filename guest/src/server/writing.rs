//! The body of an answer, from the application or through a pipe.

use std::rc::Rc;

use super::exchange::{Exchange, Stage};
use crate::{
    error::Error,
    runtime::{self, Signal},
    transport::{Outbound, Sink},
};

impl Exchange {
    /// `response.end()`.
    pub(super) fn end_with(&self, chunk: Option<&[u8]>) -> Result<(), Error> {
        let date = runtime::date();
        let result = self.answer(|outgoing| outgoing.end(chunk, &date));
        result.inspect_err(|error| self.tell_of_late_data(error))
    }
}

impl Sink for Rc<Exchange> {
    fn outbound(&self) -> &Outbound {
        &self.outgoing
    }

    fn write(&self, chunk: &[u8]) -> Result<bool, Error> {
        let unflushed = self.unflushed();
        let goes_nowhere = self.link.is_destroyed() && self.has_socket();
        let date = runtime::date();
        let result = self.answer(|outgoing| {
            outgoing.set_unflushed(unflushed);
            let room = outgoing.write(chunk, &date)?;
            Ok(room && !(goes_nowhere && outgoing.sends_body()))
        });
        result.inspect_err(|error| self.tell_of_late_data(error))
    }

    fn end(&self) -> Result<(), Error> {
        self.end_with(None)
    }

    fn is_over(&self) -> bool {
        matches!(self.stage(), Stage::Flushed | Stage::Aborted) || self.is_destroyed()
    }

    fn signal(&self) -> &Signal {
        &self.changed
    }

    fn destroy(&self, error: Option<Error>) {
        self.destroy_response(error);
    }
}
