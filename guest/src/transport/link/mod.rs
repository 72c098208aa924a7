//! One connection, of a server or a client: its ends, its two directions, the loops that move its bytes.
//!
//! Who owns whom: the two loops own the [`Protocol`] that runs on the connection, the protocol owns the [`Link`] and
//! its exchanges. Exchanges and the application's views hold the link, too, and it holds none of them: the way back
//! is weak. What is scarce about a link, its descriptor and its buffers, goes when the connection ends, whoever still
//! holds it.

mod deadlines;
mod halves;
mod inbox;
mod loops;
mod output;
mod raw;
mod socket;

use std::{
    any::Any,
    cell::{Cell, OnceCell, RefCell, RefMut},
    fmt::{self, Debug},
    net::SocketAddr,
    rc::{Rc, Weak},
};

pub use self::socket::{Socket, SocketEvent};
use self::{deadlines::Deadlines, halves::Reading};
pub(crate) use self::{
    deadlines::Timer,
    halves::{Afterwards, Halves},
    inbox::Inbox,
    loops::{begin, take_turns_to_send},
};
use crate::{
    error::Error,
    message::Body,
    net::Endpoints,
    runtime::{Account, Charge, EventLog, Signal, Span, Timed, forget_deadlines, next_id},
};

/// What runs on a connection: the two sides of HTTP.
pub(crate) trait Protocol: Any + Debug {
    fn link(&self) -> &Rc<Link>;

    /// Whether nothing may be parsed for now: what was parsed before has to be dealt with first.
    fn is_congested(&self) -> bool;
    /// Parses what was received, as far as that goes.
    fn parse(&self, inbox: &mut Inbox);
    /// The peer has ended its side while HTTP had the connection, or nobody looked.
    fn peer_ended(&self, inbox: &mut Inbox);

    /// Whether a broken connection is given up at once, with what it has brought and nobody has read.
    fn gives_up_unread(&self) -> bool {
        false
    }

    /// What has to be waited for before anything is sent; [`Self::prepared`] is told then.
    fn prepare(&self) -> Option<Preparation> {
        None
    }
    fn prepared(&self) {}
    /// Whether a message is finished once so many bytes are flushed.
    fn is_finished_at(&self, flushed: u64) -> bool;
    /// More is flushed, or a message is finished.
    fn flushed(&self);
    /// Nothing can be sent any more.
    fn write_failed(&self, error: Error);

    /// Whether what HTTP owes goes out before anything that the application sends itself.
    fn owes(&self) -> bool;
    /// The application has sent something, or ended its side, itself.
    fn advance(&self);
    /// The application ends a connection that HTTP has: at once after what is queued, or when all is `answered`.
    fn end(&self, afterwards: Afterwards);

    /// A message has not arrived in its time.
    fn message_late(&self) {}
    /// Nothing has moved for the time that was set.
    fn stood_still(&self);
    /// The connection is destroyed because of `error`: Node's 'error' of the socket.
    fn failed(&self, error: &Error);
    /// Whether the application is to have the word before it is told that the connection is gone.
    fn has_word(&self) -> bool {
        false
    }
    /// Both directions have ended. Has to [`Link::tell_closed`] at its place among what else there is to tell.
    fn gone(&self);
    /// The application detaches the connection from its agent.
    fn agent_remove(&self) {}
}

/// What is waited for before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preparation {
    /// Until what has come by now is handled.
    Look,
    /// Until so many turns have ended.
    Turns(u32),
}

/// A connection.
pub(crate) struct Link {
    pub(crate) id: u64,
    timed: Weak<dyn Timed>,
    protocol: OnceCell<Weak<dyn Protocol>>,
    ends: RefCell<Ends>,
    /// What the stream was named by its maker.
    name: Cell<Option<u64>>,
    halves: RefCell<Halves>,
    /// What has arrived for the application itself.
    raw: RefCell<Body>,
    pub(crate) events: EventLog<SocketEvent>,
    views: Cell<usize>,
    /// Why it is destroyed.
    failure: RefCell<Option<Error>>,
    deadlines: Deadlines,
    bytes_read: Cell<u64>,
    high_water_mark: Cell<usize>,
    /// Bytes that it may hold however little memory is left: one head.
    least: usize,
    pub(crate) account: Rc<Account>,
    charge: Charge,
    inbox_memory: Cell<usize>,
    /// Whether the receiving loop waits until it may go on. A wake-up without need would cost a call out of the
    /// component.
    held: Cell<bool>,
    loops: Cell<u8>,
    /// Notified whenever something changes that a holder of a socket can wait for.
    pub(crate) changed: Signal,
    receiving: Signal,
    sending: Signal,
}

