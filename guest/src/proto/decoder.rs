//! The decoder: one direction of one connection, message after message.

use std::ops::Range;

use super::chunked::{Chunk, ChunkedScan};
use super::error::{Fault, ParseError, Reject};
use super::fast;
use super::field_block::{FieldBlock, Meter};
use super::fields::Fields;
use super::framing::BodyLength;
use super::head::{RequestHead, ResponseHead, collect, keeps_alive, request_head, response_head};
use super::limits::{Direction, Leniency, Limits};
use super::method::Method;
use super::scan::{HeadScan, ScannedHead, StartLine, check_raw};
use super::special::{Rules, Signals};

/// What a decoder finds. Every message is one head, any number of `Data`, one `End`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of a request.
    RequestHead(RequestHead),
    /// The head of a response, interim ones included.
    ResponseHead(ResponseHead),
    /// Bytes of the body: a range of the `input` of the call that returned it, not empty.
    Data(Range<usize>),
    /// The message is complete. The trailers, where a chunked body had any.
    End(Option<Box<Fields>>),
}

/// Decodes the messages that arrive on one connection.
///
/// Input: [`Self::decode`], [`Self::finish`]. Commands: [`Self::expect_response_to`], [`Self::skip_body`],
/// [`Self::upgrade`]. Getters: [`Self::is_idle`], [`Self::is_upgraded`].
#[derive(Debug)]
pub struct Decoder {
    rules: Rules,
    limits: Limits,
    phase: Phase,
    /// What the fields of the current message have said, trailers included.
    signals: Signals,
    version: (u8, u8),
    /// What the next final response answers, where that matters for its body.
    answers: Option<Method>,
    /// The current message is the last one of this protocol.
    leaving: bool,
    arrival: Arrival,
}

/// Where the decoder stands between two calls.
#[derive(Debug)]
enum Phase {
    /// Before a message; stray line ends are dropped.
    Between,
    /// In a head whose bytes are still in the caller's buffer.
    Head(Box<HeadScan>),
    /// Behind a head whose framing is illegal: the next call says so.
    Unframed(Fault),
    /// In a body of so many more bytes; 0 is the end of the message.
    Sized(u64),
    Chunked(ChunkedScan),
    /// In the trailers, whose bytes are still in the caller's buffer.
    Trailers(Box<FieldBlock>),
    UntilClose,
    /// Behind the last message of the connection.
    Closed,
    /// The rest of the connection is another protocol.
    Upgraded,
    Failed(ParseError),
}

/// What Node calls `bytesParsed` is an offset into the newest bytes only.
#[derive(Clone, Copy, Debug, Default)]
struct Arrival {
    consumed: u64,
    received: u64,
    /// Where the newest bytes begin.
    newest: u64,
}

type Step = Result<(usize, Option<Event>), Reject>;

impl Decoder {
    /// A decoder at the start of a connection.
    pub fn new(direction: Direction, limits: Limits, leniency: Leniency) -> Self {
        Self {
            rules: Rules { direction, leniency },
            limits,
            phase: Phase::Between,
            signals: Signals::default(),
            version: (1, 1),
            answers: None,
            leaving: false,
            arrival: Arrival::default(),
        }
    }

    /// Looks at `input`: every byte received and not yet consumed. Returns how many of them are consumed, and the
    /// next event; the caller drops the consumed bytes (behind a [`Event::Data`] that range is among them), appends
    /// what it receives, and calls again: at once after an event, with more bytes after `None`.
    ///
    /// No byte is scanned twice, however small the pieces are. An error is final.
    pub fn decode(&mut self, input: &[u8]) -> Result<(usize, Option<Event>), ParseError> {
        if let Phase::Failed(error) = self.phase {
            return Err(error);
        }
        let total = self.arrival.consumed + input.len() as u64;
        if total > self.arrival.received {
            self.arrival.newest = self.arrival.received;
            self.arrival.received = total;
        }
        match self.step(input) {
            Ok((consumed, event)) => {
                self.arrival.consumed += consumed as u64;
                Ok((consumed, event))
            }
            Err(Reject { fault, at }) => {
                let place = self.arrival.consumed + at as u64;
                Err(self.fail(fault, place.saturating_sub(self.arrival.newest)))
            }
        }
    }

