//! The only asynchronous code of a connection: receiving and sending.

use std::{cell::Cell, mem, rc::Rc};

use super::{Afterwards, Inbox, Link, Preparation, Protocol, Reading, halves::Sending};
use crate::{
    error::Error,
    net::{NetError, Piece, ReadOutcome, Reader, Stream, Writer},
    runtime::{self, unless},
};

/// What the receiving loop is to do next.
enum Receiving {
    /// Parse what was received and held back.
    Parse,
    /// Read more.
    Read,
    /// Read more and throw it away.
    Discard,
    /// Nothing more will be read.
    Stop,
}

/// What the sending loop is to do next.
enum Step {
    /// Wait for that.
    Prepare(Preparation),
    /// Tell of messages that are finished.
    Finish,
    Write(Piece),
    /// As [`Self::Write`], without waiting.
    Try(Piece),
    /// Tell that the connection is broken.
    Fail(NetError),
    End,
}

/// The connection of `protocol` is up: starts its two loops.
pub(crate) fn begin(protocol: &Rc<dyn Protocol>, stream: Stream, inbox: Inbox) {
    let (reader, writer, endpoints) = stream.split();
    protocol.link().opened(endpoints);
    runtime::spawn(receive(Rc::clone(protocol), reader, inbox));
    runtime::spawn(send(Rc::clone(protocol), writer));
}

/// Does what has to be done before anything is sent.
pub(crate) async fn take_turns_to_send(protocol: &dyn Protocol) {
    while let Some(preparation) = protocol.prepare() {
        prepared(preparation).await;
        protocol.prepared();
    }
}

async fn prepared(preparation: Preparation) {
    match preparation {
        Preparation::Look => runtime::look().await,
        Preparation::Turns(turns) => {
            for _ in 0..turns {
                runtime::end_of_turn().await;
            }
        }
    }
}

/// Reads and parses until the connection ends. A peer that sends without pause is put behind the others.
async fn receive(protocol: Rc<dyn Protocol>, mut reader: Reader, mut inbox: Inbox) {
    let link = Rc::clone(protocol.link());
    let destroyed = || link.is_destroyed();
    loop {
        match link.receiving.wait(|| link.next_receive(&*protocol, &inbox)).await {
            Receiving::Parse => {
                protocol.parse(&mut inbox);
                link.note_inbox(&mut inbox);
                continue;
            }
            Receiving::Stop => break,
            Receiving::Read => inbox.make_room(link.account.is_spent()),
            Receiving::Discard => inbox.discard(),
        }
        link.inbox_memory.set(inbox.memory());
        link.recount();
        let buffer = mem::take(&mut inbox.bytes);
        let read = unless(&link.receiving, destroyed, reader.read(buffer));
        let Some((outcome, buffer)) = read.await else { break };
        inbox.bytes = buffer;
        match outcome {
            ReadOutcome::Data(bytes) => {
                link.received(&*protocol, bytes, &mut inbox);
                link.note_inbox(&mut inbox);
                runtime::take_turns(bytes).await;
            }
            ReadOutcome::End => link.peer_ended(&*protocol, &mut inbox),
            ReadOutcome::Failed(error) => link.destroy_with(Some(Error::system("read", error.code))),
        }
    }
    drop((reader, inbox));
    if protocol.has_word() {
        runtime::applications_turn().await;
    }
    link.inbox_memory.set(0);
    link.recount();
    link.loop_ended(&*protocol);
}

/// Writes what is queued, then the end.
async fn send(protocol: Rc<dyn Protocol>, mut writer: Writer) {
    let link = Rc::clone(protocol.link());
    let destroyed = || link.is_destroyed();
    loop {
        match next_step(&link, &*protocol, &mut writer).await {
            Step::Fail(error) => link.destroy_with(Some(Error::system("read", error.code))),
            Step::Prepare(preparation) => {
                prepared(preparation).await;
                protocol.prepared();
            }
            Step::Finish => protocol.flushed(),
            Step::Write(piece) => match unless(&link.sending, destroyed, writer.write_all(piece)).await {
                Some(Ok(buffer)) => link.flushed(&*protocol, buffer),
                Some(Err(error)) => {
                    protocol.write_failed(Error::system("write", error.code));
                    break;
                }
                None => break,
            },
            Step::Try(piece) => match writer.try_write_all(piece).await {
                Some(Ok(buffer)) => link.flushed(&*protocol, buffer),
                Some(Err(_)) | None => break,
            },
            Step::End => break,
        }
    }
    drop(writer);
    link.sent_end();
    link.loop_ended(&*protocol);
}

