//! What Node decides about a head that the program left open: how the body ends, whether the connection
//! persists, and which lines say so (I-1 to I-9 for responses, I-24 and I-25 for requests).

use crate::message::headers::contains_word;

use super::OutgoingMessage;
use super::context::Role;

/// Where a length comes from that no header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImplicitLength {
    /// More may be written: nobody knows.
    Unknown,
    /// `end(data)` with nothing before it.
    Body(u64),
    /// `respond`: as if a Content-Length had been given.
    Answer(u64),
}

/// How the end of the body shows on the wire. Decided with the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// No head yet.
    Undecided,
    /// HEAD, 204, 304, 1xx: nothing follows the head.
    NoBody,
    /// Content-Length; `None` when its value is no plain number, or given twice with different values.
    Length(Option<u64>),
    /// Transfer-Encoding: chunked.
    Chunked,
    /// The body ends with the connection.
    UntilClose,
    /// A request without a line about its body has none (RFC 9112 §6.3 rule 7). What is written all the same
    /// goes out as in Node (I-24).
    Unannounced,
}

/// The lines that Node adds unless the program removed them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Automatic {
    pub(super) date: bool,
    connection: bool,
    content_length: bool,
    transfer_encoding: bool,
}

impl Default for Automatic {
    fn default() -> Self {
        Self { date: true, connection: true, content_length: true, transfer_encoding: true }
    }
}

impl Automatic {
    /// What requests start with: they never say their date by themselves, and with `setDefaultHeaders: false`
    /// nothing else either.
    pub(super) const fn for_request(default_headers: bool) -> Self {
        Self {
            date: false,
            connection: default_headers,
            content_length: default_headers,
            transfer_encoding: default_headers,
        }
    }

    pub(super) fn suppress(&mut self, name: &str) {
        match Known::of(name) {
            Some(Known::Date) => self.date = false,
            Some(Known::Connection) => self.connection = false,
            Some(Known::ContentLength) => self.content_length = false,
            Some(Known::TransferEncoding) => self.transfer_encoding = false,
            _ => {}
        }
    }
}

/// Names that mean something to the head.
#[derive(Clone, Copy)]
enum Known {
    Connection,
    ContentLength,
    Date,
    Expect,
    KeepAlive,
    Trailer,
    TransferEncoding,
}

impl Known {
    fn of(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is("date") => Some(Self::Date),
            6 if is("expect") => Some(Self::Expect),
            7 if is("trailer") => Some(Self::Trailer),
            10 if is("connection") => Some(Self::Connection),
            10 if is("keep-alive") => Some(Self::KeepAlive),
            14 if is("content-length") => Some(Self::ContentLength),
            17 if is("transfer-encoding") => Some(Self::TransferEncoding),
            _ => None,
        }
    }
}

/// What the program's own lines say.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Some `Connection` line says `close`.
    close: bool,
    /// Some `Connection` line says something else.
    persist: bool,
    pub(super) content_length: Option<Option<u64>>,
    pub(super) transfer_encoding: bool,
    chunked: bool,
    pub(super) date: bool,
    pub(super) expect: bool,
    pub(super) keep_alive: bool,
    pub(super) trailer: bool,
}

impl Facts {
    pub(super) fn note(&mut self, name: &str, value: &str) {
        match Known::of(name) {
            Some(Known::Connection) if contains_word(value.as_bytes(), "close") => self.close = true,
            Some(Known::Connection) => self.persist = true,
            Some(Known::ContentLength) => {
                let length = declared_length(value);
                let same = self.content_length.is_none_or(|before| before == length);
                self.content_length = Some(if same { length } else { None });
            }
            Some(Known::Date) => self.date = true,
            Some(Known::Expect) => self.expect = true,
            Some(Known::KeepAlive) => self.keep_alive = true,
            Some(Known::Trailer) => self.trailer = true,
            Some(Known::TransferEncoding) => {
                self.transfer_encoding = true;
                self.chunked |= contains_word(value.as_bytes(), "chunked");
            }
            None => {}
        }
    }
}

/// What the facts come to.
pub(super) struct Decision {
    /// Node's `shouldKeepAlive` from now on.
    pub(super) keep_alive: bool,
    /// Node's `_last`: the connection closes behind this message.
    pub(super) last: bool,
    /// Node's `chunkedEncoding`: what a `Trailer` header needs.
    pub(super) chunked: bool,
    pub(super) framing: Framing,
    pub(super) connection: ConnectionLine,
    pub(super) length: LengthLine,
}

