//! The scanner of a head: a start line and the fields behind it.
//!
//! The contract of every `scan` in this folder: `input` begins where the head (or the trailers) begins and has at
//! least the bytes of the last call. `Ok(false)` is "need more": all of `input` has been seen, and the next call goes on from
//! there. `Ok(true)` is "complete"; `cursor` is behind the last byte. An error's place is an offset into `input`.

use super::error::{Fault, Reject};
use super::field_block::{FieldBlock, Meter};
use super::limits::{Direction, Limits};
use super::request_line::{RequestLine, RequestLineScan};
use super::special::{Rules, Signals};
use super::status_line::{StatusLine, StatusLineScan};

/// The start line of a head of either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartLine {
    Request(RequestLine),
    Response(StatusLine),
}

/// A scanned head whose bytes are still the caller's.
#[derive(Debug)]
pub(super) struct ScannedHead {
    pub(super) line: StartLine,
    pub(super) block: FieldBlock,
}

/// The scanner of one head.
#[derive(Clone, Debug)]
pub(super) struct HeadScan {
    part: Part,
    limits: Limits,
}

#[derive(Clone, Debug)]
enum Part {
    Request(RequestLineScan),
    Response(StatusLineScan),
    Fields(StartLine, FieldBlock),
}

impl HeadScan {
    pub(super) fn new(direction: Direction, limits: &Limits) -> Self {
        let meter = Meter::new(limits.max_header_size);
        let part = match direction {
            Direction::Request => Part::Request(RequestLineScan::new(meter)),
            Direction::Response => Part::Response(StatusLineScan::new(meter)),
        };
        Self { part, limits: *limits }
    }

    /// Scans on; `true` when the head is complete, for [`Self::into_head`].
    pub(super) fn scan(
        &mut self,
        input: &[u8],
        signals: &mut Signals,
        rules: &Rules,
    ) -> Result<bool, Reject> {
        let result = self.advance(input, signals, rules);
        check_raw(result, self.cursor(), &self.limits)
    }

    /// The head, when it is complete.
    pub(super) fn into_head(self) -> Option<ScannedHead> {
        match self.part {
            Part::Fields(line, block) => Some(ScannedHead { line, block }),
            Part::Request(_) | Part::Response(_) => None,
        }
    }

    fn advance(&mut self, input: &[u8], signals: &mut Signals, rules: &Rules) -> Result<bool, Reject> {
        let (line, cursor, meter) = match &mut self.part {
            Part::Fields(_, block) => return block.scan(input, signals, rules),
            Part::Request(scan) => {
                if !scan.scan(input, &rules.leniency)? {
                    return Ok(false);
                }
                (StartLine::Request(scan.line), scan.cursor, scan.meter)
            }
            Part::Response(scan) => {
                if !scan.scan(input, &rules.leniency)? {
                    return Ok(false);
                }
                (StartLine::Response(scan.line), scan.cursor, scan.meter)
            }
        };
        let mut block = FieldBlock::after_start_line(cursor, meter, &self.limits);
        let complete = block.scan(input, signals, rules);
        self.part = Part::Fields(line, block);
        complete
    }

    const fn cursor(&self) -> usize {
        match &self.part {
            Part::Request(scan) => scan.cursor,
            Part::Response(scan) => scan.cursor,
            Part::Fields(_, block) => block.cursor,
        }
    }
}

/// Bounds what Node does not count and does not store: padding. Asked of every outcome, so that it does not depend
/// on where the input is split.
pub(super) fn check_raw(
    result: Result<bool, Reject>,
    cursor: usize,
    limits: &Limits,
) -> Result<bool, Reject> {
    let reached = match result {
        Ok(_) => cursor,
        Err(reject) => reject.at,
    };
    if reached > limits.max_raw_head() { Err(Fault::HEADER_OVERFLOW.at(reached)) } else { result }
}
