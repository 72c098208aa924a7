//! TCP whose bytes cross in batches: the one file that knows `node-http:host/tcp-batch`.
//!
//! Nothing here waits for the host by itself: what the loops want is queued, and handed over when no job can go on
//! ([`exchange`]) or when the host says that something has come.

mod halves;

use std::{
    cell::{Cell, RefCell},
    mem,
    task::Waker,
};

use wasi::sockets::types::{ErrorCode, TcpSocket};

use self::bindings::node_http::host::tcp_batch::{self, Completion, Operation, Outcome, Submission};
pub use self::halves::{BatchReader, BatchWriter};
use super::{NetError, Piece, ReadOutcome, wasi::net_error};
use crate::runtime::{self, Demand};

mod bindings {
    wit_bindgen::generate!({
        path: ["wit", "batched"],
        world: "node-http:host/batched",
        // What is sent is lent from where it is.
        ownership: Borrowing { duplicate_if_necessary: false },
        with: {
            "wasi:clocks/types@0.3.0": wasi::clocks::types,
            "wasi:sockets/types@0.3.0": wasi::sockets::types,
        },
    });
}

/// So much room a read gets that waits without any: nothing is held for connections that are idle.
const ROOM: usize = 4096;
/// Most buffers of that size that are kept for the next reads.
const SPARE: usize = 256;

thread_local! {
    static BATCH: Batch = Batch::default();
}

#[derive(Default)]
struct Batch {
    started: Cell<bool>,
    submissions: RefCell<Vec<Submission>>,
    /// What is to be sent, in the order of the submissions: of each the bytes, and how many are on their way already.
    pieces: RefCell<Vec<(Piece, usize)>>,
    /// By number.
    connections: RefCell<Vec<Option<Connection>>>,
    spare: RefCell<Vec<Vec<u8>>>,
    /// Whether a read since the last call has filled its room: there is more where that came from.
    filled: Cell<bool>,
}

/// What the two halves of a connection wait for.
#[derive(Default)]
struct Connection {
    receiving: Receiving,
    sending: Sending,
    /// What is being sent, between two submissions.
    piece: Piece,
    watching: Watching,
    /// How many halves are left.
    halves: u8,
}

#[derive(Default)]
enum Receiving {
    #[default]
    Idle,
    /// With room for so many bytes.
    Waiting(Vec<u8>, usize, Waker),
    Done(ReadOutcome, Vec<u8>),
}

#[derive(Default)]
enum Sending {
    #[default]
    Idle,
    Waiting(Waker),
    Done(Result<usize, NetError>),
}

#[derive(Default)]
enum Watching {
    #[default]
    Idle,
    Waiting(Waker),
    Broken,
}

/// Takes over the bytes of `socket`; none where the host does not.
pub(super) fn attach(socket: &TcpSocket) -> Option<(BatchReader, BatchWriter)> {
    let number = tcp_batch::attach(socket).ok()?;
    BATCH.with(|batch| {
        let mut connections = batch.connections.borrow_mut();
        let place = number as usize;
        if connections.len() <= place {
            connections.resize_with(place + 1, || None);
        }
        connections[place] = Some(Connection { halves: 2, ..Connection::default() });
        if !batch.started.replace(true) {
            runtime::exchange_with(exchange);
            runtime::spawn(serve());
        }
    });
    Some((BatchReader::new(number), BatchWriter::new(number)))
}

/// Fetches what has come whenever the host says so.
async fn serve() {
    loop {
        tcp_batch::ready().await;
        BATCH.with(|batch| batch.submit(false));
    }
}

/// Hands over what is queued, where that is worth a call, and says whether something came back.
fn exchange(demand: Demand) -> bool {
    BATCH.with(|batch| {
        let worth = match demand {
            Demand::All => !batch.submissions.borrow().is_empty(),
            // Peers wait for it; or the rest of a message is there, which is better dealt with at once.
            Demand::Bytes => !batch.pieces.borrow().is_empty() || batch.filled.get(),
            Demand::Look => true,
        };
        worth && batch.submit(demand == Demand::Look)
    })
}

impl Batch {
    fn queue(&self, number: u32, operation: Operation) {
        self.submissions.borrow_mut().push(Submission { connection: number, operation });
    }

