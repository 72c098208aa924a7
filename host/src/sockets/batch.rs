//! `node-http:host/tcp-batch`: the bytes of all connections of a store in one call.
//!
//! The sockets are watched by a selector of their own, so that a call sees at once what the system has; a task waits
//! for the selector where nothing has come. What is known to be readable is read only when the component asks.

mod selector;
#[cfg(test)]
mod tests;

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown};
use slab::Slab;
use wasmtime::component::{Accessor, Linker, Resource, WasmList};
use wasmtime::{AsContextMut as _, StoreContextMut};
use wasmtime_wasi::p3::bindings::sockets::types::{ErrorCode, TcpSocket as Handle};

use self::bindings::node_http::host::tcp_batch::{Completion, Operation, Outcome, Submission};
use self::selector::{Selector, State};
use super::connection::Connection;
use super::host::get_mut;
use super::streams::{SEND_FLAGS, failure, retry, shutdown};
use super::{NetworkCtxView, NetworkView};

mod bindings {
    #![allow(missing_docs, reason = "the manual of every function is in the WIT file")]

    wasmtime::component::bindgen!({
        path: ["wit", "batched"],
        world: "node-http:host/batched",
        with: {
            "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
            "wasi:sockets": wasmtime_wasi::p3::bindings::sockets,
        },
    });
}

/// Most bytes that one call receives, but for the last read.
const LARGEST: usize = 512 * 1024;
/// Most bytes that one read receives.
const LARGEST_READ: usize = 128 * 1024;
/// So many calls in a row may bring something before other tasks of the runtime have their turn.
const ROUNDS: u32 = 64;

/// Adds `node-http:host/tcp-batch` and nothing else.
///
/// Written out, because what is sent is not to be copied from the memory of the component.
///
/// # Errors
/// When the linker has the interface already.
pub fn add_to_linker<T: NetworkView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("node-http:host/tcp-batch@0.1.0")?;
    interface.func_wrap("attach", |mut store: StoreContextMut<'_, T>, (socket,): (Resource<Handle>,)| {
        let NetworkCtxView { wasi, batch, .. } = store.data_mut().network();
        let stream = get_mut(wasi.table, &socket)?.attach();
        Ok((stream.and_then(|stream| batch.attach(stream).map_err(ErrorCode::from)),))
    })?;
    interface.func_wrap("submit", submit::<T>)?;
    interface.func_wrap_concurrent("ready", |store: &Accessor<T>, (): ()| {
        Box::pin(async move {
            ready(store).await;
            Ok(())
        })
    })
}

/// Lets the component's pieces be sent from where they are.
fn submit<T: NetworkView + 'static>(
    mut store: StoreContextMut<'_, T>,
    (submissions, pieces, look): (Vec<Submission>, WasmList<WasmList<u8>>, bool),
) -> wasmtime::Result<((Vec<Completion>, Vec<u8>),)> {
    let pieces = pieces.iter(&mut store)?.collect::<wasmtime::Result<Vec<_>>>()?;
    let mut batch = std::mem::take(store.data_mut().network().batch);
    let result = batch.submit(&submissions, pieces.iter().map(|piece| piece.as_le_slice(&store)), look);
    *store.data_mut().network().batch = batch;
    Ok((result?,))
}

/// The connections of one store whose bytes cross in batches. Begins with none.
#[derive(Default)]
pub struct Batch {
    selector: Option<Arc<Selector>>,
    attached: Slab<Attached>,
    /// Connections that are readable and asked for, each once.
    due: Vec<usize>,
    complete: Vec<Completion>,
    /// Whether nobody has looked at the selector since `ready` has.
    fresh: bool,
    rounds: u32,
    scratch: Vec<u8>,
}

type Stream = Arc<Connection<TcpStream>>;

/// A connection, what is known of it and what the component waits for.
struct Attached {
    stream: Stream,
    state: State,
    /// Most bytes that are asked for.
    receive: Option<usize>,
    /// Whether it stands among those that are due.
    due: bool,
    send: bool,
    watch: bool,
}

impl Batch {
    fn attach(&mut self, stream: Stream) -> io::Result<u32> {
        let selector = self.selector()?;
        let entry = self.attached.vacant_entry();
        let number = entry.key();
        selector.add(&**stream, number)?;
        // The selector says at once whether it is readable.
        let state = State { writable: true, ..State::default() };
        entry.insert(Attached { stream, state, receive: None, due: false, send: false, watch: false });
        u32::try_from(number).map_err(io::Error::other)
    }

    fn selector(&mut self) -> io::Result<Arc<Selector>> {
        if self.selector.is_none() {
            self.selector = Some(Arc::new(Selector::new()?));
        }
        self.selector.clone().ok_or_else(|| io::ErrorKind::Other.into())
    }

