//! A whole answer as a value.

use std::fmt::Display;

use crate::describe;

/// An answer whose body is known.
///
/// A handler that returns one instead of calling `respond` has it sent together with the other answers of its batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header lines, in this order.
    pub headers: Vec<(String, String)>,
    /// The body. `Content-Length` is set from it.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// An answer of any type, with status 200.
    pub fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }.header("Content-Type", content_type)
    }

    /// Plain text in UTF-8, with status 200.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/plain; charset=utf-8", body)
    }

    /// HTML in UTF-8, with status 200.
    pub fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    /// JSON that is written already, with status 200.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new("application/json", body)
    }

    /// The same with another status.
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header line.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a handler may return.
///
/// - [`Reply`]: it is sent;
/// - `()`: the handler has answered, with `respond`, `write` and `end`, or `send_body`;
/// - an `Option` or `Result` of these. An error is reported, and answered with 500 while that can be done.
pub trait IntoReply {
    /// What is to be sent, none when that has been done.
    ///
    /// # Errors
    /// Why the handler failed, in one line.
    fn into_reply(self) -> Result<Option<Reply>, String>;
}

impl IntoReply for () {
    fn into_reply(self) -> Result<Option<Reply>, String> {
        Ok(None)
    }
}

impl IntoReply for Reply {
    fn into_reply(self) -> Result<Option<Reply>, String> {
        Ok(Some(self))
    }
}

impl<R: IntoReply> IntoReply for Option<R> {
    fn into_reply(self) -> Result<Option<Reply>, String> {
        self.map_or(Ok(None), IntoReply::into_reply)
    }
}

impl<R: IntoReply, E: Display + 'static> IntoReply for Result<R, E> {
    fn into_reply(self) -> Result<Option<Reply>, String> {
        self.map_err(|error| describe(&error)).and_then(IntoReply::into_reply)
    }
}
