//! How a request and its response end: in order, because the connection did, or by force.

use std::rc::{Rc, Weak};

use super::{
    agent::Agent,
    events::{MOST_LATE, RequestEvent, RequestEvents},
    exchange::{Exchange, Phase},
};
use crate::{
    error::{Error, ErrorName},
    net::{AbortSignal, Abortable},
    proto::KnownField,
    runtime,
};

impl Exchange {
    /// The response was read to its end, or thrown away to its end: Node's 'end' (I-27).
    pub(super) fn message_ended(&self) {
        if self.told.get().message_end {
            return;
        }
        self.tell(|told| told.message_end = true);
        let (keeps, connected) = (self.should_keep_alive(), self.connection().is_some());
        if connected && (!keeps || self.is_finished()) {
            self.let_connection_go();
        } else if !connected && keeps {
            self.close();
        }
        self.inbound.close();
        if !connected {
            self.close();
        }
        self.changed.notify();
    }

    /// Request and response are over, but for what a request that does not keep its connection has not sent.
    pub(super) fn let_connection_go(&self) {
        let Some(connection) = self.connection() else { return };
        if !self.should_keep_alive() || self.outgoing.borrow().closes_connection() {
            connection.end_and_destroy();
        } else if self.followed.get() {
            connection.link.destroy();
            self.close();
        } else {
            self.give_connection_back();
        }
    }

    /// Node's `shouldKeepAlive`, once the response is there.
    fn should_keep_alive(&self) -> bool {
        let response_keeps = self.head.get().is_some_and(|head| head.keep_alive);
        response_keeps && self.outgoing.borrow().should_keep_alive()
    }

    pub(super) fn give_connection_back(&self) {
        let phase = self.phase.replace(Phase::Detached);
        let Phase::Attached(connection) = phase else { return };
        let connection = connection.upgrade();
        self.close();
        if let Some(connection) = &connection {
            connection.detach();
        }
        let hint = self.head.get().and_then(|head| head.fields.known(KnownField::KeepAlive));
        let hint = hint.map(|value| String::from_utf8_lossy(value).into_owned());
        let Some(connection) = connection else { return };
        match connection.agent() {
            Some(agent) => agent.freed(&connection, true, hint.as_deref()),
            // It goes back to whoever brought it.
            None if connection.link.has_views() => connection.release(),
            None => connection.end_and_destroy(),
        }
    }

    /// The connection ended before anything was sent on it.
    pub(super) fn find_another_connection(self: &Rc<Self>) {
        self.phase.replace(Phase::Waiting);
        let agent = self.agent.borrow().clone();
        match agent {
            Some(agent) if !self.destroyed.get() => agent.assign(self),
            _ => self.connection_gone(None),
        }
    }

    /// The connection is gone: what is left to tell, in Node's order (E2 to E4, E6, E7, E9 to E11, E15).
    pub(super) fn connection_gone(self: &Rc<Self>, error: Option<Error>) {
        self.phase.replace(Phase::Detached);
        self.outgoing.borrow_mut().destroy(None);
        let answered = self.head.get().is_some();
        match error {
            Some(error) => self.fail(error),
            None if !answered => self.fail(Error::socket_hang_up()),
            None => {}
        }
        if !answered || self.told.get().message_end {
            self.close();
        } else if !self.is_complete() {
            self.inbound.abort();
            self.tell(|told| told.message_end = true);
            self.close();
            self.inbound.fail(self.inbound.error().unwrap_or_else(Error::aborted));
            self.inbound.close();
        }
        // Else the response waits to be read; the request closes then.
        self.close_if_left_unread();
        self.changed.notify();
        self.sent.notify();
    }

    /// Data was written behind the end: Node tells of it in the next tick, behind what else that tells of sending.
    pub(super) fn fail_late(self: &Rc<Self>, error: Error) {
        self.late.borrow_mut().push(error);
        // Told once that is done.
        let introducing =
            |exchange: &Self| exchange.connection().is_some_and(|connection| connection.is_introducing());
        if introducing(self) {
            return;
        }
        let exchange = Rc::clone(self);
        runtime::spawn(async move {
            runtime::applications_turn().await;
            if !introducing(&exchange) {
                exchange.tell_late();
            }
        });
    }

    /// Tells of data behind the end, unless the request was destroyed.
    pub(super) fn tell_late(&self) {
        for error in self.late.take() {
            let room = self.events.waiting(RequestEvents::ERROR.bits()) < MOST_LATE;
            if room && !self.destroyed.get() {
                self.events.record(RequestEvent::Error(error));
            }
        }
    }

    /// Node's 'error'; the first counts.
    pub(super) fn fail(&self, error: Error) {
        if !self.told.get().error {
            self.tell(|told| told.error = true);
            self.failure.replace(Some(error.clone()));
            self.record(RequestEvent::Error(error));
        }
    }

    /// Node's 'close': the last event.
    pub(super) fn close(&self) {
        if !self.told.get().close {
            self.tell(|told| told.close = true);
            self.record(RequestEvent::Close);
            self.destroyed.set(true);
            self.events.end();
            self.stop_gathering();
            drop(self.watch.take());
            self.let_agent_go();
            self.changed.notify();
        }
    }

