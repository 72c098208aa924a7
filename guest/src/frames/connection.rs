//! Both directions of a connection, and how far its closing handshake is.

use super::{
    CloseFrame, DeflateParameters, Limits, Message, Role, Violation,
    close::{INTERNAL_ERROR, LONGEST_REASON},
    decoder::{Decoder, Received},
    encoder::{Encoder, Sink},
    header::Opcode,
    mask,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message has come while messages counted.
    Message(Message),
    /// The peer has closed, and was answered: nothing more comes.
    Closed(CloseFrame),
    /// The peer has done what fails the connection, and was told: nothing more comes.
    Failed(Violation),
}

/// How far the closing handshake is (section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Next: any other.
    Open,
    /// This end has sent a close frame; messages do not count any more. Next: `Over`.
    Closing,
    /// A close frame has come, or nothing that follows can be understood. The last.
    Over,
}

/// One end of a WebSocket connection behind its opening handshake.
#[derive(Debug)]
pub struct Connection {
    state: State,
    decoder: Decoder,
    encoder: Encoder,
}

impl Connection {
    /// The end of `role`; `next_key` gives the masking keys of a client.
    #[must_use]
    pub fn new(
        role: Role,
        deflate: Option<&DeflateParameters>,
        limits: Limits,
        next_key: fn() -> mask::Key,
    ) -> Self {
        Self {
            state: State::Open,
            decoder: Decoder::new(role, deflate, limits),
            encoder: Encoder::new(role, deflate, next_key),
        }
    }

    /// Bytes have arrived; [`Self::next_event`] says what they are.
    pub fn receive(&mut self, bytes: Vec<u8>) {
        if self.state != State::Over {
            self.decoder.receive(bytes);
        }
    }

    /// What comes next; none until more has arrived. Pings are answered at once.
    pub fn next_event(&mut self, sink: Sink<'_>) -> Option<Event> {
        while self.state != State::Over {
            match self.decoder.next_received() {
                Ok(None) => break,
                Ok(Some(Received::Message(message))) if self.state == State::Open => {
                    return Some(Event::Message(message));
                }
                Ok(Some(Received::Message(_) | Received::Pong(_))) => {}
                Ok(Some(Received::Ping(payload))) if self.state == State::Open => {
                    self.encoder.control(Opcode::Pong, payload, sink);
                }
                Ok(Some(Received::Ping(_))) => {}
                Ok(Some(Received::Close(frame))) => return Some(self.closed(frame, sink)),
                Err(violation) => return Some(self.fail(violation, sink)),
            }
        }
        None
    }

    /// Sends a message, unless the connection is closing.
    pub fn send(&mut self, message: Message, sink: Sink<'_>) {
        if self.state == State::Open {
            self.encoder.message(message, sink);
        }
    }

    /// Sends a ping without a payload, unless the connection is closing.
    pub fn ping(&mut self, sink: Sink<'_>) {
        if self.state == State::Open {
            self.encoder.control(Opcode::Ping, Vec::new(), sink);
        }
    }

    /// Starts the closing handshake, unless it has begun. The reason has at most 123 bytes.
    pub fn close(&mut self, frame: &CloseFrame, sink: Sink<'_>) {
        if self.state == State::Open {
            self.state = State::Closing;
            self.encoder.control(Opcode::Close, frame.payload(), sink);
        }
    }

    /// Fails the connection and says why (section 7.1.7).
    pub fn fail(&mut self, violation: Violation, sink: Sink<'_>) -> Event {
        debug_assert!(violation.reason.len() <= LONGEST_REASON, "a reason of ours is short");
        let reason = violation.reason.to_owned();
        self.close(&CloseFrame { code: Some(violation.code), reason }, sink);
        self.state = State::Over;
        Event::Failed(violation)
    }

    /// Bytes that are held for the peer.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.decoder.memory() + self.encoder.memory()
    }

    /// Whether a message has begun whose end has not come.
    #[must_use]
    pub const fn is_within_message(&self) -> bool {
        self.decoder.is_within_message()
    }

    /// The answer to a close frame has its code (section 5.5.1).
    fn closed(&mut self, frame: CloseFrame, sink: Sink<'_>) -> Event {
        self.close(&CloseFrame { code: frame.code, reason: String::new() }, sink);
        self.state = State::Over;
        Event::Closed(frame)
    }
}

impl Violation {
    /// This end has no memory left for the message.
    pub const NO_MEMORY: Self = Self { code: INTERNAL_ERROR, reason: "No memory is left for the message" };
}