/// The automatic `Connection` line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionLine {
    None,
    Close,
    /// With a `Keep-Alive` line.
    KeepAlive,
}

/// The automatic line about the body.
#[derive(Clone, Copy)]
pub(super) enum LengthLine {
    None,
    ContentLength(u64),
    Chunked,
}

impl OutgoingMessage {
    pub(super) fn decide(&self, facts: &Facts, length: ImplicitLength) -> Decision {
        let mut decision = self.decide_persistence(facts, length);
        let has_body = self.may_have_body();
        if facts.content_length.is_some() || facts.transfer_encoding {
            decision.framing = match facts.content_length {
                _ if !has_body => Framing::NoBody,
                _ if decision.chunked => Framing::Chunked,
                Some(length) if !facts.transfer_encoding => Framing::Length(length),
                // RFC 9112 §6.3 rule 4: without `chunked` at its end only closing ends the body. Node keeps
                // the connection and lets the client wait.
                _ => Framing::UntilClose,
            };
        } else {
            self.decide_framing(facts, length, &mut decision);
        }
        decision.last |= decision.framing == Framing::UntilClose;
        decision
    }

    fn decide_persistence(&self, facts: &Facts, length: ImplicitLength) -> Decision {
        let own_line = facts.close || facts.persist;
        // An `Expect: 100-continue` that got its final answer first: the body may or may not follow, so what
        // comes next cannot be told from it (RFC 9110 §10.1.1).
        let unanswered = self.role.holds_body_back() && !self.continued;
        let mut keep_alive = (self.keep_alive && !unanswered) || facts.persist;
        let mut chunked = facts.chunked;
        if chunked && matches!(self.status_code, 204 | 304) {
            // These have no body, so no last chunk either; a client that expects one shall not wait.
            chunked = false;
            keep_alive = false;
        }
        let length_known = facts.content_length.is_some() || matches!(length, ImplicitLength::Answer(_));
        let (last, connection) = if own_line {
            (facts.close, ConnectionLine::None)
        } else if !self.automatic.connection {
            (!keep_alive, ConnectionLine::None)
        } else if !(keep_alive && (length_known || self.chunks_by_default() || self.role.has_agent())) {
            (true, ConnectionLine::Close)
        } else if self.role.max_requests_reached() {
            // Not `last`: further requests on the connection get a 503 (I-17).
            (false, ConnectionLine::Close)
        } else {
            (false, ConnectionLine::KeepAlive)
        };
        Decision {
            keep_alive,
            last,
            chunked,
            framing: Framing::Undecided,
            connection,
            length: LengthLine::None,
        }
    }

    /// Framing where no header gave it.
    fn decide_framing(&self, facts: &Facts, length: ImplicitLength, decision: &mut Decision) {
        let known = match length {
            ImplicitLength::Unknown => None,
            ImplicitLength::Body(_) if !self.chunks_by_default() => None,
            ImplicitLength::Body(bytes) | ImplicitLength::Answer(bytes) => Some(bytes),
        };
        decision.chunked = false;
        decision.framing = if !self.may_have_body() {
            Framing::NoBody
        } else if let (Some(bytes), true, false) = (known, self.automatic.content_length, facts.trailer) {
            decision.length = LengthLine::ContentLength(bytes);
            Framing::Length(Some(bytes))
        } else if self.chunks_by_default() && self.automatic.transfer_encoding {
            decision.length = LengthLine::Chunked;
            decision.chunked = true;
            Framing::Chunked
        } else if matches!(self.role, Role::Request(_)) {
            Framing::Unannounced
        } else {
            Framing::UntilClose
        };
    }

    /// Node's `useChunkedEncodingByDefault`.
    fn chunks_by_default(&self) -> bool {
        match &self.role {
            // HTTP/1.0 knows no chunks, but a client may say that it does (I-6).
            Role::Response(context) => {
                let (major, minor) = context.http_version;
                (major >= 1 && minor >= 1) || context.te_chunked
            }
            // I-24: methods that usually have no body.
            Role::Request(context) => {
                !matches!(&*context.method, "GET" | "HEAD" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT")
            }
            Role::Bare { .. } => true,
        }
    }
}

/// The value of a Content-Length: digits only (RFC 9110 §8.6), or `None`.
pub(super) fn declared_length(value: &str) -> Option<u64> {
    let digits = value.trim_matches([' ', '\t']);
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_u64, |length, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    })
}
