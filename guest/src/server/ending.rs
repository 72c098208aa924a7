//! How a connection ends: in order, for what it sent, because its transport failed, or by force.

use std::rc::Rc;

use super::{connection::Connection, dispatch};
use crate::{error::Error, net::NetError, proto::ParseError, transport::SocketEvent};

impl Connection {
    /// Bytes cannot be parsed: the application deals with it, or the peer is told and the connection
    /// ends.
    pub(super) fn refuse(self: &Rc<Self>, error: ParseError, packet: &[u8]) {
        self.fail_request(Error::parse(error, packet.to_vec()));
    }

    /// The request that is being received cannot be completed.
    pub(super) fn fail_request(self: &Rc<Self>, error: Error) {
        let reply = dispatch::reply_to(error.code());
        self.abandon_message();
        let tunnel = self.is_tunnel();
        if !tunnel && self.report_client_error(error) {
            let mut state = self.state_mut();
            state.read_raw();
            state.lose_receiving();
        } else if tunnel || !self.state_mut().refuse(reply) {
            self.destroy();
        }
    }

    /// The transport has failed: Node's 'error' on the socket, and 'clientError'.
    pub(super) fn failed(self: &Rc<Self>, error: NetError) {
        if self.is_destroyed() {
            return;
        }
        let error = Error::system("read", error.code);
        if !self.is_tunnel() {
            self.report_client_error(error.clone());
        }
        self.destroy_with(Some(error));
    }

    /// Ends the connection when what is owed is out: nothing more is parsed.
    pub(super) fn close_when_answered(&self) {
        self.state_mut().stop_reading();
        self.receiving.notify();
        self.advance();
    }

    /// Ends the connection after the exchanges that it has, the body that is being received included. One that HTTP has
    /// let go of is the application's to end.
    pub(super) fn drain(&self) {
        if self.is_tunnel() {
            return;
        }
        self.state_mut().take_no_more();
        self.receiving.notify();
        self.advance();
    }

    /// Closes the connection if it does nothing; an answer that is not with the operating system yet goes out first.
    pub(super) fn close_if_idle(&self) {
        if !self.is_idle() {
            return;
        }
        if self.unflushed() == 0 {
            self.destroy();
        } else {
            self.close_when_answered();
        }
    }

    /// One of the two loops is over; after the second the connection is gone.
    pub(super) fn loop_ended(&self) {
        if !self.count_ended_loop() {
            return;
        }
        self.destroy();
        self.raw.abort();
        let unfinished = self.state_mut().take_unfinished();
        // Node's order (E22 to E25): the requests are cut short, the socket closes, the answers do.
        for exchange in &unfinished {
            exchange.abort();
        }
        self.events.record(SocketEvent::Close(self.failed_with.get()));
        self.events.end();
        for exchange in unfinished {
            exchange.gone();
        }
        self.server.forget(self.id);
        self.changed.notify();
    }

    /// Ends both directions at once, losing what is queued.
    pub(super) fn destroy(&self) {
        if self.state_mut().destroy() {
            self.receiving.notify();
            self.sending.notify();
        }
    }
}
