//! The head, rendered.
//!
//! One pass: each line is checked and written as it comes, and what it says about connection and framing is
//! noted as [`Facts`]. Behind the last line the facts decide what Node adds (`decide`). An error takes all
//! bytes back.

use std::borrow::Cow;

use crate::error::Error;
use crate::message::headers::{HeaderValue, latin1_bytes};
use crate::message::validate::{
    validate_header_name, validate_header_value, validate_status_code, validate_status_message,
};
use crate::proto::encode;

use super::context::Role;
use super::decide::{ConnectionLine, Decision, Facts, ImplicitLength, LengthLine};
use super::headers::{HeaderMap, check_value};
use super::{HeadState, OutgoingMessage, reason_or_unknown};

/// The headers of `writeHead`.
#[derive(Clone, Copy, Debug)]
pub enum HeadFields<'a> {
    /// None: only what `setHeader` set.
    None,
    /// An object: each pair replaces what is there under its name.
    Object(&'a [(String, HeaderValue)]),
    /// A flat array, or an array of pairs: names may repeat, and all of them replace what was set before.
    Array(&'a [(String, HeaderValue)]),
    /// Like `Array`, with strings only.
    Strings(&'a [(String, String)]),
}

impl OutgoingMessage {
    /// `writeHead`: renders the head, which then waits for the first body bytes.
    ///
    /// Headers given here win over those set before. If none were set, the given ones are not remembered
    /// (`getHeader` does not see them).
    ///
    /// # Errors
    /// `ERR_HTTP_HEADERS_SENT`, `ERR_HTTP_INVALID_STATUS_CODE`, `ERR_INVALID_CHAR`, `ERR_INVALID_HTTP_TOKEN`,
    /// `ERR_HTTP_TRAILER_INVALID` for a `Trailer` header on a body that is not chunked (I-50). Status and
    /// message stay set then, as in Node.
    pub fn write_head(
        &mut self,
        status: u16,
        reason: Option<String>,
        fields: HeadFields<'_>,
        date: &str,
    ) -> Result<(), Error> {
        self.start_head(status, reason, fields, ImplicitLength::Unknown, date)
    }

    /// The head that `write`, `end` and `flushHeaders` imply.
    pub(super) fn imply_head(&mut self, length: ImplicitLength, date: &str) -> Result<(), Error> {
        if self.headers_sent() {
            return Ok(());
        }
        match self.role {
            Role::Response(_) => self.start_head(self.status_code, None, HeadFields::None, length, date),
            Role::Request(_) => self.hold_head(HeadFields::None, length, date),
            Role::Bare { .. } => Err(Error::method_not_implemented("_implicitHeader()")),
        }
    }

    pub(super) fn start_head(
        &mut self,
        status: u16,
        reason: Option<String>,
        fields: HeadFields<'_>,
        length: ImplicitLength,
        date: &str,
    ) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("write"));
        }
        validate_status_code(status)?;
        if reason.is_some() {
            self.status_message = reason.map(Cow::Owned);
        } else if self.status_message.as_deref() == Some("") {
            // What a head that failed has left behind.
            self.status_message = None;
        }
        self.status_code = status;
        let fields = if self.headers.is_some() { self.merge(fields)? } else { fields };
        self.hold_head(fields, length, date)
    }

    /// Renders the head, which waits in the output from then on.
    pub(super) fn hold_head(
        &mut self,
        fields: HeadFields<'_>,
        length: ImplicitLength,
        date: &str,
    ) -> Result<(), Error> {
        let start = self.out.len();
        let rendered = self.push_own(fields).and_then(|facts| self.complete_head(&facts, length, date));
        self.hold_rendered(start, rendered)
    }

    /// Keeps what was rendered from `start` on, true for a head that is not to wait; or takes it back.
    pub(super) fn hold_rendered(&mut self, start: usize, rendered: Result<bool, Error>) -> Result<(), Error> {
        match rendered {
            Ok(expects) => {
                self.head = HeadState::Held(self.out.len() - start);
                if expects {
                    self.send_head();
                }
                Ok(())
            }
            Err(error) => {
                self.out.truncate(start);
                Err(error)
            }
        }
    }

    /// Whether request and status allow a body (RFC 9112 §6.3, rule 1).
    pub(super) const fn may_have_body(&self) -> bool {
        self.has_body && !matches!(self.status_code, 100..=199 | 204 | 304)
    }

    /// Puts the headers of `writeHead` among those set before; what remains to be rendered is the whole.
    fn merge<'a>(&mut self, fields: HeadFields<'_>) -> Result<HeadFields<'a>, Error> {
        match fields {
            HeadFields::None => {}
            HeadFields::Object(fields) => {
                for (name, value) in fields.iter().filter(|(name, _)| !name.is_empty()) {
                    self.set_header(name, value.clone())?;
                }
            }
            HeadFields::Array(fields) => {
                for (name, _) in fields {
                    self.remove_header(name)?;
                }
                for (name, value) in fields.iter().filter(|(name, _)| !name.is_empty()) {
                    self.append_header(name, value.clone())?;
                }
            }
            HeadFields::Strings(fields) => {
                for (name, _) in fields {
                    self.remove_header(name)?;
                }
                for (name, value) in fields.iter().filter(|(name, _)| !name.is_empty()) {
                    self.append_header(name, value.clone().into())?;
                }
            }
        }
        Ok(HeadFields::None)
    }

    /// Writes what the program says itself: the first line and its own lines.
    pub(super) fn push_own(&mut self, fields: HeadFields<'_>) -> Result<Facts, Error> {
        self.push_first_line()?;
        let lines = self.out.len();
        let facts = self.push_fields(fields, false)?;
        if facts.transfer_encoding && facts.content_length.is_some() {
            // S7: one of the two would desynchronise somebody. Rare enough to render twice.
            self.out.truncate(lines);
            return self.push_fields(fields, true);
        }
        Ok(facts)
    }

    /// Decides what the program left open, and writes that. True where the head is not to wait for a body: who has said
    /// `Expect` waits for an answer before it.
    pub(super) fn complete_head(
        &mut self,
        facts: &Facts,
        length: ImplicitLength,
        date: &str,
    ) -> Result<bool, Error> {
        let decision = self.decide(facts, length);
        if facts.trailer && !decision.chunked {
            return Err(Error::trailer_invalid());
        }
        self.push_automatic(facts, &decision, date);
        self.keep_alive = decision.keep_alive;
        self.closes_connection = decision.last;
        self.framing = decision.framing;
        Ok(facts.expect)
    }

    fn push_first_line(&mut self) -> Result<(), Error> {
        if let Role::Request(context) = &self.role {
            // Most heads fit, so the buffer grows once.
            self.out.reserve(context.path.len() + 256);
            encode::request_line(&mut self.out, context.method.as_bytes(), &latin1_bytes(&context.path));
            return Ok(());
        }
        let Some(message) = &self.status_message else {
            let reason = reason_or_unknown(self.status_code);
            encode::status_line(&mut self.out, self.status_code, reason.as_bytes());
            self.status_message = Some(Cow::Borrowed(reason));
            return Ok(());
        };
        validate_status_message(message)?;
        encode::status_line(&mut self.out, self.status_code, &latin1_bytes(message));
        Ok(())
    }

    /// Writes the program's own lines. `drop_length` leaves out Content-Length.
    fn push_fields(&mut self, fields: HeadFields<'_>, drop_length: bool) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        match fields {
            HeadFields::None => {
                // Out of `self` while its values are written; they were checked when they were set.
                let headers = self.headers.take();
                for (name, value) in headers.iter().flat_map(HeaderMap::iter) {
                    self.push_value(name, value, drop_length, &mut facts);
                }
                self.headers = headers;
            }
            HeadFields::Object(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    // Of equal keys an object has the place of the first and the value of the last.
                    let is_key = |(key, _): &&(String, HeaderValue)| key == name;
                    if fields[..index].iter().any(|field| is_key(&field)) {
                        continue;
                    }
                    let value = fields.iter().rfind(is_key).map_or(value, |(_, last)| last);
                    self.push_checked(name, value, drop_length, &mut facts)?;
                }
            }
            HeadFields::Array(fields) => {
                for (name, value) in fields {
                    self.push_checked(name, value, drop_length, &mut facts)?;
                }
            }
            HeadFields::Strings(fields) => {
                for (name, value) in fields {
                    validate_header_name(name, None)?;
                    validate_header_value(name, value)?;
                    self.push_line(name, value, drop_length, &mut facts);
                }
            }
        }
        Ok(facts)
    }

    fn push_checked(
        &mut self,
        name: &str,
        value: &HeaderValue,
        drop_length: bool,
        facts: &mut Facts,
    ) -> Result<(), Error> {
        validate_header_name(name, None)?;
        check_value(name, value)?;
        self.push_value(name, value, drop_length, facts);
        Ok(())
    }

    /// One line, or one for each item of an array; some arrays become one line (I-10).
    fn push_value(&mut self, name: &str, value: &HeaderValue, drop_length: bool, facts: &mut Facts) {
        match value {
            HeaderValue::Text(text) => self.push_line(name, text, drop_length, facts),
            HeaderValue::Integer(number) => {
                self.push_line(name, &number.to_string(), drop_length, facts);
            }
            HeaderValue::List(items) => {
                let is_cookie = items.len() > 1 && name.eq_ignore_ascii_case("cookie");
                if is_cookie || self.is_unique(name) {
                    return self.push_line(name, &items.join("; "), drop_length, facts);
                }
                for item in items {
                    self.push_line(name, item, drop_length, facts);
                }
            }
        }
    }

    fn push_line(&mut self, name: &str, value: &str, drop_length: bool, facts: &mut Facts) {
        facts.note(name, value);
        if drop_length && name.eq_ignore_ascii_case("content-length") {
            facts.content_length = None;
            return;
        }
        push_field(&mut self.out, name, value);
    }

    /// Date, Connection, Keep-Alive and the length, in Node's order, and the empty line (I-1).
    fn push_automatic(&mut self, facts: &Facts, decision: &Decision, date: &str) {
        let out = &mut self.out;
        if self.automatic.date && !facts.date {
            out.extend_from_slice(b"Date: ");
            out.extend_from_slice(date.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        match decision.connection {
            ConnectionLine::None => {}
            ConnectionLine::Close => out.extend_from_slice(b"Connection: close\r\n"),
            ConnectionLine::KeepAlive => {
                out.extend_from_slice(b"Connection: keep-alive\r\n");
                if let Role::Response(context) = &self.role
                    && context.keep_alive_timeout > 0
                    && !facts.keep_alive
                {
                    out.extend_from_slice(b"Keep-Alive: timeout=");
                    encode::decimal(out, u64::from(context.keep_alive_timeout / 1000));
                    if context.max_requests_per_socket > 0 {
                        out.extend_from_slice(b", max=");
                        encode::decimal(out, context.max_requests_per_socket.into());
                    }
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        match decision.length {
            LengthLine::None => {}
            LengthLine::ContentLength(length) => {
                out.extend_from_slice(b"Content-Length: ");
                encode::decimal(out, length);
                out.extend_from_slice(b"\r\n");
            }
            LengthLine::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// One line, from binary strings.
pub(super) fn push_field(out: &mut Vec<u8>, name: &str, value: &str) {
    encode::field(out, name.as_bytes(), &latin1_bytes(value));
}
