//! What a request tells the application.

use crate::{
    error::Error,
    message::{HeaderValue, headers},
    proto::ResponseHead,
    runtime::{EventKind, event_set},
    transport::{IncomingMessage, Socket},
};

/// What happened to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum RequestEvent {
    /// `'abort'`: `abort` was called, the first time.
    Abort,
    /// `'connect'`: the server answered CONNECT, with whatever status.
    Connect(Upgraded),
    /// `'continue'`: 100 Continue.
    Continue,
    /// `'drain'`: there is room for more.
    Drain,
    /// `'finish'`: the whole request is with the operating system.
    Finish,
    /// `'information'`: an interim response.
    Information(Box<Information>),
    /// `'prefinish'`: `end` was called and everything is given to the connection.
    Prefinish,
    /// `'response'`.
    Response(IncomingMessage),
    /// `'socket'`: the request has its connection.
    Socket(Socket),
    /// `'timeout'`: the connection was idle.
    Timeout,
    /// `'upgrade'`: the server changed the protocol.
    Upgrade(Upgraded),
    /// `'error'`.
    Error(Error),
    /// `'close'`: the last event.
    Close,
}

/// A connection that leaves HTTP.
#[derive(Debug)]
pub struct Upgraded {
    /// The response.
    pub response: IncomingMessage,
    /// The connection, from now on the application's.
    pub socket: Socket,
    /// Bytes that came behind the response.
    pub head: Vec<u8>,
}

/// A 1xx response.
#[derive(Debug)]
pub struct Information {
    /// Major and minor version.
    pub http_version: (u8, u8),
    /// The status code.
    pub status_code: u16,
    /// The reason phrase.
    pub status_message: String,
    /// The headers, merged by Node's rules.
    pub headers: Vec<(String, HeaderValue)>,
    /// The header lines as received.
    pub raw_headers: Vec<(String, String)>,
}

impl Information {
    pub(super) fn new(head: &ResponseHead, join_duplicates: bool) -> Self {
        Self {
            http_version: head.version,
            status_code: head.status,
            status_message: headers::latin1_to_string(head.reason()),
            headers: headers::joined(head.fields.iter(), join_duplicates),
            raw_headers: headers::raw(head.fields.iter()),
        }
    }
}

/// Interim responses beyond this many that nobody takes are dropped: a server can send them for ever.
const MOST_INTERIM: usize = 64;

/// The same of data behind the end: the error that ends the request has its place behind them.
pub(super) const MOST_LATE: usize = 64;

impl RequestEvent {
    /// Whether it tells how the request goes out: in Node that is told before data that came too late, all else after.
    pub(super) fn is_of_sending(&self) -> bool {
        matches!(self, Self::Socket(_) | Self::Prefinish | Self::Finish | Self::Drain)
    }
}

impl EventKind for RequestEvent {
    fn bit(&self) -> u16 {
        match self {
            Self::Abort => RequestEvents::ABORT.0,
            Self::Connect(_) => RequestEvents::CONNECT.0,
            Self::Continue => RequestEvents::CONTINUE.0,
            Self::Drain => RequestEvents::DRAIN.0,
            Self::Finish => RequestEvents::FINISH.0,
            Self::Information(_) => RequestEvents::INFORMATION.0,
            Self::Prefinish => RequestEvents::PREFINISH.0,
            Self::Response(_) => RequestEvents::RESPONSE.0,
            Self::Socket(_) => RequestEvents::SOCKET.0,
            Self::Timeout => RequestEvents::TIMEOUT.0,
            Self::Upgrade(_) => RequestEvents::UPGRADE.0,
            Self::Error(_) => RequestEvents::ERROR.0,
            Self::Close => RequestEvents::CLOSE.0,
        }
    }

    fn most(&self) -> usize {
        match self {
            Self::Continue | Self::Information(_) => MOST_INTERIM,
            Self::Error(_) => MOST_LATE + 1,
            _ => 1,
        }
    }

    fn is_last_word(&self) -> bool {
        matches!(self, Self::Finish | Self::Error(_) | Self::Close)
    }
}

/// Which events of a request are listened to: listening changes what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestEvents(u16);

impl RequestEvents {
    /// `abort` was called.
    pub const ABORT: Self = Self(1);
    /// Answers to CONNECT; else their connection is closed.
    pub const CONNECT: Self = Self(1 << 1);
    /// 100 Continue.
    pub const CONTINUE: Self = Self(1 << 2);
    /// Room for more.
    pub const DRAIN: Self = Self(1 << 3);
    /// The request is with the operating system.
    pub const FINISH: Self = Self(1 << 4);
    /// Interim responses.
    pub const INFORMATION: Self = Self(1 << 5);
    /// The request is complete.
    pub const PREFINISH: Self = Self(1 << 6);
    /// The response; else it is thrown away.
    pub const RESPONSE: Self = Self(1 << 7);
    /// The connection.
    pub const SOCKET: Self = Self(1 << 8);
    /// An idle connection.
    pub const TIMEOUT: Self = Self(1 << 9);
    /// Changes of the protocol; else their connection is closed.
    pub const UPGRADE: Self = Self(1 << 10);
    /// All that can be chosen.
    pub const ALL: Self = Self((1 << 11) - 1);
    pub(super) const ERROR: Self = Self(1 << 11);
    const CLOSE: Self = Self(1 << 12);

    /// The bits of what is recorded: `error` and `close` always are.
    pub(super) const fn recorded(self) -> u16 {
        self.0 & Self::ALL.0 | Self::ERROR.0 | Self::CLOSE.0
    }
}

event_set!(RequestEvents, u16);
