//! What a WebSocket message costs, beside the crate tungstenite: a server that echoes a masked message, and a client that
//! sends one and gets it back.
//!
//! Both copy what arrives into a buffer of their own and what leaves into that of a connection.

use std::{
    hint::black_box,
    io::{self, Read, Write},
};

use criterion::{Criterion, Throughput};
use node_http::frames::{Connection, Event, Limits, Message, Role};
use tungstenite::{WebSocket, protocol};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What a peer of `role` is sent: a binary message of so many bytes.
fn frame(role: Role, size: usize) -> Vec<u8> {
    let sender = if role == Role::Server { Role::Client } else { Role::Server };
    let mut bytes = Vec::new();
    let mut connection = Connection::new(sender, None, Limits::default(), || KEY);
    connection.send(Message::Binary(payload(size)), &mut |piece| bytes.extend_from_slice(piece));
    bytes
}

fn payload(size: usize) -> Vec<u8> {
    (0..size).map(|index| index as u8).collect()
}

/// A connection on which the same frame arrives again and again.
struct Wire {
    incoming: Vec<u8>,
    at: usize,
    outgoing: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One frame at a time, as from a peer that waits for its answer.
        if self.at == self.incoming.len() {
            self.at = 0;
        }
        let count = buffer.len().min(self.incoming.len() - self.at);
        buffer[..count].copy_from_slice(&self.incoming[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Receives a message and sends it back.
fn ours(connection: &mut Connection, frame: &[u8], outgoing: &mut Vec<u8>) {
    outgoing.clear();
    connection.receive(black_box(frame).to_vec());
    let event = connection.next_event(&mut |bytes| outgoing.extend_from_slice(bytes));
    let Some(Event::Message(message)) = event else { panic!("{event:?}") };
    connection.send(message, &mut |bytes| outgoing.extend_from_slice(bytes));
    assert!(connection.next_event(&mut |_| ()).is_none());
    black_box(outgoing);
}

/// The same.
fn theirs(socket: &mut WebSocket<Wire>) {
    socket.get_mut().outgoing.clear();
    let message = socket.read().expect("a message");
    socket.write(message).expect("it is open");
    socket.flush().expect("it is written");
    black_box(&socket.get_ref().outgoing);
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames");
    for (name, role, their_role) in
        [("server", Role::Server, protocol::Role::Server), ("client", Role::Client, protocol::Role::Client)]
    {
        for size in [64, 64 * 1024] {
            let frame = frame(role, size);
            group.throughput(Throughput::Bytes(size as u64));
            let mut connection = Connection::new(role, None, Limits::default(), || KEY);
            let mut outgoing = Vec::new();
            group.bench_function(format!("{name}/{size}/ours"), |bencher| {
                bencher.iter(|| ours(&mut connection, &frame, &mut outgoing));
            });
            let wire = Wire { incoming: frame, at: 0, outgoing: Vec::new() };
            let mut socket = WebSocket::from_raw_socket(wire, their_role, None);
            group.bench_function(format!("{name}/{size}/tungstenite"), |bencher| {
                bencher.iter(|| theirs(&mut socket));
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    frames(&mut criterion);
    criterion.final_summary();
}
