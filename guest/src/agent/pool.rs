//! The pool itself.

use super::{
    ById, RequestId, SocketId,
    options::{self, Options, Scheduling},
    origins::{Key, Kind, Origins, Position},
};
use crate::error::Error;

/// What a new request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// This free connection, in use from now on. The one case in which `request.reusedSocket` is true (I-35).
    Reuse(SocketId),
    /// A connection is to be made for it. It counts until [`Pool::connected`] or [`Pool::connect_failed`].
    Connect,
    /// A place at the end of its origin's queue.
    Wait,
}

/// What becomes of a connection whose request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// It stays in use, for this request, the oldest of its origin that waited.
    Assign(RequestId),
    /// It may be pooled: ask `keepSocketAlive`, then [`Pool::pool`] it or destroy it.
    Offer,
    /// It is to be destroyed; [`Pool::closed`] follows.
    Destroy,
}

/// What becomes of a connection that `keepSocketAlive` wants to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pooled {
    /// It is free, and a connection may have to be made for another origin.
    Kept(Option<String>),
    /// While `keepSocketAlive` was asked, this request began to wait: the connection stays in use, for it.
    Assign(RequestId),
    /// While `keepSocketAlive` was asked, the pool filled up: the connection is to be destroyed.
    Destroy,
}

/// Node's `Agent` without its sockets: `addRequest`, `createSocket`, `removeSocket`, and what happens on the events
/// `free`, `close` and `agentRemove`. An origin is what [`name()`](super::name()) answers.
///
/// A connection in the making counts as one in use. In Node that is only different where `createConnection`
/// answers later, through its callback: there it counts from then on, and limits can be exceeded meanwhile.
///
/// Node also exceeds `maxTotalSockets` when it pools the connection of one origin and makes one for another that
/// waits. Here the limit holds: the connection that became free is closed to make room.
#[derive(Debug)]
pub struct Pool {
    options: Options,
    origins: Origins,
    /// Where each connection is.
    places: ById<Position>,
    /// Where each waiting request is.
    waiting: ById<Position>,
    /// How many connections are in the making.
    connecting: usize,
}

/// What happens to requests and connections.
impl Pool {
    /// A pool without connections.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` when `max_total_sockets` is 0.
    pub fn new(options: Options) -> Result<Self, Error> {
        Ok(Self {
            options: options.normalized()?,
            origins: Origins::default(),
            places: ById::default(),
            waiting: ById::default(),
            connecting: 0,
        })
    }

    /// `agent.addRequest`: finds a connection for `request`.
    pub fn add_request(&mut self, name: &str, request: RequestId) -> Assignment {
        let origin = self.origins.find_or_make(name);
        let free = match self.options.scheduling {
            Scheduling::Lifo => self.origins.pop_last(origin, Kind::Free),
            Scheduling::Fifo => self.origins.pop_first(origin, Kind::Free),
        };
        if let Some(socket) = free {
            self.places.insert(socket, self.origins.push(origin, Kind::InUse, socket));
            Assignment::Reuse(socket)
        } else if self.may_connect(origin) {
            self.begin_connecting(origin);
            Assignment::Connect
        } else {
            self.waiting.insert(request, self.origins.push(origin, Kind::Waiting, request));
            Assignment::Wait
        }
    }

    /// The connection in the making for `name` exists now, and is in use. For Node's own `createConnection` that is
    /// at once, while TCP still connects: `agent.sockets` shows connecting sockets too.
    pub fn connected(&mut self, name: &str, socket: SocketId) {
        let origin = self.origins.find_or_make(name);
        self.end_connecting(origin);
        self.places.insert(socket, self.origins.push(origin, Kind::InUse, socket));
    }

    /// The connection in the making for `name` will not exist. The request that it was made for should have left the
    /// queue ([`Self::next_waiting`]) before; answers as [`Self::closed`].
    pub fn connect_failed(&mut self, name: &str) -> Option<String> {
        let origin = self.origins.find_or_make(name);
        self.end_connecting(origin);
        self.leave(origin)
    }

