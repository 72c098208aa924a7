//! The head of a frame: RFC 6455 section 5.2.

use super::{Role, Violation, mask};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message before it.
    Continuation,
    /// The beginning of a text message.
    Text,
    /// The beginning of a binary message.
    Binary,
    /// The closing handshake.
    Close,
    /// To be answered.
    Ping,
    /// An answer.
    Pong,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Whether it may stand between the frames of a message.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A control frame has at most so many bytes of payload (section 5.5).
pub const LONGEST_CONTROL: u64 = 125;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether it is the last of its message.
    pub is_final: bool,
    /// The first reserved bit: RFC 7692 marks compressed messages with it.
    pub is_compressed: bool,
    /// What it is.
    pub opcode: Opcode,
    /// The key that its payload is masked with.
    pub key: Option<mask::Key>,
    /// Bytes of payload.
    pub length: u64,
}

const FINAL: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const RESERVED: u8 = 0x30;
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

impl Header {
    /// The head at the beginning of `input`, sent to `role`, and its size; none while it is incomplete. What is wrong is
    /// said as soon as the byte that makes it so is there.
    ///
    /// # Errors
    /// What no peer may send; `compressible` says whether a message may be compressed.
    pub fn parse(input: &[u8], role: Role, compressible: bool) -> Result<Option<(Self, usize)>, Violation> {
        let [first, behind @ ..] = input else { return Ok(None) };
        let is_final = first & FINAL != 0;
        let is_compressed = first & COMPRESSED != 0;
        let opcode = Opcode::from_bits(first & 0x0f).ok_or(Violation::protocol("Invalid opcode received"))?;
        if first & RESERVED != 0 || is_compressed && !compressible {
            return Err(Violation::protocol("Reserved bits are set"));
        }
        if is_compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(Violation::protocol("Only the first frame of a message says that it is compressed"));
        }
        if opcode.is_control() && !is_final {
            return Err(Violation::protocol("Control frame is fragmented"));
        }
        let [second, behind @ ..] = behind else { return Ok(None) };
        let masked = second & MASKED != 0;
        match (role, masked) {
            (Role::Server, false) => return Err(Violation::protocol("Frame of a client is not masked")),
            (Role::Client, true) => return Err(Violation::protocol("Frame of a server is masked")),
            (Role::Server, true) | (Role::Client, false) => {}
        }
        if opcode.is_control() && u64::from(second & !MASKED) > LONGEST_CONTROL {
            return Err(Violation::protocol("Payload of a control frame is too large"));
        }
        let Some((length, behind)) = length(second & !MASKED, behind)? else { return Ok(None) };
        let (key, behind) = match behind.split_first_chunk() {
            _ if !masked => (None, behind),
            Some((key, behind)) => (Some(*key), behind),
            None => return Ok(None),
        };
        Ok(Some((Self { is_final, is_compressed, opcode, key, length }, input.len() - behind.len())))
    }

    /// Appends it to `output`.
    pub fn render(&self, output: &mut Vec<u8>) {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        output.push(bit(self.is_final, FINAL) | bit(self.is_compressed, COMPRESSED) | self.opcode.bits());
        let masked = bit(self.key.is_some(), MASKED);
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(length @ ..TWO_BYTES), _) => output.push(masked | length),
            (_, Ok(length)) => {
                output.push(masked | TWO_BYTES);
                output.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                output.push(masked | EIGHT_BYTES);
                output.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        output.extend_from_slice(self.key.as_ref().map_or(&[], |key| key.as_slice()));
    }
}

/// The length that `short` announces, in the fewest bytes that hold it (section 5.2), and what is behind it.
fn length(short: u8, behind: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, behind, least) = match short {
        TWO_BYTES => match behind.split_first_chunk() {
            Some((length, behind)) => (u16::from_be_bytes(*length).into(), behind, u64::from(TWO_BYTES)),
            None => return Ok(None),
        },
        EIGHT_BYTES => match behind.split_first_chunk() {
            Some((length, behind)) => (u64::from_be_bytes(*length), behind, 0x1_0000),
            None => return Ok(None),
        },
        _ => (short.into(), behind, 0),
    };
    if length < least {
        return Err(Violation::protocol("Payload length is not in its shortest form"));
    }
    if length > i64::MAX as u64 {
        return Err(Violation::protocol("Payload length has its highest bit set"));
    }
    Ok(Some((length, behind)))
}
