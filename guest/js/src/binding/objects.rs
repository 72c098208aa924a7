//! The objects that the face holds, by handle.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    mem::ManuallyDrop,
    rc::Rc,
};

use node_http::{
    client::{Agent, ClientRequest},
    message::OutgoingMessage,
    server::{IncomingMessage, Server, ServerResponse, Socket},
};

use super::pipe::Pipe;

/// What a handle stands for.
#[derive(Debug)]
pub(super) enum Object {
    Server(Server),
    /// Whether anything was written, so that somebody may wait for its way.
    Response(ServerResponse, Cell<bool>),
    /// Whether somebody waits for more of it.
    Message(IncomingMessage, Cell<bool>),
    Socket(Socket),
    Request(ClientRequest),
    Agent(Agent),
    /// A message that no connection sends.
    Outgoing(Box<RefCell<OutgoingMessage>>),
    Pipe(Pipe),
}

impl Object {
    pub(super) fn outgoing(message: OutgoingMessage) -> Self {
        Self::Outgoing(Box::new(RefCell::new(message)))
    }

    pub(super) fn response(response: ServerResponse) -> Self {
        Self::Response(response, Cell::new(false))
    }

    pub(super) fn message(message: IncomingMessage) -> Self {
        Self::Message(message, Cell::new(false))
    }

    /// Notes its events under its handle.
    fn watch(&self, handle: u32) {
        let number = u64::from(handle);
        match self {
            Self::Server(server) => server.watch(number),
            Self::Response(response, _) => response.watch(number),
            Self::Message(message, _) => message.watch(number),
            Self::Socket(socket) => socket.watch(number),
            Self::Request(request) => request.watch(number),
            Self::Agent(agent) => agent.watch(number),
            Self::Pipe(pipe) => pipe.watch(number),
            Self::Outgoing(_) => {}
        }
    }
}

#[derive(Default)]
struct Objects {
    last: Cell<u32>,
    by_handle: RefCell<BTreeMap<u32, Rc<Object>>>,
}

thread_local! {
    // Never dropped: at the end of the thread the crate's objects would reach for what is gone already.
    static OBJECTS: ManuallyDrop<Objects> = ManuallyDrop::default();
}

/// Makes an object, which may know its handle, and watches it.
pub(super) fn add(make: impl FnOnce(u32) -> Object) -> u32 {
    OBJECTS.with(|objects| {
        let handle = objects.last.get() + 1;
        objects.last.set(handle);
        let object = make(handle);
        object.watch(handle);
        objects.by_handle.borrow_mut().insert(handle, Rc::new(object));
        handle
    })
}

pub(super) fn get(handle: u32) -> Option<Rc<Object>> {
    OBJECTS.with(|objects| objects.by_handle.borrow().get(&handle).cloned())
}

/// Drops the object outside every borrow: that may do much.
pub(super) fn remove(handle: u32) {
    let object = OBJECTS.with(|objects| objects.by_handle.borrow_mut().remove(&handle));
    drop(object);
}