/// What is known of the two ends.
#[derive(Debug)]
enum Ends {
    /// Not connected. TCP keep-alive as it is to be once it is.
    Pending(KeepAlive),
    Up(Endpoints, KeepAlive),
    /// The descriptor is given back; the addresses are kept.
    Gone {
        local: Option<SocketAddr>,
        remote: Option<SocketAddr>,
    },
}

/// TCP keep-alive: whether there are probes, and the silence before the first.
type KeepAlive = (bool, Span);

/// What is known of connections is much: who prints one wants to tell it from others.
impl Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Link {
    /// A connection that is not up yet. `most_head` is the size of a head that it may always hold.
    pub(crate) fn new(high_water_mark: usize, most_head: usize) -> Rc<Self> {
        let account = Rc::<Account>::default();
        Rc::new_cyclic(|this: &Weak<Self>| Self {
            id: next_id(),
            timed: this.clone(),
            protocol: OnceCell::new(),
            ends: RefCell::new(Ends::Pending((false, Span::NONE))),
            name: Cell::new(None),
            halves: RefCell::default(),
            raw: RefCell::default(),
            events: EventLog::default(),
            views: Cell::new(0),
            failure: RefCell::default(),
            deadlines: Deadlines::default(),
            bytes_read: Cell::new(0),
            high_water_mark: Cell::new(high_water_mark),
            least: most_head.saturating_add(2 * inbox::SMALLEST),
            charge: Charge::new(&account, 0),
            account,
            inbox_memory: Cell::new(0),
            held: Cell::new(false),
            loops: Cell::new(1),
            changed: Signal::default(),
            receiving: Signal::default(),
            sending: Signal::default(),
        })
    }

    /// Who runs on it; said once, by whoever makes both.
    pub(crate) fn set_protocol(&self, protocol: Weak<dyn Protocol>) {
        let first = self.protocol.set(protocol).is_ok();
        debug_assert!(first, "a connection has one protocol");
    }

    /// What runs on it, while it runs.
    pub(crate) fn protocol(&self) -> Option<Rc<dyn Protocol>> {
        self.protocol.get().and_then(Weak::upgrade)
    }

    fn with_protocol(&self, then: impl FnOnce(&dyn Protocol)) {
        if let Some(protocol) = self.protocol() {
            then(&*protocol);
        }
    }

