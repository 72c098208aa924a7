//! Messages to frames.

use super::{
    Message, Role,
    deflate::Deflater,
    header::{Header, Opcode},
    mask,
    negotiation::DeflateParameters,
};

/// Where bytes go on their way out. A payload is handed on as it is, so that a large one is not copied here.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// What one end sends.
#[derive(Debug)]
pub struct Encoder {
    role: Role,
    /// Where the keys of a client come from.
    next_key: fn() -> mask::Key,
    deflater: Option<Deflater>,
}

impl Encoder {
    /// The sending side of `role`; `next_key` gives keys that nobody can foretell (section 5.3).
    #[must_use]
    pub fn new(role: Role, deflate: Option<&DeflateParameters>, next_key: fn() -> mask::Key) -> Self {
        Self { role, next_key, deflater: deflate.map(|parameters| Deflater::new(role, parameters)) }
    }

    /// One message in one frame, compressed where that was agreed on and is worth it.
    pub fn message(&mut self, message: Message, sink: Sink<'_>) {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.into_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
        };
        match self.deflater.as_mut().and_then(|deflater| deflater.compress(&payload)) {
            Some(compressed) => self.frame(opcode, true, compressed, sink),
            None => self.frame(opcode, false, payload, sink),
        }
    }

    /// A control frame; `payload` has at most 125 bytes.
    pub fn control(&self, opcode: Opcode, payload: Vec<u8>, sink: Sink<'_>) {
        debug_assert!(opcode.is_control() && payload.len() <= 125, "a control frame is small");
        self.frame(opcode, false, payload, sink);
    }

    /// Bytes that compression holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.deflater.as_ref().map_or(0, Deflater::memory)
    }

    fn frame(&self, opcode: Opcode, is_compressed: bool, mut payload: Vec<u8>, sink: Sink<'_>) {
        /// A payload up to this is copied behind its head, so that both are handed on at once.
        const SMALL: usize = 1024;
        let key = (self.role == Role::Client).then(self.next_key);
        if let Some(key) = key {
            mask::apply(&mut payload, key, 0);
        }
        let header = Header { is_final: true, is_compressed, opcode, key, length: payload.len() as u64 };
        let mut bytes = Vec::with_capacity(14 + if payload.len() <= SMALL { payload.len() } else { 0 });
        header.render(&mut bytes);
        if payload.len() <= SMALL {
            bytes.extend_from_slice(&payload);
            sink(&bytes);
        } else {
            sink(&bytes);
            sink(&payload);
        }
    }
}
