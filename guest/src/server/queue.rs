//! The states of a server's connection, and the only code that changes them.
//!
//! A connection is two half-machines, [`Reading`] and [`Writing`], and a queue of answers that are
//! owed. Node dispatches pipelined requests before earlier ones are answered, so reading may run
//! ahead of writing by whole messages; answers leave strictly in the order of their requests.
//!
//! Joint rules:
//! 1. Bytes move from the oldest owed answer to the output; an answer that is complete makes the
//!    next one the oldest.
//! 2. An answer that closes the connection is the last: younger requests are dropped unanswered
//!    (RFC 9112 section 9.6), reading stops.
//! 3. Bytes that cannot be parsed stop reading; what was asked before is still answered, then the
//!    error's own reply goes out and the connection ends (Node would let the error replace the
//!    pending answers: difference S5).
//! 4. A peer that has ended its side is answered, then the connection ends (difference S6).
//! 5. A connection that HTTP lets go of is a [`Tunnel`]: what the application writes follows the owed
//!    answers, and nothing but the application ends it.
//! 6. After the end was sent, what still arrives is read and thrown away for a moment: a closed
//!    socket with unread bytes resets the connection and takes the last answer with it.

use std::{collections::VecDeque, mem, ptr, rc::Rc};

use super::exchange::Exchange;
use crate::transport::Output;

/// What is received.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// Requests are parsed. Next: any other.
    #[default]
    Open,
    /// What arrives is the application's. Next: `Discarding`, `Ended`.
    Tunnel,
    /// Nothing that arrives is looked at any more. Next: `Ended`.
    Discarding,
    /// The peer has ended its side, or the connection is gone.
    Ended,
}

/// What is sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Writing {
    /// Answers are sent. Next: `Closing`, `Ended`.
    #[default]
    Open,
    /// All that is queued is sent, then the end. Next: `Ended`.
    Closing,
    /// The end was sent, or the connection is gone.
    Ended,
}

/// What the sending loop is to do next.
#[derive(Debug)]
pub(super) enum SendStep {
    /// Write these bytes.
    Write(Vec<u8>),
    /// Send the end.
    End,
}

/// What the receiving loop is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReceiveStep {
    /// Parse what was received and held back.
    Parse,
    /// Read more and parse it.
    Read,
    /// Read more and keep it for the application.
    ReadRaw,
    /// Read more and throw it away.
    Discard,
    /// Nothing more will be read.
    Stop,
}

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct State {
    reading: Reading,
    writing: Writing,
    /// Whether the connection was destroyed: both loops end without another word.
    destroyed: bool,
    /// Set when HTTP has let the connection go.
    tunnel: Option<Tunnel>,
    /// Answers owed, oldest first.
    owed: VecDeque<Rc<Exchange>>,
    /// The exchange whose request body is being received; it may have been answered already.
    receiving: Option<Rc<Exchange>>,
    /// Requests that were cut short while the connection went on.
    broken: Vec<Rc<Exchange>>,
    /// Whether the connection ends with the exchanges that it has: no request is taken in after them.
    last: bool,
    /// Sent after the last owed answer: the reply to bytes that could not be parsed.
    last_words: Option<&'static [u8]>,
    output: Output,
    /// Answers whose last byte is queued: (what must be flushed for it, exchange).
    flushing: VecDeque<(u64, Rc<Exchange>)>,
}

/// What the application sends on a connection that HTTP has let go of.
#[derive(Debug, Default)]
struct Tunnel {
    /// Waits for the owed answers.
    waiting: Vec<u8>,
    ended: bool,
}

impl State {
    /// Takes a request in: its answer is owed from now on.
    pub(super) fn accept(&mut self, exchange: &Rc<Exchange>) {
        self.owed.push_back(Rc::clone(exchange));
        self.receiving = Some(Rc::clone(exchange));
    }

    /// Takes in a request that HTTP does not answer: it leaves HTTP.
    pub(super) fn receive_only(&mut self, exchange: &Rc<Exchange>) {
        self.receiving = Some(Rc::clone(exchange));
    }

    /// The exchange whose body arrives.
    pub(super) fn receiving(&self) -> Option<&Rc<Exchange>> {
        self.receiving.as_ref()
    }

    /// The request is complete.
    pub(super) fn request_complete(&mut self) -> Option<Rc<Exchange>> {
        if self.last {
            self.stop_reading();
        }
        self.receiving.take()
    }

    /// The connection's own output buffer, when `exchange` is the oldest owed answer and has nothing
    /// queued that must go before. [`Self::return_output`] must follow at once.
    pub(super) fn lend_output(&mut self, exchange: &Exchange) -> Option<Vec<u8>> {
        let oldest = self.owed.front().is_some_and(|front| ptr::eq(Rc::as_ptr(front), exchange));
        (oldest && self.writing == Writing::Open && exchange.queued_bytes() == 0).then(|| self.output.lend())
    }

