//! The control connections: lines of JSON over plain sockets, so that what is tested has no part in them.

use std::rc::Rc;

use serde_json::{Value, json};
use wasi::clocks::monotonic_clock;
use wasi::sockets::types::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};
use wit_bindgen::{StreamReader, StreamResult, StreamWriter};

use super::{Interpreter, Program, Session, port};
use crate::support::sleep;

/// A turn in milliseconds.
pub(super) const TURN: u64 = 1;
/// A turn that takes so many nanoseconds is late.
const LATE: u64 = 4_000_000;
/// On a machine that has no time, turns are always late.
const MOST_TURNS: u64 = 400;

/// Accepts until the host drains.
pub(super) async fn serve(interpreter: Rc<Interpreter>) {
    let listener = TcpSocket::create(IpAddressFamily::Ipv4).expect("a socket");
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) });
    listener.bind(address).expect("a free port");
    let mut accepted = listener.listen().expect("a bound socket listens");
    if let Ok(IpSocketAddress::Ipv4(address)) = listener.get_local_address() {
        println!("listening {} control", address.port);
    }
    loop {
        let (result, sockets) = accepted.read(Vec::with_capacity(16)).await;
        for socket in sockets {
            wit_bindgen::spawn_local(scenario(interpreter.clone(), socket));
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return;
        }
    }
}

async fn scenario(interpreter: Rc<Interpreter>, socket: TcpSocket) {
    let (incoming, _) = socket.receive();
    let (outgoing, to_send) = wasi::wit_stream::new();
    // Nobody asks how it ended, but a dropped outcome would be cancelled.
    let _sent = socket.send(to_send);
    let session = Rc::<Session>::default();
    wit_bindgen::spawn_local(write(session.clone(), outgoing));
    let mut ids = Vec::new();
    read(&interpreter, &session, incoming, &mut ids).await;
    session.over.set(true);
    session.filled.wake();
    let mut programs = interpreter.programs.borrow_mut();
    for program in ids.iter().filter_map(|id| programs.remove(id)) {
        program.gate.wake();
    }
}

/// Obeys until the driver closes the connection.
async fn read(
    interpreter: &Rc<Interpreter>,
    session: &Rc<Session>,
    mut incoming: StreamReader<u8>,
    ids: &mut Vec<String>,
) {
    let mut received = Vec::new();
    loop {
        received.reserve(65_536);
        let (result, buffer) = incoming.read(received).await;
        received = buffer;
        while let Some(end) = received.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = received.drain(..=end).collect();
            obey(interpreter, session, &line, ids).await;
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return;
        }
    }
}

async fn write(session: Rc<Session>, mut outgoing: StreamWriter<u8>) {
    loop {
        session.filled.until(|| session.over.get() || !session.outbox.borrow().is_empty()).await;
        let lines = session.outbox.take();
        if session.over.get() || !outgoing.write_all(lines).await.is_empty() {
            return;
        }
    }
}

async fn obey(interpreter: &Rc<Interpreter>, session: &Rc<Session>, line: &[u8], ids: &mut Vec<String>) {
    let command: Value = serde_json::from_slice(line).expect("the driver speaks JSON");
    for (name, argument) in command.as_object().into_iter().flatten() {
        match name.as_str() {
            "listen" => session.send(&json!({ "port": port(interpreter, argument).await })),
            "programs" => {
                for (id, operations) in argument.as_object().into_iter().flatten() {
                    ids.push(id.clone());
                    let program = Rc::new(Program::new(session, id, operations));
                    interpreter.programs.borrow_mut().insert(id.clone(), program);
                }
            }
            "open" => {
                let programs = interpreter.programs.borrow();
                let program = argument.as_str().and_then(|id| programs.get(id)).expect("a known program");
                program.opened.set(program.opened.get() + 1);
                program.gate.wake();
            }
            "settle" => {
                settle(session, argument.as_u64().unwrap_or(1)).await;
                session.send(&json!({ "settled": true }));
            }
            other => panic!("there is no command {other:?}"),
        }
    }
}

/// Waits until nothing has happened for so many turns. One that comes late does not count: there was other work, and
/// what has arrived meanwhile is not seen yet.
async fn settle(session: &Session, turns: u64) {
    let (mut calm, mut passed) = (0, 0);
    while calm < turns && passed < MOST_TURNS {
        let (told, began) = (session.told.get(), monotonic_clock::now());
        sleep(TURN).await;
        let late = monotonic_clock::now() - began > LATE;
        let busy = session.busy.get() > 0 || session.told.get() != told;
        calm = if late || busy { 0 } else { calm + 1 };
        passed += 1;
    }
}