/// Waits for what there is to do. While nothing is read, only the writer can learn that the connection is broken.
async fn next_step(link: &Link, protocol: &dyn Protocol, writer: &mut Writer) -> Step {
    let step = link.sending.wait(|| match link.next_step(protocol) {
        None if link.is_blind(protocol) => Some(None),
        step => step.map(Some),
    });
    if let Some(step) = step.await {
        return step;
    }
    let found = Cell::new(None);
    let stop = || {
        let step = link.next_step(protocol);
        let stop = step.is_some();
        found.set(step);
        stop
    };
    match unless(&link.sending, stop, writer.broken()).await {
        Some(error) => Step::Fail(error),
        // It was stopped because there is one.
        None => found.take().unwrap_or(Step::End),
    }
}

impl Link {
    /// Whether nothing is read although the peer may still go away.
    fn is_blind(&self, protocol: &dyn Protocol) -> bool {
        let reading = self.halves.borrow().reading();
        protocol.gives_up_unread()
            && (reading == Reading::Ended || reading == Reading::Http && self.held.get())
    }

    fn next_receive(&self, protocol: &dyn Protocol, inbox: &Inbox) -> Option<Receiving> {
        let reading = self.halves.borrow().reading();
        let full = match reading {
            Reading::Ended | Reading::Discarding => false,
            Reading::Http => protocol.is_congested() || !inbox.held_back && self.is_spent(),
            Reading::Raw => self.raw_is_full(),
        };
        if !self.held.replace(full) && full {
            // It is to look for a peer that goes away.
            self.sending.notify();
        }
        match reading {
            _ if full => None,
            Reading::Ended => Some(Receiving::Stop),
            Reading::Discarding => Some(Receiving::Discard),
            Reading::Http if inbox.held_back => Some(Receiving::Parse),
            Reading::Http | Reading::Raw => Some(Receiving::Read),
        }
    }

    /// Bytes have arrived.
    fn received(&self, protocol: &dyn Protocol, bytes: usize, inbox: &mut Inbox) {
        self.bytes_read.set(self.bytes_read.get() + bytes as u64);
        let reading = self.halves.borrow().reading();
        match reading {
            Reading::Http => {
                self.touch();
                protocol.parse(inbox);
            }
            Reading::Raw => {
                self.touch();
                self.receive_raw(&inbox.take_rest());
                inbox.rewind();
            }
            Reading::Discarding | Reading::Ended => {}
        }
    }

    fn peer_ended(&self, protocol: &dyn Protocol, inbox: &mut Inbox) {
        let reading = self.halves.borrow().reading();
        match reading {
            Reading::Http | Reading::Discarding => protocol.peer_ended(inbox),
            Reading::Raw => self.end_raw_input(),
            Reading::Ended => {}
        }
        // The protocol looks before at what it has been told.
        self.halves().peer_ended();
        if protocol.owes() {
            self.probe();
        }
        self.sending.notify();
        self.changed.notify();
    }

    /// What was received is parsed as far as that goes.
    fn note_inbox(&self, inbox: &mut Inbox) {
        if self.account.is_spent() {
            inbox.compact();
        }
        self.inbox_memory.set(inbox.memory());
        self.recount();
    }

    fn next_step(&self, protocol: &dyn Protocol) -> Option<Step> {
        if let Some(preparation) = protocol.prepare().filter(|_| !self.is_destroyed()) {
            return Some(Step::Prepare(preparation));
        }
        let mut halves = self.halves();
        let next = halves.next_send();
        let flushed = halves.output.total_flushed();
        drop(halves);
        match next {
            Sending::Write(piece) => Some(Step::Write(piece)),
            Sending::Try(piece) => Some(Step::Try(piece)),
            // Before the end: whoever waits for the last message hears of it first.
            _ if protocol.is_finished_at(flushed) => Some(Step::Finish),
            Sending::Nothing => None,
            Sending::End => Some(Step::End),
        }
    }

    /// A write is done.
    fn flushed(&self, protocol: &dyn Protocol, buffer: Vec<u8>) {
        self.touch();
        let mut halves = self.halves();
        halves.output.flushed(buffer);
        let drained = halves.drained();
        let empty = halves.unflushed() == 0;
        drop(halves);
        self.recount();
        if drained {
            self.events.record(super::SocketEvent::Drain);
        }
        protocol.flushed();
        if empty {
            self.changed.notify();
        }
        self.resume_receiving();
    }

    /// The end was sent, or cannot be.
    fn sent_end(&self) {
        let afterwards = self.halves().sent_end();
        let readable = self.halves.borrow().is_readable();
        if afterwards == Afterwards::Destroy {
            self.destroy();
        } else if !readable && !self.is_destroyed() {
            self.start_lingering();
        }
        self.receiving.notify();
        self.changed.notify();
    }
}
