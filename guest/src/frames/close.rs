//! Close codes and reasons: RFC 6455 sections 5.5.1 and 7.4.

use super::Violation;

/// The purpose of the connection is fulfilled.
pub const NORMAL: u16 = 1000;
/// The end goes away.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// Never sent: the peer's close frame had no code.
pub const NO_STATUS: u16 = 1005;
/// Never sent: there was no close frame.
pub const ABNORMAL: u16 = 1006;
/// A message is not what its type says.
pub const INVALID_DATA: u16 = 1007;
/// A message is larger than this end takes.
pub const TOO_BIG: u16 = 1009;
/// This end cannot go on.
pub const INTERNAL_ERROR: u16 = 1011;

/// So much of a reason fits into a control frame beside the code.
pub const LONGEST_REASON: usize = 123;

/// What a close frame says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseFrame {
    /// Its code; none when it is empty.
    pub code: Option<u16>,
    /// Its reason; often empty.
    pub reason: String,
}

impl CloseFrame {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let Some(code) = self.code else { return Vec::new() };
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(self.reason.as_bytes());
        payload
    }

    /// # Errors
    /// One byte, a code that may not be sent, a reason that is no UTF-8.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        let (code, reason) = match payload {
            [] => return Ok(Self::default()),
            [_] => return Err(Violation::protocol("Invalid payload length of a close frame")),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        if !may_be_sent(code) {
            return Err(Violation::protocol("Invalid close code received"));
        }
        let reason = str::from_utf8(reason).map_err(|_| Violation::data("Close reason is not UTF-8"))?;
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }
}

/// Whether a close frame may carry it: what is registered, and what libraries and applications may use. 1004 is
/// reserved, 1005, 1006 and 1015 stand for the want of a frame (section 7.4.1).
#[must_use]
pub const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