    /// The peer sends no more: the `End` of a message that lasts until close, `None` between messages,
    /// `HPE_INVALID_EOF_STATE` inside one (I-46).
    pub fn finish(&mut self) -> Result<Option<Event>, ParseError> {
        match self.phase {
            Phase::Between | Phase::Closed | Phase::Upgraded => Ok(None),
            Phase::UntilClose => {
                self.phase = Phase::Closed;
                Ok(Some(Event::End(None)))
            }
            Phase::Failed(error) => Err(error),
            Phase::Head(_)
            | Phase::Unframed(_)
            | Phase::Sized(_)
            | Phase::Chunked(_)
            | Phase::Trailers(_) => Err(self.fail(Fault::END_OF_INPUT, 0)),
        }
    }

    /// The method of the request that the next final response answers: one to HEAD has no body, one to CONNECT
    /// begins a tunnel. Called before each response; interim responses do not use it up.
    pub fn expect_response_to(&mut self, method: Method) {
        self.answers = Some(method);
    }

    /// The message whose head was just returned has no body, whatever its fields say.
    pub fn skip_body(&mut self) {
        if matches!(self.phase, Phase::Sized(_) | Phase::Chunked(_) | Phase::UntilClose | Phase::Unframed(_))
        {
            self.phase = Phase::Sized(0);
        }
    }

    /// The current message, whose head was just returned with `upgrade` set, is the last one: behind its `End` the
    /// bytes belong to another protocol and are left alone.
    ///
    /// Not called, an `Upgrade` is ignored: the body is decoded and the bytes behind it are the next message (Node
    /// drops them). CONNECT requests, their answers and 101 leave HTTP without being asked.
    pub fn upgrade(&mut self) {
        self.leaving = true;
        let sized = self.signals.content_length.is_some_and(|length| length > 0);
        if matches!(self.phase, Phase::Unframed(_) | Phase::UntilClose) && !sized {
            // As llhttp: a message that leaves HTTP has no body unless it says how long that is.
            self.phase = Phase::Sized(0);
        }
    }

