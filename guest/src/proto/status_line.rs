//! Scans a status line: protocol, version, status code, reason phrase.

use super::error::{Fault, Reject};
use super::field_block::{Meter, run, span};
use super::grammar::digit;
use super::limits::Leniency;
use super::request_line::{check_version, scan_protocol};

/// What a whole status line said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub(super) version: (u8, u8),
    pub(super) status: u16,
    pub(super) reason: (u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Protocol,
    Slash,
    Major,
    Dot,
    Minor,
    AfterVersion,
    /// So many digits of the status code seen.
    Code(u8),
    AfterCode,
    Reason,
    LineLf,
    Done,
}

/// The scanner of one status line; see [`super::scan`] for its contract.
#[derive(Clone, Debug)]
pub(super) struct StatusLineScan {
    step: Step,
    pub(super) cursor: usize,
    /// Start of the reason phrase.
    mark: usize,
    pub(super) meter: Meter,
    pub(super) line: StatusLine,
}

impl StatusLineScan {
    pub(super) const fn new(meter: Meter) -> Self {
        let line = StatusLine { version: (0, 0), status: 0, reason: (0, 0) };
        Self { step: Step::Protocol, cursor: 0, mark: 0, meter, line }
    }

    /// Scans on; `true` when the line has been seen.
    pub(super) fn scan(&mut self, input: &[u8], leniency: &Leniency) -> Result<bool, Reject> {
        while self.step != Step::Done {
            let before = (self.step, self.cursor);
            match self.step {
                Step::Protocol => match scan_protocol(input) {
                    Err(agreed) => return Err(Fault::PROTOCOL.at(agreed)),
                    Ok(None) => {}
                    Ok(Some(name)) => {
                        self.cursor = name.len();
                        self.step = Step::Slash;
                    }
                },
                Step::Reason => self.reason(input, leniency)?,
                _ => self.byte(input, leniency)?,
            }
            if before == (self.step, self.cursor) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The steps that look at one byte.
    fn byte(&mut self, input: &[u8], leniency: &Leniency) -> Result<(), Reject> {
        let at = self.cursor;
        let Some(&byte) = input.get(at) else {
            return Ok(());
        };
        match self.step {
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
                self.take(Step::AfterVersion);
            }
            Step::AfterVersion if byte == b' ' => self.take(Step::Code(0)),
            Step::AfterVersion => return Err(Fault::VERSION_SPACE.at(at)),
            Step::Code(seen) => {
                let digit = digit(byte).ok_or_else(|| Fault::STATUS_CODE.at(at))?;
                self.line.status = self.line.status * 10 + u16::from(digit);
                self.take(if seen == 2 { Step::AfterCode } else { Step::Code(seen + 1) });
            }
            Step::AfterCode => self.after_code(byte, leniency)?,
            Step::LineLf if byte == b'\n' => self.take(Step::Done),
            Step::LineLf if leniency.optional_lf_after_cr => self.step = Step::Done,
            Step::LineLf => return Err(Fault::LF_AFTER_CR.at(at)),
            Step::Protocol | Step::Reason | Step::Done => {}
        }
        Ok(())
    }

    fn take(&mut self, next: Step) {
        self.cursor += 1;
        self.step = next;
    }

    fn after_code(&mut self, byte: u8, leniency: &Leniency) -> Result<(), Reject> {
        let at = self.cursor;
        match byte {
            b' ' => {
                self.mark = at + 1;
                self.take(Step::Reason);
            }
            b'\r' => self.take(Step::LineLf),
            b'\n' if leniency.optional_cr_before_lf => self.take(Step::Done),
            b'\n' => return Err(Fault::STATUS_LINE.behind(at)),
            _ => return Err(Fault::STATUS_LINE.at(at)),
        }
        Ok(())
    }

    /// The reason phrase: llhttp takes any byte but CR and LF.
    fn reason(&mut self, input: &[u8], leniency: &Leniency) -> Result<(), Reject> {
        self.cursor = run(input, self.cursor, |byte| !matches!(byte, b'\r' | b'\n'));
        let length = self.cursor - self.mark;
        let end = input.get(self.cursor);
        if length > 0 && self.meter.is_over(length) {
            return Err(Fault::HEADER_OVERFLOW.at(self.cursor + usize::from(end.is_some())));
        }
        let Some(&end) = end else { return Ok(()) };
        if end == b'\n' && !leniency.optional_cr_before_lf {
            return Err(Fault::STATUS_LINE_CR.behind(self.cursor));
        }
        self.line.reason = span(self.mark, self.cursor);
        self.meter.spend(length);
        self.take(if end == b'\n' { Step::Done } else { Step::LineLf });
        Ok(())
    }
}