    /// The event `free` of a connection: its request is over, or the request that it was made for has gone.
    /// `keeps_alive` is the request's `shouldKeepAlive`, and false when there is none.
    pub fn freed(&mut self, socket: SocketId, keeps_alive: bool) -> Freed {
        let Some(origin) = self.origin_in_use(socket) else { return Freed::Destroy };
        if let Some(request) = self.pop_waiting(origin) {
            Freed::Assign(request)
        } else if keeps_alive && self.options.keep_alive && self.has_room_for_free(origin) {
            Freed::Offer
        } else {
            Freed::Destroy
        }
    }

    /// Moves a connection that was offered to the free ones. All is judged again, as much can happen while
    /// `keepSocketAlive` is asked, which in Node takes no time.
    pub fn pool(&mut self, socket: SocketId) -> Pooled {
        let Some(origin) = self.origin_in_use(socket) else { return Pooled::Destroy };
        if let Some(request) = self.pop_waiting(origin) {
            return Pooled::Assign(request);
        }
        if !self.has_room_for_free(origin) {
            return Pooled::Destroy;
        }
        if let Some(place) = self.places.get_mut(&socket) {
            self.origins.remove(*place);
            *place = self.origins.push(origin, Kind::Free, socket);
        }
        Pooled::Kept(self.connect_next(origin))
    }

    /// The event `close` of a connection, wherever it was. Answers the origin to which a connection is to be made
    /// now, counted as in the making already: its own if requests wait for it, else the first of those that wait
    /// and have none (I-34).
    pub fn closed(&mut self, socket: SocketId) -> Option<String> {
        let position = self.places.remove(&socket)?;
        self.origins.remove(position);
        self.leave(position.origin)
    }

    /// The event `agentRemove` of a connection: as [`Self::closed`], although it lives on. Its own `free` and `close`
    /// mean nothing here any more.
    pub fn remove(&mut self, socket: SocketId) -> Option<String> {
        self.closed(socket)
    }

    /// Takes the oldest waiting request of an origin out of the queue, for a connection that was made for it. With
    /// none left the connection is [`Self::freed`].
    pub fn next_waiting(&mut self, name: &str) -> Option<RequestId> {
        let origin = self.origins.find(name)?;
        let request = self.pop_waiting(origin);
        self.origins.settle(origin);
        request
    }

    /// A request was destroyed: if it waited, it does no more. In Node it stays in the queue until its turn.
    pub fn cancel(&mut self, request: RequestId) {
        if let Some(position) = self.waiting.remove(&request) {
            self.origins.remove(position);
            self.origins.settle(position.origin);
        }
    }
}

/// What can be seen and set from outside.
impl Pool {
    /// The options as they hold now.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Whether requests start with `Connection: keep-alive`: a connection can only serve another request if it is
    /// kept, or if requests wait for it (AG3).
    #[must_use]
    pub const fn keeps_requests_alive(&self) -> bool {
        self.options.keep_alive || self.options.max_sockets.is_some()
    }

    /// `agent.sockets`: the connections in use. Origins without any are left out; Node has some, with empty lists.
    #[must_use]
    pub fn sockets(&self) -> Vec<(String, Vec<SocketId>)> {
        self.origins.lists(Kind::InUse)
    }

    /// `agent.freeSockets`.
    #[must_use]
    pub fn free_sockets(&self) -> Vec<(String, Vec<SocketId>)> {
        self.origins.lists(Kind::Free)
    }

