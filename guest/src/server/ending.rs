//! How a connection ends: in order, for what it sent, or because its transport did.

use std::rc::Rc;

use super::{connection::Connection, dispatch, exchange::Exchange};
use crate::{error::Error, proto::ParseError, runtime};

impl Connection {
    /// Bytes cannot be parsed: the application deals with it, or the peer is told and the connection ends.
    pub(super) fn refuse(&self, error: ParseError, packet: &[u8]) {
        self.fail_request(Error::parse(error, packet.to_vec()));
    }

    /// The request that is being received cannot be completed.
    pub(super) fn fail_request(&self, error: Error) {
        let reply = dispatch::reply_to(error.code());
        self.abandon_message();
        let released = self.is_released();
        if !released && self.hand_over_with(&error) {
            return;
        }
        let fresh = self.queue.borrow().receiving().is_some_and(|exchange| exchange.is_fresh());
        if !fresh || released {
            return self.refuse_with(error, reply);
        }
        // Node's handler is called with the head, and what it answers at once goes out before the rest is looked at.
        self.queue.borrow_mut().refuse_soon(&mut self.link.halves());
        self.after_applications_turn(move |connection| connection.refuse_with(error, reply));
    }

    fn refuse_with(&self, error: Error, reply: &'static [u8]) {
        self.link.fail(error);
        let told = !self.is_released() && self.queue.borrow_mut().refuse(reply, &mut self.link.halves());
        if !told {
            self.link.destroy();
            return;
        }
        self.tell_broken();
    }

    /// Tells requests that were cut short.
    pub(super) fn tell_broken(&self) {
        let broken = self.queue.borrow_mut().take_broken();
        for exchange in broken {
            exchange.abort();
            exchange.gone();
        }
    }

    /// The request is answered: a body that nobody has begun to read is thrown away, so that the next request can be
    /// parsed (I-15). Whoever has answered first may still begin.
    pub(super) fn dump_unread(&self, exchange: Rc<Exchange>) {
        if !exchange.has_unread() {
            return exchange.dump_unread();
        }
        let connection = self.this();
        runtime::spawn(async move {
            runtime::applications_turn().await;
            exchange.dump_unread();
            if let Some(connection) = connection.upgrade() {
                connection.advance_queue();
            }
        });
    }

    /// Does `then` when the application has had the word.
    pub(super) fn after_applications_turn(&self, then: impl FnOnce(&Self) + 'static) {
        let connection = self.this();
        runtime::spawn(async move {
            runtime::applications_turn().await;
            if let Some(connection) = connection.upgrade() {
                then(&connection);
                connection.advance_queue();
            }
        });
    }

    /// Ends the connection when what is owed is out: nothing more is parsed.
    pub(super) fn close_when_answered(&self) {
        self.link.halves().stop_reading();
        self.link.wake();
        self.advance_queue();
    }

    /// Ends the connection after the exchanges that it has, the body that is being received included. One that HTTP
    /// has let go of is the application's to end.
    pub(super) fn drain(&self) {
        if !self.is_released() {
            self.queue.borrow_mut().take_no_more(&mut self.link.halves());
            self.link.wake();
            self.advance_queue();
        }
    }

    /// Closes the connection if it does nothing; an answer that is not with the operating system yet goes out first.
    pub(super) fn close_if_idle(&self) {
        if !self.is_idle() {
            return;
        }
        if self.link.unflushed() == 0 {
            self.link.destroy();
        } else {
            self.close_when_answered();
        }
    }

    /// Node's order (E22 to E25): the requests are cut short, the socket closes, the answers do.
    pub(super) fn tell_gone(&self) {
        let unfinished = self.queue.borrow_mut().take_unfinished();
        drop(self.leaving.take());
        for exchange in &unfinished {
            exchange.abort();
        }
        self.link.tell_closed();
        for exchange in unfinished {
            exchange.gone();
        }
        self.server.forget(self.link.id);
    }
}
