//! What an agent does with connections and requests, as its pool decides.

use std::rc::Rc;

use super::{
    agent::Shared,
    connection::Connection,
    driver::{self, Source},
    exchange::Exchange,
    hooks::{AgentEvent, AgentEvents},
    options::ConnectOptions,
};
use crate::{
    agent::{self, Freed, Pooled},
    error::Error,
    runtime::{self, Span},
    transport::{Socket, SocketEvent},
};

impl Shared {
    pub(super) fn connection(&self, id: u64) -> Option<Rc<Connection>> {
        self.connections.borrow().get(&id).cloned()
    }

    pub(super) fn handles(&self, sockets: Vec<(String, Vec<u64>)>) -> Vec<(String, Vec<Socket>)> {
        let handles = |ids: Vec<u64>| {
            ids.into_iter()
                .filter_map(|id| self.connection(id))
                .map(|connection| connection.socket())
                .collect()
        };
        sockets.into_iter().map(|(name, ids)| (name, handles(ids))).collect()
    }

    /// `agent.createSocket()`: makes the connection that the pool has counted already.
    pub(super) fn connect(&self, name: &str, exchange: &Rc<Exchange>) {
        let options = exchange.settings.connect.clone();
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
        let connection = Connection::new(Some(self.this.clone()), options.high_water_mark());
        connection.link.prepare(options.keep_alive(), options.idle_timeout());
        self.bind(name, Some(Rc::clone(&connection)), exchange);
        driver::begin(&connection, Source::Connect(Box::new(options)));
    }

    /// The connection in the making for `name` exists now, and is for `exchange`.
    pub(super) fn bind(&self, name: &str, connection: Option<Rc<Connection>>, exchange: &Rc<Exchange>) {
        let Some(connection) = connection else {
            return self.fail_to_connect(name, exchange, Error::socket_hang_up());
        };
        connection.join(self.this.clone());
        self.pool.borrow_mut().connected(name, connection.id());
        self.connections.borrow_mut().insert(connection.id(), Rc::clone(&connection));
        if exchange.destroyed.get() {
            self.freed(&connection, false, None);
        } else {
            connection.attach(exchange, false);
        }
    }

    /// There is no connection for `exchange`.
    pub(super) fn fail_to_connect(&self, name: &str, exchange: &Rc<Exchange>, error: Error) {
        exchange.connection_gone(Some(error));
        let next = self.pool.borrow_mut().connect_failed(name);
        self.connect_next(next);
    }

    /// The event 'free': the connection's request is over. `hint` is the response's `Keep-Alive`.
    pub(super) fn freed(&self, connection: &Rc<Connection>, keeps_alive: bool, hint: Option<&str>) {
        connection.link.events.record(SocketEvent::Free);
        self.hooks.tell(AgentEvents::FREE, || AgentEvent::Free(connection.socket()));
        if !connection.is_reusable() {
            return connection.link.destroy();
        }
        let freed = self.pool.borrow_mut().freed(connection.id(), keeps_alive);
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
            Freed::Destroy => connection.link.destroy(),
        }
    }

    /// `agent.keepSocketAlive()` by default, and what follows when it says yes (AG11, I-32).
    pub(super) fn keep(&self, connection: &Rc<Connection>, hint: Option<u32>) {
        let (timeout, silence) = {
            let pool = self.pool.borrow();
            let options = pool.options();
            (agent::idle_timeout(options.timeout, hint), options.keep_alive_msecs)
        };
        let Some(timeout) = timeout.filter(|_| connection.is_reusable()) else {
            return connection.link.destroy();
        };
        connection.link.set_keep_alive(true, Span::millis(silence));
        connection.link.set_idle_timeout(Span::millis(timeout));
        let pooled = self.pool.borrow_mut().pool(connection.id());
        match pooled {
            Pooled::Kept(next) => self.connect_next(next),
            Pooled::Assign(request) => self.serve(connection, request),
            Pooled::Destroy => connection.link.destroy(),
        }
    }

    /// Gives a connection to a request that waited, once whoever has just read the end of the response before has had
    /// the word: it may destroy the connection.
    fn serve(&self, connection: &Rc<Connection>, request: u64) {
        let exchange = self.waiting.borrow_mut().remove(&request);
        // The pool and the map are changed together.
        let exchange = exchange.expect("a waiting request exists");
        let connection = Rc::clone(connection);
        runtime::spawn(async move {
            match connection.agent() {
                Some(agent) if exchange.destroyed.get() => agent.freed(&connection, false, None),
                Some(_) if connection.is_reusable() => connection.attach(&exchange, false),
                _ => exchange.find_another_connection(),
            }
        });
    }

    /// The event 'close' of a connection, or 'agentRemove'.
    pub(super) fn closed(&self, id: u64) {
        let connection = self.connections.borrow_mut().remove(&id);
        let next = self.pool.borrow_mut().closed(id);
        drop(connection);
        self.connect_next(next);
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
                Some(exchange) => return self.connect(&name, &exchange),
                None => next = self.pool.borrow_mut().connect_failed(&name),
            }
        }
    }
}
