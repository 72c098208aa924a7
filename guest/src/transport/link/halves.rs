//! The states of a connection's two directions, and the only code that changes them.

use std::mem;

use super::output::Output;
use crate::net::Piece;

/// How far the transport is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Being connected. Next: any other.
    #[default]
    Connecting,
    /// Connected. Next: `Destroyed`.
    Up,
    /// Both directions end without another word.
    Destroyed,
}

/// What is received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// HTTP's: messages are parsed. Next: any other.
    #[default]
    Http,
    /// The application's. Next: `Http`, when it is given to a request; any other.
    Raw,
    /// Nobody's: a closed socket with unread bytes resets the connection and takes the last answer with it, so what
    /// arrives is thrown away for a moment. Next: `Ended`.
    Discarding,
    /// The peer has ended its side.
    Ended,
}

/// What is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writing {
    /// Next: any other.
    #[default]
    Open,
    /// All that is queued is sent, then the end. Next: `Ended`.
    Closing(Afterwards),
    /// The end was sent, or nothing can be sent any more.
    Ended,
}

/// What happens when the end was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// The peer's end is waited for.
    Wait,
    /// The connection is destroyed.
    Destroy,
}

/// What the application sends on a connection that HTTP has let go of.
#[derive(Debug, Default)]
struct Tail {
    /// Waits for what HTTP owes.
    waiting: Vec<u8>,
    ended: bool,
}

/// What the sending loop is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sending {
    Write(Piece),
    /// As much of it as the operating system takes at once.
    Try(Piece),
    /// Nothing is queued.
    Nothing,
    End,
}

/// Both directions of one connection.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    phase: Phase,
    reading: Reading,
    writing: Writing,
    /// Set while HTTP does not have the connection.
    tail: Option<Tail>,
    pub(crate) output: Output,
    /// Whether somebody who sent was told to wait.
    needs_drain: bool,
}

impl Halves {
    pub(super) fn opened(&mut self) {
        if self.phase == Phase::Connecting {
            self.phase = Phase::Up;
        }
    }

    /// Ends both directions at once. What was queued is still tried, as Node would have before, unless it is behind
    /// bytes that the operating system does not take. True the first time.
    pub(super) fn destroy(&mut self) -> bool {
        let before = mem::replace(&mut self.phase, Phase::Destroyed);
        if before == Phase::Connecting || self.output.is_in_flight() {
            self.output.clear();
        }
        before != Phase::Destroyed
    }

    // What is received.

    /// HTTP lets the connection go; until [`Self::read_raw`] what arrives is still its own.
    pub(crate) fn release(&mut self) {
        self.tail.get_or_insert_default();
    }

    /// What arrives from now on is the application's.
    pub(crate) fn read_raw(&mut self) {
        if self.reading == Reading::Http {
            self.reading = Reading::Raw;
        }
    }

    /// The application gives its connection to HTTP.
    pub(crate) fn adopt(&mut self) {
        self.tail = None;
        if self.reading == Reading::Raw {
            self.reading = Reading::Http;
        }
    }

    /// Nothing more that arrives is looked at.
    pub(crate) fn stop_reading(&mut self) {
        if matches!(self.reading, Reading::Http | Reading::Raw) {
            self.reading = Reading::Discarding;
        }
    }

    pub(crate) fn peer_ended(&mut self) {
        self.reading = Reading::Ended;
    }

    pub(super) fn reading(&self) -> Reading {
        if self.phase == Phase::Destroyed { Reading::Ended } else { self.reading }
    }

    /// Whether HTTP looks at what arrives and can send.
    pub(crate) fn is_open(&self) -> bool {
        self.phase != Phase::Destroyed && self.reading == Reading::Http && self.writing == Writing::Open
    }

    /// Whether HTTP has let go of it.
    pub(crate) fn is_released(&self) -> bool {
        self.tail.is_some()
    }

    pub(crate) fn is_connecting(&self) -> bool {
        self.phase == Phase::Connecting
    }

    pub(crate) fn is_destroyed(&self) -> bool {
        self.phase == Phase::Destroyed
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.phase == Phase::Up && matches!(self.reading, Reading::Http | Reading::Raw)
    }

    // What is sent.

    /// Sends what is queued, then the end.
    pub(crate) fn close(&mut self, afterwards: Afterwards) {
        if matches!(self.writing, Writing::Open | Writing::Closing(Afterwards::Wait)) {
            self.writing = Writing::Closing(afterwards);
        }
    }

