//! Compression of messages: RFC 7692 section 7.2.

use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Role, Violation, negotiation::DeflateParameters};

/// What the end of a compressed message leaves out (section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Bytes that a compressor holds, and a decompressor: what `miniz_oxide` allocates, rounded up.
const COMPRESSOR: usize = 320 * 1024;
const DECOMPRESSOR: usize = 44 * 1024;

/// The largest window, and the only one that `miniz_oxide` has.
const WHOLE_WINDOW: u8 = 15;

const BAD_DATA: Violation = Violation::data("Invalid compressed data");

/// Compresses what one end sends.
pub struct Deflater {
    /// Made for the first message that is worth it: idle connections are many.
    compress: Option<Compress>,
    keeps_context: bool,
    /// Nothing may refer farther back.
    window: usize,
    has_whole_window: bool,
    threshold: usize,
}

impl Deflater {
    /// For the messages of `role`.
    #[must_use]
    pub fn new(role: Role, parameters: &DeflateParameters) -> Self {
        let (keeps_context, bits) = parameters.of(role);
        Self {
            compress: None,
            keeps_context,
            window: 1 << bits,
            has_whole_window: bits == WHOLE_WINDOW,
            threshold: parameters.threshold.max(1),
        }
    }

    /// The payload, compressed; none when it is too small for that.
    pub fn compress(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        if payload.len() < self.threshold {
            return None;
        }
        let compress = self.compress.get_or_insert_with(|| Compress::new(Compression::fast(), false));
        let mut output = Vec::with_capacity(payload.len() / 4 + 64);
        if self.has_whole_window {
            append(compress, payload, FlushCompress::Sync, &mut output);
        } else {
            // A full flush forgets everything before it, so no distance is longer than a piece.
            for piece in payload.chunks(self.window) {
                append(compress, piece, FlushCompress::Full, &mut output);
            }
        }
        if !self.keeps_context {
            self.compress = None;
        }
        debug_assert!(output.ends_with(&TAIL), "a flush ends with an empty block");
        output.truncate(output.len() - TAIL.len());
        Some(output)
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        if self.compress.is_some() { COMPRESSOR } else { 0 }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").field("window", &self.window).finish_non_exhaustive()
    }
}

/// Appends what `input` becomes, all of it, and the empty block that ends a flush.
///
/// A call that begins with output left from the one before only hands that on and does not flush, so another one follows.
/// The worst that can come of it is a second empty block.
fn append(compress: &mut Compress, input: &[u8], flush: FlushCompress, output: &mut Vec<u8>) {
    const STEP: usize = 4096;
    let start = compress.total_in();
    let mut was_full = false;
    loop {
        if output.len() == output.capacity() {
            output.reserve(STEP);
        }
        let used = usize::try_from(compress.total_in() - start).unwrap_or(input.len());
        // The only error is a call in the wrong state, which there is none of before `Finish`.
        let _ = compress.compress_vec(&input[used..], output, flush);
        let is_full = output.len() == output.capacity();
        if !is_full && !was_full {
            return;
        }
        was_full = is_full;
    }
}

/// Decompresses what one end receives.
pub struct Inflater {
    /// Made for the first compressed message.
    decompress: Option<Decompress>,
    keeps_context: bool,
}

impl Inflater {
    /// For the messages that `role` receives.
    #[must_use]
    pub fn new(role: Role, parameters: &DeflateParameters) -> Self {
        let sender = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Self { decompress: None, keeps_context: parameters.of(sender).0 }
    }

    /// Appends what `input`, a piece of a message, stands for. However much that is, `output` grows to `most` + 1 bytes.
    ///
    /// # Errors
    /// No deflated data; more than `most`.
    pub fn inflate(
        &mut self,
        input: &[u8],
        ends: bool,
        most: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        let decompress = self.decompress.get_or_insert_with(|| Decompress::new(false));
        expand(decompress, input, most, output)?;
        if ends {
            expand(decompress, &TAIL, most, output)?;
            if !self.keeps_context {
                self.decompress = None;
            }
        }
        Ok(())
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        if self.decompress.is_some() { DECOMPRESSOR } else { 0 }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("keeps_context", &self.keeps_context).finish_non_exhaustive()
    }
}

fn expand(
    decompress: &mut Decompress,
    mut input: &[u8],
    most: usize,
    output: &mut Vec<u8>,
) -> Result<(), Violation> {
    const STEP: usize = 1024;
    loop {
        if output.len() == output.capacity() {
            // As a vector grows by itself, but never beyond what shows that it is too much.
            let more = output.len().max(STEP).min(most + 1 - output.len());
            output.reserve_exact(more);
        }
        let (read, written) = (decompress.total_in(), output.len());
        let status = decompress.decompress_vec(input, output, FlushDecompress::Sync).map_err(|_| BAD_DATA)?;
        let used = usize::try_from(decompress.total_in() - read).unwrap_or(input.len());
        input = &input[used..];
        if output.len() > most {
            return Err(Violation::TOO_BIG);
        }
        if status == Status::StreamEnd {
            // A final block (section 7.2.3.4): what follows is a new stream.
            decompress.reset(false);
        } else if used == 0 && output.len() == written && !input.is_empty() {
            return Err(BAD_DATA);
        }
        if input.is_empty() && (output.len() < output.capacity() || status == Status::StreamEnd) {
            return Ok(());
        }
    }
}