    fn submit<'a>(
        &mut self,
        submissions: &[Submission],
        mut pieces: impl Iterator<Item = &'a [u8]>,
        look: bool,
    ) -> wasmtime::Result<(Vec<Completion>, Vec<u8>)> {
        let mut sends = false;
        for Submission { connection, operation } in submissions {
            let mut piece: &[u8] = &[];
            if let Operation::Send = operation {
                piece = pieces.next().ok_or_else(|| wasmtime::format_err!("a send without its bytes"))?;
                sends = true;
            }
            self.begin(*connection, operation, piece);
        }
        self.rounds += 1;
        let mut received = Vec::new();
        if look || self.rounds <= ROUNDS {
            // Whoever sends is busy, and more may have come. Whoever does not waits for `ready`, which looks.
            if look || !std::mem::take(&mut self.fresh) && sends {
                self.look()?;
            }
            self.receive(&mut received);
        }
        if let Some(selector) = self.selector.as_ref().filter(|_| !self.due.is_empty()) {
            selector.wake();
        }
        Ok((std::mem::take(&mut self.complete), received))
    }

    fn begin(&mut self, connection: u32, operation: &Operation, piece: &[u8]) {
        let number = connection as usize;
        let Some(attached) = self.attached.get_mut(number) else { return };
        match operation {
            Operation::Receive(most) => {
                attached.receive = Some((*most as usize).clamp(1, LARGEST_READ));
                attached.complete(number, &mut self.complete, &mut self.due);
            }
            Operation::Send => match attached.try_send(piece) {
                Some(outcome) => self.complete.push(Completion { connection, outcome }),
                None => attached.send = true,
            },
            Operation::Watch => {
                attached.watch = true;
                attached.complete(number, &mut self.complete, &mut self.due);
            }
            Operation::ShutReceive => shutdown(&**attached.stream, Shutdown::Read),
            Operation::ShutSend => shutdown(&**attached.stream, Shutdown::Write),
            Operation::Forget => {
                let attached = self.attached.remove(number);
                if attached.due {
                    self.due.retain(|due| *due != number);
                }
                if let Some(selector) = &self.selector {
                    selector.remove(&**attached.stream);
                }
            }
        }
    }

    /// Takes in what the system knows by now.
    fn look(&mut self) -> io::Result<()> {
        let Some(selector) = &self.selector else { return Ok(()) };
        let (attached, complete, due) = (&mut self.attached, &mut self.complete, &mut self.due);
        selector.look(|number, news| {
            let Some(attached) = attached.get_mut(number) else { return };
            attached.state.add(news);
            attached.complete(number, complete, due);
        })
    }

    fn receive(&mut self, received: &mut Vec<u8>) {
        if self.due.is_empty() {
            return;
        }
        self.scratch.resize(LARGEST_READ, 0);
        let mut done = 0;
        for &number in &self.due {
            if received.len() >= LARGEST {
                break;
            }
            done += 1;
            let Some(attached) = self.attached.get_mut(number) else { continue };
            attached.due = false;
            if let Some(outcome) = attached.try_receive(&mut self.scratch, received) {
                self.complete.push(Completion { connection: number as u32, outcome });
            }
        }
        self.due.drain(..done);
    }

    fn has_news(&self) -> bool {
        !self.due.is_empty() || !self.complete.is_empty()
    }
}

impl Attached {
    /// What can be said at once about what is waited for.
    fn complete(&mut self, number: usize, complete: &mut Vec<Completion>, due: &mut Vec<usize>) {
        let connection = number as u32;
        if self.state.readable && self.receive.is_some() && !std::mem::replace(&mut self.due, true) {
            due.push(number);
        }
        if self.state.writable && std::mem::take(&mut self.send) {
            complete.push(Completion { connection, outcome: Outcome::Sent(0) });
        }
        if self.state.broken && std::mem::take(&mut self.watch) {
            complete.push(Completion { connection, outcome: Outcome::Broken });
        }
    }

    /// A short read has emptied the socket: the selector tells of what comes later.
    fn try_receive(&mut self, scratch: &mut [u8], received: &mut Vec<u8>) -> Option<Outcome> {
        let most = self.receive.filter(|_| self.state.readable)?;
        let room = &mut scratch[..most];
        let result = retry(|| rustix::net::recv(&**self.stream, &mut *room, RecvFlags::empty()));
        let outcome = match result {
            Ok((_, count)) => {
                self.state.readable = count == most || self.state.ended;
                self.stream.metrics().count_received(count);
                received.extend_from_slice(&scratch[..count]);
                Outcome::Received(count as u32)
            }
            Err(Errno::WOULDBLOCK) => {
                self.state.readable = false;
                return None;
            }
            Err(errno) => Outcome::ReceiveFailed(failure(&errno.into())),
        };
        self.receive = None;
        Some(outcome)
    }

    /// None: there is no room, of which the selector will tell.
    fn try_send(&mut self, bytes: &[u8]) -> Option<Outcome> {
        if !self.state.writable {
            return None;
        }
        match retry(|| rustix::net::send(&**self.stream, bytes, SEND_FLAGS)) {
            Ok(count) => {
                self.state.writable = count == bytes.len();
                self.stream.metrics().count_sent(count);
                Some(Outcome::Sent(count as u32))
            }
            Err(Errno::WOULDBLOCK) => {
                self.state.writable = false;
                None
            }
            Err(errno) => Some(Outcome::SendFailed(failure(&errno.into()))),
        }
    }
}

/// Waits until there is something to answer.
async fn ready<T: NetworkView + 'static>(store: &Accessor<T>) {
    let mut look = false;
    loop {
        let next = store.with(|mut access| {
            let mut store = access.as_context_mut();
            let batch = store.data_mut().network().batch;
            let tired = std::mem::take(&mut batch.rounds) > ROUNDS;
            // The next call says what is wrong with the selector.
            let failed = std::mem::take(&mut look) && batch.look().is_err();
            match (failed || batch.has_news(), tired) {
                (true, true) => Next::LetOthers,
                (true, false) => {
                    batch.fresh = true;
                    Next::Return
                }
                (false, _) => batch.selector().map_or(Next::Return, Next::Wait),
            }
        });
        match next {
            Next::Return => return,
            Next::LetOthers => tokio::task::yield_now().await,
            Next::Wait(selector) => {
                selector.news().await;
                look = true;
            }
        }
    }
}

/// What a wait does next.
enum Next {
    Return,
    LetOthers,
    Wait(Arc<Selector>),
}
