//! What a decoder is told once: its direction, its limits, its leniency.

/// Which messages a decoder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Requests: the decoder of a server.
    Request,
    /// Responses: the decoder of a client.
    Response,
}

/// Bounds on what a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Node's `maxHeaderSize`, default 16384: the bytes of target (or reason phrase), field names and field values
    /// must stay below it, for the head and once more for the trailers. Beyond: `HPE_HEADER_OVERFLOW`.
    ///
    /// Bytes that Node does not count because it never stores them (spaces before a value or between the parts of a
    /// request line) are bounded too, at four times this limit: this decoder's caller keeps the whole head.
    pub max_header_size: usize,
    /// How many field lines a head may have, and once more its trailers; 0 is unlimited. Node's `maxHeadersCount`
    /// counts names and values, so that its default 2000 is 1000 here. Beyond: `HPE_HEADER_OVERFLOW`.
    ///
    /// Node enforces it for requests only; responses are truncated later, so a client passes 0.
    pub max_headers_count: usize,
    /// Bytes of names and values of the extensions of one chunk, default 16384 as in Node, where it is fixed.
    /// Beyond: `HPE_CHUNK_EXTENSIONS_OVERFLOW`.
    pub max_chunk_extensions: usize,
}

impl Limits {
    /// How long a head may be as it stands in the buffer. The shortest field that counts, `a:`, costs one counted
    /// byte and four real ones, so that only padding can reach this.
    pub(super) fn max_raw_head(&self) -> usize {
        self.max_header_size.saturating_mul(4).saturating_add(1024).min(u32::MAX as usize)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_header_size: 16_384, max_headers_count: 1000, max_chunk_extensions: 16_384 }
    }
}

/// Deviations from the strict grammar, one per leniency flag of llhttp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// Any byte but CR and LF in field values, obsolete line folding, spaces before the colon.
    pub headers: bool,
    /// `Content-Length` beside `Transfer-Encoding`.
    pub chunked_length: bool,
    /// Another message after one that closes the connection.
    pub keep_alive: bool,
    /// Requests whose `Transfer-Encoding` does not end in `chunked`, or goes on behind it.
    pub transfer_encoding: bool,
    /// Any version with one digit on either side of the dot.
    pub version: bool,
    /// Bytes behind a message that closes the connection are dropped without an error.
    pub data_after_close: bool,
    /// A lone CR as line end, in most places.
    pub optional_lf_after_cr: bool,
    /// Chunk data without the CRLF behind it.
    pub optional_crlf_after_chunk: bool,
    /// A lone LF as line end.
    pub optional_cr_before_lf: bool,
    /// Blanks behind the chunk size.
    pub spaces_after_chunk_size: bool,
    /// Control characters other than NUL, CR and LF in field values.
    pub header_value_relaxed: bool,
}

impl Leniency {
    /// No leniency: Node's default.
    pub const STRICT: Self = Self {
        headers: false,
        chunked_length: false,
        keep_alive: false,
        transfer_encoding: false,
        version: false,
        data_after_close: false,
        optional_lf_after_cr: false,
        optional_crlf_after_chunk: false,
        optional_cr_before_lf: false,
        spaces_after_chunk_size: false,
        header_value_relaxed: false,
    };

    /// What Node's `insecureHTTPParser` option switches on (`kLenientAll`): every flag.
    pub const fn insecure_http_parser() -> Self {
        Self {
            headers: true,
            chunked_length: true,
            keep_alive: true,
            transfer_encoding: true,
            version: true,
            data_after_close: true,
            optional_lf_after_cr: true,
            optional_crlf_after_chunk: true,
            optional_cr_before_lf: true,
            spaces_after_chunk_size: true,
            header_value_relaxed: true,
        }
    }
}
