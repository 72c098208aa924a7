//! The objects that the face holds, by handle.

use std::{
    cell::{Cell, RefCell},
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

/// Bits of a handle that are its place; those above, 7 of them, tell who had the place before.
const PLACE_BITS: u32 = 24;
const PLACE: u32 = (1 << PLACE_BITS) - 1;
const GENERATION: u32 = 0x7f;

/// What has a place.
#[derive(Debug)]
struct Slot {
    handle: u32,
    object: Option<Rc<Object>>,
}

/// Places are used again, so that the face can keep its objects in an array. The first is nobody's: no handle is 0.
#[derive(Debug)]
struct Objects {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

thread_local! {
    // Never dropped: at the end of the thread the crate's objects would reach for what is gone already.
    static OBJECTS: ManuallyDrop<RefCell<Objects>> = ManuallyDrop::new(RefCell::new(Objects {
        slots: vec![Slot { handle: 0, object: None }],
        free: Vec::new(),
    }));
}

impl Objects {
    /// A handle that nobody has.
    fn reserve(&mut self) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            let place = u32::try_from(self.slots.len()).ok().filter(|place| *place <= PLACE);
            self.slots.push(Slot { handle: 0, object: None });
            place.expect("so many objects have no room in a component's memory")
        });
        let slot = &mut self.slots[place as usize];
        let generation = (slot.handle >> PLACE_BITS).wrapping_add(1) & GENERATION;
        slot.handle = generation << PLACE_BITS | place;
        slot.handle
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Slot> {
        self.slots.get_mut((handle & PLACE) as usize).filter(|slot| slot.handle == handle)
    }
}

/// Makes an object, which may know its handle, and watches it.
pub(super) fn add(make: impl FnOnce(u32) -> Object) -> u32 {
    let handle = OBJECTS.with(|objects| objects.borrow_mut().reserve());
    let object = make(handle);
    object.watch(handle);
    OBJECTS.with(|objects| {
        if let Some(slot) = objects.borrow_mut().slot(handle) {
            slot.object = Some(Rc::new(object));
        }
    });
    handle
}

pub(super) fn get(handle: u32) -> Option<Rc<Object>> {
    OBJECTS.with(|objects| objects.borrow_mut().slot(handle)?.object.clone())
}

/// Drops the object outside every borrow: that may do much.
pub(super) fn remove(handle: u32) {
    let object = OBJECTS.with(|objects| {
        let mut objects = objects.borrow_mut();
        let object = objects.slot(handle)?.object.take()?;
        objects.free.push(handle & PLACE);
        Some(object)
    });
    drop(object);
}

#[cfg(test)]
mod tests {
    use node_http::message::outgoing::DEFAULT_HIGH_WATER_MARK;

    use super::*;

    fn bare() -> Object {
        Object::outgoing(OutgoingMessage::bare(DEFAULT_HIGH_WATER_MARK))
    }

    #[test]
    fn a_handle_whose_place_is_used_again_leads_nowhere() {
        let first = add(|_| bare());
        remove(first);
        let second = add(|_| bare());
        assert_eq!(first & PLACE, second & PLACE);
        assert_ne!(first, second);
        assert!(get(first).is_none());
        remove(first);
        assert!(get(second).is_some(), "who was released before releases nobody else");
    }
}
