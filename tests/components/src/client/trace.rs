//! What happened to a request, its response and its connection, in the words of the vectors: every event with its
//! sequence number, sorted by it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future::{join, select};

use super::*;

/// What happened so far.
#[derive(Default)]
pub(super) struct Trace {
    /// Sequence number; true for a mark, which comes after the event of that number; text.
    entries: RefCell<Vec<(u64, bool, String)>>,
    /// The highest number seen.
    last: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

/// Which probe's words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// `events.js`.
    Events,
    /// `client.js`.
    Responses,
}

/// When a scenario does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Socket,
    Data,
    Timeout,
}

pub(super) type Reaction = Box<dyn Fn(&ClientRequest, &Trace, Option<&IncomingMessage>)>;

/// How a request is watched.
pub(super) struct Watch {
    pub(super) trace: Trace,
    pub(super) words: Words,
    pub(super) response_events: IncomingMessageEvents,
    /// Whether the body is read.
    pub(super) reads: bool,
    pub(super) reaction: Option<(When, Reaction)>,
}

impl Trace {
    pub(super) fn event(&self, sequence: u64, what: impl Into<String>) {
        self.last.set(self.last.get().max(sequence));
        self.push((sequence, false, what.into()));
    }

    /// Something that the scenario does itself, now.
    pub(super) fn mark(&self, what: &str) {
        self.push((self.last.get(), true, what.to_owned()));
    }

