//! An answer that is given again and again: what is the same each time is checked and encoded once.

use bytes::Bytes;

use crate::error::Error;

use super::context::ResponseContext;
use super::decide::Facts;
use super::head::HeadFields;
use super::{OutgoingMessage, reason_or_unknown};
use crate::message::validate::validate_status_code;

/// Status, header lines and body of answers that say the same, whatever is asked. What depends on the request is added
/// to each: Date, Connection, Keep-Alive and the length.
#[derive(Debug)]
pub struct PreparedAnswer {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// Status line and header lines as they are sent, and what they say.
    pub(super) head: Vec<u8>,
    pub(super) facts: Facts,
}

impl PreparedAnswer {
    /// An answer with this status, these header lines and this body.
    ///
    /// # Errors
    /// Those of [`OutgoingMessage::respond`] for which no request is needed: `ERR_HTTP_INVALID_STATUS_CODE`,
    /// `ERR_INVALID_CHAR`, `ERR_INVALID_HTTP_TOKEN`.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Self, Error> {
        validate_status_code(status)?;
        // It stands for all that will be answered: only what it says itself is rendered.
        let mut message = OutgoingMessage::response(ResponseContext::default());
        message.status_code = status;
        let facts = message.push_own(HeadFields::Strings(&headers))?;
        Ok(Self {
            status,
            reason: reason_or_unknown(status),
            headers,
            body: body.into(),
            head: message.out,
            facts,
        })
    }
}
