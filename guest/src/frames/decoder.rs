//! Frames to whole messages, checked as they arrive.

use std::mem;

use super::{
    CloseFrame, Message, Role, Violation,
    deflate::Inflater,
    header::{Header, LONGEST_CONTROL, Opcode},
    mask,
    negotiation::DeflateParameters,
};

/// How much a peer may send at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one frame's payload, as they are sent.
    pub frame: u64,
    /// Bytes of one message, as the application gets it.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const SIZE: usize = 16 * 1024 * 1024;
        Self { frame: SIZE as u64, message: SIZE }
    }
}

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A whole message.
    Message(Message),
    /// To be answered with the same bytes.
    Ping(Vec<u8>),
    /// An answer to a ping, or none that anybody asked for.
    Pong(Vec<u8>),
    /// Nothing that follows counts.
    Close(CloseFrame),
}

/// What one end receives.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    limits: Limits,
    inflater: Option<Inflater>,
    input: Vec<u8>,
    /// How much of the input is used.
    at: usize,
    frame: Option<Frame>,
    /// The message whose last frame has not come.
    message: Option<Partial>,
    /// The payload of a control frame, which may stand between the frames of a message.
    control: Vec<u8>,
}

/// A frame whose payload has not come whole.
#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// Bytes of payload that have come.
    taken: u64,
}

/// A message that has not come whole.
#[derive(Debug)]
struct Partial {
    is_text: bool,
    is_compressed: bool,
    bytes: Vec<u8>,
    /// So many of them are whole characters.
    checked: usize,
}

impl Decoder {
    /// The receiving side of `role`.
    #[must_use]
    pub fn new(role: Role, deflate: Option<&DeflateParameters>, limits: Limits) -> Self {
        Self {
            role,
            limits,
            inflater: deflate.map(|parameters| Inflater::new(role, parameters)),
            input: Vec::new(),
            at: 0,
            frame: None,
            message: None,
            control: Vec::new(),
        }
    }

    /// Bytes have arrived.
    pub fn receive(&mut self, bytes: Vec<u8>) {
        if self.at == self.input.len() {
            (self.input, self.at) = (bytes, 0);
        } else {
            self.input.drain(..mem::take(&mut self.at));
            self.input.extend_from_slice(&bytes);
        }
    }

