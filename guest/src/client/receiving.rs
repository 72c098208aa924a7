//! What arrives on a connection: responses, and what nobody asked for.

use std::rc::Rc;

use super::{connection::Connection, exchange::Exchange};
use crate::{
    error::Error,
    proto::{Event, Fields, ResponseHead},
    runtime::Span,
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
    /// Gives what was received to whomever it belongs.
    pub(super) fn parse_responses(&self, inbox: &mut Inbox) {
        inbox.held_back = false;
        loop {
            let Some(exchange) = self.exchange() else {
                self.receive_unasked(inbox);
                break;
            };
            if self.new_exchange.replace(false) {
                inbox.decoder = exchange.decoder();
            }
            if exchange.body_is_full() {
                inbox.held_back = true;
                break;
            }
            if exchange.is_complete() || self.is_unchecked() {
                self.receive_too_much(&exchange, true, inbox);
                break;
            }
            match inbox.decode() {
                Ok((consumed, Some(event))) => self.receive(&exchange, event, consumed, inbox),
                Ok((consumed, None)) => {
                    inbox.consume(consumed);
                    break;
                }
                Err(error) => {
                    self.link.destroy_with(Some(Error::parse(error, inbox.newest().to_vec())));
                    break;
                }
            }
            if self.link.is_destroyed() {
                break;
            }
        }
        inbox.rewind();
    }

    /// The peer has ended its side: of a response without framing that is the end of the body.
    pub(super) fn end_of_input(&self, inbox: &mut Inbox) {
        self.link.halves().peer_ended();
        if self.is_raw() {
            // What the application has sent still goes out.
            return;
        }
        if let Some(exchange) = self.exchange()
            && !exchange.is_complete()
            && matches!(inbox.decoder.finish(), Ok(Some(Event::End(_))))
        {
            self.receive_end(&exchange, None, inbox);
        }
        self.link.destroy();
    }

    fn receive(&self, exchange: &Rc<Exchange>, event: Event, consumed: usize, inbox: &mut Inbox) {
        match event {
            Event::ResponseHead(head) => {
                inbox.consume(consumed);
                self.receive_head(exchange, head);
            }
            Event::Data(range) => {
                inbox.deliver(range, consumed, &exchange.inbound);
                if exchange.body_is_full() {
                    exchange.gather();
                }
            }
            Event::End(trailers) => {
                inbox.consume(consumed);
                match self.receiving.replace(Receiving::Response) {
                    Receiving::Interim => {}
                    Receiving::Leaving => self.leave(exchange, inbox),
                    Receiving::Response => self.receive_end(exchange, trailers, inbox),
                }
            }
            // A client's decoder reads responses only.
            Event::RequestHead(_) => {}
        }
    }

    /// The response is complete; what came with it and is none of it is looked at before its end is told.
    fn receive_end(&self, exchange: &Rc<Exchange>, trailers: Option<Box<Fields>>, inbox: &mut Inbox) {
        let ended = exchange.inbound.complete(trailers);
        self.receive_too_much(exchange, false, inbox);
        if ended {
            exchange.message_ended();
        } else {
            exchange.gather();
        }
    }

    fn receive_head(&self, exchange: &Rc<Exchange>, head: ResponseHead) {
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
    fn leave(&self, exchange: &Rc<Exchange>, inbox: &mut Inbox) {
        if !exchange.listens_to_leaving() {
            return self.link.destroy();
        }
        let rest = inbox.take_rest();
        self.agent_removed();
        self.link.set_idle_timeout(Span::NONE);
        self.detach();
        self.link.release();
        self.link.halves().read_raw();
        exchange.leave(self.socket(), rest);
    }

    /// Nobody asked for what has arrived: it is the end of a pooled connection.
    fn receive_unasked(&self, inbox: &mut Inbox) {
        let bytes = inbox.take_rest();
        if self.is_raw() {
            // Behind the message with which the connection left HTTP.
            self.link.receive_raw(&bytes);
        } else if bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.link.destroy();
        }
    }

    /// Bytes behind a complete response, or before a request was sent: no answer to anything (I-28, S9). As in Node
    /// they are looked at if they came with the end of the response: a second response ends the connection at once,
    /// and what cannot be one is told. Anything else is thrown away, and the connection ends with the exchange.
    fn receive_too_much(&self, exchange: &Exchange, later: bool, inbox: &mut Inbox) {
        if inbox.rest().iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            let _ = inbox.take_rest();
            return;
        }
        if !exchange.is_complete() {
            // The request has not touched the wire: it can go on elsewhere.
            self.link.destroy();
            return;
        }
        exchange.forbid_reuse();
        let behind = if later { Ok((0, None)) } else { inbox.decode() };
        match behind {
            Err(error) => self.link.destroy_with(Some(Error::parse(error, inbox.newest().to_vec()))),
            Ok((_, Some(_))) => self.link.destroy(),
            Ok((_, None)) => {}
        }
        let _ = inbox.take_rest();
        self.link.halves().stop_reading();
    }
}