    /// Between messages, with nothing of the next one seen. Stray line ends do not count.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Between | Phase::Closed)
    }

    /// Behind the last message of a connection that has left HTTP.
    pub fn is_upgraded(&self) -> bool {
        matches!(self.phase, Phase::Upgraded)
    }

    fn fail(&mut self, fault: Fault, offset: u64) -> ParseError {
        let error = ParseError { code: fault.code, reason: fault.reason, offset };
        self.phase = Phase::Failed(error);
        error
    }

    fn step(&mut self, input: &[u8]) -> Step {
        match &mut self.phase {
            Phase::Between => self.begin(input),
            Phase::Head(scan) => {
                if !scan.scan(input, &mut self.signals, &self.rules)? {
                    return Ok((0, None));
                }
                let Phase::Head(scan) = std::mem::replace(&mut self.phase, Phase::Between) else {
                    return Ok((0, None));
                };
                Ok(self.deliver_head(input, scan.into_head()))
            }
            Phase::Unframed(fault) => Err(fault.at(0)),
            Phase::Sized(0) => Ok((0, Some(self.end(None)))),
            Phase::Sized(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= length as u64;
                Ok(data(0..length))
            }
            Phase::Chunked(_) => self.chunked(input),
            Phase::Trailers(_) => self.trailers(input, 0),
            Phase::UntilClose => Ok(data(0..input.len())),
            Phase::Closed => self.closed(input),
            Phase::Upgraded | Phase::Failed(_) => Ok((0, None)),
        }
    }

    /// RFC 9112 2.2: line ends before a message are dropped. llhttp takes any number, lone CR and LF too (I-42).
    fn begin(&mut self, input: &[u8]) -> Step {
        let skipped = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let input = &input[skipped..];
        if input.is_empty() {
            return Ok((skipped, None));
        }
        self.signals = Signals::default();
        if let Some(head) = fast::head(input, &mut self.signals, &self.rules, &self.limits) {
            let (consumed, event) = self.deliver_head(input, Some(head));
            return Ok((skipped + consumed, event));
        }
        let mut scan = HeadScan::new(self.rules.direction, &self.limits);
        let complete =
            scan.scan(input, &mut self.signals, &self.rules).map_err(|reject| reject.shifted(skipped))?;
        if !complete {
            self.phase = Phase::Head(Box::new(scan));
            return Ok((skipped, None));
        }
        let (consumed, event) = self.deliver_head(input, scan.into_head());
        Ok((skipped + consumed, event))
    }

    fn deliver_head(&mut self, input: &[u8], head: Option<ScannedHead>) -> (usize, Option<Event>) {
        // A scan that says "complete" has a head.
        let Some(ScannedHead { line, block }) = head else {
            return (0, None);
        };
        let consumed = block.cursor;
        let (event, framing) = match line {
            StartLine::Request(line) => {
                let (head, framing) = request_head(input, line, block, &self.signals, &self.rules.leniency);
                self.version = line.version;
                self.leaving = line.method == Method::Connect;
                (Event::RequestHead(head), framing)
            }
            StartLine::Response(line) => {
                let head = response_head(input, line, block, &self.signals, self.answers);
                self.version = line.version;
                // As llhttp: the bytes behind any 101 belong to the next protocol, Upgrade field or not.
                self.leaving = line.status == 101 || self.answers == Some(Method::Connect);
                if !matches!(line.status, 100 | 102..=199) {
                    self.answers = None;
                }
                let framing = Ok(head.framing);
                (Event::ResponseHead(head), framing)
            }
        };
        self.phase = match framing {
            Ok(BodyLength::None) => Phase::Sized(0),
            Ok(BodyLength::Sized(length)) => Phase::Sized(length),
            Ok(BodyLength::Chunked) => Phase::Chunked(ChunkedScan::new(self.limits.max_chunk_extensions)),
            Ok(BodyLength::UntilClose) => Phase::UntilClose,
            Err(fault) => Phase::Unframed(fault),
        };
        (consumed, Some(event))
    }

    fn chunked(&mut self, input: &[u8]) -> Step {
        let Phase::Chunked(scan) = &mut self.phase else {
            return Ok((0, None));
        };
        let mut cursor = 0;
        match scan.scan(input, &mut cursor, &self.rules.leniency)? {
            Chunk::NeedMore => Ok((cursor, None)),
            Chunk::Data(length) => Ok(data(cursor..cursor + length)),
            Chunk::Last => {
                let meter = Meter::new(self.limits.max_header_size);
                self.phase = Phase::Trailers(Box::new(FieldBlock::trailers(0, meter, &self.limits)));
                self.trailers(&input[cursor..], cursor)
            }
        }
    }

    /// `input` begins at the trailers, `before` bytes into what the caller passed.
    fn trailers(&mut self, input: &[u8], before: usize) -> Step {
        let Phase::Trailers(block) = &mut self.phase else {
            return Ok((before, None));
        };
        let result = block.scan(input, &mut self.signals, &self.rules);
        let complete =
            check_raw(result, block.cursor, &self.limits).map_err(|reject| reject.shifted(before))?;
        if !complete {
            return Ok((before, None));
        }
        let Phase::Trailers(block) = std::mem::replace(&mut self.phase, Phase::Between) else {
            return Ok((before, None));
        };
        let consumed = before + block.cursor;
        let fields = collect(input, *block);
        let trailers = (!fields.is_empty()).then(|| Box::new(fields));
        Ok((consumed, Some(self.end(trailers))))
    }

    /// The message is complete; what it said about the connection decides what follows.
    fn end(&mut self, trailers: Option<Box<Fields>>) -> Event {
        self.phase = if self.leaving {
            Phase::Upgraded
        } else if keeps_alive(self.version, &self.signals) || self.rules.leniency.keep_alive {
            Phase::Between
        } else {
            Phase::Closed
        };
        Event::End(trailers)
    }

    /// I-45: nothing but line ends may follow the last message.
    fn closed(&mut self, input: &[u8]) -> Step {
        let other = input.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        match other {
            Some(at) if !self.rules.leniency.data_after_close => Err(Fault::CLOSED.behind(at)),
            _ => Ok((input.len(), None)),
        }
    }
}

fn data(range: Range<usize>) -> (usize, Option<Event>) {
    let consumed = range.end;
    (consumed, (!range.is_empty()).then_some(Event::Data(range)))
}
