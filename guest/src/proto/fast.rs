//! The fast path: httparse for a head that lies whole in the buffer, and the strict rules it does not know.
//!
//! Nothing is rejected here: `None` sends the head to the scanner.

use std::mem::MaybeUninit;

use httparse::{Header, Status};

use super::field_block::{FieldBlock, Meter, span};
use super::fields::{KnownField, Span};
use super::grammar::{is_blank, is_target};
use super::limits::{Direction, Leniency, Limits};
use super::method::Method;
use super::request_line::RequestLine;
use super::scan::{ScannedHead, StartLine};
use super::special::{Rules, Signals, Special};
use super::status_line::StatusLine;

/// Heads with more fields are the scanner's.
const MAX_FIELDS: usize = 64;

type HeaderArray<'a> = [MaybeUninit<Header<'a>>; MAX_FIELDS];

/// The head at the start of `input`.
pub(super) fn head(
    input: &[u8],
    signals: &mut Signals,
    rules: &Rules,
    limits: &Limits,
) -> Option<ScannedHead> {
    if rules.leniency != Leniency::STRICT {
        return None;
    }
    let mut said = Signals::default();
    let head = match rules.direction {
        Direction::Request => request(input, &mut said, rules, limits),
        Direction::Response => response(input, &mut said, rules, limits),
    }?;
    if head.block.cursor > limits.max_raw_head() {
        return None;
    }
    *signals = said;
    Some(head)
}

fn request(input: &[u8], signals: &mut Signals, rules: &Rules, limits: &Limits) -> Option<ScannedHead> {
    let mut array: HeaderArray<'_> = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(input, &mut array) else {
        return None;
    };
    let name = request.method?;
    let method = Method::from_bytes(name.as_bytes())?;
    if matches!(method, Method::Connect | Method::Pri) || !method.is_http() {
        return None;
    }
    let target = request.path?.as_bytes();
    if !is_plain_target(target) {
        return None;
    }
    let start = name.len() + 1;
    let end = start + target.len();
    // `METHOD SP target SP HTTP/1.x CRLF`, with single spaces, from the first byte on.
    let version = (1, request.version?);
    let line_end = end + " HTTP/1.1".len();
    if input.get(line_end..line_end + 2) != Some(b"\r\n") || offset(input, target) != start {
        return None;
    }
    let mut meter = Meter::new(limits.max_header_size);
    if meter.is_over(target.len()) {
        return None;
    }
    meter.spend(target.len());
    let line = RequestLine { method, target: span(start, end), version };
    let block = fields(input, request.headers, line_end + 2, length, meter, signals, rules, limits)?;
    Some(ScannedHead { line: StartLine::Request(line), block })
}

fn response(input: &[u8], signals: &mut Signals, rules: &Rules, limits: &Limits) -> Option<ScannedHead> {
    const BEFORE_REASON: usize = "HTTP/1.1 200 ".len();
    let mut array: HeaderArray<'_> = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, input, &mut array);
    let Ok(Status::Complete(length)) = parsed else {
        return None;
    };
    let status = response.code?;
    let version = (1, response.version?);
    // httparse takes blanks as a missing reason; only a reason in its usual place is judged here.
    let reason = response.reason?.as_bytes();
    let end = BEFORE_REASON + reason.len();
    if reason.is_empty() || offset(input, reason) != BEFORE_REASON || input.get(end..end + 2) != Some(b"\r\n")
    {
        return None;
    }
    let mut meter = Meter::new(limits.max_header_size);
    if meter.is_over(reason.len()) {
        return None;
    }
    meter.spend(reason.len());
    let line = StatusLine { version, status, reason: span(BEFORE_REASON, end) };
    let block = fields(input, response.headers, end + 2, length, meter, signals, rules, limits)?;
    Some(ScannedHead { line: StartLine::Response(line), block })
}

/// Walks the fields once: line ends, limits, and what the known ones say.
#[allow(
    clippy::too_many_arguments,
    reason = "one call per direction; a struct would only rename the parameters"
)]
fn fields(
    input: &[u8],
    headers: &[Header<'_>],
    start: usize,
    length: usize,
    mut meter: Meter,
    signals: &mut Signals,
    rules: &Rules,
    limits: &Limits,
) -> Option<FieldBlock> {
    if limits.max_headers_count != 0 && headers.len() > limits.max_headers_count {
        return None;
    }
    let mut block = FieldBlock::trailers(length, meter, limits);
    block.index.spans.reserve_exact(headers.len());
    let mut line = start;
    for header in headers {
        let name = header.name.as_bytes();
        // Nothing between the lines: no fold, no lone LF.
        if offset(input, name) != line || meter.is_over(name.len()) {
            return None;
        }
        meter.spend(name.len());
        let value_start = match header.value {
            [] => line + name.len() + 1,
            value => offset(input, value),
        };
        let mut end = value_start + header.value.len();
        while is_blank(*input.get(end)?) {
            end += 1;
        }
        // Blanks behind a value count as Node counts them; before an empty one they do not.
        let counted = if header.value.is_empty() { 0 } else { end - value_start };
        if input.get(end..end + 2) != Some(b"\r\n") || (counted > 0 && meter.is_over(counted)) {
            return None;
        }
        meter.spend(counted);
        if let Some(field) = KnownField::of(name) {
            learn(field, &input[value_start..value_start + counted], signals, rules)?;
            block.index.note(field);
        }
        let value = if counted == 0 { span(end + 2, end + 2) } else { span(value_start, end) };
        block.index.spans.push(Span { name: span(line, line + name.len()), value });
        line = end + 2;
    }
    (input.get(line..length) == Some(b"\r\n")).then_some(block)
}

/// Feeds a whole value to the machine that the scanner feeds byte by byte.
fn learn(field: KnownField, value: &[u8], signals: &mut Signals, rules: &Rules) -> Option<()> {
    Special::check_name(Some(field), signals, rules).ok()?;
    if value.is_empty() {
        return Special::check_empty(Some(field)).ok();
    }
    let mut special = Special::start(Some(field), signals, rules).ok()?;
    if special != Special::Plain {
        for byte in value {
            special.push(*byte, signals, rules).ok()?;
        }
    }
    special.end(signals);
    special.settle(signals);
    Some(())
}

/// An origin-form or asterisk-form target without a fragment: by far the most.
fn is_plain_target(target: &[u8]) -> bool {
    matches!(target.first(), Some(b'/' | b'*')) && target.iter().all(|byte| is_target(*byte) || *byte == b'?')
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize)
}