    /// Gives the lent buffer back with what was appended to it.
    pub(super) fn return_output(&mut self, buffer: Vec<u8>, appended: usize) {
        self.output.give_back(buffer, appended);
    }

    /// Moves bytes and applies rules 1 to 4. True when there is something for the sending loop.
    pub(super) fn advance(&mut self) -> bool {
        while self.writing == Writing::Open {
            let Some(front) = self.owed.front() else { break };
            let progress = self.output.append(|queued| front.take_output(queued));
            if !progress.complete {
                break;
            }
            // The queue is not empty: its front was just looked at.
            if let Some(answered) = self.owed.pop_front() {
                answered.answered();
                self.flushing.push_back((self.output.total_queued(), answered));
            }
            if progress.closes {
                self.stop_reading();
                self.last_words = None;
                self.abandon_owed();
                self.writing = Writing::Closing;
            }
        }
        if self.owed.is_empty() && self.writing == Writing::Open {
            self.advance_end();
        }
        !self.output.is_empty() || self.writing == Writing::Closing
    }

    /// Nothing is owed: the end may follow.
    fn advance_end(&mut self) {
        if let Some(tunnel) = &mut self.tunnel {
            let (waiting, ended) = (mem::take(&mut tunnel.waiting), tunnel.ended);
            self.output.push(&waiting);
            if ended {
                self.writing = Writing::Closing;
            }
        } else if self.reading != Reading::Open || self.last {
            self.stop_reading();
            if let Some(words) = self.last_words.take() {
                self.output.push(words);
            }
            self.writing = Writing::Closing;
        }
    }

    /// Rule 3: `reply` follows the owed answers, the request that is being received is lost.
    ///
    /// False when no reply can follow: half an answer was sent, and the peer must see that it is cut.
    pub(super) fn refuse(&mut self, reply: &'static [u8]) -> bool {
        self.stop_reading();
        let can_follow = self.lose_receiving();
        self.last_words = can_follow.then_some(reply);
        can_follow
    }

    /// The request that is being received will not be complete, and its answer not sent. False when
    /// part of that answer was sent.
    pub(super) fn lose_receiving(&mut self) -> bool {
        let Some(broken) = self.receiving.take() else { return true };
        self.broken.push(Rc::clone(&broken));
        let Some(at) = self.owed.iter().position(|owed| Rc::ptr_eq(owed, &broken)) else { return true };
        self.owed.remove(at);
        broken.abort();
        !broken.head_sent()
    }

    /// HTTP lets the connection go (rule 5).
    pub(super) fn release(&mut self) {
        self.tunnel.get_or_insert_default();
    }

    /// What arrives from now on is the application's.
    pub(super) fn read_raw(&mut self) {
        if self.reading == Reading::Open {
            self.reading = Reading::Tunnel;
        }
    }

    /// Bytes of the application's own. False when nothing can be sent any more.
    pub(super) fn write_raw(&mut self, bytes: &[u8]) -> bool {
        let ended = self.tunnel.as_ref().is_some_and(|tunnel| tunnel.ended);
        if ended || self.writing != Writing::Open {
            return false;
        }
        match &mut self.tunnel {
            Some(tunnel) if !self.owed.is_empty() => tunnel.waiting.extend_from_slice(bytes),
            _ => self.output.push(bytes),
        }
        true
    }

    /// The application ends its side: of a tunnel after what it wrote, of HTTP after what is owed.
    pub(super) fn end_raw(&mut self) {
        match &mut self.tunnel {
            Some(tunnel) => tunnel.ended = true,
            None => self.stop_reading(),
        }
    }

    /// The application has let its tunnel go: what it wrote and ended is sent, nothing else. False
    /// when it has not ended it.
    pub(super) fn abandon_tunnel(&mut self) -> bool {
        if self.reading == Reading::Tunnel {
            self.reading = Reading::Discarding;
        }
        self.tunnel.as_ref().is_none_or(|tunnel| tunnel.ended)
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.is_some()
    }

    /// Rule 4. The request that is being received, if any, has been refused before.
    pub(super) fn peer_ended(&mut self) {
        self.reading = Reading::Ended;
    }

    /// Node's default on a peer's end (`httpAllowHalfOpen` false): what is owed is not sent any more.
    pub(super) fn close_now(&mut self) {
        self.peer_ended();
        self.abandon_owed();
    }

    /// Nothing more is parsed: the connection ends when the owed answers are out.
    pub(super) fn stop_reading(&mut self) {
        if matches!(self.reading, Reading::Open | Reading::Tunnel) {
            self.reading = Reading::Discarding;
        }
    }

    /// As [`Self::stop_reading`], once the request that is being received is complete.
    pub(super) fn take_no_more(&mut self) {
        self.last = true;
        // The youngest answer is the last, unless an error's reply or a tunnel follows.
        if let (Reading::Open, None, Some(youngest)) = (&self.reading, &self.tunnel, self.owed.back()) {
            youngest.announce_end();
        }
        if self.receiving.is_none() {
            self.stop_reading();
        }
    }

