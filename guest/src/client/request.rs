//! Node's `http.ClientRequest`: the application's view of a request.

use std::rc::Rc;

use super::{
    Agent, AgentChoice, RequestOptions, Transport,
    events::{RequestEvent, RequestEvents},
    exchange::Exchange,
    gathering::{GatheringCall, WholeResponse},
    plan::Plan,
    writing::NO_DATE,
};
use crate::{
    error::Error,
    message::OutgoingMessage,
    net::{AbortSignal, Abortable},
    runtime::{self, Recorded, Span, next_id},
    transport::{self, IncomingMessage, Sink, Socket},
};

/// A request on its way, and its answer. Dropping it before `end` destroys the request; afterwards it goes on, and
/// a response that was not handed out is thrown away.
#[derive(Debug)]
pub struct ClientRequest(Rc<Exchange>);

/// What a request is given besides its options.
#[derive(Debug, Default)]
pub struct Attachments<'a> {
    /// The agent that serves it; without one the options decide.
    pub agent: Option<&'a Agent>,
    /// The connection to use, when no agent is.
    pub connection: Option<Transport>,
    /// Destroys the request when raised.
    pub signal: Option<&'a AbortSignal>,
    /// The events that are listened to.
    pub listening: RequestEvents,
}

impl ClientRequest {
    /// `http.request(url, options)`.
    ///
    /// # Errors
    /// Those of [`super::options::Settings::new`], of the headers, and of `ConnectOptions::validate`.
    pub fn create(
        url: Option<&str>,
        options: RequestOptions,
        attachments: Attachments<'_>,
    ) -> Result<Self, Error> {
        let agent = match (attachments.agent, options.agent, &attachments.connection) {
            (Some(agent), ..) => Some(agent.clone()),
            (None, Some(AgentChoice::OneShot), _) => Some(Agent::one_shot()),
            (None, None, Some(_)) => None,
            (None, Some(AgentChoice::GlobalAgent), _) | (None, None, None) => Some(Agent::global()),
        };
        let Plan { settings, outgoing } = Plan::new(url, options, agent.as_ref())?;
        let exchange = Exchange::new(next_id(), settings, agent, outgoing, attachments.listening);
        Ok(Self::start(exchange, attachments.connection, attachments.signal))
    }

    /// The request of an exchange, for which a connection is found unless the signal was raised before.
    pub(super) fn start(
        exchange: Rc<Exchange>,
        connection: Option<Transport>,
        signal: Option<&AbortSignal>,
    ) -> Self {
        let request = Self(exchange);
        match signal {
            Some(signal) if signal.aborted() => Rc::clone(&request.0).abort(signal),
            Some(signal) => {
                request.0.watch(signal);
                request.find_connection(connection);
            }
            None => request.find_connection(connection),
        }
        request
    }

    fn find_connection(&self, connection: Option<Transport>) {
        let agent = self.0.agent.borrow().clone();
        match (agent, connection) {
            (Some(agent), _) => agent.assign(&self.0),
            (None, Some(transport)) => {
                match transport.into_connection(self.0.settings.connect.high_water_mark()) {
                    Some(connection) => connection.attach(&self.0, false),
                    None => self.destroy(None),
                }
            }
            // No agent is chosen only because there is a connection.
            (None, None) => self.destroy(None),
        }
    }

    /// Replaces the set of events that are listened to.
    pub fn listen_for(&self, events: RequestEvents) {
        self.0.events.listen_for(events.recorded());
    }

    /// A number that no other request of this instance has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Notes events, the response, and whatever is sent, under this number, which is not 0: see [`runtime::take_watched`].
    pub fn watch(&self, number: u64) {
        self.0.events.watch(number);
        self.0.changed.watch(number);
        self.0.sent.watch(number);
    }

    /// Waits until [`Self::take_events`] has something to give, or the request is over.
    pub async fn ready(&self) {
        self.0.waited_for();
        self.0.events.ready().await;
    }

