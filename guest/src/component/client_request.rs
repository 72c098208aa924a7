//! `interface client-request`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        client_request::{
            AgentChoice, ClientRequestEvent, ClientRequestEventKind, ClientRequestEvents, Guest,
            GuestClientRequest, Information, RequestOptions, Upgraded, WholeResponse,
        },
        incoming_message::{IncomingMessage, IncomingMessageBorrow},
        net::Socket,
        types::{Chunk, Error, Header, HeaderValue, Milliseconds},
    },
    convert, streams,
};
use crate::{
    client,
    client::{ClientRequest, RequestEvent},
    error, message,
    message::OutgoingMessage,
    runtime,
};

impl Guest for Component {
    type ClientRequest = ClientRequest;
}

impl GuestClientRequest for ClientRequest {
    fn listen_for(&self, events: ClientRequestEvents) {
        Self::listen_for(self, events.into());
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }

    fn take_events(&self, max: u32) -> Vec<ClientRequestEvent> {
        let taken = Self::take_events(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(ClientRequestEvent::from).collect()
    }

    fn take_response(&self) -> Option<Result<IncomingMessage, Error>> {
        match Self::take_response(self)? {
            Ok(response) => Some(Ok(IncomingMessage::new(response))),
            Err(error) => Some(Err(error.into())),
        }
    }

    async fn response(&self) -> Result<IncomingMessage, Error> {
        Ok(IncomingMessage::new(Self::response(self).await?))
    }

    async fn whole_response(&self, limit: u64) -> Result<WholeResponse, Error> {
        Ok(Self::whole_response(self, limit).await?.into())
    }

    fn abort(&self) {
        Self::abort(self);
    }

    fn aborted(&self) -> bool {
        Self::aborted(self)
    }

    fn add_trailers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.change(|outgoing| outgoing.add_trailers(&convert::headers(headers)))?)
    }

    fn append_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.change(|outgoing| outgoing.append_header(&name, value.into()))?)
    }

    fn connection(&self) -> Option<Socket> {
        Self::socket(self).map(Socket::new)
    }

    fn cork(&self) {
        self.adjust(OutgoingMessage::cork);
    }

    fn destroy(&self, error: Option<Error>) {
        Self::destroy(self, error.map(error::Error::from));
    }

    fn destroyed(&self) -> bool {
        Self::destroyed(self)
    }

    fn errored(&self) -> Option<Error> {
        Self::errored(self).map(Error::from)
    }

    fn end(&self, data: Option<Chunk>) -> Result<(), Error> {
        let chunk = data.map(message::Chunk::from).filter(|chunk| !chunk.is_falsy());
        let bytes = chunk.as_ref().map(message::Chunk::bytes);
        Ok(Self::end(self, bytes.as_deref())?)
    }

    fn is_finished(&self) -> bool {
        self.look(OutgoingMessage::writable_ended)
    }

    fn flush_headers(&self) -> Result<(), Error> {
        Ok(Self::flush_headers(self)?)
    }

    fn get_header(&self, name: String) -> Option<HeaderValue> {
        self.look(|outgoing| outgoing.get_header(&name).cloned()).map(HeaderValue::from)
    }

    fn get_header_names(&self) -> Vec<String> {
        self.look(OutgoingMessage::get_header_names)
    }

    fn get_headers(&self) -> Vec<Header> {
        convert::wit_headers(self.look(OutgoingMessage::get_headers))
    }

    fn get_raw_header_names(&self) -> Vec<String> {
        self.look(OutgoingMessage::get_raw_header_names)
    }

    fn has_header(&self, name: String) -> bool {
        self.look(|outgoing| outgoing.has_header(&name))
    }

    fn headers_sent(&self) -> bool {
        self.look(OutgoingMessage::headers_sent)
    }

    fn host(&self) -> String {
        Self::host(self).to_owned()
    }

    fn should_keep_alive(&self) -> bool {
        self.look(OutgoingMessage::should_keep_alive)
    }

    fn max_headers_count(&self) -> Option<u32> {
        Self::max_headers_count(self)
    }

    fn set_max_headers_count(&self, count: Option<u32>) {
        Self::set_max_headers_count(self, count);
    }

    fn method(&self) -> String {
        self.look(|outgoing| outgoing.method().to_owned())
    }

    fn path(&self) -> String {
        self.look(|outgoing| outgoing.path().to_owned())
    }

    fn protocol(&self) -> String {
        Self::protocol(self).to_owned()
    }

    fn remove_header(&self, name: String) -> Result<(), Error> {
        Ok(self.change(|outgoing| outgoing.remove_header(&name))?)
    }

    fn reused_socket(&self) -> bool {
        Self::reused_socket(self)
    }

    fn set_header(&self, name: String, value: HeaderValue) -> Result<(), Error> {
        Ok(self.change(|outgoing| outgoing.set_header(&name, value.into()))?)
    }

    fn set_headers(&self, headers: Vec<Header>) -> Result<(), Error> {
        Ok(self.change(|outgoing| outgoing.set_headers(convert::headers(headers)))?)
    }

    /// `wasi:sockets` has no such option: the host decides.
    fn set_no_delay(&self, _no_delay: bool) {}

    fn set_socket_keep_alive(&self, enable: bool, initial_delay: Milliseconds) {
        Self::set_socket_keep_alive(self, enable, initial_delay);
    }

    fn set_timeout(&self, timeout: Milliseconds) {
        Self::set_timeout(self, timeout);
    }

    fn socket(&self) -> Option<Socket> {
        Self::socket(self).map(Socket::new)
    }

    fn uncork(&self) {
        self.adjust(OutgoingMessage::uncork);
    }

    fn writable_corked(&self) -> u32 {
        self.look(OutgoingMessage::writable_corked)
    }

    fn writable_ended(&self) -> bool {
        self.look(OutgoingMessage::writable_ended)
    }

    fn writable_finished(&self) -> bool {
        self.look(OutgoingMessage::writable_finished)
    }

    fn writable_high_water_mark(&self) -> u64 {
        self.look(OutgoingMessage::writable_high_water_mark) as u64
    }

    fn writable_length(&self) -> u64 {
        self.look(OutgoingMessage::writable_length) as u64
    }

    fn writable_need_drain(&self) -> bool {
        self.look(OutgoingMessage::writable_need_drain)
    }

    fn write(&self, chunk: Chunk) -> Result<bool, Error> {
        Ok(Self::write(self, &message::Chunk::from(chunk).bytes())?)
    }

    async fn drain(&self) {
        Self::drain(self).await;
    }

    async fn flushed(&self) -> Result<(), Error> {
        Ok(Self::flushed(self).await?)
    }

    async fn send_body(&self, body: StreamReader<u8>) -> Result<u64, Error> {
        Ok(streams::send_body(self.sink(), body).await?)
    }

    fn pipe_from(&self, source: IncomingMessageBorrow<'_>, end: bool) -> Result<(), Error> {
        Ok(Self::pipe_from(self, source.get(), end)?)
    }

    async fn finished(&self) -> Result<(), Error> {
        Ok(Self::finished(self).await?)
    }

    async fn closed(&self) {
        Self::closed(self).await;
    }
}

