//! Runs a program of the client differential test on our client: the twin of `tests/src/client_differential/interpreter.js`,
//! where the words of a program are described. The arguments are the program as JSON and the port; the outcome is
//! printed as a line of JSON.

mod exchange;
mod operations;
mod options;
mod words;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Done, sleep};
use exchange::Exchange;
use node_http_imports::client::Agent;
use node_http_imports::http;

/// What all exchanges of a program share.
struct Program {
    description: Value,
    port: u16,
    /// The agent of the program's own, if it has one.
    agent: Option<Agent>,
    /// When something happened last.
    touched: Cell<Instant>,
}

/// The case.
pub(crate) async fn run(arguments: Vec<String>) -> Done {
    let [text, port] = &arguments[..] else { panic!("a program and a port") };
    let description: Value = serde_json::from_str(text).expect("a program");
    let agent = options::agent(&description["agent"]);
    let port = port.parse().expect("a port");
    let touched = Cell::new(Instant::now());
    let program = Rc::new(Program { description, port, agent, touched });
    let requests = program.description["requests"].as_array().expect("requests");
    let exchanges: Vec<Rc<Exchange>> =
        requests.iter().map(|request| Exchange::new(&program, request)).collect();
    for exchange in &exchanges {
        exchange.start();
        if program.description["together"] != true {
            program.settled(|| exchange.over()).await;
        }
    }
    program.settled(|| false).await;
    let requests: Vec<Value> = exchanges.iter().map(|exchange| exchange.outcome()).collect();
    println!("outcome {}", json!({ "requests": requests }));
    // What ends when an instance ends would be seen by the server; whoever asked for the outcome ends this one.
    let _kept = (http::global_agent(), exchanges);
    std::future::pending().await
}

impl Program {
    fn touch(&self) {
        self.touched.set(Instant::now());
    }

    /// Until `over` says so, or nothing has happened for a while; never for longer than the limit.
    async fn settled(&self, over: impl Fn() -> bool) {
        let span = |name: &str| Duration::from_millis(self.description[name].as_u64().expect("milliseconds"));
        let (quiet, limit, begun) = (span("quiet"), span("limit"), Instant::now());
        self.touch();
        loop {
            // First, because nothing is sent before something waits.
            sleep(5).await;
            if over() || self.touched.get().elapsed() >= quiet || begun.elapsed() >= limit {
                break;
            }
        }
        // What was over has this time to reach the pool.
        sleep(20).await;
    }
}