    /// Ends both directions at once. True the first time.
    pub(super) fn destroy(&mut self) -> bool {
        let first = !mem::replace(&mut self.destroyed, true);
        self.reading = Reading::Ended;
        self.writing = Writing::Ended;
        self.output.clear();
        self.last_words = None;
        first
    }

    /// The connection is gone: every exchange that is not over ends here.
    pub(super) fn take_unfinished(&mut self) -> Vec<Rc<Exchange>> {
        let mut unfinished = mem::take(&mut self.broken);
        unfinished.extend(self.receiving.take());
        unfinished.extend(mem::take(&mut self.flushing).into_iter().map(|(_, exchange)| exchange));
        unfinished.extend(mem::take(&mut self.owed));
        unfinished
    }

    /// What the sending loop does next, `None` while there is nothing to send.
    pub(super) fn next_send(&mut self) -> Option<SendStep> {
        if let Some(bytes) = self.output.take() {
            return Some(SendStep::Write(bytes));
        }
        (self.writing != Writing::Open).then_some(SendStep::End)
    }

    /// All that was in flight is with the operating system.
    pub(super) fn flushed(&mut self, buffer: Vec<u8>) {
        self.output.flushed(buffer);
    }

    /// The next answer of which every byte is flushed.
    pub(super) fn next_flushed(&mut self) -> Option<Rc<Exchange>> {
        let (mark, _) = self.flushing.front()?;
        (*mark <= self.output.total_flushed())
            .then(|| self.flushing.pop_front().map(|(_, exchange)| exchange))?
    }

    /// The end was sent.
    pub(super) fn sent_end(&mut self) {
        self.writing = Writing::Ended;
    }

    /// What the receiving loop does next, given whether received bytes are held back; `None` while
    /// it must wait: for a body to be read, for answers to leave.
    pub(super) fn next_receive(&self, held_back: bool, high_water_mark: usize) -> Option<ReceiveStep> {
        match self.reading {
            Reading::Ended => Some(ReceiveStep::Stop),
            Reading::Discarding => Some(ReceiveStep::Discard),
            Reading::Tunnel => Some(ReceiveStep::ReadRaw),
            Reading::Open if self.is_congested(high_water_mark) => None,
            Reading::Open if held_back => Some(ReceiveStep::Parse),
            Reading::Open => Some(ReceiveStep::Read),
        }
    }

    /// Whether no more may be parsed for now (I-14): an unread body, unsent answers or unanswered
    /// requests have reached their bound (CVE-2013-4450 is what happens without one).
    pub(super) fn is_congested(&self, high_water_mark: usize) -> bool {
        let body_unread =
            self.receiving.as_ref().is_some_and(|exchange| exchange.body_is_full(high_water_mark));
        body_unread || self.owed.len() >= super::MAX_OWED || self.unsent() >= high_water_mark.max(1)
    }

    /// Bytes that wait to be sent, those of waiting answers included.
    fn unsent(&self) -> usize {
        let waiting: usize = self.owed.iter().map(|exchange| exchange.queued_bytes()).sum();
        self.unflushed() + waiting
    }

    /// Bytes given to the connection that the operating system has not taken.
    pub(super) fn unflushed(&self) -> usize {
        let waiting = self.tunnel.as_ref().map_or(0, |tunnel| tunnel.waiting.len());
        self.output.unflushed() + waiting
    }

    /// The answer whose bytes may go to the output.
    pub(super) fn oldest_owed(&self) -> Option<Rc<Exchange>> {
        self.owed.front().cloned()
    }

    /// Whether no answer is owed and no body is being received.
    pub(super) fn is_idle(&self) -> bool {
        self.owed.is_empty() && self.receiving.is_none()
    }

    pub(super) fn is_open(&self) -> bool {
        self.reading == Reading::Open && self.writing == Writing::Open
    }

    pub(super) fn is_readable(&self) -> bool {
        matches!(self.reading, Reading::Open | Reading::Tunnel)
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writing == Writing::Open && self.tunnel.as_ref().is_none_or(|tunnel| !tunnel.ended)
    }

    /// Bytes given to the connection since its beginning.
    pub(super) fn bytes_written(&self) -> u64 {
        self.output.total_queued() + self.tunnel.as_ref().map_or(0, |tunnel| tunnel.waiting.len() as u64)
    }

    /// Whether bytes were given that will never be flushed.
    pub(super) fn lost_output(&self) -> bool {
        self.destroyed && self.output.total_flushed() < self.output.total_queued()
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.destroyed
    }

    /// Answers that will not be sent: their requests end with the connection.
    fn abandon_owed(&mut self) {
        for exchange in mem::take(&mut self.owed) {
            exchange.abort();
            self.broken.push(exchange);
        }
    }
}
