//! The states of a connection, from its beginning to its last event.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::{Rc, Weak},
};

use super::{
    Settings,
    connection::Open,
    events::{CloseEvent, Events, WebSocketEvent},
    random,
};
use crate::{
    client::ClientRequest,
    error::Error,
    frames::{CloseFrame, Connection, DeflateParameters, Message, Role, close},
    runtime::{self, Instant, Signal, Span, Timed, forget_deadlines, next_id, note_deadline},
    transport::Socket,
};

/// `readyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyState {
    /// The opening handshake is going on.
    Connecting,
    /// Messages come and go.
    Open,
    /// The closing handshake is going on, or the connection is being given up.
    Closing,
    /// Closed, or never opened.
    Closed,
}

/// How far a connection is.
#[derive(Debug)]
enum State {
    /// The handshake is going on. Next: any other.
    Connecting(Rc<ClientRequest>),
    /// The handshake is given up; its request is about to say so. Next: `Closed`.
    GivenUp,
    /// Behind the handshake. Next: `Closed`.
    Open(Rc<Open>),
    /// The last event was told.
    Closed,
}

/// What the handshake has settled.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    pub(super) protocol: String,
    pub(super) extensions: String,
    pub(super) deflate: Option<DeflateParameters>,
}

/// What a handle and the loop of its connection share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: String,
    pub(super) settings: Settings,
    pub(super) events: Events,
    state: RefCell<State>,
    agreed: OnceCell<Agreed>,
    /// Bytes of messages that will never be sent.
    lost: Cell<u64>,
    /// Notified when the connection opens, is given up or closed.
    changed: Signal,
    id: u64,
    timed: Weak<Self>,
    /// When a handshake, the opening or the closing one, has taken too long.
    handshake_due: Cell<Option<Instant>>,
    ping_due: Cell<Option<Instant>>,
    /// Whether a ping was sent into the silence.
    pinged: Cell<bool>,
}

