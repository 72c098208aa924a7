//! What hostile clients are let loose on: a server that is slow, deaf or in a panic where it is asked to be.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasi::clocks::monotonic_clock;

use crate::support::*;
use node_http_imports::http;

/// Pieces in which large bodies are written.
const PIECE: usize = 64 * 1024;

/// Nanoseconds that a slow answer takes.
const SLOW: u64 = 100_000_000;

/// After so many slow answers others have their turn.
const AT_ONCE: usize = 64;

const HELLO: &[u8] = b"Hello, world\n";

/// Arguments: `connections=N`, the most there may be; `budget=N`, the bytes that peers may fill. Connections stay open
/// while idle.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let options = ServerOptions { keep_alive_timeout: Some(0), ..ServerOptions::default() };
    let server = Server::create(&options).expect("options are valid");
    for argument in &arguments {
        match argument.split_once('=') {
            Some(("connections", most)) => server.set_max_connections(most.parse().expect("a number")),
            Some(("budget", bytes)) => http::set_memory_budget(bytes.parse().expect("a number")),
            _ => panic!("there is no argument {argument:?}"),
        }
    }
    let address = announce("robustness", &server).await;
    // What the benchmarks look for.
    println!("listening on http://127.0.0.1:{}", address.port);
    let unanswered = Rc::new(Unanswered::default());
    serve(&server, |response, _| route(response, &unanswered)).await;
}

fn route(response: ServerResponse, unanswered: &Rc<Unanswered>) {
    match response.request_line().url.as_str() {
        "/panic" => panic!("as the client asked"),
        "/upload" => quietly(async move {
            let body = response.request().read_all(1 << 20).await?;
            response.respond(200, &[], body.len().to_string().as_bytes())
        }),
        "/large" => quietly(large(response)),
        "/slow" => unanswered.answer_later(response),
        "/deaf" => unanswered.never_answer(response),
        "/hold" => unanswered.held.borrow_mut().push(response),
        "/report" => respond(&response, unanswered.report().as_bytes()),
        // A body, should there be one, is not read.
        _ => respond(&response, HELLO),
    }
}

/// It fails when the client has gone.
fn respond(response: &ServerResponse, body: &[u8]) {
    let _ = response.respond(200, &[], body);
}

/// Responses that the application keeps.
#[derive(Default)]
struct Unanswered {
    /// They are answered one after another: a task and a timer for each would be the larger part of what they cost.
    slow: RefCell<VecDeque<(u64, ServerResponse)>>,
    answering: Cell<bool>,
    /// They are never answered, and let go of some time after their connections have ended.
    deaf: RefCell<Vec<ServerResponse>>,
    /// They are kept, whatever becomes of their connections.
    held: RefCell<Vec<ServerResponse>>,
}

impl Unanswered {
    fn answer_later(self: &Rc<Self>, response: ServerResponse) {
        self.slow.borrow_mut().push_back((monotonic_clock::now() + SLOW, response));
        if !self.answering.replace(true) {
            wit_bindgen::spawn_local(Rc::clone(self).answer());
        }
    }

    async fn answer(self: Rc<Self>) {
        let mut answered = 0_usize;
        loop {
            let Some((due, response)) = self.slow.borrow_mut().pop_front() else { break };
            if due > monotonic_clock::now() {
                monotonic_clock::wait_until(due).await;
            }
            respond(&response, HELLO);
            answered += 1;
            if answered.is_multiple_of(AT_ONCE) {
                wit_bindgen::yield_async().await;
            }
        }
        self.answering.set(false);
    }

    fn never_answer(&self, response: ServerResponse) {
        let mut deaf = self.deaf.borrow_mut();
        if deaf.len() == deaf.capacity() {
            deaf.retain(|response| !response.destroyed());
            // Room for as many again, so that to look costs little for each.
            let more = deaf.len();
            deaf.reserve(more);
        }
        deaf.push(response);
    }

    /// How many are held, how many of them are destroyed, and how many connections still tell the client's address.
    fn report(&self) -> String {
        let held = self.held.borrow();
        let destroyed = held.iter().filter(|response| response.destroyed()).count();
        let address = |response: &ServerResponse| response.request().socket()?.remote_address();
        let addresses = held.iter().filter(|response| address(response).is_some()).count();
        format!("{} held, {destroyed} destroyed, {addresses} addresses", held.len())
    }
}

/// A hundred megabytes, as fast as the client takes them.
async fn large(response: ServerResponse) -> Result<(), Error> {
    for _ in 0..1600 {
        if !response.write(&Chunk::Bytes(vec![b'.'; PIECE]))? {
            response.drain().await;
        }
    }
    response.end(None)
}

/// Clients leave whenever they like.
fn quietly(work: impl Future<Output = Result<(), Error>> + 'static) {
    wit_bindgen::spawn_local(async {
        let _ = work.await;
    });
}
