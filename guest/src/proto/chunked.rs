//! Scans the chunked coding (RFC 9112 7.1) up to the last chunk; the trailers behind it are a field block.

use super::error::{Fault, Reject};
use super::field_block::run;
use super::grammar::{hex_digit, is_quoted, is_token, is_value};
use super::limits::Leniency;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Before the first digit of a size.
    Size,
    SizeMore,
    /// Blanks behind a size (leniency).
    SizeEnd,
    Extension,
    ExtensionName,
    ExtensionValue,
    ExtensionQuoted,
    ExtensionPair,
    ExtensionQuoteEnd,
    LineLf,
    Data,
    DataEnd,
    /// Behind chunk data and a CR.
    DataLf,
    Last,
}

/// What a step of the coding yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// All of the input has been seen.
    NeedMore,
    /// So many bytes of body begin at the cursor.
    Data(usize),
    /// The last chunk has been seen; trailers follow.
    Last,
}

/// The scanner of a chunked body. Unlike a head it needs no byte twice: everything before the cursor is consumed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkedScan {
    step: Step,
    /// The size of the chunk, then what is left of it.
    size: u64,
    /// Bytes of extension names and values in this chunk.
    extensions: usize,
    max_extensions: usize,
}

impl ChunkedScan {
    pub(super) const fn new(max_extensions: usize) -> Self {
        Self { step: Step::Size, size: 0, extensions: 0, max_extensions }
    }

    /// Scans on from `cursor`.
    pub(super) fn scan(
        &mut self,
        input: &[u8],
        cursor: &mut usize,
        leniency: &Leniency,
    ) -> Result<Chunk, Reject> {
        loop {
            if self.step == Step::Last {
                return Ok(Chunk::Last);
            }
            let Some(&byte) = input.get(*cursor) else {
                return Ok(Chunk::NeedMore);
            };
            match self.step {
                Step::Data => return Ok(Chunk::Data(self.data(input.len() - *cursor))),
                Step::ExtensionName => self.extension_run(input, cursor, is_token)?,
                Step::ExtensionValue => self.extension_run(input, cursor, is_token)?,
                Step::ExtensionQuoted => self.extension_run(input, cursor, is_quoted)?,
                _ => {}
            }
            match self.step {
                Step::Size | Step::SizeMore | Step::SizeEnd => self.size(byte, cursor, leniency)?,
                Step::LineLf | Step::DataEnd | Step::DataLf => self.line_end(byte, cursor, leniency)?,
                _ => {
                    let Some(&byte) = input.get(*cursor) else {
                        return Ok(Chunk::NeedMore);
                    };
                    self.extension(byte, cursor, leniency)?;
                }
            }
        }
    }

    /// Takes as much of the chunk as there is.
    fn data(&mut self, available: usize) -> usize {
        let length = usize::try_from(self.size).unwrap_or(usize::MAX).min(available);
        self.size -= length as u64;
        if self.size == 0 {
            self.step = Step::DataEnd;
        }
        length
    }

    fn size(&mut self, byte: u8, cursor: &mut usize, leniency: &Leniency) -> Result<(), Reject> {
        let at = *cursor;
        let digit = hex_digit(byte).filter(|_| self.step != Step::SizeEnd);
        *cursor += 1;
        self.step = match (digit, byte) {
            (Some(digit), _) => {
                // Digit by digit: Rust's parsers take a plus sign.
                let next = self.size.checked_mul(16).and_then(|value| value.checked_add(u64::from(digit)));
                self.size = next.ok_or_else(|| Fault::CHUNK_SIZE_OVERFLOW.behind(at))?;
                Step::SizeMore
            }
            _ if self.step == Step::Size => return Err(Fault::CHUNK_SIZE.at(at)),
            (_, b' ' | b'\t') if leniency.spaces_after_chunk_size => Step::SizeEnd,
            (_, b' ' | b'\t') => return Err(Fault::CHUNK_SIZE.behind(at)),
            (_, b'\r') => Step::LineLf,
            // As llhttp: the lone LF still waits for an LF, so that this leniency needs `optional_lf_after_cr` too.
            (_, b'\n') if leniency.optional_cr_before_lf => Step::LineLf,
            (_, b'\n') => return Err(Fault::CHUNK_SIZE_CR.behind(at)),
            (_, b';') => Step::Extension,
            _ => return Err(Fault::CHUNK_SIZE.at(at)),
        };
        Ok(())
    }

    fn extension_run(
        &mut self,
        input: &[u8],
        cursor: &mut usize,
        class: fn(u8) -> bool,
    ) -> Result<(), Reject> {
        let stop = run(input, *cursor, class);
        self.count(stop - *cursor, stop)?;
        *cursor = stop;
        Ok(())
    }

    /// Names and values are counted as Node does (I-40), quotes included.
    fn count(&mut self, bytes: usize, at: usize) -> Result<(), Reject> {
        self.extensions = self.extensions.saturating_add(bytes);
        if self.extensions > self.max_extensions {
            Err(Fault::CHUNK_EXTENSIONS_OVERFLOW.at(at))
        } else {
            Ok(())
        }
    }

