//! Node's `WebSocket`, at both ends of a connection.
//!
//! How a message reads: `transport::Socket` → [`connection`], the one loop, gives the bytes to `frames::Connection` →
//! [`events`] keeps the message until the application takes it; while too many wait nothing more is read. How one is
//! sent: `frames::Connection` → the link's output, which `buffered_amount` looks at.
//!
//! A client's opening handshake is a `client::ClientRequest` ([`connecting`]), a server's answers what an `upgrade` event
//! brought ([`accepting`]). Everything but the two loops and the waiting methods is synchronous.
//!
//! # A server in Rust
//!
//! ```no_run
//! use node_http::server::{ServerEvent, ServerEventKind};
//! use node_http::web_socket::{AcceptOptions, WebSocket};
//!
//! fn greet(event: ServerEvent) -> Result<Option<WebSocket>, node_http::error::Error> {
//!     let ServerEventKind::Upgrade(upgrade) = event.kind else { return Ok(None) };
//!     WebSocket::accept(&upgrade.request, upgrade.socket, upgrade.head, AcceptOptions::default()).map(Some)
//! }
//! ```

mod accepting;
mod address;
mod connecting;
mod connection;
mod events;
mod handshake;
mod options;
mod random;
mod state;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use self::state::Shared;
pub use self::{
    events::{CloseEvent, WebSocketEvent},
    options::{AcceptOptions, ConnectOptions, Limits, Settings},
    state::ReadyState,
};
pub use crate::frames::{DeflateOptions, Message};
use crate::{
    error::Error,
    frames::{CloseFrame, close},
    runtime::Recorded,
    transport::{IncomingMessage, Socket},
};

/// A connection. Dropping it starts the closing handshake with code 1001.
#[derive(Debug)]
pub struct WebSocket(Rc<Shared>);

impl WebSocket {
    /// `new WebSocket(url, protocols)`: compression is offered, everything else is as [`ConnectOptions`] has it.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn create(url: &str, protocols: &[String]) -> Result<Self, Error> {
        let settings = Settings { deflate: Some(DeflateOptions::default()), ..Settings::default() };
        Self::connect(url, protocols, ConnectOptions { settings, ..ConnectOptions::default() })
    }

    /// The same with options.
    ///
    /// # Errors
    /// `SyntaxError` for the URL and the protocols, `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for `wss:`, and those of
    /// header fields and of a request.
    pub fn connect(url: &str, protocols: &[String], options: ConnectOptions<'_>) -> Result<Self, Error> {
        connecting::start(url, protocols, options).map(Self)
    }

    /// Answers the request of an `upgrade` event: 101, or a refusal that is sent in any case of an error, after which
    /// the connection ends.
    ///
    /// # Errors
    /// - `ERR_WEB_SOCKET_HANDSHAKE`: the request asks for no WebSocket, or for one that there is not.
    /// - `SyntaxError`: a protocol is no token, or twice there.
    /// - Those of header fields. Nothing is sent then, and the connection is destroyed.
    pub fn accept(
        request: &IncomingMessage,
        socket: Socket,
        head: Vec<u8>,
        options: AcceptOptions,
    ) -> Result<Self, Error> {
        accepting::accept(request, socket, head, options).map(Self)
    }

    /// Waits until [`Self::take_events`] has something to give, or the connection is closed.
    pub async fn ready(&self) {
        self.0.events.ready().await;
    }

    /// Notes events under this number, which is not 0: see [`crate::runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.events.watch(number);
    }

    /// Takes at most `max` events, oldest first.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<WebSocketEvent>> {
        let taken = self.0.events.take(max);
        if let Some(open) = self.0.open() {
            open.taken(&self.0.events);
        }
        taken
    }

    /// `url`; empty for a connection that was accepted.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// `readyState`.
    pub fn ready_state(&self) -> ReadyState {
        self.0.ready_state()
    }

    /// `bufferedAmount`: bytes of messages that the operating system has not taken.
    pub fn buffered_amount(&self) -> u64 {
        self.0.buffered_amount()
    }

    /// `protocol`: what the server chose.
    pub fn protocol(&self) -> &str {
        self.0.agreed().map_or("", |agreed| &agreed.protocol)
    }

    /// `extensions`: what the server agreed to.
    pub fn extensions(&self) -> &str {
        self.0.agreed().map_or("", |agreed| &agreed.extensions)
    }

    /// `send()`. After `close` the message only counts for [`Self::buffered_amount`].
    ///
    /// # Errors
    /// `InvalidStateError` while the connection is not open yet.
    pub fn send(&self, message: Message) -> Result<(), Error> {
        self.0.send(message)
    }

    /// Waits until everything that was sent is with the operating system, or the connection is closed.
    pub async fn drain(&self) {
        self.0.drain().await;
    }

    /// `close()`. A reason without a code goes with 1000.
    ///
    /// # Errors
    /// `InvalidAccessError` for a code that is neither 1000 nor in 3000–4999, `SyntaxError` for a reason of more than 123
    /// bytes.
    pub fn close(&self, code: Option<u16>, reason: Option<String>) -> Result<(), Error> {
        if code.is_some_and(|code| !matches!(code, close::NORMAL | 3000..=4999)) {
            return Err(Error::invalid_close_code());
        }
        let reason = reason.unwrap_or_default();
        if reason.len() > close::LONGEST_REASON {
            let message = format!("Reason must be less than 123 bytes; received {}", reason.len());
            return Err(Error::syntax_error(message));
        }
        let code = code.or_else(|| (!reason.is_empty()).then_some(close::NORMAL));
        self.0.close(&CloseFrame { code, reason });
        Ok(())
    }

    /// Ends the connection at once, without a closing handshake.
    pub fn terminate(&self) {
        self.0.give_up(None);
    }

    /// Waits until the connection is closed.
    pub async fn closed(&self) {
        self.0.events.over().await;
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.0.events.abandon();
        self.0.close(&CloseFrame { code: Some(close::GOING_AWAY), reason: String::new() });
    }
}
