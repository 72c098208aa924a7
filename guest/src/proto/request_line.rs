//! Scans a request line: method, target, protocol, version.

use super::error::{Fault, Reject};
use super::field_block::{Meter, run, span};
use super::grammar::{digit, is_authority, is_target};
use super::limits::Leniency;
use super::method::Method;

/// What a whole request line said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) method: Method,
    pub(super) target: (u32, u32),
    pub(super) version: (u8, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Method,
    AfterMethod,
    BeforeTarget,
    Target(Target),
    /// Behind a target that a CR ends: HTTP/0.9.
    SimpleLf,
    /// Behind the line of HTTP/0.9.
    SimpleEnd,
    AfterTarget,
    BeforeProtocol,
    Protocol,
    Slash,
    Major,
    Dot,
    Minor,
    /// The rest of the HTTP/2 preface.
    Preface,
    LineEnd,
    LineLf,
    Done,
}

/// Where a request target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Start,
    Schema,
    /// Behind the colon, so many slashes seen.
    Slashes(usize),
    Authority,
    /// Behind an `@`.
    AuthorityAfterAt,
    Path,
    Query,
    Fragment,
}

/// The scanner of one request line; see [`super::scan`] for its contract.
#[derive(Clone, Debug)]
pub(super) struct RequestLineScan {
    step: Step,
    pub(super) cursor: usize,
    /// Start of the element under scan.
    mark: usize,
    pub(super) meter: Meter,
    pub(super) line: RequestLine,
}

impl RequestLineScan {
    pub(super) fn new(meter: Meter) -> Self {
        let line = RequestLine { method: Method::Get, target: (0, 0), version: (0, 9) };
        Self { step: Step::Method, cursor: 0, mark: 0, meter, line }
    }

