//! The requests of one connection and the answers that are owed, and the only code that changes which they are.
//!
//! Node dispatches pipelined requests before earlier ones are answered, so reading may run ahead of writing by whole
//! messages; answers leave strictly in the order of their requests.
//!
//! 1. Bytes move from the oldest owed answer to the output; an answer that is complete makes the next one the oldest.
//! 2. An answer that closes the connection is the last: younger requests are dropped unanswered (RFC 9112 section
//!    9.6), reading stops.
//! 3. Bytes that cannot be parsed stop reading; what was asked before is still answered, then the error's own reply
//!    goes out and the connection ends (Node would let the error replace the pending answers: difference S5).
//! 4. A peer that has ended its side is answered, then the connection ends (difference S6).
//! 5. What the application writes to a connection that HTTP has let go of follows the owed answers, and nothing but
//!    the application ends it.
//! 6. An answer that was destroyed takes the connection along when its turn comes: those before it go out whole.

use std::{collections::VecDeque, mem, ptr, rc::Rc};

use super::{MAX_OWED, exchange::Exchange};
use crate::transport::{Afterwards, Halves};

/// The exchanges of one connection.
#[derive(Debug, Default)]
pub(super) struct Queue {
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
    /// Whether such a reply is about to be decided on: the connection does not end before.
    refusing: bool,
    /// Answers whose last byte is queued: (what must be flushed for it, exchange).
    flushing: VecDeque<(u64, Rc<Exchange>)>,
}

/// What has to be done besides sending what is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// Nothing.
    Done,
    /// An answer may be finished, although it has added no byte.
    Finish,
    /// The connection has to be destroyed (rule 6).
    Destroy,
}

impl Queue {
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
    pub(super) fn request_complete(&mut self, halves: &mut Halves) -> Option<Rc<Exchange>> {
        if self.last {
            halves.stop_reading();
        }
        self.receiving.take()
    }

    /// Whether `exchange` is the oldest owed answer and has nothing queued that must go before: it may render straight
    /// into the connection's output.
    pub(super) fn may_render(&self, exchange: &Exchange, halves: &Halves) -> bool {
        self.owed.front().is_some_and(|front| is(front, exchange))
            && halves.can_send()
            && exchange.queued_bytes() == 0
            && !exchange.is_destroyed()
            && !exchange.outgoing.is_lent()
    }

    /// Moves bytes and applies rules 1 to 6.
    pub(super) fn advance(&mut self, halves: &mut Halves) -> Advance {
        while halves.can_send() {
            let Some(front) = self.owed.front().filter(|front| !front.outgoing.is_lent()) else { break };
            if front.is_destroyed() {
                if self.flushing.is_empty() {
                    return Advance::Destroy;
                }
                break;
            }
            let mut progress = halves.output.append(|queued| front.take_output(queued));
            if let Some(shared) = progress.shared.take() {
                halves.output.push_shared(shared);
            }
            if !progress.complete {
                break;
            }
            // The queue is not empty: its front was just looked at.
            if let Some(answered) = self.owed.pop_front() {
                answered.answered();
                self.flushing.push_back((halves.output.total_queued(), answered));
            }
            if progress.closes {
                halves.stop_reading();
                self.last_words = None;
                self.forget_owed();
                halves.close(Afterwards::Wait);
            }
        }
        if self.owed.is_empty() && halves.can_send() && !self.refusing {
            self.advance_end(halves);
        }
        let finished = self.is_finished_at(halves.output.total_flushed());
        if finished { Advance::Finish } else { Advance::Done }
    }

    /// Nothing is owed: the end may follow.
    fn advance_end(&mut self, halves: &mut Halves) {
        if halves.is_released() {
            halves.advance_tail();
        } else if !halves.is_open() || self.last && self.receiving.is_none() {
            halves.stop_reading();
            if let Some(words) = self.last_words.take() {
                halves.output.push(words);
            }
            halves.close(Afterwards::Wait);
        }
    }

    /// As [`Self::refuse`], once the application has had the word.
    pub(super) fn refuse_soon(&mut self, halves: &mut Halves) {
        halves.stop_reading();
        self.refusing = true;
    }

    /// Rule 3: `reply` follows the owed answers, the request that is being received is lost.
    ///
    /// False when no reply can follow: half an answer was sent, and the peer must see that it is cut.
    pub(super) fn refuse(&mut self, reply: &'static [u8], halves: &mut Halves) -> bool {
        halves.stop_reading();
        self.refusing = false;
        let can_follow = self.lose_receiving();
        self.last_words = can_follow.then_some(reply);
        can_follow
    }

    /// Requests that were cut short, to be told of it.
    pub(super) fn take_broken(&mut self) -> Vec<Rc<Exchange>> {
        mem::take(&mut self.broken)
    }

