//! How a connection leaves HTTP: by CONNECT, by an upgrade, or because it sends what is not HTTP.

use std::rc::Rc;

use super::{
    ServerEvents,
    connection::Connection,
    events::{ServerEventKind, Upgrade},
    exchange::Exchange,
};
use crate::{
    error::Error,
    transport::{Inbox, IncomingMessage},
};

/// How a connection leaves HTTP on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// CONNECT.
    Connect,
    /// An upgrade.
    Upgrade,
}

impl Connection {
    /// A request leaves HTTP. Its body, if any, is still decoded (as Node 26 does it: in 23.5 it lands in `head`), so
    /// the application is told at once; otherwise with the bytes behind it.
    pub(super) fn leave(&self, leaving: Leaving, exchange: Rc<Exchange>, has_body: bool) {
        self.link.release();
        if has_body {
            self.tell_leaving(leaving, exchange, Vec::new());
        } else {
            self.leaving.replace(Some((leaving, exchange)));
        }
    }

    /// The request is complete: what follows is the application's.
    pub(super) fn left(&self, inbox: &mut Inbox) {
        self.link.halves().read_raw();
        let rest = inbox.take_rest();
        let waiting = self.leaving.borrow_mut().take();
        match waiting {
            Some((leaving, exchange)) => self.tell_leaving(leaving, exchange, rest),
            None => self.link.receive_raw(&rest),
        }
    }

    fn tell_leaving(&self, leaving: Leaving, exchange: Rc<Exchange>, head: Vec<u8>) {
        let upgrade = Upgrade { request: IncomingMessage::new(exchange), socket: self.socket(), head };
        self.server.emit(match leaving {
            Leaving::Connect => ServerEventKind::Connect(upgrade),
            Leaving::Upgrade => ServerEventKind::Upgrade(upgrade),
        });
    }

    /// Tells the application of a broken connection, if it listens.
    pub(super) fn report_client_error(&self, error: Error) -> bool {
        let listens = self.server.listens_to(ServerEvents::CLIENT_ERROR);
        if listens {
            self.server.emit(ServerEventKind::ClientError { error, socket: self.socket() });
        }
        listens
    }

    /// As [`Self::report_client_error`], with the connection, which goes on: what is still owed goes out before
    /// anything that the application writes (difference S5).
    pub(super) fn hand_over_with(&self, error: &Error) -> bool {
        let listens = self.server.listens_to(ServerEvents::CLIENT_ERROR);
        if listens {
            // Before it is told: where nobody takes events any more the socket is dropped there and then.
            self.link.release();
            self.link.halves().read_raw();
            self.queue.borrow_mut().lose_receiving();
            self.report_client_error(error.clone());
        }
        listens
    }
}
