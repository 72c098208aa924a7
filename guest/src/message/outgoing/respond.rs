//! The whole response in one call: what most handlers do, and the path that benchmarks measure.

use std::borrow::Cow;

use crate::error::Error;

use super::body::Last;
use super::decide::{Framing, ImplicitLength};
use super::head::HeadFields;
use super::prepared::PreparedAnswer;
use super::{HeadState, OutgoingMessage};

/// A prepared body of so many bytes is not copied: smaller ones cost less in one write with their head.
const SHARED_FROM: usize = 64 * 1024;

impl OutgoingMessage {
    /// Answers in one call: the bytes of `writeHead(status, headers)` and `end(body)` with a Content-Length
    /// where `end` alone would have set one. Headers given here win over those set before.
    ///
    /// Head and body are rendered in one pass, straight into the output. An error leaves no byte behind.
    ///
    /// A given Content-Length or Transfer-Encoding is kept. Unlike a plain `end(body)`, an HTTP/1.0 client
    /// gets a Content-Length too, so that its connection can persist.
    ///
    /// # Errors
    /// Those of [`write_head`](Self::write_head), [`write`](Self::write) and [`end`](Self::end).
    pub fn respond(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        date: &str,
    ) -> Result<(), Error> {
        let lines = 48 * headers.len();
        self.answer(Last::Lent(body), lines, date, |message, length| {
            message.start_head(status, None, HeadFields::Strings(headers), length, date)
        })
    }

    /// As [`respond`](Self::respond) with what `answer` was made of, save that only what depends on the request is
    /// rendered: Date, Connection, Keep-Alive and the length. With a `body` that takes the place of its own.
    ///
    /// # Errors
    /// Those of [`respond`](Self::respond) that its maker could not know.
    pub fn respond_prepared(
        &mut self,
        answer: &PreparedAnswer,
        body: Option<&[u8]>,
        date: &str,
    ) -> Result<(), Error> {
        let body = match body {
            Some(body) => Last::Lent(body),
            None if answer.body.len() < SHARED_FROM => Last::Lent(&answer.body),
            None => Last::Shared(&answer.body),
        };
        if self.headers.is_some() || self.status_message.is_some() {
            // What was set before goes into the head, too.
            return self.respond(answer.status, &answer.headers, &body, date);
        }
        self.answer(body, answer.head.len(), date, |message, length| {
            let start = message.out.len();
            message.status_code = answer.status;
            message.status_message = Some(Cow::Borrowed(answer.reason));
            message.out.extend_from_slice(&answer.head);
            let rendered = message.complete_head(&answer.facts, length, date);
            message.hold_rendered(start, rendered)
        })
    }

    /// Renders a head by `start_head`, whose own lines take about so many bytes, and the body.
    fn answer(
        &mut self,
        body: Last<'_>,
        lines: usize,
        date: &str,
        start_head: impl FnOnce(&mut Self, ImplicitLength) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.headers_sent() {
            return Err(Error::headers_sent("write"));
        }
        if self.destroyed {
            return Err(Error::stream_destroyed("write"));
        }
        let start = self.out.len();
        // Typical lines are shorter; what is longer costs a second reservation.
        self.out.reserve(192 + lines + if let Last::Lent(body) = body { body.len() } else { 0 });
        start_head(self, ImplicitLength::Answer(body.len() as u64))?;
        let ended = self.end_with(Some(body).filter(|body| !body.is_empty()), date);
        if ended.is_err() {
            self.out.truncate(start);
            self.head = HeadState::Open;
            self.framing = Framing::Undecided;
            self.release();
        }
        ended
    }
}
