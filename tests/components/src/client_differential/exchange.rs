//! One request of a program, its operations, and all that happens to it, in the order of the events' sequence numbers.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use futures_util::future::join;
use serde_json::{Value, json};

use super::{Program, operations, options, words};
use crate::support::{IncomingMessage, ReadResult, sleep};
use node_http_imports::client::{ClientRequest, ClientRequestEventKind};
use node_http_imports::http;
use node_http_imports::net::AbortSignal;
use node_http_imports::server::IncomingMessageEventKind;

pub(super) struct Exchange {
    pub(super) program: Rc<Program>,
    pub(super) description: Value,
    pub(super) request: OnceCell<ClientRequest>,
    pub(super) message: OnceCell<IncomingMessage>,
    pub(super) signal: Option<AbortSignal>,
    constructed: RefCell<String>,
    calls: RefCell<Vec<Value>>,
    events: RefCell<Vec<(u64, String)>>,
    seen: RefCell<BTreeSet<String>>,
    /// The operation that comes next.
    next: Cell<usize>,
    /// The event that the operations wait for.
    waits: RefCell<Option<String>>,
    response: RefCell<Value>,
    body: RefCell<Option<String>>,
}

impl Exchange {
    pub(super) fn new(program: &Rc<Program>, description: &Value) -> Rc<Self> {
        let signal = (!description["signal"].is_null()).then(AbortSignal::new);
        Rc::new(Self {
            program: Rc::clone(program),
            description: description.clone(),
            request: OnceCell::new(),
            message: OnceCell::new(),
            signal,
            constructed: RefCell::new("not yet".to_owned()),
            calls: RefCell::default(),
            events: RefCell::default(),
            seen: RefCell::default(),
            next: Cell::new(0),
            waits: RefCell::default(),
            response: RefCell::default(),
            body: RefCell::default(),
        })
    }

    pub(super) fn start(self: &Rc<Self>) {
        let (signal, program) = (self.signal.as_ref(), &self.program);
        if let (Some(signal), "aborted") = (signal, self.description["signal"].as_str().unwrap_or_default()) {
            signal.abort(None);
        }
        let port = program.port.to_string();
        let url = self.description["url"].as_str().map(|url| url.replace("{port}", &port));
        let options = Some(options::request(program, &self.description));
        let agent = program.agent.as_ref();
        let made = match self.description["get"] == true {
            true => http::get(url.as_deref(), options, agent, signal),
            false => http::request(url.as_deref(), options, agent, signal),
        };
        let made = made.map(|request| self.request.set(request).expect("it is started once"));
        *self.constructed.borrow_mut() = match &made {
            Ok(()) => "ok".to_owned(),
            Err(error) => words::error(error),
        };
        if made.is_ok() {
            wit_bindgen::spawn_local(Rc::clone(self).watch());
            self.proceed();
        }
    }

    pub(super) fn request(&self) -> &ClientRequest {
        self.request.get().expect("it was made")
    }

    async fn watch(self: Rc<Self>) {
        loop {
            self.request().ready().await;
            // One by one, so that what is done in answer comes before what follows.
            let Some(event) = self.request().take_events(1).pop() else { return };
            let what = words::event(&event.kind);
            match event.kind {
                ClientRequestEventKind::Response(response) => {
                    *self.response.borrow_mut() = words::describe(&response);
                    response.listen_for(options::response_events(&self.description["listenResponse"]));
                    self.message.set(response).expect("at most one response");
                    wit_bindgen::spawn_local(Rc::clone(&self).receive());
                }
                ClientRequestEventKind::Connect(upgraded) | ClientRequestEventKind::Upgrade(upgraded) => {
                    *self.response.borrow_mut() = words::describe(&upgraded.response);
                    upgraded.socket.destroy(None);
                }
                _ => {}
            }
            self.event(event.sequence, what);
        }
    }

    async fn receive(self: Rc<Self>) {
        let message = self.message.get().expect("it has come");
        join(self.message_events(message), self.read(message)).await;
    }

