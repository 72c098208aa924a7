//! An open connection: what moves between its socket, its frames and its events, and how it ends.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use super::{
    Limits,
    events::{CloseEvent, Events, WebSocketEvent},
};
use crate::{
    error::Error,
    frames::{CloseFrame, Connection, Event, Message, Role, Violation, close},
    message::ReadResult,
    runtime::{Charge, Span},
    transport::{Link, Socket},
};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A peer that leaves so much of what it is sent unread is not read, either.
const MOST_UNREAD: usize = 1024 * 1024;

/// A message whose end has not come may hold so much however little memory is left.
const LEAST: usize = 64 * 1024;

/// A connection behind its opening handshake.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) link: Rc<Link>,
    /// Gone once nothing more is to be read: what was written still leaves.
    socket: RefCell<Option<Socket>>,
    frames: RefCell<Connection>,
    role: Role,
    limits: Limits,
    fate: RefCell<Fate>,
    /// Whether messages still count.
    closing: Cell<bool>,
    /// Whether frames may be left that were not looked at.
    held_back: Cell<bool>,
    /// Whether the loop waits for the application to take messages.
    paused: Cell<bool>,
    /// Whether something has come since [`Self::was_silent`] was asked.
    heard: Cell<bool>,
    unsent: RefCell<Unsent>,
    charge: Charge,
}

/// How the connection will have ended.
#[derive(Debug)]
enum Fate {
    /// Next: any other, which stays.
    Undecided,
    /// The peer has sent a close frame, and so has this end.
    Closed(CloseFrame),
    /// This end gave it up because of this.
    Failed(Error),
    /// It broke.
    Broken,
}

/// Messages that are not flushed: where in the bytes of the connection each ends, and its size.
#[derive(Debug, Default)]
struct Unsent {
    messages: VecDeque<(u64, usize)>,
    bytes: u64,
}

/// What the loop is to do next.
enum Turn {
    Read,
    Decode,
    Over,
}

impl Open {
    pub(super) fn new(socket: Socket, frames: Connection, role: Role, limits: Limits) -> Self {
        let link = Rc::clone(socket.link());
        Self {
            charge: Charge::new(&link.account, 0),
            link,
            socket: RefCell::new(Some(socket)),
            frames: RefCell::new(frames),
            role,
            limits,
            fate: RefCell::new(Fate::Undecided),
            closing: Cell::new(false),
            held_back: Cell::new(false),
            paused: Cell::new(false),
            heard: Cell::new(true),
            unsent: RefCell::default(),
        }
    }

    /// Bytes that came with the handshake.
    pub(super) fn receive_first(&self, bytes: Vec<u8>) {
        self.held_back.set(!bytes.is_empty());
        self.frames.borrow_mut().receive(bytes);
    }

    /// Receives until the connection begins to close.
    pub(super) async fn run(&self, events: &Events) {
        let closing = || self.is_closing().then_some(Turn::Over);
        self.take_turns(|| closing().or_else(|| self.next_turn(events)), events).await;
    }

    /// Receives until the connection is gone.
    pub(super) async fn run_out(&self, events: &Events) {
        self.take_turns(|| self.next_turn(events), events).await;
    }

    async fn take_turns(&self, next: impl Fn() -> Option<Turn>, events: &Events) {
        loop {
            match self.link.changed.wait(&next).await {
                Turn::Read => self.read(events),
                Turn::Decode => self.decode(events),
                Turn::Over => return,
            }
        }
    }

    fn next_turn(&self, events: &Events) -> Option<Turn> {
        if self.socket.borrow().is_none() {
            return self.link.is_gone().then_some(Turn::Over);
        }
        let paused = self.is_paused(events);
        self.paused.set(paused);
        if paused {
            None
        } else if self.held_back.get() {
            Some(Turn::Decode)
        } else {
            self.link.raw_is_readable().then_some(Turn::Read)
        }
    }

    /// Whether the application, or the peer, has to take something before more is received.
    fn is_paused(&self, events: &Events) -> bool {
        !self.closing.get()
            && (events.is_full(self.limits.high_water_mark)
                || !self.has_room()
                || events.has_messages() && self.link.is_spent())
    }

    fn has_room(&self) -> bool {
        self.link.unflushed() < MOST_UNREAD
    }

    /// The application has taken events.
    pub(super) fn taken(&self, events: &Events) {
        self.recount(events);
        if self.paused.replace(false) {
            self.link.changed.notify();
        }
    }

    fn read(&self, events: &Events) {
        match self.link.read_raw(PIECE) {
            ReadResult::Data(bytes) => {
                self.heard.set(true);
                self.frames.borrow_mut().receive(bytes);
                self.decode(events);
            }
            ReadResult::Pending => {}
            ReadResult::End(_) | ReadResult::Aborted(_) => {
                self.closing.set(true);
                self.decide(Fate::Broken);
                self.release();
            }
        }
    }

