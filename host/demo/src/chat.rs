//! A chat over WebSockets: what one browser says, all that are there see.
//!
//! The first message of a browser is its name, each other one a line. It is sent objects: `{"you": ID}` when it comes,
//! `{"people": [NAME, …]}` when somebody comes or goes, and `{"id": ID, "from": NAME, "text": LINE}` for each line, the
//! latest at once when it comes. Nobody has the name of another who is there: it is numbered.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::rc::Rc;

use node_http_imports::net::Socket;
use node_http_imports::server::{IncomingMessage, Upgrade};
use node_http_imports::spawn_local;
use node_http_imports::web_socket::{AcceptOptions, Limits, Message, WebSocket, WebSocketEventKind};

use crate::{App, json};

/// Where browsers connect to.
pub(crate) const PATH: &str = "/chat/socket";
/// So many browsers may be there.
const MOST_PEOPLE: usize = 1000;
/// So many lines are shown to who comes.
const KEPT_LINES: usize = 50;
/// Characters of a name and of a line.
const LONGEST_NAME: usize = 30;
const LONGEST_LINE: usize = 1000;

/// Who is there, and what was said.
#[derive(Default)]
pub(crate) struct Room {
    people: RefCell<BTreeMap<u64, Person>>,
    lines: RefCell<VecDeque<String>>,
    came: Cell<u64>,
    closed: Cell<bool>,
}

/// A browser.
struct Person {
    socket: Rc<WebSocket>,
    /// None before it has told its name.
    name: Option<String>,
}

/// A request to come in. Answers the status.
pub(crate) fn enter(app: Rc<App>, upgrade: Upgrade) -> u16 {
    let Upgrade { request, socket, head } = upgrade;
    if let Some((status, reason)) = app.room.refusal(&request) {
        refuse(&socket, status, reason);
        return status;
    }
    // A refused handshake was answered.
    let Ok(socket) = WebSocket::accept(&request, socket, &head, Some(&options())) else { return 400 };
    let socket = Rc::new(socket);
    let id = app.room.add(Rc::clone(&socket));
    spawn_local(async move { app.room.attend(id, &socket).await });
    101
}

impl Room {
    /// How many have told their names.
    pub(crate) fn people(&self) -> usize {
        self.people.borrow().values().filter(|person| person.name.is_some()).count()
    }

    /// Everybody leaves, and nobody comes any more.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        for person in self.people.borrow().values() {
            // Code and reason are allowed.
            let _ = person.socket.close(None, Some("the server stops"));
        }
    }

    fn refusal(&self, request: &IncomingMessage) -> Option<(u16, &'static str)> {
        if !is_same_origin(request) {
            Some((403, "Forbidden"))
        } else if self.closed.get() || self.people.borrow().len() >= MOST_PEOPLE {
            Some((503, "Service Unavailable"))
        } else {
            None
        }
    }

    fn add(&self, socket: Rc<WebSocket>) -> u64 {
        let id = self.came.replace(self.came.get() + 1);
        self.people.borrow_mut().insert(id, Person { socket, name: None });
        id
    }

    /// Hears one browser until it is gone.
    async fn attend(&self, id: u64, socket: &WebSocket) {
        loop {
            socket.ready().await;
            for event in socket.take_events(0) {
                match event.kind {
                    WebSocketEventKind::Message(Message::Text(text)) => self.hear(id, &text),
                    WebSocketEventKind::Close(_) => return self.leave(id),
                    // Nobody says anything in bytes, and `close` follows each error.
                    _ => {}
                }
            }
        }
    }

    fn hear(&self, id: u64, text: &str) {
        let name = self.people.borrow().get(&id).and_then(|person| person.name.clone());
        match name {
            Some(from) => self.say(id, &from, &shortened(text, LONGEST_LINE)),
            None => self.introduce(id, shortened(text, LONGEST_NAME)),
        }
    }

    fn introduce(&self, id: u64, name: String) {
        let name = self.free_name(name);
        if let Some(person) = self.people.borrow_mut().get_mut(&id) {
            person.name = Some(name);
            person.tell(&format!("{{\"you\": {id}}}"));
            self.lines.borrow().iter().for_each(|line| person.tell(line));
        }
        self.tell_people();
    }

    /// The second Ada is `Ada (2)`.
    fn free_name(&self, name: String) -> String {
        let people = self.people.borrow();
        let is_free = |name: &String| people.values().all(|person| person.name.as_ref() != Some(name));
        let mut names = iter::once(name.clone()).chain((2..).map(|number| format!("{name} ({number})")));
        names.find(is_free).unwrap_or(name)
    }

    fn say(&self, id: u64, from: &str, text: &str) {
        let (from, text) = (json::string(from), json::string(text));
        let line = format!("{{\"id\": {id}, \"from\": {from}, \"text\": {text}}}");
        self.tell(&line);
        let mut lines = self.lines.borrow_mut();
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn leave(&self, id: u64) {
        self.people.borrow_mut().remove(&id);
        self.tell_people();
    }

    fn tell_people(&self) {
        let people = self.people.borrow();
        let names = people.values().filter_map(|person| person.name.as_deref()).map(json::string);
        let names = names.collect::<Vec<_>>().join(", ");
        drop(people);
        self.tell(&format!("{{\"people\": [{names}]}}"));
    }

    /// Tells all that have a name.
    fn tell(&self, message: &str) {
        let people = self.people.borrow();
        people.values().filter(|person| person.name.is_some()).for_each(|person| person.tell(message));
    }
}

impl Person {
    fn tell(&self, message: &str) {
        // It is open. Who does not read is given up once too much waits for it.
        let _ = self.socket.send(&message.into());
    }
}

fn options() -> AcceptOptions {
    AcceptOptions {
        // Proxies and routers forget a connection that is silent for a minute.
        ping_interval: Some(30_000),
        limits: Some(Limits {
            max_message_size: Some(16 * 1024),
            max_frame_size: None,
            high_water_mark: None,
            max_buffered_amount: Some(256 * 1024),
            close_timeout: Some(2000),
        }),
        ..AcceptOptions::default()
    }
}

/// Whether the page that asks is one of this server: browsers let every page open a WebSocket to everywhere, and say from
/// where. Other programs may leave that out.
fn is_same_origin(request: &IncomingMessage) -> bool {
    let headers = request.raw_headers();
    let value = |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let Some((_, origin)) = value("origin") else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == value("host").map(|(_, host)| host.as_str())
}

fn refuse(socket: &Socket, status: u16, reason: &str) {
    let answer = format!("HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    // It fails when the client has gone.
    let _ = socket.end(Some(&answer.into()));
}

fn shortened(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect()
}
