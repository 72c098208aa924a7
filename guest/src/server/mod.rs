//! Node's `http.Server` and `ServerResponse`.
//!
//! How a request reads: the receiving loop of `transport::Link` → [`connection::Connection`] parses, `proto` makes a
//! head of it → [`dispatch`] judges it → [`events`] queues a [`ServerResponse`] → the application answers →
//! `message::OutgoingMessage` renders → [`queue`] keeps the order → the link's sending loop.
//!
//! Everything but [`accepting`] and the waiting methods is synchronous: it changes memory and wakes a loop.

mod accepting;
mod connection;
mod dispatch;
mod ending;
mod events;
mod exchange;
mod leaving;
mod listen;
mod listening;
mod options;
mod queue;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod timeouts;
mod writing;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::SocketAddr,
    rc::{Rc, Weak},
};

use self::{connection::Connection, events::EventQueue};
pub use self::{
    events::{ResponseEvent, ServerEvent, ServerEventKind, Upgrade},
    listen::ListenOptions,
    listening::ServerEvents,
    options::{MAX_CONNECTIONS, ServerOptions, Settings},
    response::{Answer, ServerResponse},
};
pub use crate::message::PreparedAnswer;
pub use crate::transport::{IncomingMessage, MessageEvent, Socket, SocketEvent};
use crate::{
    error::Error,
    net::{AbortSignal, Listener, Stream},
    runtime::{self, Announced as _, Readiness, Signal},
};

/// How many unanswered requests one connection may have before no more of it is parsed. It is also how much a flood gets
/// done before the next connection has its turn: beside 200 of them, 256 made every answer take a quarter of a second.
const MAX_OWED: usize = 32;

/// An HTTP server: Node's `http.Server`. Dropping it closes it: it stops accepting, requests that
/// were delivered can still be answered, what was not delivered is destroyed.
#[derive(Debug)]
pub struct Server(Rc<Shared>);

impl Server {
    /// `http.createServer(options)`.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` for timeouts that contradict each other.
    pub fn create(options: ServerOptions) -> Result<Self, Error> {
        let listened = options.listening.unwrap_or_default();
        let shared = Rc::new(Shared::new(Settings::new(options)?));
        shared.listened.set(listened);
        Ok(Self(shared))
    }

    /// Serves the connections of `listener`, as [`Self::listen`] does for TCP.
    ///
    /// # Errors
    /// `ERR_SERVER_ALREADY_LISTEN`.
    pub fn serve(&self, listener: Listener) -> Result<(), Error> {
        self.0.start_listening(vec![listener], None)
    }

    /// Takes over a connection that was made elsewhere: Node's `server.emit('connection', duplex)`.
    ///
    /// # Errors
    /// `ERR_SERVER_NOT_RUNNING` when the server was closed.
    pub fn adopt(&self, stream: Stream) -> Result<(), Error> {
        if matches!(*self.0.phase.borrow(), Phase::Closing | Phase::Closed) {
            return Err(Error::server_not_running());
        }
        accepting::begin(&self.0, stream);
        Ok(())
    }

    /// Closes the server when `signal` is raised, now or later: the `signal` of `server.listen()`.
    pub fn close_on(&self, signal: &AbortSignal) {
        let (signal, server) = (signal.clone(), Rc::downgrade(&self.0));
        runtime::spawn(async move {
            signal.raised().await;
            if let Some(server) = server.upgrade() {
                server.stop_listening();
                server.close_idle_connections();
            }
        });
    }

    /// Replaces the set of events that are listened to.
    pub fn listen_for(&self, events: ServerEvents) {
        self.0.listened.set(events);
    }

    /// Waits until there are events to take, or none can come because the server is closed. Takes
    /// nothing, so dropping the wait loses nothing.
    pub async fn ready(&self) {
        runtime::ensure_driver();
        let events = &self.0.events;
        events.changed.wait(|| (!events.is_empty() || self.0.is_closed()).then_some(())).await;
    }

    /// What says whenever there is something to take, also while somebody else has this handle.
    pub fn readiness(&self) -> Readiness {
        let events: Rc<EventQueue> = Rc::clone(&self.0.events);
        Readiness::new(events)
    }

