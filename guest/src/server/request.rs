//! The request as the application's view of it asks for it.

use std::rc::Rc;

use super::exchange::{Exchange, Stage};
use crate::{
    error::Error,
    proto::Fields,
    transport::{Inbound, Link, Received, StartLine},
};

impl Received for Exchange {
    fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    fn start_line(&self) -> StartLine<'_> {
        StartLine::Request { method: self.head.method, target: self.head.target() }
    }

    fn version(&self) -> (u8, u8) {
        self.head.version
    }

    fn fields(&self) -> &Fields {
        &self.head.fields
    }

    fn joins_duplicates(&self) -> bool {
        self.joins_duplicates
    }

    fn high_water_mark(&self) -> usize {
        self.link.high_water_mark()
    }

    fn link(&self) -> Option<Rc<Link>> {
        Some(Rc::clone(&self.link))
    }

    fn ended(&self) {
        self.inbound.close();
    }

    /// E26. A request that was read to its end is over. The connection is destroyed while it is the request's own: not
    /// when it has gone on to others, and when answers go before this one, then behind them.
    fn destroy(&self, error: Option<Error>) {
        let complete = self.inbound.body().is_complete();
        if !self.inbound.abort() {
            return;
        }
        let own = match self.stage() {
            Stage::Open | Stage::Answered => true,
            Stage::Flushed => !complete,
            Stage::Aborted => false,
        };
        let waits = self.connection().is_some_and(|connection| connection.queue.borrow().is_waiting(self));
        if own && waits {
            self.outgoing.borrow_mut().destroy(error.clone());
        } else if own && error.is_some() {
            self.link.destroy_with(error.clone());
        }
        if let Some(error) = error {
            self.inbound.fail(error);
        }
        if waits || self.stage() != Stage::Answered {
            self.inbound.close();
        }
        if own && !waits {
            self.link.destroy();
        }
    }

    fn unwatched(&self) {
        if !self.is_held() {
            self.forget_events();
        }
    }
}