    /// The peer has gone: nothing that is owed is sent, nor anything behind half an answer.
    pub(super) fn abandon(&mut self) {
        if self.owed.front().is_some_and(|front| front.has_begun()) {
            self.last_words = None;
        }
        self.abandon_owed();
    }

    /// The request that is being received will not be complete, and its answer not sent. False when part of that
    /// answer was sent.
    pub(super) fn lose_receiving(&mut self) -> bool {
        let Some(broken) = self.receiving.take() else { return true };
        self.broken.push(Rc::clone(&broken));
        broken.inbound.cut();
        let Some(at) = self.owed.iter().position(|owed| Rc::ptr_eq(owed, &broken)) else { return true };
        self.owed.remove(at);
        broken.abort();
        !broken.has_begun()
    }

    /// The connection ends once the request that is being received is complete and answered.
    pub(super) fn take_no_more(&mut self, halves: &mut Halves) {
        self.last = true;
        // The youngest answer is the last, unless an error's reply or the application's own bytes follow.
        if let (true, false, Some(youngest)) = (halves.is_open(), halves.is_released(), self.owed.back()) {
            youngest.announce_end();
        }
        if self.receiving.is_none() {
            halves.stop_reading();
        }
    }

    /// Answers that will not be sent although the connection goes on for a moment: their requests end with it.
    pub(super) fn abandon_owed(&mut self) {
        for exchange in mem::take(&mut self.owed) {
            exchange.abort();
            self.broken.push(exchange);
        }
    }

    /// Requests behind the answer that closes: the application never hears of those that it has not been given yet, and
    /// of the others they are cut short when the connection has ended.
    fn forget_owed(&mut self) {
        self.owed.iter().for_each(|exchange| exchange.disown());
        self.broken.extend(mem::take(&mut self.owed));
    }

    /// The connection is gone: every exchange that is not over ends here.
    pub(super) fn take_unfinished(&mut self) -> Vec<Rc<Exchange>> {
        // Only one answer has its turn.
        let in_turn = usize::from(self.flushing.is_empty());
        self.owed.iter().skip(in_turn).for_each(|waiting| waiting.had_no_turn());
        let mut unfinished = mem::take(&mut self.broken);
        unfinished.extend(mem::take(&mut self.flushing).into_iter().map(|(_, exchange)| exchange));
        unfinished.extend(mem::take(&mut self.owed));
        unfinished.extend(self.receiving.take());
        unfinished
    }

    /// Whether the oldest answer is finished once so many bytes are flushed.
    pub(super) fn is_finished_at(&self, flushed: u64) -> bool {
        self.flushing.front().is_some_and(|(mark, _)| *mark <= flushed)
    }

    /// The next answer of which every byte is flushed.
    pub(super) fn next_finished(&mut self, flushed: u64) -> Option<Rc<Exchange>> {
        let finished = self.is_finished_at(flushed);
        finished.then(|| self.flushing.pop_front().map(|(_, exchange)| exchange))?
    }

    /// The answer that has the connection: not until those before it are finished.
    pub(super) fn owner(&self) -> Option<&Rc<Exchange>> {
        self.flushing.front().map(|(_, exchange)| exchange).or_else(|| self.owed.front())
    }

    /// Whether `exchange` has the connection.
    pub(super) fn is_owner(&self, exchange: &Exchange) -> bool {
        self.owner().is_some_and(|owner| is(owner, exchange))
    }

    /// Whether `exchange` waits for answers that go before its own.
    pub(super) fn is_waiting(&self, exchange: &Exchange) -> bool {
        let here = self.owed.iter().any(|owed| is(owed, exchange));
        here && !self.is_owner(exchange)
    }

    /// The answer whose bytes may go to the output.
    pub(super) fn oldest_owed(&self) -> Option<&Rc<Exchange>> {
        self.owed.front()
    }

    pub(super) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether no more may be parsed for now (I-14): an unread body or unanswered requests have reached their bound
    /// (CVE-2013-4450 is what happens without one).
    pub(super) fn is_congested(&self, high_water_mark: usize) -> bool {
        let body_unread =
            self.receiving.as_ref().is_some_and(|exchange| exchange.inbound.is_full(high_water_mark));
        body_unread || self.owed.len() >= MAX_OWED
    }

    /// Bytes that wait to be sent, those of waiting answers included. Only the application adds to them.
    pub(super) fn unsent(&self, halves: &Halves) -> usize {
        let waiting: usize = self.owed.iter().map(|exchange| exchange.queued_bytes()).sum();
        halves.unflushed() + waiting
    }

    /// Whether no answer is owed and no body is being received.
    pub(super) fn is_idle(&self) -> bool {
        self.owed.is_empty() && self.receiving.is_none()
    }
}

fn is(one: &Rc<Exchange>, other: &Exchange) -> bool {
    ptr::eq(Rc::as_ptr(one), other)
}