impl Shared {
    fn new(url: String, settings: Settings, state: State) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| Self {
            url,
            settings,
            events: Events::default(),
            state: RefCell::new(state),
            agreed: OnceCell::new(),
            lost: Cell::new(0),
            changed: Signal::default(),
            id: next_id(),
            timed: this.clone(),
            handshake_due: Cell::new(None),
            ping_due: Cell::new(None),
            pinged: Cell::new(false),
        })
    }

    /// A client whose handshake is `request`.
    pub(super) fn connecting(url: String, settings: Settings, request: Rc<ClientRequest>) -> Rc<Self> {
        Self::new(url, settings, State::Connecting(request))
    }

    /// A server's end, open from the beginning.
    pub(super) fn accepted(settings: Settings, agreed: Agreed, socket: Socket, head: Vec<u8>) -> Rc<Self> {
        // Open before anybody sees it.
        let shared = Self::new(String::new(), settings, State::Closed);
        shared.opened(Role::Server, agreed, socket, head);
        shared
    }

    /// The handshake is done.
    pub(super) fn opened(&self, role: Role, agreed: Agreed, socket: Socket, head: Vec<u8>) {
        // HTTP's idle timeout is not this protocol's.
        socket.set_timeout(0);
        let limits = self.settings.limits;
        let frames = Connection::new(role, agreed.deflate.as_ref(), limits.of_frames(), random::key);
        let open = Rc::new(Open::new(socket, frames, role, limits));
        open.receive_first(head);
        self.state.replace(State::Open(Rc::clone(&open)));
        let first = self.agreed.set(agreed).is_ok();
        debug_assert!(first, "a connection opens once");
        self.handshake_due.set(None);
        self.events.record(WebSocketEvent::Open);
        self.schedule_ping(runtime::now());
        self.changed.notify();
        let shared = self.timed.upgrade();
        runtime::spawn(async move {
            let Some(shared) = shared else { return };
            open.run(&shared.events).await;
            shared.handshake_must_end_in(open.close_timeout());
            open.run_out(&shared.events).await;
            shared.gone(&open);
        });
    }

    /// The open connection is gone.
    fn gone(&self, open: &Open) {
        self.lost.set(self.lost.get() + open.buffered_amount());
        let (error, close) = open.ended();
        self.finish(error, close);
    }

    /// There is no connection.
    pub(super) fn never_opened(&self, error: Error) {
        let close = CloseEvent { was_clean: false, code: close::ABNORMAL, reason: String::new() };
        self.finish(Some(error), close);
    }

    fn finish(&self, error: Option<Error>, close: CloseEvent) {
        let before = self.state.replace(State::Closed);
        forget_deadlines(self.id);
        if let Some(error) = error {
            self.events.record(WebSocketEvent::Error(error));
        }
        self.events.record(WebSocketEvent::Close(close));
        self.events.end();
        self.changed.notify();
        // A request is dropped outside every borrow.
        drop(before);
    }

    pub(super) fn open(&self) -> Option<Rc<Open>> {
        match &*self.state.borrow() {
            State::Open(open) => Some(Rc::clone(open)),
            State::Connecting(_) | State::GivenUp | State::Closed => None,
        }
    }

    pub(super) fn agreed(&self) -> Option<&Agreed> {
        self.agreed.get()
    }

    pub(super) fn ready_state(&self) -> ReadyState {
        match &*self.state.borrow() {
            State::Connecting(_) => ReadyState::Connecting,
            State::GivenUp => ReadyState::Closing,
            State::Open(open) if open.is_closing() => ReadyState::Closing,
            State::Open(_) => ReadyState::Open,
            State::Closed => ReadyState::Closed,
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        matches!(*self.state.borrow(), State::GivenUp)
    }

    // What the application does with it.

    pub(super) fn send(&self, message: Message) -> Result<(), Error> {
        let size = message.len() as u64;
        let sent = match self.open() {
            _ if self.ready_state() == ReadyState::Connecting => return Err(Error::sent_before_connected()),
            Some(open) if !open.is_closing() => open.send(message),
            Some(_) | None => false,
        };
        if !sent {
            self.lost.set(self.lost.get() + size);
        }
        Ok(())
    }

    pub(super) fn buffered_amount(&self) -> u64 {
        self.lost.get() + self.open().map_or(0, |open| open.buffered_amount())
    }

    pub(super) async fn drain(&self) {
        runtime::ensure_driver();
        let Some(open) = self.open() else { return };
        open.link.changed.wait(|| (open.link.unflushed() == 0 || open.link.is_gone()).then_some(())).await;
    }

    pub(super) fn close(&self, frame: &CloseFrame) {
        match self.open() {
            Some(open) => open.close(frame),
            None => self.give_up(None),
        }
    }

    /// Ends the connection at once.
    pub(super) fn give_up(&self, error: Option<Error>) {
        if let Some(open) = self.open() {
            return open.give_up(error);
        }
        let mut state = self.state.borrow_mut();
        if matches!(*state, State::Connecting(_)) {
            let before = std::mem::replace(&mut *state, State::GivenUp);
            drop(state);
            if let State::Connecting(request) = before {
                request.destroy(error);
            }
            self.changed.notify();
        }
    }

    // Time.

    pub(super) fn handshake_must_end_in(&self, span: Span) {
        if span.is_some() {
            let due = span.after(runtime::now());
            self.handshake_due.set(Some(due));
            self.note(due);
        }
    }

    fn schedule_ping(&self, now: Instant) {
        if self.settings.ping_interval.is_some() {
            let due = self.settings.ping_interval.after(now);
            self.ping_due.set(Some(due));
            self.note(due);
        }
    }

    fn note(&self, due: Instant) {
        let timed: Weak<dyn Timed> = self.timed.clone();
        note_deadline(self.id, &timed, due);
    }

    /// Sends a ping into a silence; a second one ends the connection.
    fn look_for_life(&self, open: &Open, now: Instant) {
        let silent = open.was_silent();
        if silent && self.pinged.get() {
            return open.give_up(Some(Error::web_socket("The peer does not answer pings")));
        }
        self.pinged.set(silent);
        if silent {
            open.ping();
        }
        self.schedule_ping(now);
    }
}

impl Timed for Shared {
    fn check(&self, now: Instant) -> Option<Instant> {
        let is_late = |due: &Cell<Option<Instant>>| {
            let late = due.get().is_some_and(|at| at <= now);
            if late {
                due.set(None);
            }
            late
        };
        if is_late(&self.handshake_due) {
            // A closing handshake that takes too long is no error.
            let error = self.open().is_none().then(|| Error::web_socket("The handshake takes too long"));
            self.give_up(error);
        }
        if is_late(&self.ping_due)
            && let Some(open) = self.open().filter(|open| !open.is_closing())
        {
            self.look_for_life(&open, now);
        }
        self.handshake_due.get().into_iter().chain(self.ping_due.get()).min()
    }
}
