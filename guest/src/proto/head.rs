//! Decoded heads.

use super::error::Fault;
use super::field_block::FieldBlock;
use super::fields::{Fields, KnownField, Span};
use super::framing::{BodyLength, Sender, body_length};
use super::host::HostField;
use super::limits::Leniency;
use super::method::Method;
use super::request_line::RequestLine;
use super::special::Signals;
use super::status_line::StatusLine;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// Major and minor version; (0, 9) for a request line without one.
    pub version: (u8, u8),
    /// The fields.
    pub fields: Fields,
    /// How long the body is. [`BodyLength::None`] also where the next call of the decoder reports the framing as an
    /// error (`Transfer-Encoding` without `chunked` at its end): llhttp delivers the head first.
    pub framing: BodyLength,
    /// llhttp's `should_keep_alive`: version and `Connection` let the connection be used again.
    pub keep_alive: bool,
    /// The client wants to leave HTTP: `Upgrade` and `Connection: upgrade`, or CONNECT.
    /// See [`super::Decoder::upgrade`] for what follows.
    pub upgrade: bool,
    /// What the `Host` fields amount to.
    pub host: HostField,
    target: (u32, u32),
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// Major and minor version.
    pub version: (u8, u8),
    /// Status code: three digits of any value.
    pub status: u16,
    /// The fields.
    pub fields: Fields,
    /// How long the body is.
    pub framing: BodyLength,
    /// llhttp's `should_keep_alive` as Node asks for it at the end of the head: it does not yet know there that the
    /// answer to a HEAD has no body, so that one without length or coding counts as "not".
    pub keep_alive: bool,
    /// The server leaves HTTP: 101 with `Upgrade` and `Connection: upgrade`, or any answer to CONNECT.
    pub upgrade: bool,
    reason: (u32, u32),
}

impl RequestHead {
    /// The request target: Node's `url`.
    pub fn target(&self) -> &[u8] {
        self.fields.slice(self.target)
    }

    /// The value of the first `Expect` field.
    pub fn expect(&self) -> Option<&[u8]> {
        self.fields.known(KnownField::Expect)
    }
}

impl ResponseHead {
    /// The reason phrase: Node's `statusMessage`.
    pub fn reason(&self) -> &[u8] {
        self.fields.slice(self.reason)
    }
}

pub(super) fn request_head(
    input: &[u8],
    line: RequestLine,
    block: FieldBlock,
    signals: &Signals,
    leniency: &Leniency,
) -> (RequestHead, Result<BodyLength, Fault>) {
    let sender = Sender::Request {
        method: line.method,
        lenient: leniency.chunked_length || leniency.transfer_encoding,
    };
    let framing = body_length(sender, signals);
    let fields = collect(input, block);
    let head = RequestHead {
        method: line.method,
        version: line.version,
        host: HostField::of(&fields),
        fields,
        framing: framing.unwrap_or(BodyLength::None),
        keep_alive: keeps_alive(line.version, signals),
        upgrade: line.method == Method::Connect || signals.upgrade && signals.connection_upgrade,
        target: line.target,
    };
    (head, framing)
}

pub(super) fn response_head(
    input: &[u8],
    line: StatusLine,
    block: FieldBlock,
    signals: &Signals,
    answers: Option<Method>,
) -> ResponseHead {
    let framing = |answers| match body_length(Sender::Response { status: line.status, answers }, signals) {
        Ok(length) => length,
        // Only a request's coding can be wrong.
        Err(_) => BodyLength::UntilClose,
    };
    ResponseHead {
        version: line.version,
        status: line.status,
        framing: framing(answers),
        // RFC 9112 6.1: an HTTP/1.0 sender of Transfer-Encoding may have meant something else by it.
        keep_alive: keeps_alive(line.version, signals)
            && framing(None) != BodyLength::UntilClose
            && !(signals.transfer_encoding && line.version < (1, 1)),
        upgrade: answers == Some(Method::Connect)
            || line.status == 101 && signals.upgrade && signals.connection_upgrade,
        fields: collect(input, block),
        reason: line.reason,
    }
}

/// llhttp's `should_keep_alive` without its question about the end of the body. HTTP/2.0 counts as 1.0 there.
pub(super) const fn keeps_alive(version: (u8, u8), signals: &Signals) -> bool {
    match version {
        (1.., 1..) => !signals.close,
        _ => signals.keep_alive,
    }
}

/// Copies a complete block out of the caller's buffer, from the start line on.
pub(super) fn collect(input: &[u8], block: FieldBlock) -> Fields {
    let bytes = &input[..block.cursor];
    if block.holes.is_empty() {
        return Fields::new(bytes.into(), block.index);
    }
    let mut index = block.index;
    for span in &mut index.spans {
        *span = moved(*span, &block.holes);
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut start = 0;
    for &(from, to) in &block.holes {
        kept.extend_from_slice(&bytes[start..from as usize]);
        start = to as usize;
    }
    kept.extend_from_slice(&bytes[start..]);
    Fields::new(kept.into(), index)
}

/// Where a span lies once the holes are gone. Node joins the lines of a folded value without the line ends.
fn moved(span: Span, holes: &[(u32, u32)]) -> Span {
    let shift =
        |at: u32| at - holes.iter().filter(|hole| hole.1 <= at).map(|hole| hole.1 - hole.0).sum::<u32>();
    let shift_range = |(start, end)| (shift(start), shift(end));
    Span { name: shift_range(span.name), value: shift_range(span.value) }
}
