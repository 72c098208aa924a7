//! `node:http/web-socket`.

use super::{
    Component,
    bindings::exports::node::http::{
        agent::AgentBorrow,
        incoming_message::IncomingMessageBorrow,
        net::Socket,
        web_socket::{
            AcceptOptions, CloseEvent, ConnectOptions, DeflateOptions, Error, Guest, GuestWebSocket, Limits,
            Message, ReadyState, WebSocket as Handle, WebSocketEvent, WebSocketEventKind,
        },
    },
    convert,
};
use crate::{
    client,
    runtime::{Recorded, Span},
    web_socket::{self, WebSocket},
};

impl Guest for Component {
    type WebSocket = WebSocket;
}

impl GuestWebSocket for WebSocket {
    fn create(url: String, protocols: Vec<String>) -> Result<Handle, Error> {
        Ok(Handle::new(Self::create(&url, &protocols)?))
    }

    fn connect(
        url: String,
        protocols: Vec<String>,
        options: ConnectOptions,
        agent: Option<AgentBorrow<'_>>,
    ) -> Result<Handle, Error> {
        let defaults = web_socket::ConnectOptions::default();
        let options = web_socket::ConnectOptions {
            agent: agent.as_ref().map(AgentBorrow::get),
            connection: options.connection.map(client::Transport::from),
            headers: options.headers,
            handshake_timeout: options.handshake_timeout.map_or(defaults.handshake_timeout, Span::millis),
            settings: settings(options.limits, options.ping_interval, options.deflate),
        };
        Ok(Handle::new(Self::connect(&url, &protocols, options)?))
    }

    fn accept(
        request: IncomingMessageBorrow<'_>,
        socket: Socket,
        head: Vec<u8>,
        options: Option<AcceptOptions>,
    ) -> Result<Handle, Error> {
        let options = options.map(web_socket::AcceptOptions::from).unwrap_or_default();
        Ok(Handle::new(Self::accept(request.get(), socket.into_inner(), head, options)?))
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<WebSocketEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(WebSocketEvent::from).collect()
    }

    fn url(&self) -> String {
        Self::url(self).to_owned()
    }

    fn ready_state(&self) -> ReadyState {
        match Self::ready_state(self) {
            web_socket::ReadyState::Connecting => ReadyState::Connecting,
            web_socket::ReadyState::Open => ReadyState::Open,
            web_socket::ReadyState::Closing => ReadyState::Closing,
            web_socket::ReadyState::Closed => ReadyState::Closed,
        }
    }

    fn buffered_amount(&self) -> u64 {
        Self::buffered_amount(self)
    }

    fn protocol(&self) -> String {
        Self::protocol(self).to_owned()
    }

    fn extensions(&self) -> String {
        Self::extensions(self).to_owned()
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        let message = match message {
            Message::Text(text) => web_socket::Message::Text(text),
            Message::Binary(bytes) => web_socket::Message::Binary(bytes),
        };
        Ok(Self::send(self, message)?)
    }

    async fn drain(&self) {
        Self::drain(self).await;
    }

    fn close(&self, code: Option<u16>, reason: Option<String>) -> Result<(), Error> {
        Ok(Self::close(self, code, reason)?)
    }

    fn terminate(&self) {
        Self::terminate(self);
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }
}

fn settings(
    limits: Option<Limits>,
    ping_interval: Option<u32>,
    deflate: Option<DeflateOptions>,
) -> web_socket::Settings {
    web_socket::Settings {
        limits: limits.map(web_socket::Limits::from).unwrap_or_default(),
        ping_interval: ping_interval.map_or(Span::NONE, Span::millis),
        deflate: deflate.map(web_socket::DeflateOptions::from),
    }
}

impl From<AcceptOptions> for web_socket::AcceptOptions {
    fn from(options: AcceptOptions) -> Self {
        Self {
            protocols: options.protocols,
            headers: options.headers,
            settings: settings(options.limits, options.ping_interval, options.deflate),
        }
    }
}

impl From<Limits> for web_socket::Limits {
    fn from(limits: Limits) -> Self {
        let defaults = Self::default();
        let size = |given: Option<u64>, default| {
            given.map_or(default, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
        };
        Self {
            max_message_size: size(limits.max_message_size, defaults.max_message_size),
            max_frame_size: limits.max_frame_size.unwrap_or(defaults.max_frame_size),
            high_water_mark: size(limits.high_water_mark, defaults.high_water_mark),
            max_buffered_amount: size(limits.max_buffered_amount, defaults.max_buffered_amount),
            close_timeout: limits.close_timeout.map_or(defaults.close_timeout, Span::millis),
        }
    }
}

impl From<DeflateOptions> for web_socket::DeflateOptions {
    fn from(options: DeflateOptions) -> Self {
        let defaults = Self::default();
        Self {
            threshold: options.threshold.map_or(defaults.threshold, |bytes| bytes as usize),
            server_no_context_takeover: options.server_no_context_takeover.unwrap_or(false),
            client_no_context_takeover: options.client_no_context_takeover.unwrap_or(false),
            server_max_window_bits: options.server_max_window_bits,
            client_max_window_bits: options.client_max_window_bits,
        }
    }
}

impl From<Recorded<web_socket::WebSocketEvent>> for WebSocketEvent {
    fn from(event: Recorded<web_socket::WebSocketEvent>) -> Self {
        let kind = match event.kind {
            web_socket::WebSocketEvent::Open => WebSocketEventKind::Open,
            web_socket::WebSocketEvent::Message(web_socket::Message::Text(text)) => {
                WebSocketEventKind::Message(Message::Text(text))
            }
            web_socket::WebSocketEvent::Message(web_socket::Message::Binary(bytes)) => {
                WebSocketEventKind::Message(Message::Binary(bytes))
            }
            web_socket::WebSocketEvent::Error(error) => WebSocketEventKind::Error(error.into()),
            web_socket::WebSocketEvent::Close(close) => WebSocketEventKind::Close(CloseEvent {
                was_clean: close.was_clean,
                code: close.code,
                reason: close.reason,
            }),
        };
        Self { sequence: event.sequence, kind }
    }
}
