//! Scans field lines to the empty line behind them: the rest of a head, or trailers.

use super::error::{Fault, Reject};
use super::fields::{Index, KnownField, Span};
use super::grammar::{is_blank, is_token, is_value};
use super::limits::Limits;
use super::special::{Rules, Signals, Special, Taken};

/// How much of `maxHeaderSize` is spent (I-39).
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    spent: usize,
    limit: usize,
}

impl Meter {
    pub(super) const fn new(limit: usize) -> Self {
        Self { spent: 0, limit }
    }

    /// Whether an element of `length` more bytes is too much. Asked before it is known what ends the element, so
    /// that the verdict does not depend on where the input is split.
    pub(super) const fn is_over(&self, length: usize) -> bool {
        self.spent.saturating_add(length) >= self.limit
    }

    pub(super) const fn spend(&mut self, length: usize) {
        self.spent = self.spent.saturating_add(length);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Behind the start line: llhttp has a verdict of its own for a space here.
    AfterStartLine,
    /// At the start of a line that is no fold.
    LineStart,
    Name,
    /// Blanks between a known name and its colon (leniency).
    NameBlanks,
    /// Blanks before a value.
    ValueBlanks,
    /// Behind a CR with nothing but blanks before it.
    EmptyCr,
    /// Behind the line end of an empty value.
    EmptyEnd,
    Value,
    /// In a value whose grammar is off (leniency): anything to the CR or LF.
    AnyValue,
    /// Behind a value, before LF.
    ValueLf,
    /// At the start of the line behind a value.
    NextLine,
    /// Behind the CR of the empty line.
    LastLf,
    Done,
}

/// The scanner of one block of fields; see [`super::scan`] for its contract.
#[derive(Clone, Debug)]
pub(super) struct FieldBlock {
    step: Step,
    /// All before it has been scanned.
    pub(super) cursor: usize,
    /// Start of the element under scan.
    mark: usize,
    meter: Meter,
    max_count: usize,
    span: Span,
    known: Option<KnownField>,
    special: Special,
    pub(super) index: Index,
    /// Line ends inside folded values (leniency): cut out when the block is complete.
    pub(super) holes: Vec<(u32, u32)>,
}

impl FieldBlock {
    /// The fields behind a start line that ends at `start`; `meter` has counted its target or reason.
    pub(super) fn after_start_line(start: usize, meter: Meter, limits: &Limits) -> Self {
        Self { step: Step::AfterStartLine, ..Self::trailers(start, meter, limits) }
    }

    /// A block of nothing but fields.
    pub(super) fn trailers(start: usize, meter: Meter, limits: &Limits) -> Self {
        Self {
            step: Step::LineStart,
            cursor: start,
            mark: start,
            meter,
            max_count: match limits.max_headers_count {
                0 => usize::MAX,
                count => count,
            },
            span: Span::default(),
            known: None,
            special: Special::Plain,
            index: Index::default(),
            holes: Vec::new(),
        }
    }

