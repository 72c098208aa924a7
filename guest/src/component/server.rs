//! `interface server`.

use super::{
    Component,
    bindings::exports::node::http::{
        net::{AbortSignalBorrow, Duplex},
        server::{
            Guest, GuestServer, ListenOptions, Server as Handle, ServerEvent, ServerEventKind, ServerEvents,
            ServerOptions,
        },
        server_response::ServerResponse,
        types::{Error, Milliseconds, SocketAddress},
    },
};
use crate::{error, server, server::Server};

impl Guest for Component {
    type Server = Server;
}

impl GuestServer for Server {
    fn create(options: ServerOptions) -> Result<Handle, Error> {
        Ok(Handle::new(Self::create(options.into())?))
    }

    fn listen_for(&self, _events: ServerEvents) {}

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn take_events(&self, max: u32) -> Vec<ServerEvent> {
        // 0 asks for all.
        let max = if max == 0 { usize::MAX } else { max as usize };
        Self::take_events(self, max).into_iter().map(ServerEvent::from).collect()
    }

    async fn listen(
        &self,
        options: ListenOptions,
        _signal: Option<AbortSignalBorrow<'_>>,
    ) -> Result<SocketAddress, Error> {
        Ok(Self::listen(self, options.into()).await?.into())
    }

    fn listening(&self) -> bool {
        Self::listening(self)
    }

    fn address(&self) -> Option<SocketAddress> {
        Self::address(self).map(SocketAddress::from)
    }

    async fn close(&self) -> Result<(), Error> {
        Ok(Self::close(self).await?)
    }

    fn close_all_connections(&self) {
        Self::close_all_connections(self);
    }

    fn close_idle_connections(&self) {
        Self::close_idle_connections(self);
    }

    fn get_connections(&self) -> u32 {
        u32::try_from(self.connections()).unwrap_or(u32::MAX)
    }

    fn emit_connection(&self, _connection: Duplex) -> Result<(), Error> {
        Err(error::Error::pending("server.emitConnection").into())
    }

    fn headers_timeout(&self) -> Milliseconds {
        self.settings().headers_timeout
    }

    fn set_headers_timeout(&self, timeout: Milliseconds) {
        self.configure(|settings| settings.headers_timeout = timeout);
    }

    fn request_timeout(&self) -> Milliseconds {
        self.settings().request_timeout
    }

    fn set_request_timeout(&self, timeout: Milliseconds) {
        self.configure(|settings| settings.request_timeout = timeout);
    }

    fn keep_alive_timeout(&self) -> Milliseconds {
        self.settings().keep_alive_timeout
    }

    fn set_keep_alive_timeout(&self, timeout: Milliseconds) {
        self.configure(|settings| settings.keep_alive_timeout = timeout);
    }

    fn timeout(&self) -> Milliseconds {
        self.settings().timeout
    }

    fn set_timeout(&self, timeout: Milliseconds) {
        self.configure(|settings| settings.timeout = timeout);
    }

    fn max_headers_count(&self) -> Option<u32> {
        self.settings().max_headers_count
    }

    fn set_max_headers_count(&self, count: Option<u32>) {
        self.configure(|settings| settings.max_headers_count = count);
    }

    fn max_requests_per_socket(&self) -> u32 {
        self.settings().max_requests_per_socket
    }

    fn set_max_requests_per_socket(&self, count: u32) {
        self.configure(|settings| settings.max_requests_per_socket = count);
    }

    fn max_connections(&self) -> u32 {
        self.settings().max_connections
    }

    fn set_max_connections(&self, count: u32) {
        self.configure(|settings| settings.max_connections = count);
    }
}

impl From<server::ServerEvent> for ServerEvent {
    fn from(event: server::ServerEvent) -> Self {
        let kind = match event.kind {
            server::ServerEventKind::Request(response) => {
                ServerEventKind::Request(ServerResponse::new(response))
            }
            server::ServerEventKind::Listening => ServerEventKind::Listening,
            server::ServerEventKind::Error(error) => ServerEventKind::Error(error.into()),
            server::ServerEventKind::Close => ServerEventKind::Close,
        };
        Self { sequence: event.sequence, kind }
    }
}