    /// Looks at frames until more have to come, or the application has to take something.
    fn decode(&self, events: &Events) {
        self.held_back.set(false);
        loop {
            if self.is_paused(events) {
                self.held_back.set(true);
                break;
            }
            let event = self.frames.borrow_mut().next_event(&mut |bytes| self.write(bytes));
            match event {
                Some(Event::Message(message)) => events.record(WebSocketEvent::Message(message)),
                Some(Event::Closed(frame)) => self.closed(frame),
                Some(Event::Failed(violation)) => self.failed(violation),
                None => break,
            }
        }
        self.recount(events);
        self.refuse_without_memory(events);
    }

    /// A message of which more and more comes while the instance has no memory left: waiting would help nobody, because
    /// only its end lets the application take it.
    fn refuse_without_memory(&self, events: &Events) {
        let frames = self.frames.borrow();
        let large = frames.is_within_message() && frames.memory() > LEAST;
        drop(frames);
        if large && !events.has_messages() && self.link.is_spent() {
            self.fail(Violation::NO_MEMORY);
        }
    }

    fn recount(&self, events: &Events) {
        self.charge.set(self.frames.borrow().memory() + events.bytes());
    }

    fn write(&self, bytes: &[u8]) {
        // Fails once the connection has ended, which the loop hears of.
        let _ = self.link.write_raw(bytes);
    }

    // How it ends.

    /// The server ends the connection, the client waits for that (section 7.1.1).
    fn closed(&self, frame: CloseFrame) {
        self.closing.set(true);
        self.decide(Fate::Closed(frame));
        if self.role == Role::Server {
            self.release();
        }
    }

    fn failed(&self, violation: Violation) {
        self.closing.set(true);
        self.decide(Fate::Failed(Error::web_socket(violation.reason)));
        self.release();
    }

    fn fail(&self, violation: Violation) {
        self.frames.borrow_mut().fail(violation, &mut |bytes| self.write(bytes));
        self.failed(violation);
    }

    /// Ends the connection at once, as if it had broken, or because of an error.
    pub(super) fn give_up(&self, error: Option<Error>) {
        self.closing.set(true);
        self.decide(error.map_or(Fate::Broken, Fate::Failed));
        self.link.destroy();
        self.release();
    }

    /// The first word counts.
    fn decide(&self, fate: Fate) {
        let mut decided = self.fate.borrow_mut();
        if matches!(*decided, Fate::Undecided) {
            *decided = fate;
        }
    }

    /// Nothing more is read: what was written leaves, then the end.
    fn release(&self) {
        let socket = self.socket.take();
        if let Some(socket) = socket {
            // Without bytes nothing can be wrong with it.
            let _ = socket.end(None);
        }
        self.link.changed.notify();
    }

    /// Starts the closing handshake, unless it has begun.
    pub(super) fn close(&self, frame: &CloseFrame) {
        if !self.closing.replace(true) {
            self.frames.borrow_mut().close(frame, &mut |bytes| self.write(bytes));
            self.link.changed.notify();
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// What there is to tell when it is gone: an error only where this end gave up, as in the standard.
    pub(super) fn ended(&self) -> (Option<Error>, CloseEvent) {
        let broken = CloseEvent { was_clean: false, code: close::ABNORMAL, reason: String::new() };
        match self.fate.replace(Fate::Broken) {
            Fate::Closed(CloseFrame { code, reason }) => {
                (None, CloseEvent { was_clean: true, code: code.unwrap_or(close::NO_STATUS), reason })
            }
            Fate::Failed(error) => (Some(error), broken),
            Fate::Undecided | Fate::Broken => (None, broken),
        }
    }

    // What is sent.

    /// Sends a message. False when the connection cannot hold it, and is given up, as the standard says.
    pub(super) fn send(&self, message: Message) -> bool {
        let unflushed = self.link.unflushed();
        if unflushed >= self.limits.max_buffered_amount || unflushed > 0 && self.link.is_spent() {
            self.give_up(Some(Error::web_socket("The buffer of messages to send is full")));
            return false;
        }
        let size = message.len();
        self.frames.borrow_mut().send(message, &mut |bytes| self.write(bytes));
        let end = self.link.halves().output.total_queued();
        let mut unsent = self.unsent.borrow_mut();
        unsent.forget(self.link.halves().output.total_flushed());
        unsent.messages.push_back((end, size));
        unsent.bytes += size as u64;
        true
    }

    /// Bytes of messages that are not flushed.
    pub(super) fn buffered_amount(&self) -> u64 {
        let mut unsent = self.unsent.borrow_mut();
        unsent.forget(self.link.halves().output.total_flushed());
        unsent.bytes
    }

    /// Whether nothing was received since this was asked before, although everything is read that comes.
    pub(super) fn was_silent(&self) -> bool {
        !self.heard.replace(false) && !self.paused.get()
    }

    pub(super) fn ping(&self) {
        if self.has_room() {
            self.frames.borrow_mut().ping(&mut |bytes| self.write(bytes));
        }
    }

    pub(super) const fn close_timeout(&self) -> Span {
        self.limits.close_timeout
    }
}

impl Unsent {
    fn forget(&mut self, flushed: u64) {
        while let Some((_, size)) = self.messages.pop_front_if(|(end, _)| *end <= flushed) {
            self.bytes -= size as u64;
        }
    }
}
