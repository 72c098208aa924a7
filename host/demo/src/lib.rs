//! The app that a bare `node-http` serves, and an example of an event loop against `node:http`.
//!
//! Short answers of one batch go back in one call; whatever has to wait (for a body, for the client, for a clock)
//! becomes a task of its own, so that the loop goes on.
#![cfg(target_family = "wasm")]

mod access_log;
mod chat;
mod json;
mod pages;

use std::rc::Rc;

use wasi::cli::environment::get_environment;

use crate::access_log::{Entry, Format, Sent};
use crate::bindings::node::http::server::{
    ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions,
};
use crate::bindings::node::http::server_response::{Answer, ServerResponse};
use crate::bindings::node::http::types::{Error, IpFamily, SocketAddress};
use crate::chat::Room;
use crate::pages::Page;

/// What the world `imports` offers, generated.
#[allow(missing_docs, reason = "the manual of every function is in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "imports",
        additional_type_attributes: {
            "node:http/server@0.1.0/server-options": [#[derive(Default)]],
            "node:http/server@0.1.0/listen-options": [#[derive(Default)]],
            "node:http/web-socket@0.1.0/accept-options": [#[derive(Default)]],
        },
    });
}

/// Most events to take, and so most answers to give, in one call.
const BATCH: u32 = 256;

struct Demo;

wasi::cli::command::export!(Demo);

impl wasi::exports::cli::run::Guest for Demo {
    async fn run() -> Result<(), ()> {
        serve().await.map_err(|error| eprintln!("error: {}", error.message))
    }
}

/// Listens on `HOST` and `PORT` until the server is closed, which the host does when it is asked to stop.
async fn serve() -> Result<(), Error> {
    let environment = get_environment();
    let variable = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let host = variable("HOST").map_or("127.0.0.1", String::as_str);
    // `listen` without a host makes do where there is no IPv6.
    let host = (host != "::").then(|| host.to_owned());
    let log = variable("ACCESS_LOG").and_then(|name| Format::named(name));
    let port = variable("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080);

    // Without it they would be ordinary requests.
    let listening = Some(ServerEvents::UPGRADE);
    let server = Rc::new(Server::create(&ServerOptions { listening, ..ServerOptions::default() })?);
    let options = ListenOptions { host, port: Some(port), ..Default::default() };
    let address = server.listen(options, None).await?;
    // Instances that share the address say it once.
    if std::env::var("NODE_HTTP_WORKER").map_or(true, |number| number == "1") {
        println!("listening on {}", url(&address));
    }

    let room = Rc::new(Room::default());
    wit_bindgen::spawn_local(close_with(Rc::clone(&server), Rc::clone(&room)));
    loop {
        server.ready().await;
        let (mut answers, mut entries) = (Vec::new(), Vec::new());
        for event in server.take_events(BATCH) {
            match event.kind {
                ServerEventKind::Request(response) => answers.extend(route(response, log, &mut entries)),
                ServerEventKind::Upgrade(upgrade) => {
                    let entry = log.map(|format| Entry::begin(format, &upgrade.request));
                    let sent = Sent { status: room.enter(upgrade), bytes: 0 };
                    entries.extend(entry.map(|entry| (entry, sent)));
                }
                ServerEventKind::Close => return Ok(()),
                // Nothing else was asked for.
                _ => {}
            }
        }
        if !answers.is_empty() {
            // An answer fails when its client has gone, and then nobody waits for it.
            ServerResponse::respond_all(answers);
        }
        entries.into_iter().for_each(|(entry, sent)| entry.end(Some(sent)));
    }
}

/// The server is closed once its last connection has ended, and those of the chat do not end by themselves.
async fn close_with(server: Rc<Server>, room: Rc<Room>) {
    server.closing().await;
    room.close();
}

/// Answers at once, or starts the task that will.
fn route(response: ServerResponse, log: Option<Format>, entries: &mut Vec<(Entry, Sent)>) -> Option<Answer> {
    let entry = log.map(|format| Entry::begin(format, &response.request()));
    let line = response.request_line();
    match pages::find(&line) {
        Page::Short { status, content_type, body } => {
            let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
            let sent = Sent { status, bytes: body.len() as u64 };
            entries.extend(entry.map(|entry| (entry, sent)));
            Some(Answer { response, status, headers, body: body.into() })
        }
        Page::Long(handler) => {
            wit_bindgen::spawn_local(async move {
                // As above: it fails when its client has gone. Dropping the response closes the connection.
                let sent = handler(response, line.url).await;
                if let Some(entry) = entry {
                    entry.end(sent.ok());
                }
            });
            None
        }
    }
}

fn url(address: &SocketAddress) -> String {
    match address.family {
        IpFamily::Ipv4 => format!("http://{}:{}", address.address, address.port),
        IpFamily::Ipv6 => format!("http://[{}]:{}", address.address, address.port),
    }
}
