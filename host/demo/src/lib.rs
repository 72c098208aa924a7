//! The app that a bare `node-http` serves, and an example of an event loop against `node:http`.
//!
//! Short answers of one batch go back in one call; whatever has to wait (for a body, for the client, for a clock)
//! becomes a task of its own, so that the loop goes on.
#![cfg(target_family = "wasm")]

mod access_log;
mod chat;
#[path = "../../examples/apps/static-files/src/conditions.rs"]
mod conditions;
mod events;
mod ignored;
mod json;
mod pages;

use std::cell::Cell;
use std::env;
use std::rc::Rc;
use std::time::Instant;

use node_http_imports::server::{
    Answer, ListenOptions, Server, ServerEventKind, ServerEvents, ServerOptions, ServerResponse, Upgrade,
};
use node_http_imports::types::{Error, IpFamily, SocketAddress};
use node_http_imports::{main, spawn_local};

use crate::access_log::{Entry, Format, Sent};
use crate::chat::Room;
use crate::pages::Page;

/// Most events to take, and so most answers to give, in one call.
const BATCH: u32 = 256;

main!(serve);

/// What the handlers share.
struct App {
    server: Server,
    room: Room,
    log: Option<Format>,
    started: Instant,
    /// Requests that have come.
    requests: Cell<u64>,
}

/// Listens on `HOST` and `PORT` until the server is closed, which the host does when it is asked to stop.
async fn serve() -> Result<(), Error> {
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    // `listen` without a host makes do where there is no IPv6.
    let host = (host != "::").then_some(host);
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let log = env::var("ACCESS_LOG").ok().and_then(|name| Format::named(&name));

    // Without it they would be ordinary requests.
    let listening = Some(ServerEvents::UPGRADE);
    let server = Server::create(&ServerOptions { listening, ..ServerOptions::default() })?;
    let options = ListenOptions { host, port: Some(port), ..Default::default() };
    let address = server.listen(options, None).await?;
    // Instances that share the address say it once.
    if env::var("NODE_HTTP_WORKER").map_or(true, |number| number == "1") {
        println!("listening on {}", url(&address));
    }

    let (room, started, requests) = (Room::default(), Instant::now(), Cell::new(0));
    let app = Rc::new(App { server, room, log, started, requests });
    spawn_local(close_with(Rc::clone(&app)));
    loop {
        app.server.ready().await;
        let (mut answers, mut entries) = (Vec::new(), Vec::new());
        for event in app.server.take_events(BATCH) {
            match event.kind {
                ServerEventKind::Request(response) => answers.extend(app.route(response, &mut entries)),
                ServerEventKind::Upgrade(upgrade) => entries.extend(app.upgrade(upgrade)),
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
async fn close_with(app: Rc<App>) {
    app.server.closing().await;
    app.room.close();
}

impl App {
    /// Answers at once, or starts the task that will.
    fn route(self: &Rc<Self>, response: ServerResponse, entries: &mut Vec<(Entry, Sent)>) -> Option<Answer> {
        self.requests.set(self.requests.get() + 1);
        let entry = self.log.map(|format| Entry::begin(format, &response.request()));
        let line = response.request_line();
        match pages::find(&line) {
            Page::Short { status, content_type, body } => {
                let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
                let sent = Sent { status, bytes: body.len() as u64 };
                entries.extend(entry.map(|entry| (entry, sent)));
                Some(Answer { response, status, headers, body: body.into() })
            }
            Page::Long(handler) => {
                let app = Rc::clone(self);
                spawn_local(async move {
                    // As above: it fails when its client has gone. Dropping the response closes the connection.
                    let sent = handler(response, line.url, app).await;
                    if let Some(entry) = entry {
                        entry.end(sent.ok());
                    }
                });
                None
            }
        }
    }

    /// A request to change the protocol: to the chat's WebSocket, or to what nobody speaks here.
    fn upgrade(self: &Rc<Self>, upgrade: Upgrade) -> Option<(Entry, Sent)> {
        let app = Rc::clone(self);
        if pages::path(&upgrade.request.url()) == chat::PATH {
            let entry = self.log.map(|format| Entry::begin(format, &upgrade.request));
            let sent = Sent { status: chat::enter(app, upgrade), bytes: 0 };
            entry.map(|entry| (entry, sent))
        } else {
            // It fails when the client has gone or the server is closed.
            spawn_local(async move { _ = ignored::serve(&app.server, upgrade).await });
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
