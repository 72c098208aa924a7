//! A connection: what was received and what is to be sent, and the two loops that move it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use node_http::{
    net::{Endpoints, ReadOutcome, Reader, Writer},
    runtime::{Signal, unless},
};
use node_http_js::binding;

/// Bytes that wait for JavaScript before no more are read.
const MOST_UNREAD: usize = 64 * 1024;

/// Bytes of one read.
const CHUNK: usize = 64 * 1024;

/// A connection.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) received: RefCell<VecDeque<Vec<u8>>>,
    pub(super) unread: Cell<usize>,
    pub(super) ended: Cell<bool>,
    pub(super) failed: Cell<Option<&'static str>>,
    /// Whether it was destroyed: nothing more is read or sent.
    pub(super) closed: Cell<bool>,
    pub(super) to_send: RefCell<Vec<u8>>,
    pub(super) in_flight: Cell<bool>,
    pub(super) finishing: Cell<bool>,
    pub(super) finished: Cell<bool>,
    pub(super) endpoints: RefCell<Option<Endpoints>>,
    /// The pipe that carries its bytes without JavaScript; 0: JavaScript takes and gives them.
    pub(super) carrier: Cell<u32>,
    /// Bytes that were carried: received and sent.
    pub(super) carried: Cell<(u64, u64)>,
    /// JavaScript waits for what it has sent.
    pub(super) awaited: Cell<bool>,
    /// The loops look again.
    pub(super) wake: Signal,
    /// Watched by JavaScript.
    pub(super) changed: Signal,
}

impl Connection {
    pub(super) fn receive(&self, bytes: Vec<u8>) {
        let carrier = self.carrier.get();
        if carrier == 0 {
            self.unread.set(self.unread.get() + bytes.len());
            self.received.borrow_mut().push_back(bytes);
            self.changed.notify();
        } else {
            binding::push(carrier, &bytes);
            let (received, sent) = self.carried.get();
            self.carried.set((received + bytes.len() as u64, sent));
        }
    }

    /// With 0 the bytes are JavaScript's again, those included that the pipe has not read.
    pub(super) fn carry(&self, pipe: u32) {
        self.take_from_carrier();
        let before = self.carrier.replace(pipe);
        if pipe != 0 && binding::carry(pipe) {
            self.unread.set(0);
            self.received.take().into_iter().for_each(|bytes| self.receive(bytes));
        } else if before != 0 {
            let bytes = binding::uncarry(before);
            if !bytes.is_empty() {
                let (received, sent) = self.carried.get();
                self.carried.set((received - bytes.len() as u64, sent));
                self.receive(bytes);
            }
        }
        self.wake.notify();
    }

    /// Takes what the carrier has to send, and tells JavaScript when that was all.
    pub(super) fn take_from_carrier(&self) {
        let carrier = self.carrier.get();
        if carrier == 0 {
            return;
        }
        let bytes = binding::pull(carrier);
        let (received, sent) = self.carried.get();
        self.carried.set((received, sent + bytes.len() as u64));
        let mut to_send = self.to_send.borrow_mut();
        if to_send.is_empty() {
            *to_send = bytes
        } else {
            to_send.extend_from_slice(&bytes)
        }
        if binding::is_over(carrier) {
            binding::tell(carrier);
            self.changed.notify();
        }
    }

    fn has_work(&self) -> bool {
        !self.to_send.borrow().is_empty() || self.finishing.get() || self.closed.get()
    }

    /// Waits until something is to be sent, or nothing will be any more.
    async fn work(&self) {
        while !self.has_work() {
            let carrier = self.carrier.get();
            match binding::filled(carrier).filter(|_| !binding::is_over(carrier)) {
                Some(filled) => {
                    let stop = || self.has_work() || self.carrier.get() != carrier;
                    let _ = unless(&self.wake, stop, filled).await;
                    self.take_from_carrier();
                }
                None => {
                    let changed = || self.has_work() || self.carrier.get() != carrier;
                    self.wake.wait(|| changed().then_some(())).await;
                }
            }
        }
    }
}

pub(super) async fn receive(connection: Rc<Connection>, mut reader: Reader) {
    loop {
        let room = || (connection.closed.get() || connection.unread.get() < MOST_UNREAD).then_some(());
        connection.wake.wait(room).await;
        let carrier = connection.carrier.get();
        if let Some(emptied) = binding::emptied(carrier, MOST_UNREAD) {
            let stop = || connection.closed.get() || connection.carrier.get() != carrier;
            let _ = unless(&connection.wake, stop, emptied).await;
        }
        let read = reader.read(Vec::with_capacity(CHUNK));
        let Some((outcome, bytes)) = unless(&connection.wake, || connection.closed.get(), read).await else {
            return;
        };
        match outcome {
            ReadOutcome::Data(_) => {
                connection.receive(bytes);
                continue;
            }
            ReadOutcome::End => connection.ended.set(true),
            ReadOutcome::Failed(error) => connection.failed.set(Some(error.code)),
        }
        connection.changed.notify();
        return;
    }
}

pub(super) async fn send(connection: Rc<Connection>, mut writer: Writer) {
    loop {
        connection.work().await;
        let bytes = connection.to_send.take();
        if bytes.is_empty() {
            // Closed, or all is sent: dropping the writer sends the end.
            connection.finished.set(true);
            drop(writer);
            connection.changed.notify();
            return;
        }
        connection.in_flight.set(true);
        let result = writer.write_all(bytes).await;
        connection.in_flight.set(false);
        if let Err(error) = result {
            connection.failed.set(Some(error.code));
            connection.changed.notify();
            return;
        }
        if connection.awaited.get() {
            connection.changed.notify();
        }
    }
}
