//! The body of a request, from the application or through a pipe.

use std::rc::Rc;

use super::exchange::Exchange;
use crate::{
    error::Error,
    runtime::Signal,
    transport::{Outbound, Sink},
};

/// Requests have no `Date` of their own.
pub(super) const NO_DATE: &str = "";

impl Exchange {
    /// `request.end()`.
    pub(super) fn end_with(self: &Rc<Self>, chunk: Option<&[u8]>) -> Result<(), Error> {
        let result = self.change(|outgoing| outgoing.end(chunk, NO_DATE));
        result.inspect_err(|error| self.tell_of_late_data(error))
    }

    /// Node tells of data behind the end as an event, too, and lets the request go on (E13).
    fn tell_of_late_data(self: &Rc<Self>, error: &Error) {
        if error.code() == Error::write_after_end().code() {
            self.fail_late(error.clone());
        }
    }
}

impl Sink for Rc<Exchange> {
    fn outbound(&self) -> &Outbound {
        &self.outgoing
    }

    fn write(&self, chunk: &[u8]) -> Result<bool, Error> {
        let result = self.change(|outgoing| outgoing.write(chunk, NO_DATE));
        result.inspect_err(|error| self.tell_of_late_data(error))
    }

    fn end(&self) -> Result<(), Error> {
        self.end_with(None)
    }

    fn is_over(&self) -> bool {
        let outgoing = self.outgoing.borrow();
        self.destroyed.get() || outgoing.is_finished() || outgoing.destroyed() && !self.outgoing.is_lent()
    }

    fn signal(&self) -> &Signal {
        &self.sent
    }

    fn destroy(&self, error: Option<Error>) {
        self.destroy_request(error);
    }
}