    /// Whether something was complete.
    fn submit(&self, look: bool) -> bool {
        self.filled.set(false);
        let mut submissions = self.submissions.take();
        let mut pieces = self.pieces.take();
        let lent: Vec<&[u8]> = pieces.iter().map(|(bytes, sent)| &bytes[*sent..]).collect();
        let (completions, received) = tcp_batch::submit(&submissions, &lent, look);
        let sends = submissions.drain(..).filter(|one| matches!(one.operation, Operation::Send));
        for (Submission { connection, .. }, (bytes, _)) in sends.zip(pieces.drain(..)) {
            self.with(connection, |connection| connection.piece = bytes);
        }
        self.submissions.replace(submissions);
        self.pieces.replace(pieces);
        let mut rest = received.as_slice();
        for Completion { connection, outcome } in &completions {
            let number = *connection;
            let woken = match outcome {
                Outcome::Received(count) => {
                    let (bytes, after) = rest.split_at(*count as usize);
                    rest = after;
                    self.received(number, bytes)
                }
                Outcome::Sent(count) => self.sent(number, Ok(*count as usize)),
                Outcome::ReceiveFailed(failure) => self.receive_failed(number, failure),
                Outcome::SendFailed(failure) => self.sent(number, Err(net_error(failure))),
                Outcome::Broken => self.broken(number),
            };
            // Wakers run no code of ours, so they may be called while others wait to be.
            if let Some(waker) = woken {
                waker.wake();
            }
        }
        !completions.is_empty()
    }

    /// Changes a connection, unless both of its halves are gone.
    fn with<T>(&self, number: u32, change: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        self.connections.borrow_mut().get_mut(number as usize)?.as_mut().map(change)
    }

    fn received(&self, number: u32, bytes: &[u8]) -> Option<Waker> {
        self.with(number, |connection| {
            let (mut buffer, room, waker) = connection.receiving.take_waiting()?;
            let outcome = if bytes.is_empty() { ReadOutcome::End } else { ReadOutcome::Data(bytes.len()) };
            self.filled.set(self.filled.get() || bytes.len() == room);
            if buffer.capacity() == 0 && bytes.len() <= ROOM {
                buffer = self.spare.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(ROOM));
            }
            buffer.extend_from_slice(bytes);
            connection.receiving = Receiving::Done(outcome, buffer);
            Some(waker)
        })?
    }

    /// For the next read that brings something, while there are not too many.
    fn keep(&self, buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE {
            spare.push(buffer);
        }
    }

    fn receive_failed(&self, number: u32, failure: &ErrorCode) -> Option<Waker> {
        self.with(number, |connection| {
            let (buffer, _, waker) = connection.receiving.take_waiting()?;
            connection.receiving = Receiving::Done(ReadOutcome::Failed(net_error(failure)), buffer);
            Some(waker)
        })?
    }

    fn sent(&self, number: u32, result: Result<usize, NetError>) -> Option<Waker> {
        self.with(number, |connection| match mem::replace(&mut connection.sending, Sending::Done(result)) {
            Sending::Waiting(waker) => Some(waker),
            Sending::Idle | Sending::Done(_) => None,
        })?
    }

    fn broken(&self, number: u32) -> Option<Waker> {
        self.with(number, |connection| match mem::replace(&mut connection.watching, Watching::Broken) {
            Watching::Waiting(waker) => Some(waker),
            Watching::Idle | Watching::Broken => None,
        })?
    }

    /// One half does no more.
    fn drop_half(&self, number: u32, shut: Option<Operation>) {
        if let Some(operation) = shut {
            self.queue(number, operation);
        }
        let left = self.with(number, |connection| {
            connection.halves -= 1;
            connection.halves
        });
        if left == Some(0) {
            self.queue(number, Operation::Forget);
            self.connections.borrow_mut()[number as usize] = None;
        }
        runtime::wake_driver();
    }
}

impl Receiving {
    fn take_waiting(&mut self) -> Option<(Vec<u8>, usize, Waker)> {
        match mem::take(self) {
            Self::Waiting(buffer, room, waker) => Some((buffer, room, waker)),
            other => {
                *self = other;
                None
            }
        }
    }
}
