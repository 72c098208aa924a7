//! Node's `http.Agent`: the pool's policy (`crate::agent`) bound to connections and requests.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
};

use super::{
    connection::Connection,
    driver::{self, Source},
    exchange::Exchange,
    hooks::{AgentEvent, AgentEvents, Hooks},
    options::ConnectOptions,
};
use crate::{
    agent::{self, Assignment, Freed, Options, Pool, Pooled},
    error::Error,
    runtime::{Millis, Recorded},
    transport::{Socket, SocketEvent},
};

/// Options of an agent: Node's `new Agent(options)`. `None` means Node's default.
#[derive(Debug, Default)]
pub struct AgentOptions {
    /// What decides about connections.
    pub pool: Options,
    /// How to connect: wins over what a request says.
    pub connect: ConnectOptions,
    /// Which events and hooks are listened to.
    pub listening: AgentEvents,
    /// Milliseconds that a hook may stay unanswered; 10000.
    pub hook_timeout: Option<Millis>,
}

/// A pool of connections: Node's `http.Agent`. Clones are the same agent. Requests keep it alive; with the last
/// clone and the last request its connections are closed.
#[derive(Clone, Debug)]
pub struct Agent(Rc<Shared>);

/// What an agent's handles, its requests and its connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pool: RefCell<Pool>,
    connect: ConnectOptions,
    connections: RefCell<HashMap<u64, Rc<Connection>>>,
    waiting: RefCell<HashMap<u64, Rc<Exchange>>>,
    pub(super) hooks: Hooks,
    this: Weak<Self>,
}

thread_local! {
    static GLOBAL: RefCell<Option<Agent>> = const { RefCell::new(None) };
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
}

/// A number for a connection or a request, unique in this instance.
pub(super) fn next_id() -> u64 {
    NEXT_ID.set(NEXT_ID.get() + 1);
    NEXT_ID.get()
}

impl Agent {
    /// `new Agent(options)`.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` when `max_total_sockets` is 0.
    pub fn create(options: AgentOptions) -> Result<Self, Error> {
        let pool = Pool::new(options.pool)?;
        Ok(Self::with_pool(pool, options.connect, Hooks::new(options.listening, options.hook_timeout)))
    }

    /// `http.globalAgent`: keeps connections, idle ones for 5 seconds.
    pub fn global() -> Self {
        GLOBAL.with(|global| {
            let mut global = global.borrow_mut();
            global.get_or_insert_with(|| Self::with_options(Options::global())).clone()
        })
    }

    /// Assigns `http.globalAgent`.
    pub fn set_global(&self) {
        // The old one is dropped outside the borrow: its connections end.
        let before = GLOBAL.with(|global| global.replace(Some(self.clone())));
        drop(before);
    }

    /// An agent for one request: Node's `agent: false`.
    pub(super) fn one_shot() -> Self {
        Self::with_options(Options::default())
    }

    /// For options that are known to be valid.
    fn with_options(options: Options) -> Self {
        let pool = Pool::new(options).expect("the limits of built-in agents are valid");
        Self::with_pool(pool, ConnectOptions::default(), Hooks::default())
    }

    fn with_pool(pool: Pool, connect: ConnectOptions, hooks: Hooks) -> Self {
        let connect = connect.of_agent(pool.options());
        Self(Rc::new_cyclic(|this| Shared {
            pool: RefCell::new(pool),
            connect,
            connections: RefCell::default(),
            waiting: RefCell::default(),
            hooks,
            this: this.clone(),
        }))
    }

    /// Replaces the set of events and hooks that are listened to.
    pub fn listen_for(&self, events: AgentEvents) {
        self.0.hooks.listen_for(events);
    }

    /// Waits until [`Self::take_events`] has something to give; returns at once when nothing is listened to.
    pub async fn ready(&self) {
        self.0.hooks.ready().await;
    }