    /// `agent.requests`, as numbers.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, usize)> {
        self.queued().into_iter().map(|(origin, requests)| (origin, requests.len())).collect()
    }

    /// `agent.requests`: who waits, by origin.
    #[must_use]
    pub fn queued(&self) -> Vec<(String, Vec<RequestId>)> {
        self.origins.lists(Kind::Waiting)
    }

    /// `agent.totalSocketCount`: connections in use, free and in the making.
    #[must_use]
    pub fn total_sockets(&self) -> usize {
        self.places.len() + self.connecting
    }

    /// All connections in the order in which `agent.destroy` destroys them.
    #[must_use]
    pub fn all_sockets(&self) -> Vec<SocketId> {
        self.free_sockets().into_iter().chain(self.sockets()).flat_map(|(_, sockets)| sockets).collect()
    }

    /// Whether the connection is free: one that times out in the pool is destroyed.
    #[must_use]
    pub fn is_free(&self, socket: SocketId) -> bool {
        self.places.get(&socket).is_some_and(|place| place.kind == Kind::Free)
    }

    /// Whether the connection belongs to the pool, in use or free.
    #[must_use]
    pub fn contains(&self, socket: SocketId) -> bool {
        self.places.contains_key(&socket)
    }

    /// Sets `agent.maxSockets`, for later requests.
    pub fn set_max_sockets(&mut self, count: Option<u32>) {
        self.options.max_sockets = options::max_sockets(count);
    }

    /// Sets `agent.maxFreeSockets`.
    pub const fn set_max_free_sockets(&mut self, count: u32) {
        self.options.max_free_sockets = options::max_free_sockets(count);
    }

    /// Sets `agent.maxTotalSockets`, for later requests.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` for 0; the limit stays as it was.
    pub fn set_max_total_sockets(&mut self, count: Option<u32>) -> Result<(), Error> {
        self.options.max_total_sockets = options::max_total_sockets(count)?;
        Ok(())
    }
}

impl Pool {
    /// The rest of `agent.removeSocket`: the limits have room again, so who gets a connection?
    fn connect_next(&mut self, origin: Key) -> Option<String> {
        if self.waiting.is_empty() {
            return None;
        }
        let own = self.origins.len(origin, Kind::Waiting) > 0 && self.may_connect(origin);
        let next = if own { origin } else { self.origin_left_out()? };
        if !self.may_connect(next) {
            return None;
        }
        self.begin_connecting(next);
        self.origins.name(next).map(|name| name.as_ref().to_owned())
    }

    /// As [`Self::connect_next`], after which the origin may have nothing any more.
    fn leave(&mut self, origin: Key) -> Option<String> {
        let next = self.connect_next(origin);
        self.origins.settle(origin);
        next
    }

    /// The first origin for which requests wait and nothing is or becomes connected. Node looks no further than the
    /// first origin that waits.
    fn origin_left_out(&self) -> Option<Key> {
        self.origins.waiting().find(|origin| self.busy(*origin) == 0)
    }

    fn pop_waiting(&mut self, origin: Key) -> Option<RequestId> {
        let request = self.origins.pop_first(origin, Kind::Waiting)?;
        self.waiting.remove(&request);
        Some(request)
    }

    fn may_connect(&self, origin: Key) -> bool {
        below(self.count(origin), self.options.max_sockets)
            && below(self.total_sockets(), self.options.max_total_sockets)
    }

    /// I-33, but for what the caller knows: the limits hold and no other origin needs the room.
    fn has_room_for_free(&self, origin: Key) -> bool {
        let total = self.total_sockets();
        !above(total, self.options.max_total_sockets)
            && !above(self.count(origin), self.options.max_sockets)
            && below(self.origins.len(origin, Kind::Free), Some(self.options.max_free_sockets))
            && (below(total, self.options.max_total_sockets) || self.origin_left_out().is_none())
    }

    /// All connections of an origin.
    fn count(&self, origin: Key) -> usize {
        self.busy(origin) + self.origins.len(origin, Kind::Free)
    }

    /// Those in use and in the making.
    fn busy(&self, origin: Key) -> usize {
        self.origins.len(origin, Kind::InUse) + self.origins.connecting(origin)
    }

    fn begin_connecting(&mut self, origin: Key) {
        self.origins.begin_connecting(origin);
        self.connecting += 1;
    }

    fn end_connecting(&mut self, origin: Key) {
        let any = self.origins.end_connecting(origin);
        debug_assert!(any, "no connection to {:?} is in the making", self.origins.name(origin));
        self.connecting -= usize::from(any);
    }

    fn origin_in_use(&self, socket: SocketId) -> Option<Key> {
        let place = self.places.get(&socket)?;
        (place.kind == Kind::InUse).then_some(place.origin)
    }
}

fn below(count: usize, limit: Option<u32>) -> bool {
    limit.is_none_or(|limit| count < limit as usize)
}

fn above(count: usize, limit: Option<u32>) -> bool {
    limit.is_some_and(|limit| count > limit as usize)
}