    /// The two directions, for the protocol alone. No call that leads elsewhere may be made meanwhile.
    pub(crate) fn halves(&self) -> RefMut<'_, Halves> {
        self.halves.borrow_mut()
    }

    /// Takes over what its maker called the stream that will carry it.
    pub(crate) fn set_name(&self, name: Option<u64>) {
        self.name.set(name);
    }

    /// The connection is up: from now on there are two loops.
    pub(crate) fn opened(&self, endpoints: Endpoints) {
        let mut ends = self.ends.borrow_mut();
        let keep_alive = match &*ends {
            Ends::Pending(keep_alive) => *keep_alive,
            // It was destroyed while it was connected; the loops will see that.
            Ends::Up(..) | Ends::Gone { .. } => (false, Span::NONE),
        };
        if keep_alive.0 {
            endpoints.set_keep_alive(true, keep_alive.1);
        }
        *ends = Ends::Up(endpoints, keep_alive);
        drop(ends);
        self.loops.set(2);
        self.halves().opened();
        self.touch();
        self.changed.notify();
    }

    // How it ends.

    /// Ends both directions at once; with an error that is told first.
    pub(crate) fn destroy_with(&self, error: Option<Error>) {
        if self.is_destroyed() {
            return;
        }
        if let Some(error) = error {
            self.with_protocol(|protocol| protocol.failed(&error));
            self.fail(error);
        }
        self.destroy();
    }

    /// The connection will close because of `error`, which is told now.
    pub(crate) fn fail(&self, error: Error) {
        self.failure.replace(Some(error.clone()));
        self.events.record(SocketEvent::Error(error));
    }

    pub(crate) fn destroy(&self) {
        let first = self.halves().destroy();
        if first {
            self.recount();
            self.wake();
            self.changed.notify();
        }
    }

    /// One of the loops is over; after the last the connection is gone.
    pub(crate) fn loop_ended(self: &Rc<Self>, protocol: &dyn Protocol) {
        self.loops.set(self.loops.get() - 1);
        if self.loops.get() > 0 {
            return;
        }
        self.destroy();
        forget_deadlines(self.id);
        self.raw.borrow_mut().abort();
        self.keep_addresses();
        protocol.gone();
        self.changed.notify();
    }

    /// Node's 'close' of the socket.
    pub(crate) fn tell_closed(&self) {
        self.events.record(SocketEvent::Close(self.failure.borrow().is_some()));
        self.events.end();
    }

    /// Gives the descriptor back. To ask for addresses is a call out of the component, so only where somebody may.
    fn keep_addresses(self: &Rc<Self>) {
        /// The loop that calls this, and the protocol.
        const OWNERS: usize = 2;
        let (local, remote) = if Rc::strong_count(self) > OWNERS { self.addresses() } else { (None, None) };
        let ends = self.ends.replace(Ends::Gone { local, remote });
        drop(ends);
    }

    /// Why it was destroyed.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.borrow().clone()
    }

    // Who waits for what.

    /// Notified when the connection is destroyed, and whenever there is something to send.
    pub(crate) fn woken(&self) -> &Signal {
        &self.sending
    }

    /// Lets both loops look what there is to do.
    pub(crate) fn wake(&self) {
        self.receiving.notify();
        self.sending.notify();
    }

    /// Lets the sending loop look, if there is something for it: a message may be finished although no byte was added.
    pub(crate) fn wake_sending(&self, finished: bool) {
        let mut halves = self.halves();
        halves.has_room(self.high_water_mark.get());
        let work = finished || halves.has_to_send();
        drop(halves);
        if work {
            self.recount();
            self.sending.notify();
        }
    }

    /// Lets the receiving loop look again whether it may go on, if it waits for that.
    pub(crate) fn resume_receiving(&self) {
        if self.held.replace(false) {
            self.receiving.notify();
        }
    }

    /// Charges what its buffers hold.
    fn recount(&self) {
        let bytes = self.inbox_memory.get() + self.halves.borrow().held() + self.raw.borrow().len();
        self.charge.set(bytes);
    }

    /// Whether it holds so much that it may not take in more.
    pub(crate) fn is_spent(&self) -> bool {
        self.account.is_spent() && self.account.held() > self.least
    }

    // What anybody may know.

    pub(crate) fn is_destroyed(&self) -> bool {
        self.halves.borrow().is_destroyed()
    }

    /// Whether nothing of it is left.
    pub(crate) fn is_gone(&self) -> bool {
        self.loops.get() == 0
    }

    pub(crate) fn unflushed(&self) -> usize {
        self.halves.borrow().unflushed()
    }

    pub(crate) fn high_water_mark(&self) -> usize {
        self.high_water_mark.get()
    }

    /// The addresses of this side and of the peer.
    pub(crate) fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        match &*self.ends.borrow() {
            Ends::Pending(_) => (None, None),
            Ends::Up(endpoints, _) => (endpoints.local(), endpoints.remote()),
            Ends::Gone { local, remote } => (*local, *remote),
        }
    }

    /// A peer that has ended its side may be waiting for an answer, or be gone: only the system can find out.
    fn probe(&self) {
        const SILENCE: Span = Span::millis(60_000);
        let asked_for = matches!(&*self.ends.borrow(), Ends::Up(_, (true, _)));
        if !asked_for {
            self.set_keep_alive(true, SILENCE);
        }
    }

    /// `socket.setKeepAlive()`. As in Node the system is asked only for what changes: an agent sets the same each time
    /// that it pools the connection.
    pub(crate) fn set_keep_alive(&self, enable: bool, initial_delay: Span) {
        let wanted = (enable, initial_delay);
        match &mut *self.ends.borrow_mut() {
            Ends::Pending(keep_alive) => *keep_alive = wanted,
            Ends::Up(endpoints, keep_alive) if *keep_alive != wanted => {
                *keep_alive = wanted;
                endpoints.set_keep_alive(enable, initial_delay);
            }
            Ends::Up(..) | Ends::Gone { .. } => {}
        }
    }
}
