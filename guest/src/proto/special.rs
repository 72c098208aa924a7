//! The field values that decide framing and connection, read byte by byte as they arrive.

use super::error::Fault;
use super::fields::KnownField;
use super::grammar::{digit, is_blank};
use super::limits::{Direction, Leniency};

/// What the fields of a message, trailers included, have said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) keep_alive: bool,
    pub(super) close: bool,
    pub(super) connection_upgrade: bool,
    /// An `Upgrade` field with a value.
    pub(super) upgrade: bool,
    /// A `Transfer-Encoding` field with a value.
    pub(super) transfer_encoding: bool,
    /// The last transfer coding is `chunked`.
    pub(super) chunked: bool,
    pub(super) content_length: Option<u64>,
}

/// What a verdict on a special value depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) direction: Direction,
    pub(super) leniency: Leniency,
}

impl Rules {
    /// RFC 9112 6.1: a request's codings end with `chunked`; llhttp takes nothing behind it.
    const fn chunked_is_last(&self) -> bool {
        matches!(self.direction, Direction::Request) && !self.leniency.transfer_encoding
    }
}

/// A verdict, and whether llhttp takes the byte before it speaks.
pub(super) type Verdict = Result<(), (Fault, Taken)>;

/// Whether the offset of an error is the byte's own or the one behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    No,
    Yes,
}

/// The machine of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// Nothing (more) to learn from this value.
    Plain,
    /// `Content-Length`: digits, then blanks.
    Length { value: u64, blanks: bool },
    /// `Transfer-Encoding`.
    Coding(Coding),
    /// `Connection` and `Proxy-Connection`.
    Connection(Connection),
    /// A connection option that a folded line can no longer change.
    Settled(ConnectionOption),
}

/// Where a `Transfer-Encoding` value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// So many letters of `chunked` have matched.
    Chunked(usize),
    /// `chunked` is complete; to be it, only blanks may follow.
    Last,
    /// Inside some other coding.
    Token,
    /// Blanks behind a comma.
    Blanks,
}

/// Where a `Connection` value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// Blanks before an option.
    Start,
    /// So many letters of the option have matched.
    Option(ConnectionOption, usize),
    /// The option is complete; to be it, only blanks may follow.
    Complete(ConnectionOption),
    /// Inside some other option. `folds` is llhttp's: whether a folded line (leniency) is read as more options.
    Token { folds: bool },
}

/// The connection options that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionOption {
    Close,
    Upgrade,
    KeepAlive,
}

impl ConnectionOption {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Close => b"close",
            Self::Upgrade => b"upgrade",
            Self::KeepAlive => b"keep-alive",
        }
    }

    const fn starting_with(byte: u8) -> Option<Self> {
        match byte.to_ascii_lowercase() {
            b'c' => Some(Self::Close),
            b'u' => Some(Self::Upgrade),
            b'k' => Some(Self::KeepAlive),
            _ => None,
        }
    }
}

impl Special {
    /// At the colon of a field.
    pub(super) fn check_name(
        field: Option<KnownField>,
        signals: &Signals,
        rules: &Rules,
    ) -> Result<(), Fault> {
        // RFC 9112 6.1 lets a server reject both together; llhttp does, on both sides (I-43).
        if rules.leniency.chunked_length {
            return Ok(());
        }
        match field {
            Some(KnownField::TransferEncoding) if signals.content_length.is_some() => {
                Err(Fault::CODING_BESIDE_LENGTH)
            }
            Some(KnownField::ContentLength) if signals.transfer_encoding => Err(Fault::LENGTH_BESIDE_CODING),
            _ => Ok(()),
        }
    }

    /// At the end of a value that holds nothing but blanks.
    pub(super) const fn check_empty(field: Option<KnownField>) -> Result<(), Fault> {
        match field {
            Some(KnownField::ContentLength) => Err(Fault::LENGTH_EMPTY),
            Some(KnownField::TransferEncoding) => Err(Fault::CODING_EMPTY),
            _ => Ok(()),
        }
    }

    /// At the first byte of a value.
    pub(super) fn start(
        field: Option<KnownField>,
        signals: &mut Signals,
        rules: &Rules,
    ) -> Result<Self, (Fault, Taken)> {
        match field {
            Some(KnownField::Connection | KnownField::ProxyConnection) => {
                Ok(Self::Connection(Connection::Start))
            }
            Some(KnownField::ContentLength) if signals.content_length.is_some() => {
                Err((Fault::LENGTH_TWICE, Taken::No))
            }
            Some(KnownField::ContentLength) => Ok(Self::Length { value: 0, blanks: false }),
            Some(KnownField::TransferEncoding) if signals.chunked && rules.chunked_is_last() => {
                Err((Fault::CODING_VALUE, Taken::Yes))
            }
            Some(KnownField::TransferEncoding) => {
                signals.transfer_encoding = true;
                // Several lines are one list (RFC 9110 5.3): only the last coding of all counts.
                signals.chunked = false;
                Ok(Self::Coding(Coding::Chunked(0)))
            }
            Some(KnownField::Upgrade) => {
                signals.upgrade = true;
                Ok(Self::Plain)
            }
            _ => Ok(Self::Plain),
        }
    }