    /// Bytes that it holds for the peer.
    #[must_use]
    pub fn memory(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |message| message.bytes.capacity());
        self.input.capacity() + message + self.inflater.as_ref().map_or(0, Inflater::memory)
    }

    /// Whether a message has begun whose end has not come.
    #[must_use]
    pub const fn is_within_message(&self) -> bool {
        self.message.is_some()
    }

    /// What comes next; none until more has arrived.
    ///
    /// # Errors
    /// What the peer did wrong; nothing may be asked afterwards.
    pub fn next_received(&mut self) -> Result<Option<Received>, Violation> {
        loop {
            let Some(frame) = self.frame else {
                if !self.begin_frame()? {
                    return Ok(None);
                }
                continue;
            };
            let control = frame.header.opcode.is_control();
            self.take_payload(frame)?;
            let complete = self.frame.is_none_or(|frame| frame.taken == frame.header.length);
            if !complete {
                self.forget_input();
                return Ok(None);
            }
            self.frame = None;
            if control {
                return self.end_control(frame.header.opcode).map(Some);
            }
            if frame.header.is_final {
                return self.end_message().map(Some);
            }
        }
    }

    /// Used input is given back at once: idle connections are many.
    fn forget_input(&mut self) {
        if self.at == self.input.len() {
            (self.input, self.at) = (Vec::new(), 0);
        }
    }

    /// False until a whole head is there.
    fn begin_frame(&mut self) -> Result<bool, Violation> {
        let parsed = Header::parse(&self.input[self.at..], self.role, self.inflater.is_some())?;
        let Some((header, size)) = parsed else {
            self.forget_input();
            return Ok(false);
        };
        self.at += size;
        if !header.opcode.is_control() {
            self.begin_data(&header)?;
        }
        self.frame = Some(Frame { header, taken: 0 });
        Ok(true)
    }

    /// A frame of a message: section 5.4.
    fn begin_data(&mut self, header: &Header) -> Result<(), Violation> {
        match (&self.message, header.opcode) {
            (None, Opcode::Continuation) => return Err(Violation::protocol("Unexpected continuation frame")),
            (Some(_), Opcode::Continuation) => {}
            (Some(_), _) => return Err(Violation::protocol("Expected a continuation frame")),
            (None, opcode) => {
                self.message = Some(Partial {
                    is_text: opcode == Opcode::Text,
                    is_compressed: header.is_compressed,
                    bytes: Vec::new(),
                    checked: 0,
                });
            }
        }
        let message = self.message.as_ref();
        let plain = message.filter(|message| !message.is_compressed).map_or(0, |message| message.bytes.len());
        // What is compressed may be larger than what it stands for, but not without bounds.
        let whole = header.length.saturating_add(plain as u64);
        if header.length > self.limits.frame || whole > self.limits.message as u64 {
            return Err(Violation::TOO_BIG);
        }
        Ok(())
    }

    /// Takes what is there of the payload of `frame`.
    fn take_payload(&mut self, frame: Frame) -> Result<(), Violation> {
        let Frame { header, taken } = frame;
        let here = self.input.len() - self.at;
        let count = usize::try_from(header.length - taken).map_or(here, |left| left.min(here));
        let payload = &mut self.input[self.at..self.at + count];
        if let Some(key) = header.key {
            mask::apply(payload, key, taken);
        }
        if header.opcode.is_control() {
            debug_assert!(header.length <= LONGEST_CONTROL, "the head was checked");
            self.control.extend_from_slice(payload);
        } else if let Some(message) = &mut self.message {
            let ends = header.is_final && taken + count as u64 == header.length;
            message.take(payload, ends, self.inflater.as_mut(), self.limits.message)?;
        }
        self.at += count;
        self.frame = Some(Frame { header, taken: taken + count as u64 });
        Ok(())
    }

    fn end_control(&mut self, opcode: Opcode) -> Result<Received, Violation> {
        let payload = mem::take(&mut self.control);
        Ok(match opcode {
            Opcode::Ping => Received::Ping(payload),
            Opcode::Close => Received::Close(CloseFrame::parse(&payload)?),
            _ => Received::Pong(payload),
        })
    }

    fn end_message(&mut self) -> Result<Received, Violation> {
        // Whoever calls this has taken the last frame of one.
        let Some(message) = self.message.take() else { return Err(Violation::protocol("No message")) };
        let message = if message.is_text {
            Message::Text(String::from_utf8(message.bytes).map_err(|_| NOT_UTF8)?)
        } else {
            Message::Binary(message.bytes)
        };
        Ok(Received::Message(message))
    }
}

const NOT_UTF8: Violation = Violation::data("Received invalid UTF-8 in text frame.");

impl Partial {
    /// Adds a piece of a payload; the last piece `ends` the message.
    fn take(
        &mut self,
        payload: &[u8],
        ends: bool,
        inflater: Option<&mut Inflater>,
        most: usize,
    ) -> Result<(), Violation> {
        match inflater {
            Some(inflater) if self.is_compressed => {
                inflater.inflate(payload, ends, most, &mut self.bytes)?;
            }
            _ => self.bytes.extend_from_slice(payload),
        }
        // At its end the message becomes a string, which checks it whole.
        if self.is_text && !ends { self.check() } else { Ok(()) }
    }

    /// Section 8.1: what no continuation can make right is refused at once.
    fn check(&mut self) -> Result<(), Violation> {
        match str::from_utf8(&self.bytes[self.checked..]) {
            Ok(_) => self.checked = self.bytes.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(NOT_UTF8),
        }
        Ok(())
    }
}