    /// Takes at most `max` events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<AgentEvent>> {
        self.0.hooks.take(max)
    }

    /// Answers a `createConnection` hook.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`: no such hook waits.
    pub fn reply_create_connection(
        &self,
        hook: u64,
        reply: Result<super::Transport, Error>,
    ) -> Result<(), Error> {
        let (name, exchange, _) = self.0.hooks.take_create(hook)?;
        match reply {
            Ok(transport) => {
                let connection = transport.into_connection(self.0.connect.high_water_mark());
                self.0.bind(&name, connection, &exchange);
            }
            Err(error) => self.0.fail_to_connect(&name, &exchange, error),
        }
        Ok(())
    }

    /// Answers a `keepSocketAlive` hook.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`: no such hook waits.
    pub fn reply_keep_socket_alive(&self, hook: u64, keep: bool) -> Result<(), Error> {
        let (connection, hint) = self.0.hooks.take_keep(hook)?;
        if keep {
            self.0.keep(&connection, hint)
        } else {
            connection.destroy()
        }
        Ok(())
    }

    /// `agent.createConnection()`, not overridden: a connection of the application's own.
    ///
    /// # Errors
    /// Those of [`ConnectOptions::validate`].
    pub fn create_connection(&self, options: &ConnectOptions) -> Result<Socket, Error> {
        let options = options.overridden_by(&self.0.connect);
        options.validate()?;
        let connection = Connection::new(next_id(), None, options.high_water_mark());
        prepare(&connection, &options);
        let socket = connection.socket();
        driver::begin(&connection, Source::Connect(Box::new(options)));
        Ok(socket)
    }

    /// `agent.destroy()`: ends every connection. Requests that wait get new ones.
    pub fn destroy(&self) {
        let all = self.0.pool.borrow().all_sockets();
        for id in all {
            if let Some(connection) = self.0.connection(id) {
                connection.destroy();
            }
        }
    }

    /// `agent.sockets`.
    pub fn sockets(&self) -> Vec<(String, Vec<Socket>)> {
        let sockets = self.0.pool.borrow().sockets();
        self.0.handles(sockets)
    }

    /// `agent.freeSockets`.
    pub fn free_sockets(&self) -> Vec<(String, Vec<Socket>)> {
        let sockets = self.0.pool.borrow().free_sockets();
        self.0.handles(sockets)
    }

    /// `agent.requests`, as numbers.
    pub fn requests(&self) -> Vec<(String, usize)> {
        self.0.pool.borrow().requests()
    }

    /// The options as they hold now.
    pub fn options(&self) -> Options {
        self.0.pool.borrow().options().clone()
    }

    /// Sets `agent.maxSockets`.
    pub fn set_max_sockets(&self, count: Option<u32>) {
        self.0.pool.borrow_mut().set_max_sockets(count);
    }

    /// Sets `agent.maxFreeSockets`.
    pub fn set_max_free_sockets(&self, count: u32) {
        self.0.pool.borrow_mut().set_max_free_sockets(count);
    }

    /// Sets `agent.maxTotalSockets`.
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` for 0.
    pub fn set_max_total_sockets(&self, count: Option<u32>) -> Result<(), Error> {
        self.0.pool.borrow_mut().set_max_total_sockets(count)
    }

    /// Whether nobody else has it.
    pub(super) fn is_last(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    /// The idle timeout of its connections.
    pub(super) fn timeout(&self) -> Option<Millis> {
        self.0.pool.borrow().options().timeout
    }

    /// Whether its requests say `Connection: keep-alive` (AG3).
    pub(super) fn keeps_requests_alive(&self) -> bool {
        self.0.pool.borrow().keeps_requests_alive()
    }

    /// How a request to it is connected.
    pub(super) fn connect_options(&self, own: &ConnectOptions) -> ConnectOptions {
        own.overridden_by(&self.0.connect)
    }

    /// `agent.addRequest()`: finds a connection for the request.
    pub(super) fn assign(&self, exchange: &Rc<Exchange>) {
        let options = self.connect_options(&exchange.settings.connect);
        let name = options.agent_name();
        let assignment = self.0.pool.borrow_mut().add_request(&name, exchange.id);
        match assignment {
            Assignment::Reuse(id) => {
                // The pool and the map are changed together.
                let connection = self.0.connection(id).expect("a pooled connection exists");
                self.0.hooks.tell(AgentEvents::REUSE_SOCKET, || AgentEvent::ReuseSocket(connection.socket()));
                connection.attach(exchange, true);
            }
            Assignment::Connect => self.0.connect(&name, exchange, options),
            Assignment::Wait => {
                self.0.waiting.borrow_mut().insert(exchange.id, Rc::clone(exchange));
            }
        }
    }

    /// A request was destroyed before it had a connection.
    pub(super) fn cancel(&self, exchange: &Exchange) {
        self.0.pool.borrow_mut().cancel(exchange.id);
        let waiting = self.0.waiting.borrow_mut().remove(&exchange.id);
        drop(waiting);
    }
}

impl Shared {
    fn connection(&self, id: u64) -> Option<Rc<Connection>> {
        self.connections.borrow().get(&id).cloned()
    }

    fn handles(&self, sockets: Vec<(String, Vec<u64>)>) -> Vec<(String, Vec<Socket>)> {
        let handles = |ids: Vec<u64>| {
            ids.into_iter()
                .filter_map(|id| self.connection(id))
                .map(|connection| connection.socket())
                .collect()
        };
        sockets.into_iter().map(|(name, ids)| (name, handles(ids))).collect()
    }

    /// `agent.createSocket()`: makes the connection that the pool has counted already.
    fn connect(&self, name: &str, exchange: &Rc<Exchange>, options: ConnectOptions) {
        if self.hooks.listens_to(AgentEvents::CREATE_CONNECTION) {
            let refused = self.hooks.ask_create(&self.this, name, exchange, options);
            if let Some(options) = refused {
                self.connect_by_default(name, exchange, options);
            }
        } else {
            self.connect_by_default(name, exchange, options);
        }
    }

    pub(super) fn connect_by_default(&self, name: &str, exchange: &Rc<Exchange>, options: ConnectOptions) {
        let connection = Connection::new(next_id(), Some(self.this.clone()), options.high_water_mark());
        prepare(&connection, &options);
        self.bind(name, Some(Rc::clone(&connection)), exchange);
        driver::begin(&connection, Source::Connect(Box::new(options)));
    }

    /// The connection in the making for `name` exists now, and is for `exchange`.
    fn bind(&self, name: &str, connection: Option<Rc<Connection>>, exchange: &Rc<Exchange>) {
        let Some(connection) = connection else {
            return self.fail_to_connect(name, exchange, Error::socket_hang_up());
        };
        connection.join(self.this.clone());
        self.pool.borrow_mut().connected(name, connection.id);
        self.connections.borrow_mut().insert(connection.id, Rc::clone(&connection));
        if exchange.is_closed() {
            self.freed(&connection, false, None);
        } else {
            connection.attach(exchange, false);
        }
    }

    /// There is no connection for `exchange`.
    fn fail_to_connect(&self, name: &str, exchange: &Rc<Exchange>, error: Error) {
        exchange.connection_gone(Some(error));
        let next = self.pool.borrow_mut().connect_failed(name);
        self.connect_next(next);
    }

    /// The event 'free': the connection's request is over. `hint` is the response's `Keep-Alive`.
    pub(super) fn freed(&self, connection: &Rc<Connection>, keeps_alive: bool, hint: Option<&str>) {
        connection.events.record(SocketEvent::Free);
        self.hooks.tell(AgentEvents::FREE, || AgentEvent::Free(connection.socket()));
        if !connection.is_reusable() {
            return connection.destroy();
        }
        let freed = self.pool.borrow_mut().freed(connection.id, keeps_alive);
        match freed {
            Freed::Assign(request) => self.serve(connection, request),
            Freed::Offer => {
                let hint = hint.and_then(agent::keep_alive_hint);
                let asked = self.hooks.listens_to(AgentEvents::KEEP_SOCKET_ALIVE)
                    && self.hooks.ask_keep(&self.this, connection, hint);
                if !asked {
                    self.keep(connection, hint);
                }
            }
            Freed::Destroy => connection.destroy(),
        }
    }

    /// `agent.keepSocketAlive()` by default, and what follows when it says yes (AG11, I-32).
    pub(super) fn keep(&self, connection: &Rc<Connection>, hint: Option<Millis>) {
        let options = self.pool.borrow().options().clone();
        let timeout = agent::idle_timeout(options.timeout, hint);
        let Some(timeout) = timeout.filter(|_| connection.is_reusable()) else {
            return connection.destroy();
        };
        connection.set_keep_alive(true, options.keep_alive_msecs);
        connection.set_idle_timeout(timeout);
        let pooled = self.pool.borrow_mut().pool(connection.id);
        match pooled {
            Pooled::Kept(next) => self.connect_next(next),
            Pooled::Assign(request) => self.serve(connection, request),
            Pooled::Destroy => connection.destroy(),
        }
    }

    /// Gives a connection to a request that waited.
    fn serve(&self, connection: &Rc<Connection>, request: u64) {
        let exchange = self.waiting.borrow_mut().remove(&request);
        // The pool and the map are changed together.
        connection.attach(&exchange.expect("a waiting request exists"), false);
    }

    /// The event 'close' of a connection.
    pub(super) fn closed(&self, id: u64) {
        let connection = self.connections.borrow_mut().remove(&id);
        let next = self.pool.borrow_mut().closed(id);
        drop(connection);
        self.connect_next(next);
    }

    /// The event 'agentRemove' of a connection.
    pub(super) fn removed(&self, id: u64) {
        self.closed(id);
    }

    pub(super) fn is_free(&self, id: u64) -> bool {
        self.pool.borrow().is_free(id)
    }

    /// Makes a connection to an origin for which requests wait.
    fn connect_next(&self, name: Option<String>) {
        let mut next = name;
        while let Some(name) = next {
            let request = self.pool.borrow_mut().next_waiting(&name);
            let exchange = request.and_then(|request| self.waiting.borrow_mut().remove(&request));
            match exchange {
                Some(exchange) => {
                    let options = exchange.settings.connect.overridden_by(&self.connect);
                    return self.connect(&name, &exchange, options);
                }
                None => next = self.pool.borrow_mut().connect_failed(&name),
            }
        }
    }
}

impl Drop for Shared {
    /// Nobody can use the pooled connections any more.
    fn drop(&mut self) {
        for connection in self.connections.get_mut().values() {
            connection.destroy();
        }
    }
}

/// What `net.createConnection` sets before it connects.
fn prepare(connection: &Rc<Connection>, options: &ConnectOptions) {
    if let Some(delay) = options.keep_alive() {
        connection.set_keep_alive(true, delay);
    }
    if let Some(timeout) = options.timeout {
        connection.set_idle_timeout(timeout);
    }
}