    /// A handle of a request that is over does not keep the agent's connections open.
    fn let_agent_go(&self) {
        let agent = self.agent.take();
        if let Some(agent) = agent.filter(Agent::is_last) {
            // Its connections end with it, and this may be called from one of them.
            runtime::spawn(async move { drop(agent) });
        }
    }

    /// The application waits for the request.
    pub(super) fn waited_for(self: &Rc<Self>) {
        self.waited.set(true);
        self.close_if_left_unread();
    }

    /// A request that the application waits for, although it does not begin to read a response whose connection has
    /// ended, is over: in Node, too, it closes with the connection then. Node reads at once if it reads at all; here
    /// the application has a chance to, once it knows of the response.
    fn close_if_left_unread(self: &Rc<Self>) {
        if !self.waited.get() || !self.is_left_unread() {
            return;
        }
        let exchange = Rc::clone(self);
        runtime::spawn(async move {
            runtime::applications_turn().await;
            if exchange.is_left_unread() {
                exchange.close();
            }
        });
    }

    fn is_left_unread(&self) -> bool {
        let over = matches!(*self.phase.borrow(), Phase::Detached) && self.is_complete();
        over && !self.is_closed() && self.inbound.has_views() && self.inbound.body().is_untouched()
    }

    /// The signal that destroys it.
    pub(super) fn watch(self: &Rc<Self>, signal: &AbortSignal) {
        let this: Weak<Self> = Rc::downgrade(self);
        self.watch.set(Some(signal.watch(self.id, this)));
    }

    /// `request.abort()` (E8 to E10).
    pub(super) fn abort_request(self: &Rc<Self>) {
        if self.aborted.replace(true) {
            return;
        }
        let read = self.end_if_read();
        // What else was to be told of a request that is destroyed is not.
        self.late.take();
        // Node's 'abort' comes a tick later: behind the end of a request that never had a connection.
        if self.was_greeted() || self.is_closed() {
            self.record(RequestEvent::Abort);
        }
        self.destroy_after(read, None);
    }

    /// `request.destroy(error)` (E5 to E7).
    pub(super) fn destroy_request(self: &Rc<Self>, error: Option<Error>) {
        let read = self.end_if_read();
        self.destroy_after(read, error);
    }

    /// The end of a response of which every byte was taken is on its way, whatever becomes of the request. True when
    /// it was told now.
    fn end_if_read(&self) -> bool {
        let read = {
            let body = self.inbound.body();
            body.is_complete() && body.is_empty() && !body.is_untouched()
        };
        !self.destroyed.get() && read && self.inbound.dump()
    }

    /// Destroys the request, the end of whose response was told just now or not.
    fn destroy_after(self: &Rc<Self>, read: bool, error: Option<Error>) {
        if self.destroyed.replace(true) {
            return;
        }
        self.outgoing.borrow_mut().destroy(error.clone());
        let mut ended = read;
        match self.connection() {
            Some(connection) if self.was_greeted() => {
                connection.link.destroy_with(error);
                ended |= self.head.get().is_some() && self.inbound.dump();
            }
            Some(connection) => {
                // Nobody knows of the connection yet: it can serve another request.
                self.phase.replace(Phase::Detached);
                connection.detach();
                let agent = connection.agent();
                match &agent {
                    Some(agent) => agent.freed(&connection, false, None),
                    None => connection.link.destroy(),
                }
                self.end_before_it_began(error, agent.is_none());
            }
            // Answered, and the connection is gone or given back: what is left is to read, and nobody will.
            None if self.head.get().is_some() => {
                self.inbound.dump();
                self.message_ended();
            }
            None => {
                let agent = self.agent.borrow().clone();
                if let Some(agent) = agent {
                    agent.cancel(self);
                }
                self.end_before_it_began(error, false);
            }
        }
        if ended {
            self.message_ended();
        }
        self.changed.notify();
        self.sent.notify();
    }

    /// What is left to tell of a request that never had a connection; in Node's next tick, or when the connection of its
    /// own that it was given has ended. Its 'abort' comes between the two (E8).
    fn end_before_it_began(self: &Rc<Self>, error: Option<Error>, own_connection: bool) {
        let exchange = Rc::clone(self);
        runtime::spawn(async move {
            let aborted = exchange.aborted.get();
            if aborted && own_connection {
                exchange.record(RequestEvent::Abort);
            }
            match error {
                Some(error) => exchange.fail(error),
                None if aborted => {}
                None => exchange.fail(Error::socket_hang_up()),
            }
            exchange.close();
            if aborted && !own_connection {
                exchange.record(RequestEvent::Abort);
            }
        });
    }
}

impl Abortable for Exchange {
    fn abort(self: Rc<Self>, signal: &AbortSignal) {
        let cause = match signal.reason() {
            Some(reason) => Error::new(ErrorName::Error, "", reason),
            None => Error::new(ErrorName::AbortError, "20", "This operation was aborted"),
        };
        self.destroy_request(Some(Error::abort().with_cause(&cause)));
    }
}