/// The flags are declared in the same order.
impl From<ClientRequestEvents> for client::RequestEvents {
    fn from(events: ClientRequestEvents) -> Self {
        Self::from_bits(events.bits())
    }
}

impl From<client::WholeResponse> for WholeResponse {
    fn from(whole: client::WholeResponse) -> Self {
        Self { status_code: whole.status_code, headers: whole.raw_headers(), body: whole.body }
    }
}

impl From<RequestOptions> for client::RequestOptions {
    fn from(options: RequestOptions) -> Self {
        Self {
            agent: options.agent.map(client::AgentChoice::from),
            auth: options.auth,
            default_port: options.default_port,
            family: options.family.map(crate::agent::IpFamily::from),
            headers: options.headers.map(convert::headers),
            raw_headers: options.raw_headers,
            hints: options.hints,
            host: options.host,
            hostname: options.hostname,
            insecure_http_parser: options.insecure_http_parser,
            join_duplicate_headers: options.join_duplicate_headers,
            local_address: options.local_address,
            local_port: options.local_port,
            lookup: options.lookup,
            max_header_size: options.max_header_size,
            method: options.method,
            path: options.path,
            port: options.port,
            protocol: options.protocol,
            set_default_headers: options.set_default_headers,
            set_host: options.set_host,
            socket_path: options.socket_path,
            timeout: options.timeout,
            unique_headers: options.unique_headers,
            socket: options.socket.map(client::SocketOptions::from),
        }
    }
}

impl From<AgentChoice> for client::AgentChoice {
    fn from(choice: AgentChoice) -> Self {
        match choice {
            AgentChoice::GlobalAgent => Self::GlobalAgent,
            AgentChoice::OneShot => Self::OneShot,
        }
    }
}

impl From<runtime::Recorded<RequestEvent>> for ClientRequestEvent {
    fn from(event: runtime::Recorded<RequestEvent>) -> Self {
        let kind = match event.kind {
            RequestEvent::Abort => ClientRequestEventKind::Abort,
            RequestEvent::Connect(upgraded) => ClientRequestEventKind::Connect(upgraded.into()),
            RequestEvent::Continue => ClientRequestEventKind::Continue,
            RequestEvent::Drain => ClientRequestEventKind::Drain,
            RequestEvent::Finish => ClientRequestEventKind::Finish,
            RequestEvent::Information(information) => {
                ClientRequestEventKind::Information((*information).into())
            }
            RequestEvent::Prefinish => ClientRequestEventKind::Prefinish,
            RequestEvent::Response(response) => {
                ClientRequestEventKind::Response(IncomingMessage::new(response))
            }
            RequestEvent::Socket(socket) => ClientRequestEventKind::Socket(Socket::new(socket)),
            RequestEvent::Timeout => ClientRequestEventKind::Timeout,
            RequestEvent::Upgrade(upgraded) => ClientRequestEventKind::Upgrade(upgraded.into()),
            RequestEvent::Error(error) => ClientRequestEventKind::Error(error.into()),
            RequestEvent::Close => ClientRequestEventKind::Close,
        };
        Self { sequence: event.sequence, kind }
    }
}

impl From<client::Upgraded> for Upgraded {
    fn from(upgraded: client::Upgraded) -> Self {
        Self {
            response: IncomingMessage::new(upgraded.response),
            socket: Socket::new(upgraded.socket),
            head: upgraded.head,
        }
    }
}

impl From<client::Information> for Information {
    fn from(information: client::Information) -> Self {
        let (major, minor) = information.http_version;
        Self {
            http_version: format!("{major}.{minor}"),
            http_version_major: major,
            http_version_minor: minor,
            status_code: information.status_code,
            status_message: information.status_message,
            headers: convert::wit_headers(information.headers),
            raw_headers: information.raw_headers,
        }
    }
}
