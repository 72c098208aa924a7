//! Why bytes are not HTTP.

use std::fmt;

/// The peer's bytes are not an HTTP message that this side accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// llhttp's code as Node spells it: `HPE_…`.
    pub code: &'static str,
    /// llhttp's reason. Node's message is `Parse Error: <reason>`; for the error of an end of input
    /// (`HPE_INVALID_EOF_STATE`) it is a bare `Parse Error`.
    pub reason: &'static str,
    /// Node's `bytesParsed`: how far into the newest received bytes the parser got.
    pub offset: u64,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at byte {}", self.code, self.reason, self.offset)
    }
}

impl std::error::Error for ParseError {}

/// A verdict without a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) reason: &'static str,
}

impl Fault {
    /// The verdict at a byte that was not taken: the offset is the byte's own.
    pub(super) const fn at(self, at: usize) -> Reject {
        Reject { fault: self, at }
    }

    /// The verdict on a byte that llhttp takes first: the offset is the one behind it.
    pub(super) const fn behind(self, at: usize) -> Reject {
        Reject { fault: self, at: at + 1 }
    }
}

/// A [`Fault`] and its place in the slice that was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    pub(super) fault: Fault,
    pub(super) at: usize,
}

impl Reject {
    /// The same, for a slice that begins `by` bytes earlier.
    pub(super) const fn shifted(self, by: usize) -> Self {
        Self { fault: self.fault, at: self.at + by }
    }
}

macro_rules! faults {
    ($($name:ident = $code:literal, $reason:literal;)*) => {
        impl Fault {
            $(pub(super) const $name: Self = Self { code: $code, reason: $reason };)*
        }
    };
}

