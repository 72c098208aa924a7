//! Any bytes are messages or a violation, never a panic, and the same however they are split; every message that comes
//! in goes out and comes in again.
//!
//! Two bytes set the connection up, the rest is what it receives.

use node_http::frames::{
    Connection, DeflateOptions, DeflateParameters, Event, Limits, Message, Role, negotiation,
};

/// What frames are made of.
#[allow(dead_code, reason = "the fuzz target finds its own")]
pub(crate) const LIKELY: &[&[u8]] = &[
    b"\x81\x01a",
    b"\x81\x05Hello",
    b"\x01\x02\xce\xba",
    b"\x01\x01\xce",
    b"\x80\x01\xba",
    b"\x80\x00",
    b"\x00\x01b",
    b"\x82\x02\xff\xfe",
    b"\x82\x7e\x00\x7e",
    b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
    b"\x89\x00",
    b"\x89\x02hi",
    b"\x8a\x00",
    b"\x88\x00",
    b"\x88\x02\x03\xe8",
    b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x41\x03\xf2\x48\xcd",
    b"\x80\x04\xc9\xc9\x07\x00",
    b"\xc1\x05\xf2\x00\x11\x00\x00",
    b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    b"\x01\x81\x00\x00\x00\x00a",
    b"\x80\x81\x00\x00\x00\x00b",
    b"\x89\x81\x01\x02\x03\x04c",
    b"\xc1\x87\x00\x00\x00\x00\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x88\x82\x00\x00\x00\x00\x03\xe8",
    b"\0\0\0\0\0\0\0\0",
    b"\xff",
    b"\x80",
];

pub(crate) fn check(input: &[u8]) {
    let Some((&[flags, split], bytes)) = input.split_first_chunk() else { return };
    let setup = Setup {
        role: if flags & 1 == 0 { Role::Client } else { Role::Server },
        deflate: (flags & 2 != 0).then(|| agreed(flags & 4 != 0)),
        limits: if flags & 8 == 0 { Limits::default() } else { Limits { frame: 16, message: 24 } },
    };
    let whole = setup.run([bytes]);
    let by_byte = setup.run(bytes.chunks(1));
    assert_eq!(by_byte, whole, "byte by byte");
    let (first, rest) = bytes.split_at(usize::from(split).min(bytes.len()));
    let pieces = std::iter::once(first).chain(rest.chunks(usize::from(split % 13) + 2));
    assert_eq!(setup.run(pieces), whole, "in pieces");
    setup.send_back(&whole.messages);
}

fn agreed(forgets: bool) -> DeflateParameters {
    let options = DeflateOptions {
        threshold: 3,
        server_no_context_takeover: forgets,
        client_no_context_takeover: forgets,
        ..DeflateOptions::default()
    };
    let (agreed, _) = negotiation::accept(&options, &negotiation::offer(&options))
        .expect("an offer is well formed")
        .expect("an end takes its own offer");
    agreed
}

struct Setup {
    role: Role,
    deflate: Option<DeflateParameters>,
    limits: Limits,
}

/// What became of the input.
#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<Message>,
    /// The code and reason of a close frame, or a violation.
    end: Option<String>,
    /// What was answered. A compressed message can be wrong in more than one way at once, and which is seen first
    /// depends on the pieces.
    sent: Option<Vec<u8>>,
}

impl Setup {
    fn end(&self, role: Role, limits: Limits) -> Connection {
        Connection::new(role, self.deflate.as_ref(), limits, || [1, 2, 3, 4])
    }

    fn run<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut connection = self.end(self.role, self.limits);
        let (mut messages, mut end, mut sent) = (Vec::new(), None, Vec::new());
        for piece in pieces {
            connection.receive(piece.to_vec());
            while let Some(event) = connection.next_event(&mut |bytes| sent.extend_from_slice(bytes)) {
                assert!(end.is_none(), "nothing follows the end");
                match event {
                    Event::Message(message) => {
                        assert!(message.len() <= self.limits.message, "{}", message.len());
                        messages.push(message);
                    }
                    Event::Closed(frame) => end = Some(format!("{frame:?}")),
                    Event::Failed(_) if self.deflate.is_some() => end = Some("failed".to_owned()),
                    Event::Failed(violation) => end = Some(format!("{violation:?}")),
                }
            }
        }
        Outcome { messages, end, sent: self.deflate.is_none().then_some(sent) }
    }

    /// Through the other end and back.
    fn send_back(&self, messages: &[Message]) {
        let other = if self.role == Role::Client { Role::Server } else { Role::Client };
        let mut sender = self.end(other, Limits::default());
        let mut receiver = self.end(self.role, Limits::default());
        for message in messages {
            let mut bytes = Vec::new();
            sender.send(message.clone(), &mut |piece| bytes.extend_from_slice(piece));
            receiver.receive(bytes);
            assert_eq!(receiver.next_event(&mut |_| ()), Some(Event::Message(message.clone())));
        }
    }
}
