//! `interface server`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        incoming_message::IncomingMessage,
        net::{AbortSignalBorrow, Duplex, Socket},
        server::{
            ClientError, DroppedConnection, DroppedRequest, Guest, GuestServer, ListenOptions, Requests,
            Server as Handle, ServerEvent, ServerEventKind, ServerEvents, ServerOptions, Upgrade,
        },
        server_response::ServerResponse,
        types::{Error, Milliseconds, SocketAddress},
    },
    convert, streams,
};
use crate::{net::AbortSignal, server, server::Server};

impl Guest for Component {
    type Server = Server;
}

impl GuestServer for Server {
    fn create(options: ServerOptions) -> Result<Handle, Error> {
        Ok(Handle::new(Self::create(options.into())?))
    }

    fn listen_for(&self, events: ServerEvents) {
        Self::listen_for(self, events.into());
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    async fn readiness(&self) -> StreamReader<u8> {
        streams::readiness(self.readiness())
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<ServerEvent> {
        Self::take_events(self, convert::all_if_zero(max.into())).into_iter().map(ServerEvent::from).collect()
    }

    fn take_requests(&self, max: u32) -> Requests {
        let responses = Self::take_requests(self, convert::all_if_zero(max.into()));
        let mut lines = String::with_capacity(32 * responses.len());
        responses.iter().for_each(|response| convert::push_line(&mut lines, response));
        let responses = responses.into_iter().map(ServerResponse::new).collect();
        Requests { responses, lines, others: self.has_other_events() }
    }

    async fn listen(
        &self,
        options: ListenOptions,
        signal: Option<AbortSignalBorrow<'_>>,
    ) -> Result<SocketAddress, Error> {
        // A borrowed handle may not be held across a wait.
        let signal = signal.map(|signal| signal.get::<AbortSignal>().clone());
        let address = Self::listen(self, options.into()).await?;
        if let Some(signal) = signal {
            self.close_on(&signal);
        }
        Ok(address.into())
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

    async fn closing(&self) {
        Self::closing(self).await;
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

    fn emit_connection(&self, connection: Duplex) -> Result<(), Error> {
        Ok(self.adopt(connection.into_inner::<super::net::Duplex>().into_stream())?)
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
            server::ServerEventKind::CheckContinue(response) => {
                ServerEventKind::CheckContinue(ServerResponse::new(response))
            }
            server::ServerEventKind::CheckExpectation(response) => {
                ServerEventKind::CheckExpectation(ServerResponse::new(response))
            }
            server::ServerEventKind::ClientError { error, socket } => {
                ServerEventKind::ClientError(ClientError { error: error.into(), socket: Socket::new(socket) })
            }
            server::ServerEventKind::Connect(upgrade) => ServerEventKind::Connect(upgrade.into()),
            server::ServerEventKind::Upgrade(upgrade) => ServerEventKind::Upgrade(upgrade.into()),
            server::ServerEventKind::Connection(socket) => ServerEventKind::Connection(Socket::new(socket)),
            server::ServerEventKind::Drop { local, remote } => ServerEventKind::Drop(DroppedConnection {
                local: local.map(SocketAddress::from),
                remote: remote.map(SocketAddress::from),
            }),
            server::ServerEventKind::DropRequest { request, socket } => {
                ServerEventKind::DropRequest(DroppedRequest {
                    request: IncomingMessage::new(request),
                    socket: Socket::new(socket),
                })
            }
            server::ServerEventKind::Timeout(socket) => ServerEventKind::Timeout(Socket::new(socket)),
            server::ServerEventKind::Listening => ServerEventKind::Listening,
            server::ServerEventKind::Close => ServerEventKind::Close,
        };
        Self { sequence: event.sequence, kind }
    }
}

impl From<server::Upgrade> for Upgrade {
    fn from(upgrade: server::Upgrade) -> Self {
        Self {
            request: IncomingMessage::new(upgrade.request),
            socket: Socket::new(upgrade.socket),
            head: upgrade.head,
        }
    }
}
