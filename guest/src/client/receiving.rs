//! What arrives on a connection: responses, and what nobody asked for.

use std::rc::Rc;

use super::{connection::Connection, exchange::Exchange};
use crate::{
    error::Error,
    proto::{Event, ResponseHead},
    transport::Inbox,
};

/// Which kind of message is being received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Receiving {
    /// The response.
    #[default]
    Response,
    /// 1xx: another head follows.
    Interim,
    /// The head behind which the connection leaves HTTP.
    Leaving,
}

impl Connection {
    /// Bytes have arrived.
    pub(super) fn received(self: &Rc<Self>, bytes: usize, inbox: &mut Inbox) {
        self.bytes_read.set(self.bytes_read.get() + bytes as u64);
        self.touch();
        self.parse(inbox);
    }

    /// Gives what was received to whomever it belongs.
    pub(super) fn parse(self: &Rc<Self>, inbox: &mut Inbox) {
        inbox.held_back = false;
        if let Some(decoder) = self.next_decoder.take() {
            inbox.decoder = decoder;
        }
        loop {
            let Some(exchange) = self.exchange() else {
                self.receive_unasked(inbox);
                break;
            };
            if exchange.body_is_full() {
                inbox.held_back = true;
                break;
            }
            if exchange.is_complete() || self.state().is_unchecked() {
                self.receive_too_much(&exchange, inbox);
                break;
            }
            match inbox.decode() {
                Ok((consumed, Some(event))) => self.receive(&exchange, event, consumed, inbox),
                Ok((consumed, None)) => {
                    inbox.consume(consumed);
                    break;
                }
                Err(error) => {
                    self.destroy_with(Some(Error::parse(error, inbox.newest().to_vec())));
                    break;
                }
            }
            if self.is_destroyed() {
                break;
            }
        }
        inbox.rewind();
    }

    /// The peer has ended its side: of a response without framing that is the end of the body.
    pub(super) fn peer_ended(self: &Rc<Self>, inbox: &mut Inbox) {
        let over = self.state_mut().peer_ended();
        if self.state().is_raw() {
            self.raw.borrow_mut().complete(None);
            self.changed.notify();
        }
        if let Some(exchange) = self.exchange()
            && !exchange.is_complete()
            && matches!(inbox.decoder.finish(), Ok(Some(Event::End(_))))
        {
            exchange.receive_end(None);
        }
        if over {
            self.destroy();
        }
    }

    fn receive(self: &Rc<Self>, exchange: &Rc<Exchange>, event: Event, consumed: usize, inbox: &mut Inbox) {
        match event {
            Event::ResponseHead(head) => {
                inbox.consume(consumed);
                self.receive_head(exchange, head);
            }
            Event::Data(range) => {
                exchange.receive_body(&inbox.rest()[range]);
                inbox.consume(consumed);
            }
            Event::End(trailers) => {
                inbox.consume(consumed);
                match self.receiving.replace(Receiving::Response) {
                    Receiving::Interim => {}
                    Receiving::Leaving => self.leave(exchange, inbox),
                    Receiving::Response => {
                        if inbox.rest().iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                            exchange.forbid_reuse();
                        }
                        exchange.receive_end(trailers);
                    }
                }
            }
            // A client's decoder reads responses only.
            Event::RequestHead(_) => {}
        }
    }

    fn receive_head(self: &Rc<Self>, exchange: &Rc<Exchange>, head: ResponseHead) {
        if head.upgrade {
            self.receiving.set(Receiving::Leaving);
            exchange.receive_leaving_head(head);
        } else if matches!(head.status, 100 | 102..=199) {
            self.receiving.set(Receiving::Interim);
            exchange.receive_interim(&head);
        } else {
            exchange.receive_head(head);
        }
    }

    /// A 101, or the answer to CONNECT, is complete: the connection is the application's if it wants it, and is
    /// closed without another word if not (CR4, CR11).
    fn leave(self: &Rc<Self>, exchange: &Rc<Exchange>, inbox: &mut Inbox) {
        if !exchange.listens_to_leaving() {
            return self.destroy();
        }
        let rest = inbox.take_rest();
        self.agent_removed();
        self.set_idle_timeout(0);
        self.state_mut().release();
        exchange.leave(self.socket(), rest);
    }

    /// Nobody asked for what has arrived: it is the application's own connection, or the end of a pooled one.
    fn receive_unasked(&self, inbox: &mut Inbox) {
        let bytes = inbox.take_rest();
        if self.state().is_raw() {
            self.raw.borrow_mut().push(&bytes);
            self.changed.notify();
        } else if bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.destroy();
        }
    }

    /// Bytes behind a complete response, or before a request was sent: no answer to anything (I-28, S9). What
    /// cannot be a response is told, as Node does.
    fn receive_too_much(&self, exchange: &Exchange, inbox: &mut Inbox) {
        if inbox.rest().iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            let _ = inbox.take_rest();
            return;
        }
        if !exchange.is_complete() {
            // The request has not touched the wire: it can go on elsewhere.
            self.destroy();
            return;
        }
        match inbox.decode() {
            Err(error) => self.destroy_with(Some(Error::parse(error, inbox.newest().to_vec()))),
            Ok(_) => self.destroy(),
        }
    }
}