    /// Takes at most `max` events.
    pub fn take_events(&self, max: usize) -> Vec<Recorded<RequestEvent>> {
        self.0.events.take(max)
    }

    /// Waits for the response and hands it out; counts as listening to it.
    ///
    /// # Errors
    /// The request's, when it fails first; `ERR_STREAM_ALREADY_FINISHED` when the response was handed out before or
    /// thrown away.
    pub async fn response(&self) -> Result<IncomingMessage, Error> {
        runtime::ensure_driver();
        self.0.want_response();
        self.0.changed.wait(|| self.0.take_response()).await
    }

    /// What [`Self::response`] would answer now; none while it would wait. Counts as listening to the response from the
    /// first call on; [`Self::watch`] says when to call it again.
    pub fn take_response(&self) -> Option<Result<IncomingMessage, Error>> {
        self.0.want_response();
        self.0.take_response()
    }

    /// The response with all of its body, at most `limit` bytes. A dropped call gives the response up.
    ///
    /// # Errors
    /// Those of [`Self::response`] and [`IncomingMessage::read_all`].
    pub async fn whole_response(&self, limit: u64) -> Result<WholeResponse, Error> {
        runtime::ensure_driver();
        if let Some(call) = GatheringCall::begin(&self.0, limit) {
            return self.0.changed.wait(|| call.take()).await;
        }
        let response = self.response().await?;
        let body = response.read_all(limit).await?;
        Ok(self.0.whole_response(body))
    }

    /// `request.abort()`.
    pub fn abort(&self) {
        self.0.abort_request();
    }

    /// `request.aborted`.
    pub fn aborted(&self) -> bool {
        self.0.aborted.get()
    }

    /// `request.destroy()`.
    pub fn destroy(&self, error: Option<Error>) {
        self.0.destroy_request(error);
    }

    /// `request.destroyed`: destroyed, or over.
    pub fn destroyed(&self) -> bool {
        self.0.destroyed.get()
    }

    /// `request.errored`: why it failed.
    pub fn errored(&self) -> Option<Error> {
        self.0.failure.borrow().clone()
    }

    /// `request.write()`: false asks the caller to wait for [`Self::drain`].
    ///
    /// # Errors
    /// `ERR_STREAM_WRITE_AFTER_END`, `ERR_STREAM_DESTROYED`, and those of an implicit head.
    pub fn write(&self, chunk: &[u8]) -> Result<bool, Error> {
        self.0.write(chunk)
    }

