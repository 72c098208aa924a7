//! Why a fetch failed: a line for people, and an exit status, which is that of curl, for scripts.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use node_http_host::bindings::exports::node::http::types::{Error, ErrorName};
use node_http_host::wasmtime;

use super::hop::MOST_REDIRECTS;

/// A failed fetch.
#[derive(Debug)]
pub(super) struct Failure {
    status: u8,
    message: String,
}

/// How far a fetch had come when it failed: the same error means different things to curl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was sent.
    Preparing,
    /// No answer has come.
    Asking,
    /// The answer has begun.
    Receiving,
}

// The numbers are listed in `node-http fetch --help`.
const PROTOCOL: u8 = 1;
const SETUP: u8 = 2;
const URL: u8 = 3;
const RESOLVE_PROXY: u8 = 5;
const RESOLVE: u8 = 6;
const CONNECT: u8 = 7;
const STRANGE_ANSWER: u8 = 8;
const STATUS: u8 = 22;
const WRITE: u8 = 23;
const READ: u8 = 26;
const TIMEOUT: u8 = 28;
const REDIRECTS: u8 = 47;
const NO_ANSWER: u8 = 52;
const SEND: u8 = 55;
const RECEIVE: u8 = 56;

impl Failure {
    /// Standard output or the file of `-o` took no more.
    pub(super) fn write(name: &str, error: &std::io::Error) -> Self {
        Self { status: WRITE, message: format!("cannot write {name}: {error}") }
    }

    /// The file of `-d @FILE`, or standard input, gave no more.
    pub(super) fn read(file: &Path, error: impl fmt::Display) -> Self {
        Self { status: READ, message: format!("cannot read {}: {error}", file.display()) }
    }

    /// The server says no, and that is a failure.
    pub(super) fn refused(status: u16) -> Self {
        Self { status: STATUS, message: format!("the status is {status}") }
    }

    /// All that is given to it is no URL.
    pub(super) fn url(text: &str) -> Self {
        Self { status: URL, message: format!("not a URL: {text}") }
    }

    /// The URL ends in no name for a file.
    pub(super) fn no_name() -> Self {
        Self { status: WRITE, message: "the URL names no file".to_owned() }
    }

    /// It took longer than it may.
    pub(super) fn too_late(most: Duration) -> Self {
        Self { status: TIMEOUT, message: format!("it took more than {} ms", most.as_millis()) }
    }

    /// One redirect too many.
    pub(super) fn too_many_redirects() -> Self {
        let message = format!("more than {MOST_REDIRECTS} redirects");
        Self { status: REDIRECTS, message }
    }

    /// The name that could not be resolved is the proxy's.
    pub(super) fn of_proxy(mut self) -> Self {
        if self.status == RESOLVE {
            self.status = RESOLVE_PROXY;
        }
        self
    }

    /// Whether a later try may go better.
    pub(super) fn is_timeout(&self) -> bool {
        self.status == TIMEOUT
    }

    /// The connection ended without a closing handshake.
    pub(super) fn cut_short() -> Self {
        Self { status: RECEIVE, message: "the connection was cut".to_owned() }
    }

    /// What the component answered.
    pub(super) fn of_component(stage: Stage, error: Error) -> Self {
        let message = if error.message.is_empty() { error.code.clone() } else { error.message.clone() };
        Self { status: status(stage, &error), message }
    }

    pub(super) fn status(&self) -> u8 {
        self.status
    }
}

fn status(stage: Stage, error: &Error) -> u8 {
    if error.name == ErrorName::SyntaxError {
        return URL;
    }
    let syscall = error.system.as_ref().map_or("", |system| system.syscall.as_str());
    match (error.code.as_str(), syscall) {
        ("ERR_INVALID_PROTOCOL" | "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", _) => PROTOCOL,
        ("ERR_INVALID_URL" | "URI_MALFORMED" | "ERR_UNESCAPED_CHARACTERS", _) => URL,
        (_, "getaddrinfo") => RESOLVE,
        ("ETIMEDOUT", _) => TIMEOUT,
        (_, "connect") | ("ECONNREFUSED", _) => CONNECT,
        (_, "write") => SEND,
        _ if stage == Stage::Preparing => SETUP,
        _ if stage == Stage::Receiving => RECEIVE,
        ("ECONNRESET", "") => NO_ANSWER,
        (code, _) if code.starts_with("HPE_") => STRANGE_ANSWER,
        _ => RECEIVE,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The machine cannot run the component, or the component trapped.
impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self { status: SETUP, message: crate::one_line(&error) }
    }
}

/// The machine has no threads or no timers to give.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { status: SETUP, message: error.to_string() }
    }
}
