//! The interpreter of the differential test on `node:http`: serves requests whose handlers are small programs. Its twin
//! is `tests/differential/interpreter.js`, which says what the control connection speaks.

mod control;
mod operations;
mod values;
mod waiters;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Value, json};

use self::operations::{Outcome, perform, wait};
use self::waiters::Waiters;
use crate::support::*;
use node_http_imports::server::{IncomingMessageEventKind, IncomingMessageEvents};
use node_http_imports::server::{ServerResponseEventKind, ServerResponseEvents};

/// What all scenarios share.
#[derive(Default)]
struct Interpreter {
    /// Options as text, and the port of the server that has them.
    servers: RefCell<HashMap<String, u16>>,
    /// What to do with the requests that say `X-Id`.
    programs: RefCell<HashMap<String, Rc<Program>>>,
}

/// A scenario: a control connection.
#[derive(Default)]
struct Session {
    /// Lines that are not sent yet.
    outbox: RefCell<Vec<u8>>,
    filled: Waiters,
    /// The driver has gone.
    over: Cell<bool>,
    /// Programs that go on by themselves.
    busy: Cell<u32>,
    /// How much was told: unchanged means that nothing happened.
    told: Cell<u64>,
}

/// A program, and the request that runs it.
struct Program {
    id: String,
    operations: Vec<Value>,
    session: Rc<Session>,
    opened: Cell<u32>,
    passed: Cell<u32>,
    gate: Waiters,
    response: OnceCell<ServerResponse>,
    request: OnceCell<IncomingMessage>,
}

/// Runs until the host drains.
pub(crate) async fn run() -> Done {
    control::serve(Rc::default()).await;
}

impl Session {
    fn send(&self, line: &Value) {
        let mut outbox = self.outbox.borrow_mut();
        outbox.extend_from_slice(line.to_string().as_bytes());
        outbox.push(b'\n');
        drop(outbox);
        self.filled.wake();
    }
}

impl Program {
    fn new(session: &Rc<Session>, id: &str, operations: &Value) -> Self {
        Self {
            id: id.to_owned(),
            operations: operations.as_array().cloned().unwrap_or_default(),
            session: session.clone(),
            opened: Cell::new(0),
            passed: Cell::new(0),
            gate: Waiters::default(),
            response: OnceCell::new(),
            request: OnceCell::new(),
        }
    }

    fn response(&self) -> &ServerResponse {
        self.response.get().expect("a program runs on a response")
    }

    fn request(&self) -> &IncomingMessage {
        self.request.get().expect("a program runs on a request")
    }

    fn tell(&self, mut what: Vec<Value>) {
        self.session.told.set(self.session.told.get() + 1);
        what.insert(0, json!(self.id));
        self.session.send(&Value::Array(what));
    }

    fn event(&self, name: &str) {
        self.tell(vec![json!("event"), json!(name)]);
    }

    /// Returns whether there were any.
    fn note_response_events(&self) -> bool {
        let events = self.response().take_events(0);
        for event in &events {
            match &event.kind {
                ServerResponseEventKind::Drain => self.event("res.drain"),
                ServerResponseEventKind::Prefinish => self.event("res.prefinish"),
                ServerResponseEventKind::Finish => self.event("res.finish"),
                ServerResponseEventKind::Error(error) => self.event(&format!("res.error:{}", error.code)),
                ServerResponseEventKind::Close => self.event("res.close"),
                ServerResponseEventKind::Timeout => {}
            }
        }
        !events.is_empty()
    }

    /// Returns whether there were any.
    fn note_request_events(&self) -> bool {
        let events = self.request().take_events(0);
        for event in &events {
            match &event.kind {
                IncomingMessageEventKind::Aborted => self.event("req.aborted"),
                IncomingMessageEventKind::Error(error) => self.event(&format!("req.error:{}", error.code)),
                IncomingMessageEventKind::End => self.event("req.end"),
                IncomingMessageEventKind::Close => self.event("req.close"),
                IncomingMessageEventKind::Timeout => {}
            }
        }
        !events.is_empty()
    }

    /// Performs operations from `index` on. Returns the place of the first one that waits; none at the end.
    fn advance(&self, mut index: usize) -> Option<usize> {
        while let Some(operation) = self.operations.get(index) {
            let Some(outcome) = perform(self, operation) else { return Some(index) };
            self.note(index, outcome);
            // What an operation has led to is seen now, should nobody wait for events any more.
            self.note_response_events();
            self.note_request_events();
            index += 1;
        }
        self.tell(vec![json!("done")]);
        None
    }

    fn note(&self, index: usize, outcome: Outcome) {
        let result = match outcome {
            Outcome::Nothing => return,
            Outcome::Result(value) => value,
            Outcome::Throw(error) => values::thrown(&error),
        };
        let name = self.operations[index][0].clone();
        self.tell(vec![json!("result"), json!(index), name, result]);
    }
}

/// The port of the server with these options.
async fn port(interpreter: &Rc<Interpreter>, options: &Value) -> u16 {
    let key = options.to_string();
    if let Some(&port) = interpreter.servers.borrow().get(&key) {
        return port;
    }
    let server = values::server(options);
    let address = server.listen(local(), None).await.expect("a free port");
    interpreter.servers.borrow_mut().insert(key, address.port);
    let interpreter = interpreter.clone();
    wit_bindgen::spawn_local(async move {
        loop {
            server.ready().await;
            for event in server.take_events(0) {
                match event.kind {
                    ServerEventKind::Request(response)
                    | ServerEventKind::CheckContinue(response)
                    | ServerEventKind::CheckExpectation(response) => begin(&interpreter, response),
                    ServerEventKind::Close => return,
                    _ => {}
                }
            }
        }
    });
    address.port
}

/// A request: everything that does not wait happens here, as in Node's listener.
fn begin(interpreter: &Interpreter, response: ServerResponse) {
    let request = response.request();
    let id = request.raw_headers().into_iter().find(|(name, _)| name.eq_ignore_ascii_case("x-id"));
    let program = id.and_then(|(_, id)| interpreter.programs.borrow().get(&id).cloned());
    let Some(program) = program.filter(|program| program.response.get().is_none()) else {
        // Fails when the client has gone.
        let _ = response.end(Some(&text("no program")));
        return;
    };
    use {IncomingMessageEvents as Received, ServerResponseEvents as Sent};
    response.listen_for(Sent::DRAIN | Sent::PREFINISH | Sent::FINISH | Sent::ERROR | Sent::CLOSE);
    request.listen_for(Received::ABORTED | Received::ERROR | Received::END | Received::CLOSE);
    // Both were empty: the filter above has looked.
    let _ = (program.response.set(response), program.request.set(request));
    program.tell(vec![json!("began")]);
    wit_bindgen::spawn_local(watch_response(program.clone()));
    wit_bindgen::spawn_local(watch_request(program.clone()));
    if let Some(index) = program.advance(0) {
        wit_bindgen::spawn_local(go_on(program, index));
    }
}

/// The program from an operation on that waits.
async fn go_on(program: Rc<Program>, mut index: usize) {
    loop {
        let outcome = wait(&program, &program.operations[index]).await;
        program.note(index, outcome);
        match program.advance(index + 1) {
            Some(next) => index = next,
            None => return,
        }
    }
}

async fn watch_response(program: Rc<Program>) {
    loop {
        program.response().ready().await;
        if !program.note_response_events() {
            return;
        }
    }
}

async fn watch_request(program: Rc<Program>) {
    loop {
        program.request().ready().await;
        if !program.note_request_events() {
            return;
        }
    }
}
