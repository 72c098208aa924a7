//! `node-http fetch ws://…`: lines of standard input go out as messages, messages come out as lines.

use std::cell::Cell;
use std::io::{self, BufRead};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use node_http_host::Ctx;
use node_http_host::bindings::NodeHttp;
use node_http_host::bindings::exports::node::http::types::Error;
use node_http_host::bindings::exports::node::http::web_socket::{
    ConnectOptions, GuestWebSocket, Message, WebSocketEventKind,
};
use node_http_host::wasmtime::component::{Accessor, Instance, ResourceAny};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::failure::{Failure, Stage};
use super::output::Output;
use crate::cli::Fetch;

/// So many lines are read ahead of what was sent.
const AHEAD: usize = 64;

/// Behind the last line answers are waited for until nothing has come for so long: nobody says how many there are to be,
/// and once this end has begun to close messages do not count any more.
const QUIET: Duration = Duration::from_secs(1);

/// Whether the URL asks for messages instead of an answer.
pub(super) fn is_for(url: &str) -> bool {
    ["ws://", "wss://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// Exchanges messages until either side closes; this one does when standard input has ended and the answers have come.
///
/// # Errors
/// When the connection cannot be opened or breaks, or when a message cannot be written.
pub(super) async fn run(store: &Accessor<Ctx>, instance: Instance, options: &Fetch) -> Result<(), Failure> {
    let exports = store.with(|access| NodeHttp::new(access, &instance))?;
    let calls = exports.node_http_web_socket().web_socket();
    let asked = ConnectOptions {
        headers: options.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
        connection: None,
        handshake_timeout: None,
        ping_interval: None,
        deflate: None,
        limits: None,
    };
    let made = calls.call_connect(store, options.url.clone(), Vec::new(), asked, None).await?;
    let socket = made.map_err(|error| Failure::of_component(Stage::Preparing, error))?;
    let session = Session { store, calls, socket, last: Cell::new(Instant::now()) };
    session.opens().await?;
    let mut output = Output::new(options, &options.url)?;
    output.open()?;
    let mut receive = pin!(session.receive(&mut output));
    tokio::select! {
        received = &mut receive => return received,
        sent = session.send() => sent?,
    }
    receive.await
}

struct Session<'a> {
    store: &'a Accessor<Ctx>,
    calls: GuestWebSocket<'a>,
    socket: ResourceAny,
    /// When a message was last sent or received.
    last: Cell<Instant>,
}

impl Session<'_> {
    /// Waits for the first event, which says whether the connection is open.
    async fn opens(&self) -> Result<(), Failure> {
        self.calls.call_ready(self.store, self.socket).await?;
        for event in self.calls.call_take_events(self.store, self.socket, 1).await? {
            if let WebSocketEventKind::Error(error) = event.kind {
                return Err(Failure::of_component(Stage::Asking, first_cause(error)));
            }
        }
        Ok(())
    }

    /// Sends each line, waits for answers, then closes.
    async fn send(&self) -> Result<(), Failure> {
        let mut lines = lines();
        while let Some(line) = lines.recv().await {
            let sent = self.calls.call_send(self.store, self.socket, Message::Text(line)).await?;
            sent.map_err(|error| Failure::of_component(Stage::Asking, error))?;
            self.calls.call_drain(self.store, self.socket).await?;
            self.last.set(Instant::now());
        }
        while self.last.get().elapsed() < QUIET {
            sleep_until(self.last.get() + QUIET).await;
        }
        let closed = self.calls.call_close(self.store, self.socket, Some(1000), None).await?;
        closed.map_err(|error| Failure::of_component(Stage::Asking, error))
    }

    /// Prints what comes until the connection is closed.
    async fn receive(&self, output: &mut Output) -> Result<(), Failure> {
        loop {
            self.calls.call_ready(self.store, self.socket).await?;
            self.last.set(Instant::now());
            for event in self.calls.call_take_events(self.store, self.socket, 0).await? {
                match event.kind {
                    WebSocketEventKind::Open => {}
                    WebSocketEventKind::Message(Message::Text(text)) => {
                        output.write(&[text.as_bytes(), b"\n"].concat())?;
                    }
                    WebSocketEventKind::Message(Message::Binary(bytes)) => output.write(&bytes)?,
                    WebSocketEventKind::Error(error) => {
                        return Err(Failure::of_component(Stage::Receiving, first_cause(error)));
                    }
                    WebSocketEventKind::Close(close) if close.was_clean => return Ok(()),
                    WebSocketEventKind::Close(_) => return Err(Failure::cut_short()),
                }
            }
        }
    }
}

/// What has led to the error says more than the error.
fn first_cause(mut error: Error) -> Error {
    if let Some(cause) = error.cause.take() {
        (error.code, error.message) = (cause.code, cause.message);
    }
    error
}

/// The lines of standard input, without their ends. A thread reads them, because nothing can stop a read.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