    async fn message_events(self: &Rc<Self>, message: &IncomingMessage) {
        loop {
            message.ready().await;
            let Some(event) = message.take_events(1).pop() else { return };
            let what = match &event.kind {
                IncomingMessageEventKind::Aborted => "res.aborted".to_owned(),
                IncomingMessageEventKind::Error(error) => format!("res.error{}", words::error(error)),
                IncomingMessageEventKind::Timeout => "res.timeout".to_owned(),
                IncomingMessageEventKind::Close => "res.close".to_owned(),
                // The result of `read` tells it.
                IncomingMessageEventKind::End => continue,
            };
            self.event(event.sequence, what);
        }
    }

    async fn read(self: &Rc<Self>, message: &IncomingMessage) {
        match self.description["reads"].as_str() {
            Some("all") => {}
            Some("late") => sleep(40).await,
            Some("resume") => return message.resume(),
            _ => return,
        }
        *self.body.borrow_mut() = Some(String::new());
        loop {
            match message.read(0) {
                ReadResult::Data(data) => {
                    let text: String = data.bytes.into_iter().map(char::from).collect();
                    self.body.borrow_mut().get_or_insert_default().push_str(&text);
                    self.event(data.sequence, "res.data".to_owned());
                }
                ReadResult::Pending => message.readable().await,
                ReadResult::End(sequence) => return self.event(sequence, "res.end".to_owned()),
                ReadResult::Failed(_) => return,
            }
        }
    }

    fn event(self: &Rc<Self>, sequence: u64, what: String) {
        self.program.touch();
        let name: String =
            what.chars().take_while(|letter| letter.is_ascii_alphabetic() || *letter == '.').collect();
        // How a body is cut into pieces is the network's affair.
        if what != "res.data" || !self.seen.borrow().contains(&what) {
            self.events.borrow_mut().push((sequence, what));
        }
        let waited = self.waits.borrow().as_deref() == Some(&name);
        self.seen.borrow_mut().insert(name);
        if waited {
            self.proceed();
        }
    }

    /// Goes on with the operations until one of them waits.
    fn proceed(self: &Rc<Self>) {
        *self.waits.borrow_mut() = None;
        while let Some(operation) = self.description["ops"].get(self.next.get()) {
            self.next.set(self.next.get() + 1);
            let name = operation["op"].as_str().expect("a name");
            match name {
                "await" => {
                    let event = operation["event"].as_str().expect("an event");
                    if !self.seen.borrow().contains(event) {
                        *self.waits.borrow_mut() = Some(event.to_owned());
                        return;
                    }
                }
                "sleep" => {
                    let (exchange, span) = (Rc::clone(self), operation["ms"].as_u64().expect("a span"));
                    wit_bindgen::spawn_local(async move {
                        sleep(span).await;
                        exchange.proceed();
                    });
                    return;
                }
                "state" => self.calls.borrow_mut().push(json!({ "state": words::state(self.request()) })),
                _ => {
                    let result = operations::perform(self, name, operation);
                    let result = result.unwrap_or_else(|error| words::error(&error));
                    self.program.touch();
                    self.calls.borrow_mut().push(format!("{name} = {result}").into());
                }
            }
        }
    }

    /// Whether the next request may begin.
    pub(super) fn over(&self) -> bool {
        if *self.constructed.borrow() != "ok" {
            return true;
        }
        let (seen, reads) = (self.seen.borrow(), self.description["reads"].as_str());
        let read = self.message.get().is_none()
            || !matches!(reads, Some("all" | "late"))
            || seen.contains("res.close");
        let operations = self.description["ops"].as_array().map_or(0, Vec::len);
        self.next.get() == operations && seen.contains("req.close") && read
    }

    pub(super) fn outcome(&self) -> Value {
        let mut events = self.events.borrow().clone();
        // Whoever waits is told of nothing behind `close`; there may be something to take all the same.
        let rest = self.request.get().map_or_else(Vec::new, |request| request.take_events(0));
        events.extend(rest.iter().map(|event| (event.sequence, words::event(&event.kind))));
        events.sort_by_key(|event| event.0);
        let events: Vec<String> = events.into_iter().map(|event| event.1).collect();
        let mut outcome = json!({
            "constructed": *self.constructed.borrow(), "calls": *self.calls.borrow(), "events": events,
        });
        if let Some(request) = self.request.get() {
            outcome["state"] = words::state(request);
        }
        if !self.response.borrow().is_null() {
            outcome["response"] = self.response.borrow().clone();
        }
        if let Some(message) = self.message.get() {
            outcome["end"] = words::ended(message, self.body.borrow().as_deref());
        }
        outcome
    }
}
