//! The one error type above `proto`. Its constructors, in `catalogue`, are the one table of Node's codes and
//! messages: to the letter, because programs compare them.
//!
//! What a thrower knows beyond that (parser position, system call, cause) sits boxed behind the error, so that
//! a `Result` stays small where nothing went wrong.

mod catalogue;
mod system;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::proto::ParseError;

/// The JavaScript class of an error: `err.name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorName {
    /// A plain `Error`.
    Error,
    /// A value of the wrong kind or shape.
    TypeError,
    /// A number outside its range.
    RangeError,
    /// The work was given up through an `AbortSignal`.
    AbortError,
    /// A `DOMException`: an address or a word that is none.
    SyntaxError,
    /// A `DOMException`: the object cannot do that now.
    InvalidStateError,
    /// A `DOMException`: the object never does that.
    InvalidAccessError,
}

impl ErrorName {
    /// The name as JavaScript prints it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::TypeError => "TypeError",
            Self::RangeError => "RangeError",
            Self::AbortError => "AbortError",
            Self::SyntaxError => "SyntaxError",
            Self::InvalidStateError => "InvalidStateError",
            Self::InvalidAccessError => "InvalidAccessError",
        }
    }
}

/// An error as Node throws or emits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    name: ErrorName,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    details: Option<Box<Details>>,
}

/// What some errors carry beyond their code and message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Set on `HPE_*` errors of the parser.
    pub parse: Option<ParseDetails>,
    /// Set on errors of the operating system.
    pub system: Option<SystemDetails>,
    /// The error that led to this one, flattened: contracts in WIT know no recursive types.
    pub cause: Option<Cause>,
}

/// Where and why the parser gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDetails {
    /// `err.reason`.
    pub reason: Cow<'static, str>,
    /// `err.bytesParsed`: the position in the buffer that was being parsed.
    pub bytes_parsed: u64,
    /// `err.rawPacket`: that buffer.
    pub raw_packet: Vec<u8>,
}

/// Which system call failed, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemDetails {
    /// `err.syscall`, such as `connect` or `listen`.
    pub syscall: Cow<'static, str>,
    /// `err.address`.
    pub address: Option<String>,
    /// `err.port`.
    pub port: Option<u16>,
}

/// The `cause` of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its class name.
    pub name: String,
    /// Its code; empty when it has none.
    pub code: String,
    /// Its message.
    pub message: String,
}

impl Error {
    /// An error of the caller's own making, such as the argument of `destroy(error)`.
    pub fn new(
        name: ErrorName,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { name, code: code.into(), message: message.into(), details: None }
    }

    /// This error with all that it knows.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        *self.details_mut() = details;
        self
    }

    /// The class name.
    #[must_use]
    pub const fn name(&self) -> ErrorName {
        self.name
    }

    /// The code, `ERR_…`, `HPE_…` or `E…`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the error carries beyond code and message.
    #[must_use]
    pub fn details(&self) -> Option<&Details> {
        self.details.as_deref()
    }

    /// This error with the error that led to it.
    #[must_use]
    pub fn with_cause(mut self, cause: &Self) -> Self {
        self.details_mut().cause = Some(Cause {
            name: cause.name.as_str().to_owned(),
            code: cause.code().to_owned(),
            message: cause.message().to_owned(),
        });
        self
    }

    fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    fn plain(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorName::Error, code, message)
    }

    fn type_error(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorName::TypeError, code, message)
    }
}

/// A parse error without the packet: whoever has it calls [`Error::parse`] instead.
impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::parse(error, Vec::new())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]: {}", self.name.as_str(), self.code, self.message)
    }
}

impl std::error::Error for Error {}