    /// The end was sent, or cannot be.
    pub(crate) fn sent_end(&mut self) -> Afterwards {
        self.output.clear();
        match mem::replace(&mut self.writing, Writing::Ended) {
            Writing::Closing(afterwards) => afterwards,
            Writing::Open | Writing::Ended => Afterwards::Wait,
        }
    }

    pub(super) fn next_send(&mut self) -> Sending {
        if self.phase == Phase::Destroyed {
            return self.output.take().map_or(Sending::End, Sending::Try);
        }
        if self.writing == Writing::Ended {
            return Sending::End;
        }
        match (self.output.take(), self.writing) {
            (Some(piece), _) => Sending::Write(piece),
            (None, Writing::Open) => Sending::Nothing,
            (None, _) => Sending::End,
        }
    }

    /// Whether HTTP can send.
    pub(crate) fn can_send(&self) -> bool {
        self.phase != Phase::Destroyed && self.writing == Writing::Open
    }

    /// Whether the sending loop has something to do.
    pub(super) fn has_to_send(&self) -> bool {
        !self.output.is_empty() || self.writing != Writing::Open
    }

    /// Whether the application can send.
    pub(crate) fn is_writable(&self) -> bool {
        self.can_send() && self.tail.as_ref().is_none_or(|tail| !tail.ended)
    }

    /// Bytes of the application's own, `behind` what HTTP owes. False when nothing can be sent any more.
    pub(super) fn write_raw(&mut self, bytes: &[u8], behind: bool) -> bool {
        if !self.is_writable() {
            return false;
        }
        match &mut self.tail {
            Some(tail) if behind => tail.waiting.extend_from_slice(bytes),
            _ => self.output.push(bytes),
        }
        true
    }

    /// The application ends its side of a connection that is its own. False when it is HTTP's.
    pub(crate) fn end_raw(&mut self) -> bool {
        let Some(tail) = &mut self.tail else { return false };
        tail.ended = true;
        true
    }

    /// HTTP owes nothing: what the application sends may follow.
    pub(crate) fn advance_tail(&mut self) {
        let Some(tail) = &mut self.tail else { return };
        let (waiting, ended) = (mem::take(&mut tail.waiting), tail.ended);
        self.output.push(&waiting);
        if ended {
            self.close(Afterwards::Wait);
        }
    }

    /// The application has let go of its connection: what it wrote and ended is sent, nothing else. False when it has
    /// not ended it.
    pub(super) fn abandon(&mut self) -> bool {
        self.stop_reading();
        self.tail.as_ref().is_none_or(|tail| tail.ended) || self.writing != Writing::Open
    }

    /// Bytes given to the connection that the operating system has not taken.
    pub(crate) fn unflushed(&self) -> usize {
        self.output.unflushed() + self.waiting()
    }

    /// Those of [`Self::unflushed`] that take memory of this connection's own.
    pub(super) fn held(&self) -> usize {
        self.output.held() + self.waiting()
    }

    /// Bytes given to the connection since its beginning.
    pub(super) fn bytes_written(&self) -> u64 {
        self.output.total_queued() + self.waiting() as u64
    }

    fn waiting(&self) -> usize {
        self.tail.as_ref().map_or(0, |tail| tail.waiting.len())
    }

    /// Whether bytes were given that will never be flushed.
    pub(super) fn lost_output(&self) -> bool {
        self.phase == Phase::Destroyed && self.output.total_flushed() < self.output.total_queued()
    }

    /// Whoever sends has to wait from `high_water_mark` bytes on. False when that is now.
    pub(super) fn has_room(&mut self, high_water_mark: usize) -> bool {
        let room = self.unflushed() < high_water_mark;
        self.needs_drain |= !room;
        room
    }