    fn push(&self, entry: (u64, bool, String)) {
        self.entries.borrow_mut().push(entry);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    pub(super) fn text(&self, words: Words) -> String {
        let mut entries = self.entries.borrow().clone();
        entries.sort_by_key(|entry| (entry.0, entry.1));
        let texts: Vec<String> = entries.into_iter().map(|entry| entry.2).collect();
        texts.join(if words == Words::Events { " > " } else { " " })
    }

    /// Waits until there is as much as in `expected`, and a little longer for what should not come. What is missing
    /// is missing in the comparison.
    pub(super) async fn settle(&self, words: Words, expected: &str) {
        let enough = Box::pin(poll_fn(|context| {
            if self.text(words).len() >= expected.len() {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        }));
        select(enough, Box::pin(sleep(3000))).await;
        sleep(80).await;
    }
}

impl Watch {
    pub(super) fn new(words: Words) -> Self {
        let (aborted, error) = (IncomingMessageEvents::ABORTED, IncomingMessageEvents::ERROR);
        let response_events = aborted | error | IncomingMessageEvents::CLOSE;
        Self { trace: Trace::default(), words, response_events, reads: true, reaction: None }
    }

    pub(super) fn text(&self) -> String {
        self.trace.text(self.words)
    }

    /// Watches `request` to its end, what comes of it in tasks of their own.
    pub(super) async fn request(self: Rc<Self>, request: Rc<ClientRequest>) {
        loop {
            request.ready().await;
            // One by one, so that a reaction comes before what follows.
            let events = request.take_events(1);
            let Some(event) = events.into_iter().next() else { return };
            if let Some(text) = self.told(&event.kind) {
                self.trace.event(event.sequence, text);
            }
            match event.kind {
                ClientRequestEventKind::Socket(socket) => {
                    self.react(When::Socket, &request, None);
                    wit_bindgen::spawn_local(Rc::clone(&self).socket(socket));
                }
                ClientRequestEventKind::Response(response) => {
                    wit_bindgen::spawn_local(Rc::clone(&self).response(Rc::clone(&request), response));
                }
                ClientRequestEventKind::Timeout => self.react(When::Timeout, &request, None),
                _ => {}
            }
        }
    }

    async fn response(self: Rc<Self>, request: Rc<ClientRequest>, response: IncomingMessage) {
        response.listen_for(self.response_events);
        join(self.response_events(&response), self.body(&request, &response)).await;
    }

    async fn response_events(&self, response: &IncomingMessage) {
        loop {
            response.ready().await;
            let events = response.take_events(1);
            let Some(event) = events.into_iter().next() else { return };
            let what = match &event.kind {
                IncomingMessageEventKind::Aborted => "res.aborted".to_owned(),
                IncomingMessageEventKind::Error(error) => self.failed("res", error),
                IncomingMessageEventKind::Timeout => "res.timeout".to_owned(),
                IncomingMessageEventKind::Close => "res.close".to_owned(),
                // Whoever reads the body notes it.
                IncomingMessageEventKind::End => continue,
            };
            self.trace.event(event.sequence, what);
            if matches!(event.kind, IncomingMessageEventKind::Close) {
                return;
            }
        }
    }

    async fn body(&self, request: &ClientRequest, response: &IncomingMessage) {
        if !self.reads {
            return response.closed().await;
        }
        let mut body = String::new();
        loop {
            match response.read(0) {
                ReadResult::Data(data) => {
                    body.extend(data.bytes.iter().copied().map(char::from));
                    if self.words == Words::Events {
                        self.trace.event(data.sequence, "res.data");
                    }
                    self.react(When::Data, request, Some(response));
                }
                ReadResult::Pending => response.readable().await,
                ReadResult::End(sequence) => {
                    let what = match self.words {
                        Words::Events => "res.end".to_owned(),
                        Words::Responses => ended(response, &body),
                    };
                    return self.trace.event(sequence, what);
                }
                ReadResult::Failed(_) => return,
            }
        }
    }

    async fn socket(self: Rc<Self>, socket: Socket) {
        if self.words == Words::Events {
            return;
        }
        socket.listen_for(SocketEvents::CLOSE);
        socket.ready().await;
        for event in socket.take_events(1) {
            self.trace.event(event.sequence, "SOCKCLOSE");
        }
    }

    fn react(&self, when: When, request: &ClientRequest, response: Option<&IncomingMessage>) {
        if let Some((wanted, reaction)) = &self.reaction
            && *wanted == when
        {
            reaction(request, &self.trace, response);
        }
    }

    /// None for what the probe does not listen to.
    fn told(&self, kind: &ClientRequestEventKind) -> Option<String> {
        use ClientRequestEventKind as Kind;

        let events = self.words == Words::Events;
        let name = match kind {
            Kind::Abort => "req.abort",
            Kind::Close => "req.close",
            Kind::Continue => "req.continue",
            Kind::Finish => "req.finish",
            Kind::Prefinish if events => "req.prefinish",
            Kind::Socket(_) if events => "req.socket",
            Kind::Timeout if events => "req.timeout",
            Kind::Response(_) if events => "req.response",
            Kind::Response(response) => return Some(responded(response)),
            Kind::Information(information) => return Some(format!("info{}", information.status_code)),
            Kind::Error(error) => return Some(self.failed("req", error)),
            Kind::Connect(_) | Kind::Upgrade(_) => "upgraded",
            Kind::Drain | Kind::Prefinish | Kind::Socket(_) | Kind::Timeout => return None,
        };
        Some(name.to_owned())
    }

    fn failed(&self, what: &str, error: &Error) -> String {
        let code = if error.code.is_empty() { "undefined" } else { &error.code };
        let message = &error.message;
        match (self.words, what) {
            (Words::Responses, _) => format!("{what}.error({code}:{message})"),
            (Words::Events, "res") => format!("res.error[{code}|{message}]"),
            (Words::Events, _) => {
                let cause = error.cause.as_ref();
                let cause = cause.map(|cause| format!("|cause={}: {}", cause.name, cause.message));
                let name = format!("{:?}", error.name).replace("ErrorName::", "");
                format!("req.error[{name}|{code}|{message}{}]", cause.unwrap_or_default())
            }
        }
    }
}

/// Status, reason and headers, the latter cut to 80 characters.
fn responded(response: &IncomingMessage) -> String {
    let status = response.status_code().expect("a response");
    let message = response.status_message().expect("a response");
    let headers: String = json(&response.headers()).chars().take(80).collect();
    format!("res{status}/{message}/{headers}")
}

fn ended(response: &IncomingMessage, body: &str) -> String {
    let trailers = match response.raw_trailers().is_empty() {
        true => String::new(),
        false => format!(",tr={}", json(&response.trailers())),
    };
    format!("end({body},complete={}{trailers})", response.complete())
}

/// As `JSON.stringify` does; the values of the tests need no escapes.
fn json(headers: &[(String, HeaderValue)]) -> String {
    let fields: Vec<String> = headers
        .iter()
        .map(|(name, value)| match value {
            HeaderValue::Text(text) => format!("\"{name}\":\"{text}\""),
            HeaderValue::Integer(number) => format!("\"{name}\":{number}"),
            HeaderValue::List(values) => format!("\"{name}\":[\"{}\"]", values.join("\",\"")),
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}
