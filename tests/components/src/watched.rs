//! One wait for everything: a server, its messages, requests to it and both ends of a WebSocket, by number.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};

use crate::support::*;
use node_http_imports::client::{
    Agent, AgentOptions, ClientRequest, ClientRequestEventKind, ClientRequestEvents, RequestOptions,
};
use node_http_imports::server::Upgrade;
use node_http_imports::web_socket::{Message, WebSocket, WebSocketEventKind};
use node_http_imports::{http, until};

/// So many requests at a time.
const REQUESTS: u64 = 20;

/// What may be named.
enum Watched {
    Server(Server),
    /// A request that is received, with what there is of its body.
    Received(ServerResponse, IncomingMessage, Vec<u8>),
    Request(ClientRequest),
    Answer(IncomingMessage, Vec<u8>),
    /// An end that sends back what comes.
    Echo(WebSocket),
    /// An end that says one thing, and hears it again.
    Speaker(WebSocket),
}

#[derive(Default)]
struct Program {
    watched: BTreeMap<u64, Watched>,
    last: u64,
    answered: u64,
    heard: bool,
}

pub(crate) async fn run() -> Done {
    assert!(http::take_watched().is_empty());
    let listening = Some(ServerEvents::UPGRADE);
    let server = listen("watched", ServerOptions { listening, ..ServerOptions::default() }).await;
    let port = server.address().expect("it listens").port;
    let agent = Agent::create(&AgentOptions::default()).expect("options are valid");
    let mut program = Program::default();
    program.add(|number| {
        server.watch(number);
        Watched::Server(server)
    });
    for _ in 0..REQUESTS {
        let request = ask(port, &agent);
        request.end(Some(&Chunk::Text(program.last.to_string()))).expect("an open request");
        program.add(|number| {
            request.watch(number);
            Watched::Request(request)
        });
    }
    let socket = crate::web_socket::connect(&format!("ws://127.0.0.1:{port}"));
    program.add(|number| {
        socket.watch(number);
        Watched::Speaker(socket)
    });
    let own = async {
        while program.answered < REQUESTS || !program.heard {
            http::watched().await;
            for number in http::take_watched() {
                program.advance(number);
            }
        }
    };
    join(own, join_all((0..REQUESTS).map(|_| wait(port, &agent)))).await;
}

/// As the others, but waits with `until`, beside them.
async fn wait(port: u16, agent: &Agent) {
    let request = ask_with(port, agent, None);
    request.end(Some(&Chunk::Text("until".to_owned()))).expect("an open request");
    let answer = until(&[&request], || request.take_response()).await.expect("an answer");
    let mut body = Vec::new();
    until(&[&answer], || read(&answer, &mut body).then_some(())).await;
    assert_eq!(body, b"until");
    let again = request.take_response().expect("it was given").map(drop).expect_err("it was given");
    assert_eq!(again.code, "ERR_STREAM_ALREADY_FINISHED");
}

fn ask(port: u16, agent: &Agent) -> ClientRequest {
    ask_with(port, agent, Some(ClientRequestEvents::RESPONSE))
}

fn ask_with(port: u16, agent: &Agent, listening: Option<ClientRequestEvents>) -> ClientRequest {
    let options = RequestOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        method: Some("POST".to_owned()),
        listening,
        ..RequestOptions::default()
    };
    http::request(None, Some(options), Some(agent), None).expect("options are valid")
}

impl Program {
    fn add(&mut self, make: impl FnOnce(u64) -> Watched) {
        self.last += 1;
        let watched = make(self.last);
        self.watched.insert(self.last, watched);
    }

    /// Watches what has come to the server.
    fn take_in(&mut self, server: &Server) {
        for event in server.take_events(0) {
            match event.kind {
                ServerEventKind::Request(response) => {
                    let request = response.request();
                    self.add(|number| {
                        request.watch(number);
                        Watched::Received(response, request, Vec::new())
                    });
                }
                ServerEventKind::Upgrade(Upgrade { request, socket, head }) => {
                    let socket = WebSocket::accept(&request, socket, &head, None).expect("a client's");
                    self.add(|number| {
                        socket.watch(number);
                        Watched::Echo(socket)
                    });
                }
                _ => {}
            }
        }
    }

    /// Looks at what was named.
    fn advance(&mut self, number: u64) {
        // What was named last may be gone.
        let Some(watched) = self.watched.remove(&number) else { return };
        let kept = match watched {
            Watched::Server(server) => {
                self.take_in(&server);
                Some(Watched::Server(server))
            }
            Watched::Received(response, request, mut body) => match read(&request, &mut body) {
                false => Some(Watched::Received(response, request, body)),
                true => {
                    response.respond(200, &[], &body).expect("a fresh answer");
                    None
                }
            },
            Watched::Request(request) => match request.take_events(0).pop().map(|event| event.kind) {
                Some(ClientRequestEventKind::Response(answer)) => {
                    answer.watch(number);
                    Some(Watched::Answer(answer, Vec::new()))
                }
                _ => Some(Watched::Request(request)),
            },
            Watched::Answer(answer, mut body) => match read(&answer, &mut body) {
                false => Some(Watched::Answer(answer, body)),
                true => {
                    assert_eq!(body, (number - 1).to_string().as_bytes(), "every request has its own answer");
                    self.answered += 1;
                    None
                }
            },
            Watched::Echo(socket) => {
                for event in socket.take_events(0) {
                    if let WebSocketEventKind::Message(message) = event.kind {
                        socket.send(&message).expect("an open connection");
                    }
                }
                Some(Watched::Echo(socket))
            }
            Watched::Speaker(socket) => {
                for event in socket.take_events(0) {
                    match event.kind {
                        WebSocketEventKind::Open => {
                            socket.send(&Message::Text("hello".to_owned())).expect("an open connection");
                        }
                        WebSocketEventKind::Message(Message::Text(text)) => self.heard = text == "hello",
                        _ => {}
                    }
                }
                Some(Watched::Speaker(socket))
            }
        };
        if let Some(kept) = kept {
            self.watched.insert(number, kept);
        }
    }
}

/// Takes what is there; whether that is all.
fn read(message: &IncomingMessage, body: &mut Vec<u8>) -> bool {
    loop {
        match message.read(0) {
            ReadResult::Data(data) => body.extend(data.bytes),
            ReadResult::Pending => return false,
            ReadResult::End(_) => return true,
            ReadResult::Failed(error) => panic!("{error:?}"),
        }
    }
}