    fn extension(&mut self, byte: u8, cursor: &mut usize, leniency: &Leniency) -> Result<(), Reject> {
        let at = *cursor;
        *cursor += 1;
        self.step = match (self.step, byte) {
            (Step::Extension, b' ' | b'\r') => return Err(Fault::CHUNK_EXTENSION.behind(at)),
            (Step::Extension, _) => {
                *cursor = at;
                Step::ExtensionName
            }
            (Step::ExtensionName, b'=') => Step::ExtensionValue,
            (Step::ExtensionName | Step::ExtensionValue | Step::ExtensionQuoteEnd, b';') => Step::Extension,
            (Step::ExtensionName | Step::ExtensionValue | Step::ExtensionQuoteEnd, b'\r') => Step::LineLf,
            (Step::ExtensionName | Step::ExtensionValue | Step::ExtensionQuoteEnd, b'\n')
                if leniency.optional_cr_before_lf =>
            {
                *cursor = at;
                Step::LineLf
            }
            (Step::ExtensionName, b'\n') => return Err(Fault::CHUNK_EXTENSION_NAME_CR.at(at)),
            (Step::ExtensionName, _) => return Err(Fault::CHUNK_EXTENSION_NAME.behind(at)),
            (Step::ExtensionValue, b'"') => {
                self.count(1, at)?;
                Step::ExtensionQuoted
            }
            (Step::ExtensionValue | Step::ExtensionQuoteEnd, b'\n') => {
                return Err(Fault::CHUNK_EXTENSION_VALUE_CR.at(at));
            }
            (Step::ExtensionValue, _) => return Err(Fault::CHUNK_EXTENSION_VALUE.behind(at)),
            (Step::ExtensionQuoted, b'"') => {
                self.count(1, at)?;
                Step::ExtensionQuoteEnd
            }
            (Step::ExtensionQuoted, b'\\') => {
                self.count(1, at)?;
                Step::ExtensionPair
            }
            (Step::ExtensionQuoted, _) => return Err(Fault::CHUNK_EXTENSION_QUOTED.behind(at)),
            (Step::ExtensionPair, _) if is_value(byte) => {
                self.count(1, at)?;
                Step::ExtensionQuoted
            }
            (Step::ExtensionPair, _) => return Err(Fault::CHUNK_EXTENSION_PAIR.behind(at)),
            _ => return Err(Fault::CHUNK_EXTENSION_QUOTE_END.at(at)),
        };
        Ok(())
    }

    fn line_end(&mut self, byte: u8, cursor: &mut usize, leniency: &Leniency) -> Result<(), Reject> {
        let at = *cursor;
        *cursor += 1;
        match (self.step, byte) {
            (Step::LineLf, b'\n') => self.end_size_line(),
            (Step::LineLf, _) if leniency.optional_lf_after_cr => {
                *cursor = at;
                self.end_size_line();
            }
            (Step::LineLf, _) => return Err(Fault::CHUNK_SIZE_LF.at(at)),
            (Step::DataEnd, b'\r') => self.step = Step::DataLf,
            (Step::DataLf, b'\n') => self.step = Step::Size,
            (Step::DataEnd, b'\n') if leniency.optional_cr_before_lf => self.step = Step::Size,
            (Step::DataEnd, b'\n') => return Err(Fault::CHUNK_DATA_CR.behind(at)),
            _ if leniency.optional_crlf_after_chunk => {
                *cursor = at;
                self.step = Step::Size;
            }
            _ => return Err(Fault::CHUNK_DATA_LF.at(at)),
        }
        Ok(())
    }

    fn end_size_line(&mut self) {
        self.extensions = 0;
        self.step = if self.size == 0 { Step::Last } else { Step::Data };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(input: &[u8]) -> Result<Vec<Chunk>, Reject> {
        let mut scanner = ChunkedScan::new(16);
        let mut cursor = 0;
        let mut chunks = Vec::new();
        loop {
            let chunk = scanner.scan(input, &mut cursor, &Leniency::STRICT)?;
            chunks.push(chunk);
            match chunk {
                Chunk::Data(length) => cursor += length,
                Chunk::NeedMore | Chunk::Last => return Ok(chunks),
            }
        }
    }

    #[test]
    fn reads_chunks() {
        assert_eq!(scan(b"3\r\nabc\r\n0\r\n"), Ok(vec![Chunk::Data(3), Chunk::Last]));
        assert_eq!(scan(b"A;x=\"y\"\r\nabc"), Ok(vec![Chunk::Data(3), Chunk::NeedMore]));
        assert_eq!(scan(b"+5\r\n"), Err(Fault::CHUNK_SIZE.at(0)));
    }

    #[test]
    fn counts_extensions_per_chunk() {
        assert!(scan(b"1;abcdefgh=12345678\r\na\r\n1;abcdefgh=12345678\r\na\r\n").is_ok());
        assert_eq!(scan(b"1;abcdefgh=123456789\r\n"), Err(Fault::CHUNK_EXTENSIONS_OVERFLOW.at(20)));
    }
}