    /// The next byte of the value; CR and LF end a value and are not pushed.
    pub(super) fn push(&mut self, byte: u8, signals: &mut Signals, rules: &Rules) -> Verdict {
        match self {
            Self::Plain | Self::Settled(_) => Ok(()),
            Self::Length { value, blanks } => push_length(value, blanks, byte),
            Self::Coding(coding) => coding.push(byte, rules),
            Self::Connection(connection) => {
                connection.push(byte, signals);
                Ok(())
            }
        }
    }

    /// At the CR or LF behind the value.
    pub(super) const fn end(self, signals: &mut Signals) {
        match self {
            Self::Length { value, .. } => signals.content_length = Some(value),
            Self::Plain | Self::Coding(_) | Self::Connection(_) | Self::Settled(_) => {}
        }
    }

    /// At the first byte of the next line, which is no fold: only now is the value as a whole believed.
    pub(super) const fn settle(self, signals: &mut Signals) {
        match self {
            Self::Coding(Coding::Last) => signals.chunked = true,
            Self::Connection(Connection::Complete(option)) | Self::Settled(option) => signals.note(option),
            _ => {}
        }
    }

    /// At the first byte of a folded line (leniency): how it is read on.
    pub(super) const fn fold(self) -> Result<Self, Fault> {
        match self {
            // llhttp takes a folded length for a second one.
            Self::Length { .. } => Err(Fault::LENGTH_TWICE),
            Self::Connection(
                Connection::Start | Connection::Option(..) | Connection::Token { folds: true },
            ) => Ok(Self::Connection(Connection::Start)),
            // A complete option keeps its meaning, whatever the fold holds.
            Self::Connection(Connection::Complete(option)) | Self::Settled(option) => {
                Ok(Self::Settled(option))
            }
            // `chunked`, folded, is no longer the last coding.
            _ => Ok(Self::Plain),
        }
    }
}

fn push_length(value: &mut u64, blanks: &mut bool, byte: u8) -> Verdict {
    if is_blank(byte) {
        *blanks = true;
        return Ok(());
    }
    let Some(digit) = digit(byte).filter(|_| !*blanks) else {
        return Err((Fault::LENGTH_CHAR, Taken::No));
    };
    let next = value.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit)));
    *value = next.ok_or((Fault::LENGTH_OVERFLOW, Taken::Yes))?;
    Ok(())
}

impl Coding {
    fn push(&mut self, byte: u8, rules: &Rules) -> Verdict {
        const CHUNKED: &[u8] = b"chunked";
        *self = match (*self, byte) {
            (Self::Chunked(matched), _) if byte.eq_ignore_ascii_case(&CHUNKED[matched]) => {
                if matched + 1 == CHUNKED.len() { Self::Last } else { Self::Chunked(matched + 1) }
            }
            (Self::Last, b' ') => Self::Last,
            // llhttp reads `chunked<HTAB>` as another coding (llhttp #876). In a request that is an error; in a
            // response it would frame the body otherwise than the application reads the field.
            (Self::Last, b'\t') if matches!(rules.direction, Direction::Response) => Self::Last,
            (Self::Last, b',') if rules.chunked_is_last() => {
                return Err((Fault::CODING_VALUE, Taken::Yes));
            }
            (Self::Blanks, b' ' | b'\t') => Self::Blanks,
            (Self::Blanks, _) if byte.eq_ignore_ascii_case(&CHUNKED[0]) => Self::Chunked(1),
            (_, b',') => Self::Blanks,
            _ => Self::Token,
        };
        Ok(())
    }
}

impl Connection {
    fn push(&mut self, byte: u8, signals: &mut Signals) {
        *self = match (*self, byte) {
            (Self::Start, b' ' | b'\t') => Self::Start,
            (Self::Start, _) if let Some(option) = ConnectionOption::starting_with(byte) => {
                Self::Option(option, 1)
            }
            (Self::Option(option, matched), _) if byte.eq_ignore_ascii_case(&option.name()[matched]) => {
                if matched + 1 == option.name().len() {
                    Self::Complete(option)
                } else {
                    Self::Option(option, matched + 1)
                }
            }
            (Self::Complete(option), b' ' | b'\t') => Self::Complete(option),
            (Self::Complete(option), b',') => {
                signals.note(option);
                Self::Start
            }
            (Self::Complete(_), _) => Self::Token { folds: false },
            (_, b',') => Self::Start,
            (Self::Token { folds }, _) => Self::Token { folds },
            _ => Self::Token { folds: true },
        };
    }
}

impl Signals {
    const fn note(&mut self, option: ConnectionOption) {
        match option {
            ConnectionOption::Close => self.close = true,
            ConnectionOption::Upgrade => self.connection_upgrade = true,
            ConnectionOption::KeepAlive => self.keep_alive = true,
        }
    }
}