    /// `request.end()`.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn end(&self, chunk: Option<&[u8]>) -> Result<(), Error> {
        self.0.end_with(chunk)
    }

    /// Passes the rest of the body of `source` on to this request: Node's `source.pipe(request)`. As
    /// `ServerResponse::pipe_from`.
    ///
    /// # Errors
    /// `ERR_STREAM_ALREADY_FINISHED` when the body of `source` goes elsewhere already; those of [`Self::write`] for what
    /// is written now. One that comes later destroys the request.
    pub fn pipe_from(&self, source: &IncomingMessage, end: bool) -> Result<(), Error> {
        transport::pipe(source, self.sink(), end)
    }

    /// What others than the application write the body to.
    pub(crate) fn sink(&self) -> impl Sink + use<> {
        Rc::clone(&self.0)
    }

    /// `request.flushHeaders()`.
    ///
    /// # Errors
    /// `ERR_HTTP_TRAILER_INVALID`.
    pub fn flush_headers(&self) -> Result<(), Error> {
        self.0.change(|outgoing| outgoing.flush_headers(NO_DATE))
    }

    /// Any other change of the message. While it runs the request is in its hands: what else would change it is not
    /// done.
    ///
    /// # Errors
    /// Those of `change`; `ERR_INVALID_STATE` inside another change, or [`Self::look`].
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut OutgoingMessage) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.0.change_with(change)
    }

    /// As [`Self::change`], for a change that cannot fail; inside another one, or [`Self::look`], it is not made.
    pub fn adjust(&self, change: impl FnOnce(&mut OutgoingMessage)) {
        let _ = self.0.change_with(|outgoing| {
            change(outgoing);
            Ok(())
        });
    }

    /// Looks at the message, which cannot be changed meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&OutgoingMessage) -> T) -> T {
        self.0.outgoing.look(look)
    }

    /// `request.host`.
    pub fn host(&self) -> &str {
        &self.0.settings.host
    }

    /// `request.protocol`.
    pub fn protocol(&self) -> &str {
        self.0.settings.protocol
    }

    /// `request.maxHeadersCount`; none for Node's default.
    pub fn max_headers_count(&self) -> Option<u32> {
        self.0.max_headers_count.get()
    }

    /// Sets `request.maxHeadersCount`.
    pub fn set_max_headers_count(&self, count: Option<u32>) {
        self.0.max_headers_count.set(count);
    }

    /// `request.reusedSocket`.
    pub fn reused_socket(&self) -> bool {
        self.0.reused.get()
    }

    /// `request.setTimeout()`, milliseconds: counts from when the connection is up.
    pub fn set_timeout(&self, timeout: u32) {
        self.0.set_request_timeout(Span::millis(timeout));
    }

    /// `request.setSocketKeepAlive()`, milliseconds.
    pub fn set_socket_keep_alive(&self, enable: bool, initial_delay: u32) {
        let initial_delay = Span::millis(initial_delay);
        self.0.keep_alive.set(Some((enable, initial_delay)));
        if let Some(connection) = self.0.connection() {
            connection.link.set_keep_alive(enable, initial_delay);
        }
    }

    /// `request.socket`.
    pub fn socket(&self) -> Option<Socket> {
        self.0.connection().filter(|_| self.0.was_greeted()).map(|connection| connection.socket())
    }

    /// Waits until there is room for more, or the request is over.
    pub async fn drain(&self) {
        runtime::ensure_driver();
        let room = || {
            let outgoing = self.0.outgoing.borrow();
            !outgoing.writable_need_drain() || outgoing.destroyed()
        };
        self.0.sent.wait(|| room().then_some(())).await;
    }

    /// Waits until everything that was written is with the operating system.
    ///
    /// # Errors
    /// `ERR_STREAM_DESTROYED` when some of it never will be.
    pub async fn flushed(&self) -> Result<(), Error> {
        runtime::ensure_driver();
        let done = || {
            let outgoing = self.0.outgoing.borrow();
            if outgoing.is_finished() {
                Some(Ok(()))
            } else if outgoing.destroyed() {
                Some(Err(Error::stream_destroyed("write")))
            } else {
                (outgoing.writable_length() == 0).then_some(Ok(()))
            }
        };
        self.0.sent.wait(done).await
    }

    /// Waits for 'finish'.
    ///
    /// # Errors
    /// `ERR_STREAM_PREMATURE_CLOSE` when the connection ends before.
    pub async fn finished(&self) -> Result<(), Error> {
        runtime::ensure_driver();
        let done = || {
            let outgoing = self.0.outgoing.borrow();
            if outgoing.is_finished() {
                Some(Ok(()))
            } else {
                outgoing.destroyed().then(|| Err(Error::premature_close()))
            }
        };
        self.0.sent.wait(done).await
    }

    /// Waits for 'close'.
    pub async fn closed(&self) {
        runtime::ensure_driver();
        self.0.waited_for();
        self.0.changed.wait(|| self.0.is_closed().then_some(())).await;
    }
}

impl Drop for ClientRequest {
    fn drop(&mut self) {
        self.0.let_go();
        self.listen_for(RequestEvents::default());
        // Views of a response are dropped outside every borrow, which dumps it.
        self.0.abandon_response();
        self.0.events.abandon();
    }
}