    /// Scans on; `true` when the line has been seen.
    pub(super) fn scan(&mut self, input: &[u8], leniency: &Leniency) -> Result<bool, Reject> {
        while self.step != Step::Done {
            let before = (self.step, self.cursor);
            match self.step {
                Step::Method => self.method(input)?,
                Step::Target(_) => self.target(input)?,
                Step::Protocol => self.protocol(input)?,
                Step::Preface => self.preface(input)?,
                _ => self.byte(input, leniency)?,
            }
            if before == (self.step, self.cursor) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn method(&mut self, input: &[u8]) -> Result<(), Reject> {
        match Method::scan(input) {
            Err(agreed) => Err(Fault::BAD_METHOD.at(agreed)),
            Ok(None) => Ok(()),
            Ok(Some(method)) => {
                self.line.method = method;
                self.cursor = method.as_str().len();
                self.step = Step::AfterMethod;
                Ok(())
            }
        }
    }

    /// The steps that look at one byte.
    fn byte(&mut self, input: &[u8], leniency: &Leniency) -> Result<(), Reject> {
        let at = self.cursor;
        let Some(&byte) = input.get(at) else {
            return Ok(());
        };
        match self.step {
            Step::AfterMethod if byte == b' ' => self.take(Step::BeforeTarget),
            Step::AfterMethod => return Err(Fault::NO_SPACE_AFTER_METHOD.at(at)),
            Step::BeforeTarget if byte == b' ' => self.cursor += 1,
            Step::BeforeTarget => {
                self.mark = at;
                let connect = self.line.method == Method::Connect;
                self.step = Step::Target(if connect { Target::Authority } else { Target::Start });
            }
            Step::SimpleLf if byte == b'\n' => self.take(Step::SimpleEnd),
            Step::SimpleLf => return Err(Fault::URL_CRLF.at(at)),
            // llhttp still counts the byte behind the end of a target as part of it.
            Step::SimpleEnd | Step::AfterTarget if is_never_in_target(byte) => {
                return Err(Fault::URL_CHARACTERS.behind(at));
            }
            Step::SimpleEnd => self.step = Step::Done,
            Step::AfterTarget => self.step = Step::BeforeProtocol,
            Step::BeforeProtocol if byte == b' ' => self.cursor += 1,
            Step::BeforeProtocol => {
                self.mark = at;
                self.step = Step::Protocol;
            }
            Step::Slash if byte == b'/' => self.take(Step::Major),
            Step::Slash => return Err(Fault::PROTOCOL.at(at)),
            Step::Major => {
                self.line.version.0 = digit(byte).ok_or_else(|| Fault::VERSION_MAJOR.at(at))?;
                self.take(Step::Dot);
            }
            Step::Dot if byte == b'.' => self.take(Step::Minor),
            Step::Dot => return Err(Fault::VERSION_DOT.at(at)),
            Step::Minor => {
                self.line.version.1 = digit(byte).ok_or_else(|| Fault::VERSION_MINOR.at(at))?;
                check_version(self.line.version, leniency).map_err(|fault| fault.behind(at))?;
                self.mark = at + 1;
                self.take(if self.line.method == Method::Pri { Step::Preface } else { Step::LineEnd });
            }
            Step::LineEnd if byte == b'\r' => self.take(Step::LineLf),
            // As llhttp: the lone LF still waits for an LF, so that this leniency needs `optional_lf_after_cr` too.
            Step::LineEnd if byte == b'\n' && leniency.optional_cr_before_lf => self.take(Step::LineLf),
            Step::LineEnd if byte == b'\n' => return Err(Fault::VERSION_CRLF.behind(at)),
            Step::LineEnd => return Err(Fault::VERSION_CRLF.at(at)),
            Step::LineLf if byte == b'\n' => self.take(Step::Done),
            Step::LineLf if leniency.optional_lf_after_cr => self.step = Step::Done,
            Step::LineLf => return Err(Fault::VERSION_LF.at(at)),
            Step::Method | Step::Target(_) | Step::Protocol | Step::Preface | Step::Done => {}
        }
        Ok(())
    }

    fn take(&mut self, next: Step) {
        self.cursor += 1;
        self.step = next;
    }

    fn target(&mut self, input: &[u8]) -> Result<(), Reject> {
        let Step::Target(state) = self.step else {
            return Ok(());
        };
        let stop = match state {
            Target::Path => run(input, self.cursor, is_target),
            Target::Query => run(input, self.cursor, |byte| is_target(byte) || byte == b'?'),
            Target::Fragment => {
                run(input, self.cursor, |byte| is_target(byte) || matches!(byte, b'?' | b'#'))
            }
            Target::Schema => run(input, self.cursor, |byte| byte.is_ascii_alphabetic()),
            Target::Authority | Target::AuthorityAfterAt => run(input, self.cursor, is_authority),
            Target::Start | Target::Slashes(_) => self.cursor,
        };
        // Userinfo behind an `@` makes another one legal again, as in llhttp.
        let state =
            if stop > self.cursor && state == Target::AuthorityAfterAt { Target::Authority } else { state };
        self.cursor = stop;
        self.step = Step::Target(state);
        if stop > self.mark && self.meter.is_over(stop - self.mark) {
            return Err(Fault::HEADER_OVERFLOW.at(stop));
        }
        let Some(&byte) = input.get(stop) else {
            return Ok(());
        };
        if is_never_in_target(byte) && state != Target::Slashes(1) {
            return Err(Fault::URL_CHARACTERS.behind(stop));
        }
        let next = state.next(byte).map_err(|fault| match fault {
            Fault::URL_CHARACTERS | Fault::URL_DOUBLE_AT => fault.behind(stop),
            fault => fault.at(stop),
        })?;
        match next {
            Some(next) => self.take(Step::Target(next)),
            None => self.end_target(byte),
        }
        Ok(())
    }

    /// At the space, CR or LF behind the target.
    fn end_target(&mut self, byte: u8) {
        self.line.target = span(self.mark, self.cursor);
        self.meter.spend(self.cursor - self.mark);
        self.take(match byte {
            b' ' => Step::AfterTarget,
            b'\r' => Step::SimpleLf,
            _ => Step::SimpleEnd,
        });
    }

    fn protocol(&mut self, input: &[u8]) -> Result<(), Reject> {
        let method = self.line.method;
        let (length, is_allowed, fault) = match scan_protocol(&input[self.mark..]) {
            Err(agreed) => return Err(Fault::PROTOCOL.at(self.mark + agreed)),
            Ok(None) => return Ok(()),
            Ok(Some("HTTP")) => (4, method.is_http(), Fault::METHOD_FOR_HTTP),
            Ok(Some("RTSP")) => (4, method.is_rtsp(), Fault::METHOD_FOR_RTSP),
            Ok(Some(_)) => (3, method == Method::Source, Fault::METHOD_FOR_ICE),
        };
        self.cursor = self.mark + length;
        if !is_allowed {
            return Err(fault.at(self.cursor));
        }
        self.step = Step::Slash;
        Ok(())
    }

    fn preface(&mut self, input: &[u8]) -> Result<(), Reject> {
        const REST: &[u8] = b"\r\n\r\nSM\r\n\r\n";
        let agreed = common_prefix(REST, &input[self.mark..]);
        if agreed == REST.len() {
            return Err(Fault::H2_UPGRADE.at(self.mark + agreed));
        }
        if self.mark + agreed < input.len() {
            return Err(Fault::PREFACE.at(self.mark + agreed));
        }
        Ok(())
    }
}

impl Target {
    /// Where `byte` leads, which is not in the class of the state; `None` ends the target.
    fn next(self, byte: u8) -> Result<Option<Self>, Fault> {
        let next = match (self, byte) {
            (Self::Start, b'/' | b'*') => Self::Path,
            (Self::Start, _) if byte.is_ascii_alphabetic() => Self::Schema,
            (Self::Start | Self::Schema | Self::Slashes(0), b' ' | b'\r' | b'\n') => {
                return Err(Fault::URL_CHARACTERS);
            }
            (Self::Start, _) => return Err(Fault::URL_START),
            (Self::Schema, b':') => Self::Slashes(0),
            (Self::Slashes(0), b'/') => Self::Slashes(1),
            (Self::Slashes(_), b'/') => Self::Authority,
            (Self::Schema | Self::Slashes(_), _) => return Err(Fault::URL_SCHEMA),
            (_, b' ' | b'\r' | b'\n') => return Ok(None),
            (Self::Authority | Self::AuthorityAfterAt, b'/') => Self::Path,
            (Self::Authority | Self::AuthorityAfterAt, b'?') => Self::Query,
            (Self::Authority, b'@') => Self::AuthorityAfterAt,
            (Self::AuthorityAfterAt, b'@') => return Err(Fault::URL_DOUBLE_AT),
            (Self::Authority | Self::AuthorityAfterAt, _) => return Err(Fault::URL_SERVER),
            (Self::Path, b'?') => Self::Query,
            (Self::Path | Self::Query, b'#') => Self::Fragment,
            (Self::Path, _) => return Err(Fault::URL_PATH),
            (Self::Query, _) => return Err(Fault::URL_QUERY),
            (Self::Fragment, _) => return Err(Fault::URL_FRAGMENT),
        };
        Ok(Some(next))
    }
}

/// The protocol name at the start of `input`: `Err` is how many bytes agree, `Ok(None)` that more are needed.
pub(super) fn scan_protocol(input: &[u8]) -> Result<Option<&'static str>, usize> {
    let mut agreed = 0;
    for name in ["HTTP", "RTSP", "ICE"] {
        let common = common_prefix(name.as_bytes(), input);
        if common == name.len() {
            return Ok(Some(name));
        }
        agreed = agreed.max(common);
    }
    if agreed == input.len() { Ok(None) } else { Err(agreed) }
}

/// The versions that Node accepts (I-44), unless the leniency takes any.
pub(super) const fn check_version(version: (u8, u8), leniency: &Leniency) -> Result<(), Fault> {
    match version {
        (0, 9) | (1, 0 | 1) | (2, 0) => Ok(()),
        _ if leniency.version => Ok(()),
        _ => Err(Fault::VERSION),
    }
}

/// The bytes that llhttp rejects wherever they stand in a target.
const fn is_never_in_target(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\x0c')
}

fn common_prefix(text: &[u8], input: &[u8]) -> usize {
    text.iter().zip(input).take_while(|(a, b)| a == b).count()
}