    /// Scans on; `true` when the empty line has been seen.
    pub(super) fn scan(
        &mut self,
        input: &[u8],
        signals: &mut Signals,
        rules: &Rules,
    ) -> Result<bool, Reject> {
        while self.step != Step::Done {
            let before = (self.step, self.cursor);
            self.advance(input, signals, rules)?;
            if before == (self.step, self.cursor) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One step; nothing changes when it needs more bytes.
    fn advance(&mut self, input: &[u8], signals: &mut Signals, rules: &Rules) -> Result<(), Reject> {
        match self.step {
            Step::Name => return self.name(input, signals, rules),
            Step::Value => return self.value(input, signals, rules),
            Step::AnyValue => return self.any_value(input),
            _ => {}
        }
        let at = self.cursor;
        let Some(&byte) = input.get(at) else {
            return Ok(());
        };
        match self.step {
            Step::AfterStartLine => self.after_line(byte, rules)?,
            Step::LineStart => self.line_start(byte, rules)?,
            Step::NameBlanks if byte == b' ' => self.cursor += 1,
            Step::NameBlanks => self.step = Step::Name,
            Step::ValueBlanks => self.value_blanks(byte, signals, rules)?,
            Step::EmptyCr if byte == b'\n' => self.take(Step::EmptyEnd),
            Step::EmptyCr if rules.leniency.headers => self.step = Step::EmptyEnd,
            Step::EmptyCr => return Err(Fault::LF_AFTER_CR.at(at)),
            Step::EmptyEnd => self.empty_end(byte, signals, rules)?,
            Step::ValueLf if byte == b'\n' => self.take(Step::NextLine),
            Step::ValueLf => return Err(Fault::VALUE_LF.at(at)),
            Step::NextLine => self.next_line(byte, signals, rules)?,
            Step::LastLf if byte == b'\n' => self.take(Step::Done),
            Step::LastLf if rules.leniency.optional_lf_after_cr => self.step = Step::Done,
            Step::LastLf => return Err(Fault::HEADERS_LF.at(at)),
            Step::Name | Step::Value | Step::AnyValue | Step::Done => {}
        }
        Ok(())
    }

    fn take(&mut self, next: Step) {
        self.cursor += 1;
        self.step = next;
    }

    fn after_line(&mut self, byte: u8, rules: &Rules) -> Result<(), Reject> {
        match byte {
            b' ' if rules.leniency.headers => self.take(Step::LineStart),
            b' ' => return Err(Fault::START_LINE_SPACE.behind(self.cursor)),
            _ => self.step = Step::LineStart,
        }
        Ok(())
    }

    fn line_start(&mut self, byte: u8, rules: &Rules) -> Result<(), Reject> {
        match byte {
            b'\r' => self.take(Step::LastLf),
            b'\n' if rules.leniency.optional_cr_before_lf => self.take(Step::Done),
            b'\n' => return Err(Fault::FIELD_CHAR.behind(self.cursor)),
            _ => {
                self.mark = self.cursor;
                self.known = None;
                self.step = Step::Name;
            }
        }
        Ok(())
    }

    fn name(&mut self, input: &[u8], signals: &Signals, rules: &Rules) -> Result<(), Reject> {
        let stop = run(input, self.cursor, is_token);
        let length = stop - self.mark;
        let overflows = self.index.spans.len() >= self.max_count || self.meter.is_over(length);
        if length > 0 && overflows {
            return Err(Fault::HEADER_OVERFLOW.at(stop + usize::from(input.get(stop) == Some(&b':'))));
        }
        if stop > self.cursor {
            // llhttp forgets that a name is special when letters follow the blanks of leniency.
            self.known = None;
        }
        self.cursor = stop;
        match input.get(stop) {
            None => Ok(()),
            Some(b':') if length > 0 => {
                self.recognise(&input[self.mark..stop]);
                Special::check_name(self.known, signals, rules).map_err(|fault| fault.behind(stop))?;
                self.meter.spend(length);
                self.span.name = span(self.mark, stop);
                self.take(Step::ValueBlanks);
                Ok(())
            }
            Some(b' ') if self.recognise(&input[self.mark..stop]).is_some_and(KnownField::frames) => {
                if !rules.leniency.headers {
                    return Err(Fault::FIELD_CHAR.behind(stop));
                }
                self.step = Step::NameBlanks;
                Ok(())
            }
            Some(_) => Err(Fault::FIELD_TOKEN.at(stop)),
        }
    }

    /// What field the name is of, unless it is known from before the blanks of leniency.
    fn recognise(&mut self, name: &[u8]) -> Option<KnownField> {
        self.known = self.known.or_else(|| KnownField::of(name));
        self.known
    }

    fn value_blanks(&mut self, byte: u8, signals: &mut Signals, rules: &Rules) -> Result<(), Reject> {
        match byte {
            b' ' | b'\t' => self.cursor += 1,
            b'\r' => self.take(Step::EmptyCr),
            b'\n' if rules.leniency.optional_cr_before_lf => self.take(Step::EmptyEnd),
            b'\n' => return Err(Fault::VALUE_CHAR.behind(self.cursor)),
            _ => {
                self.mark = self.cursor;
                self.special =
                    Special::start(self.known, signals, rules).map_err(|verdict| self.reject(verdict))?;
                self.span.value = span(self.mark, self.mark);
                self.step = Step::Value;
            }
        }
        Ok(())
    }

    fn empty_end(&mut self, byte: u8, signals: &mut Signals, rules: &Rules) -> Result<(), Reject> {
        if is_blank(byte) {
            if !rules.leniency.headers {
                return Err(Fault::VALUE_CHAR.behind(self.cursor));
            }
            self.take(Step::ValueBlanks);
            return Ok(());
        }
        Special::check_empty(self.known).map_err(|fault| fault.at(self.cursor))?;
        self.special = Special::Plain;
        self.span.value = span(self.cursor, self.cursor);
        self.complete(signals);
        Ok(())
    }

    fn value(&mut self, input: &[u8], signals: &mut Signals, rules: &Rules) -> Result<(), Reject> {
        let mut stop = self.cursor;
        if self.special == Special::Plain {
            stop = run(input, stop, is_value);
        } else {
            while let Some(&byte) = input.get(stop)
                && !matches!(byte, b'\r' | b'\n')
            {
                let verdict = self.special.push(byte, signals, rules);
                if let Err(verdict) = verdict {
                    self.cursor = stop;
                    self.check_size(input)?;
                    return Err(self.reject(verdict));
                }
                if !is_value(byte) {
                    break;
                }
                stop += 1;
            }
        }
        self.cursor = stop;
        self.check_size(input)?;
        match input.get(stop) {
            None => Ok(()),
            Some(b'\r') => {
                self.end_value(signals);
                self.cursor += 1;
                Ok(())
            }
            Some(b'\n') if rules.leniency.optional_cr_before_lf => {
                self.end_value(signals);
                Ok(())
            }
            Some(b'\n') => Err(Fault::VALUE_CR.at(stop)),
            Some(_) if rules.leniency.headers => {
                self.step = Step::AnyValue;
                Ok(())
            }
            Some(byte) if rules.leniency.header_value_relaxed && *byte != 0 => {
                self.special = Special::Plain;
                self.cursor += 1;
                Ok(())
            }
            Some(_) => Err(Fault::VALUE_CHAR.at(stop)),
        }
    }

    fn any_value(&mut self, input: &[u8]) -> Result<(), Reject> {
        self.cursor = run(input, self.cursor, |byte| !matches!(byte, b'\r' | b'\n'));
        self.check_size(input)?;
        match input.get(self.cursor) {
            None => {}
            Some(end) => {
                self.close_span();
                self.step = Step::ValueLf;
                self.cursor += usize::from(*end == b'\r');
            }
        }
        Ok(())
    }

    fn end_value(&mut self, signals: &mut Signals) {
        self.special.end(signals);
        self.close_span();
        self.step = Step::ValueLf;
    }

    fn close_span(&mut self) {
        self.meter.spend(self.cursor - self.mark);
        // Below `Limits::max_raw_head`, hence inside u32.
        self.span.value.1 = self.cursor as u32;
    }

    fn next_line(&mut self, byte: u8, signals: &mut Signals, rules: &Rules) -> Result<(), Reject> {
        if !is_blank(byte) {
            self.complete(signals);
            return Ok(());
        }
        if !rules.leniency.headers {
            return Err(Fault::VALUE_FOLD.at(self.cursor));
        }
        self.special = self.special.fold().map_err(|fault| fault.at(self.cursor))?;
        self.holes.push((self.span.value.1, self.cursor as u32));
        self.mark = self.cursor;
        self.step = Step::Value;
        Ok(())
    }

    /// The field is complete: what it says counts from here on.
    fn complete(&mut self, signals: &mut Signals) {
        self.special.settle(signals);
        if let Some(field) = self.known {
            self.index.note(field);
        }
        self.index.spans.push(self.span);
        self.step = Step::LineStart;
    }

    fn check_size(&self, input: &[u8]) -> Result<(), Reject> {
        if !self.meter.is_over(self.cursor - self.mark) {
            return Ok(());
        }
        Err(Fault::HEADER_OVERFLOW.at(self.cursor + usize::from(input.get(self.cursor) == Some(&b'\r'))))
    }

    const fn reject(&self, (fault, taken): (Fault, Taken)) -> Reject {
        match taken {
            Taken::No => fault.at(self.cursor),
            Taken::Yes => fault.behind(self.cursor),
        }
    }
}

/// Where the run of bytes of a class ends that begins at `start`.
pub(super) fn run(input: &[u8], start: usize, class: impl Fn(u8) -> bool) -> usize {
    let rest = input.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !class(*byte)).unwrap_or(rest.len())
}

/// A range as it is stored.
pub(super) const fn span(start: usize, end: usize) -> (u32, u32) {
    // Below `Limits::max_raw_head`, hence inside u32.
    (start as u32, end as u32)
}