    /// Notes events under this number, which is not 0: see [`runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.events.changed.watch(number);
    }

    /// Takes at most `max` events, oldest first; none when there are none.
    pub fn take_events(&self, max: usize) -> Vec<ServerEvent> {
        let taken = self.0.events.take(max);
        self.0.events_taken();
        taken
    }

    /// Takes at most `max` requests, oldest first: what [`ServerEventKind::Request`] would bring. Events of other kinds
    /// stay where they are, see [`Self::has_other_events`].
    pub fn take_requests(&self, max: usize) -> Vec<ServerResponse> {
        let taken = self.0.events.take_requests(max);
        self.0.events_taken();
        taken
    }

    /// Whether [`Self::take_events`] has something to give that [`Self::take_requests`] has not.
    pub fn has_other_events(&self) -> bool {
        self.0.events.has_others()
    }

    /// `server.listening`.
    pub fn listening(&self) -> bool {
        self.0.is_listening()
    }

    /// `server.address()`; of a dual-stack listener the IPv6 one, as in Node.
    pub fn address(&self) -> Option<SocketAddr> {
        match &*self.0.phase.borrow() {
            Phase::Listening { address } => *address,
            Phase::Idle | Phase::Closing | Phase::Closed => None,
        }
    }

    /// `server.close()`: stops accepting, closes idle connections and waits until the others are
    /// done. Dropping the wait does not reopen the server.
    ///
    /// # Errors
    /// `ERR_SERVER_NOT_RUNNING`.
    pub async fn close(&self) -> Result<(), Error> {
        runtime::ensure_driver();
        let closing = self.0.stop_listening();
        self.0.close_idle_connections();
        self.0.changed.wait(|| self.0.is_over().then_some(())).await;
        if closing { Ok(()) } else { Err(Error::server_not_running()) }
    }

    /// Waits until the server stops listening, because it was closed or because the host drains. Who keeps connections
    /// open for long ends them then.
    pub async fn closing(&self) {
        runtime::ensure_driver();
        self.0.stop.wait(|| (!self.0.is_listening()).then_some(())).await;
    }

    /// `server.closeIdleConnections()`: those that neither send a request nor wait for an answer.
    pub fn close_idle_connections(&self) {
        self.0.close_idle_connections();
    }

    /// `server.closeAllConnections()`: destroys every connection, losing what it was doing; not those
    /// that HTTP has let go of.
    pub fn close_all_connections(&self) {
        for connection in self.0.all_connections().iter().filter(|connection| !connection.is_released()) {
            connection.link.destroy();
        }
    }

    /// `server.getConnections()`: how many connections are open.
    pub fn connections(&self) -> usize {
        self.0.connections()
    }

    /// What the server works by now.
    pub fn settings(&self) -> Rc<Settings> {
        self.0.settings()
    }

    /// Changes a property that Node lets a program write while the server runs.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        // On a copy: `change` may ask the server for what it likes.
        let mut settings = Settings::clone(&self.0.settings());
        change(&mut settings);
        self.0.settings.replace(Rc::new(settings));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.stop_listening();
        self.0.close_idle_connections();
        // Nobody can take another request.
        self.0.all_connections().iter().for_each(|connection| connection.drain());
        // Undelivered answers are dropped here, which destroys their connections.
        drop(self.0.events.abandon());
        self.0.room.notify();
    }
}

/// What a server's handle, its connections and its jobs share.
#[derive(Debug)]
pub(crate) struct Shared {
    settings: RefCell<Rc<Settings>>,
    listened: Cell<ServerEvents>,
    phase: RefCell<Phase>,
    events: Rc<EventQueue>,
    /// Those that are open; their loops own them.
    connections: RefCell<BTreeMap<u64, Weak<Connection>>>,
    /// How many accept loops run.
    accepting: Cell<usize>,
    /// Notified when the server stops listening.
    stop: Signal,
    /// Notified when events were taken by an application that had too many.
    room: Signal,
    /// Notified when the last connection or accept loop ends.
    changed: Signal,
}

/// The life of a server.
#[derive(Debug)]
enum Phase {
    /// Not listening yet, or again. Next: `Listening`.
    Idle,
    /// Accepting connections at this address. Next: `Closing`.
    Listening { address: Option<SocketAddr> },
    /// No longer accepting; connections or accept loops are left. Next: `Closed`.
    Closing,
    /// Nothing is left; 'close' was emitted. Next: `Listening`.
    Closed,
}