    /// Whether whoever was told to wait can go on.
    pub(super) fn drained(&mut self) -> bool {
        self.unflushed() == 0 && mem::take(&mut self.needs_drain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Halves {
        let mut halves = Halves::default();
        halves.opened();
        halves
    }

    fn flush(halves: &mut Halves) -> Vec<u8> {
        let Sending::Write(piece) = halves.next_send() else { panic!("nothing to write") };
        let bytes = piece.to_vec();
        halves.output.flushed(piece.into_buffer());
        bytes
    }

    #[test]
    fn the_end_follows_what_is_queued() {
        let mut halves = open();
        assert_eq!(halves.next_send(), Sending::Nothing);
        assert!(!halves.has_to_send());
        assert!(halves.write_raw(b"x", false) && halves.has_to_send());
        halves.close(Afterwards::Wait);
        assert!(!halves.write_raw(b"y", false) && !halves.can_send() && halves.has_to_send());
        assert_eq!(flush(&mut halves), b"x");
        assert_eq!(halves.next_send(), Sending::End);
        assert_eq!(halves.sent_end(), Afterwards::Wait);
        assert_eq!(halves.next_send(), Sending::End);
        assert_eq!(halves.sent_end(), Afterwards::Wait);
    }

    #[test]
    fn a_connection_that_is_to_be_destroyed_is_not_half_closed_instead() {
        for order in [[Afterwards::Wait, Afterwards::Destroy], [Afterwards::Destroy, Afterwards::Wait]] {
            let mut halves = open();
            order.into_iter().for_each(|afterwards| halves.close(afterwards));
            assert_eq!(halves.sent_end(), Afterwards::Destroy);
            halves.close(Afterwards::Destroy);
            assert_eq!(halves.sent_end(), Afterwards::Wait, "the end is sent once");
        }
    }

    #[test]
    fn a_tail_waits_for_what_http_owes() {
        let mut halves = open();
        assert!(!halves.end_raw(), "it is HTTP's");
        halves.release();
        assert!(halves.is_released() && halves.is_open());
        assert!(halves.write_raw(b"tail", true));
        assert_eq!((halves.unflushed(), halves.bytes_written()), (4, 4));
        halves.output.push(b"owed ");
        assert!(halves.end_raw() && !halves.is_writable() && halves.can_send());
        assert!(!halves.write_raw(b"late", true));
        assert_eq!(flush(&mut halves), b"owed ");
        assert_eq!(halves.next_send(), Sending::Nothing);
        halves.advance_tail();
        assert_eq!(flush(&mut halves), b"tail");
        assert_eq!(halves.next_send(), Sending::End);
    }

    #[test]
    fn what_is_received_goes_one_way() {
        let mut halves = Halves::default();
        assert!(halves.is_connecting() && !halves.is_readable());
        halves.opened();
        assert!(halves.is_readable() && halves.is_open() && !halves.is_connecting());
        halves.release();
        halves.read_raw();
        assert!(halves.reading() == Reading::Raw && halves.is_readable() && !halves.is_open());
        halves.adopt();
        assert!(halves.reading() == Reading::Http && !halves.is_released());
        halves.stop_reading();
        assert_eq!(halves.reading(), Reading::Discarding);
        halves.read_raw();
        halves.adopt();
        assert_eq!(halves.reading(), Reading::Discarding);
        halves.peer_ended();
        halves.stop_reading();
        assert!(halves.reading() == Reading::Ended && !halves.is_readable());
    }

    #[test]
    fn who_let_go_is_served_only_after_an_end() {
        let mut halves = open();
        halves.release();
        halves.read_raw();
        assert!(!halves.abandon());
        assert_eq!(halves.reading(), Reading::Discarding);
        assert!(halves.end_raw() && halves.abandon());
    }

    #[test]
    fn destroying_tries_what_is_queued() {
        let mut halves = open();
        halves.output.push(b"x");
        assert!(!halves.lost_output());
        assert!(halves.destroy() && !halves.destroy());
        assert!(halves.lost_output() && halves.is_destroyed() && !halves.is_open() && !halves.can_send());
        assert_eq!(
            (halves.reading(), halves.next_send()),
            (Reading::Ended, Sending::Try(b"x".to_vec().into()))
        );
        assert_eq!(halves.next_send(), Sending::End);
        halves.opened();
        assert!(halves.is_destroyed());
    }

    #[test]
    fn destroying_loses_what_cannot_be_sent_at_once() {
        let mut connecting = Halves::default();
        connecting.output.push(b"x");
        let mut blocked = open();
        blocked.output.push(b"x");
        assert_eq!(blocked.next_send(), Sending::Write(b"x".to_vec().into()));
        blocked.output.push(b"y");
        for mut halves in [connecting, blocked] {
            assert!(halves.destroy());
            assert!(halves.lost_output() && halves.next_send() == Sending::End);
        }
    }

    #[test]
    fn drain_is_told_to_whoever_had_to_wait() {
        let mut halves = open();
        halves.output.push(b"xy");
        assert!(halves.has_room(3));
        flush(&mut halves);
        assert!(!halves.drained());
        halves.output.push(b"xyz");
        assert!(!halves.has_room(3) && !halves.drained());
        flush(&mut halves);
        assert!(halves.drained() && !halves.drained());
    }
}