faults! {
    BAD_METHOD = "HPE_INVALID_METHOD", "Invalid method encountered";
    NO_SPACE_AFTER_METHOD = "HPE_INVALID_METHOD", "Expected space after method";
    URL_CHARACTERS = "HPE_INVALID_URL", "Invalid characters in url";
    URL_START = "HPE_INVALID_URL", "Unexpected start char in url";
    URL_SCHEMA = "HPE_INVALID_URL", "Unexpected char in url schema";
    URL_SERVER = "HPE_INVALID_URL", "Unexpected char in url server";
    URL_DOUBLE_AT = "HPE_INVALID_URL", "Double @ in url";
    URL_PATH = "HPE_INVALID_URL", "Invalid char in url path";
    URL_QUERY = "HPE_INVALID_URL", "Invalid char in url query";
    URL_FRAGMENT = "HPE_INVALID_URL", "Invalid char in url fragment start";
    URL_CRLF = "HPE_INVALID_URL", "Expected CRLF";
    PROTOCOL = "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/";
    METHOD_FOR_HTTP = "HPE_INVALID_CONSTANT", "Invalid method for HTTP/x.x request";
    METHOD_FOR_RTSP = "HPE_INVALID_CONSTANT", "Invalid method for RTSP/x.x request";
    METHOD_FOR_ICE = "HPE_INVALID_CONSTANT", "Expected SOURCE method for ICE/x.x request";
    VERSION_MAJOR = "HPE_INVALID_VERSION", "Invalid major version";
    VERSION_DOT = "HPE_INVALID_VERSION", "Expected dot";
    VERSION_MINOR = "HPE_INVALID_VERSION", "Invalid minor version";
    VERSION = "HPE_INVALID_VERSION", "Invalid HTTP version";
    VERSION_CRLF = "HPE_INVALID_VERSION", "Expected CRLF after version";
    VERSION_LF = "HPE_STRICT", "Expected CRLF after version";
    VERSION_SPACE = "HPE_INVALID_VERSION", "Expected space after version";
    PREFACE = "HPE_INVALID_VERSION", "Expected HTTP/2 Connection Preface";
    H2_UPGRADE = "HPE_PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade";
    STATUS_CODE = "HPE_INVALID_STATUS", "Invalid status code";
    STATUS_LINE = "HPE_INVALID_STATUS", "Invalid response status";
    STATUS_LINE_CR = "HPE_CR_EXPECTED", "Missing expected CR after response line";
    LF_AFTER_CR = "HPE_STRICT", "Expected LF after CR";
    START_LINE_SPACE = "HPE_UNEXPECTED_SPACE", "Unexpected space after start line";
    FIELD_TOKEN = "HPE_INVALID_HEADER_TOKEN", "Invalid header token";
    FIELD_CHAR = "HPE_INVALID_HEADER_TOKEN", "Invalid header field char";
    VALUE_CHAR = "HPE_INVALID_HEADER_TOKEN", "Invalid header value char";
    VALUE_FOLD = "HPE_INVALID_HEADER_TOKEN", "Unexpected whitespace after header value";
    VALUE_CR = "HPE_CR_EXPECTED", "Missing expected CR after header value";
    VALUE_LF = "HPE_LF_EXPECTED", "Missing expected LF after header value";
    HEADERS_LF = "HPE_STRICT", "Expected LF after headers";
    LENGTH_EMPTY = "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length";
    LENGTH_CHAR = "HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length";
    LENGTH_OVERFLOW = "HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow";
    LENGTH_TWICE = "HPE_UNEXPECTED_CONTENT_LENGTH", "Duplicate Content-Length";
    LENGTH_BESIDE_CODING = "HPE_INVALID_CONTENT_LENGTH", "Content-Length can't be present with Transfer-Encoding";
    CODING_BESIDE_LENGTH = "HPE_INVALID_TRANSFER_ENCODING", "Transfer-Encoding can't be present with Content-Length";
    CODING_EMPTY = "HPE_INVALID_TRANSFER_ENCODING", "Empty Transfer-Encoding";
    CODING_VALUE = "HPE_INVALID_TRANSFER_ENCODING", "Invalid `Transfer-Encoding` header value";
    CODING_REQUEST = "HPE_INVALID_TRANSFER_ENCODING", "Request has invalid `Transfer-Encoding`";
    CHUNK_SIZE = "HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size";
    CHUNK_SIZE_OVERFLOW = "HPE_INVALID_CHUNK_SIZE", "Chunk size overflow";
    CHUNK_SIZE_CR = "HPE_CR_EXPECTED", "Missing expected CR after chunk size";
    CHUNK_SIZE_LF = "HPE_STRICT", "Expected LF after chunk size";
    CHUNK_EXTENSION = "HPE_STRICT", "Invalid character in chunk extensions";
    CHUNK_EXTENSION_NAME = "HPE_STRICT", "Invalid character in chunk extensions name";
    CHUNK_EXTENSION_NAME_CR = "HPE_CR_EXPECTED", "Missing expected CR after chunk extension name";
    CHUNK_EXTENSION_VALUE = "HPE_STRICT", "Invalid character in chunk extensions value";
    CHUNK_EXTENSION_VALUE_CR = "HPE_CR_EXPECTED", "Missing expected CR after chunk extension value";
    CHUNK_EXTENSION_QUOTED = "HPE_STRICT", "Invalid character in chunk extensions quoted value";
    CHUNK_EXTENSION_PAIR = "HPE_STRICT", "Invalid quoted-pair in chunk extensions quoted value";
    CHUNK_EXTENSION_QUOTE_END = "HPE_STRICT", "Invalid character in chunk extensions quote value";
    CHUNK_DATA_CR = "HPE_CR_EXPECTED", "Missing expected CR after chunk data";
    CHUNK_DATA_LF = "HPE_STRICT", "Expected LF after chunk data";
    CLOSED = "HPE_CLOSED_CONNECTION", "Data after `Connection: close`";
    END_OF_INPUT = "HPE_INVALID_EOF_STATE", "Invalid EOF state";
    HEADER_OVERFLOW = "HPE_HEADER_OVERFLOW", "Header overflow";
    CHUNK_EXTENSIONS_OVERFLOW = "HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow";
}