impl Shared {
    fn new(settings: Settings) -> Self {
        Self {
            settings: RefCell::new(Rc::new(settings)),
            listened: Cell::default(),
            phase: RefCell::new(Phase::Idle),
            events: Rc::default(),
            connections: RefCell::default(),
            accepting: Cell::new(0),
            stop: Signal::default(),
            room: Signal::default(),
            changed: Signal::default(),
        }
    }

    fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.settings.borrow())
    }

    fn listened(&self) -> ServerEvents {
        self.listened.get()
    }

    fn listens_to(&self, events: ServerEvents) -> bool {
        self.listened.get().and(events) == self.listened.get()
    }

    fn emit(&self, kind: ServerEventKind) {
        self.events.push(kind);
    }

    fn start_listening(
        self: &Rc<Self>,
        listeners: Vec<Listener>,
        address: Option<SocketAddr>,
    ) -> Result<(), Error> {
        if self.is_listening() {
            return Err(Error::server_already_listen());
        }
        self.phase.replace(Phase::Listening { address });
        self.accepting.set(self.accepting.get() + listeners.len());
        for listener in listeners {
            runtime::spawn(accepting::accept(Rc::clone(self), listener));
        }
        if self.listens_to(ServerEvents::LISTENING) {
            self.emit(ServerEventKind::Listening);
        }
        Ok(())
    }

    /// False when it was not listening.
    fn stop_listening(&self) -> bool {
        if !self.is_listening() {
            return false;
        }
        self.phase.replace(Phase::Closing);
        self.stop.notify();
        self.finish_closing();
        true
    }

    fn is_listening(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Listening { .. })
    }

    /// An accept loop is over: because the server stopped, or because the host drains, which is
    /// treated as `server.close()`.
    fn listener_ended(&self) {
        self.accepting.set(self.accepting.get() - 1);
        if self.is_listening() && self.accepting.get() == 0 {
            self.stop_listening();
            self.all_connections().iter().for_each(|connection| connection.drain());
        }
        self.finish_closing();
    }

    fn finish_closing(&self) {
        let closing = matches!(*self.phase.borrow(), Phase::Closing);
        if closing && self.accepting.get() == 0 && self.connections.borrow().is_empty() {
            self.phase.replace(Phase::Closed);
            self.emit(ServerEventKind::Close);
            self.changed.notify();
        }
    }

    /// Whether nothing is left to wait for.
    fn is_over(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Idle | Phase::Closed)
    }

    fn is_closed(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Closed)
    }

    /// Whether undelivered events have reached their bound.
    fn is_congested(&self) -> bool {
        self.events.is_full()
    }

    /// There may be room for events again.
    fn events_taken(&self) {
        if !self.is_congested() {
            // First of all: requests on open connections would fill the queue again, and nobody new would get in.
            self.room.notify();
        }
        let resumed = self.events.take_paused();
        let connections = self.connections.borrow();
        for connection in resumed.iter().filter_map(|id| connections.get(id)?.upgrade()) {
            connection.end_pause();
        }
    }

    /// Remembers a connection that waits for the application to take events.
    fn pause(&self, connection: u64) {
        self.events.pause(connection);
    }

    /// Waits until the application has taken events, if it has too many.
    async fn room_for_events(&self) {
        self.room.wait(|| (!self.is_congested() || !self.is_listening()).then_some(())).await;
    }

    /// How many connections are open.
    fn connections(&self) -> usize {
        self.connections.borrow().len()
    }

    fn remember(&self, connection: &Connection) {
        self.connections.borrow_mut().insert(connection.link.id, connection.this());
    }

    fn forget(&self, connection: u64) {
        self.connections.borrow_mut().remove(&connection);
        self.finish_closing();
    }

    fn close_idle_connections(&self) {
        self.all_connections().iter().for_each(|connection| connection.close_if_idle());
    }

    /// The connections there are now: whatever is done with them may change the map.
    fn all_connections(&self) -> Vec<Rc<Connection>> {
        self.connections.borrow().values().filter_map(Weak::upgrade).collect()
    }
}
