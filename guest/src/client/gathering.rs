//! Responses that are wanted with all of their body: gathered as they arrive, without a view.

use std::{mem, rc::Rc};

use super::{Fetched, awaited::Awaited, exchange::Exchange, prepared::Fetches};
use crate::{
    error::Error,
    message::{HeaderValue, ReadResult, headers},
    proto::Fields,
};

/// A response with all of its body. Its headers are made of what was received when they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeResponse {
    /// `response.statusCode`.
    pub status_code: u16,
    /// The body.
    pub body: Vec<u8>,
    fields: Fields,
    joins_duplicates: bool,
}

impl WholeResponse {
    /// `response.headers`: lower-case names, duplicates joined or dropped by Node's rules.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, HeaderValue)> {
        headers::joined(self.fields.iter(), self.joins_duplicates)
    }

    /// `response.rawHeaders`, in pairs.
    #[must_use]
    pub fn raw_headers(&self) -> Vec<(String, String)> {
        headers::raw(self.fields.iter())
    }
}

/// A response that is being gathered.
#[derive(Debug)]
pub(super) struct Gathering {
    /// Bytes that the body may have.
    limit: u64,
    body: Vec<u8>,
    /// Whether the head is there.
    answered: bool,
    recipient: Recipient,
}

/// Who wants it.
#[derive(Debug)]
enum Recipient {
    /// Who waits for it.
    Caller,
    /// Who takes it under this number.
    Fetches(Rc<Fetches>, u64),
}

/// A call that waits for the whole response. When it is dropped, what was gathered is given up.
pub(super) struct GatheringCall<'a>(&'a Exchange);

impl<'a> GatheringCall<'a> {
    /// None when the response is there, or never will be, or somebody wants it in another way.
    pub(super) fn begin(exchange: &'a Exchange, limit: u64) -> Option<Self> {
        let mut awaited = exchange.awaited.borrow_mut();
        if !matches!(*awaited, Awaited::Unasked) || exchange.is_closed() {
            return None;
        }
        *awaited = Awaited::Gathering(Gathering::new(limit, Recipient::Caller));
        Some(Self(exchange))
    }

    /// What was gathered, once that is all.
    pub(super) fn take(&self) -> Option<Result<WholeResponse, Error>> {
        let mut awaited = self.0.awaited.borrow_mut();
        match mem::replace(&mut *awaited, Awaited::Gone) {
            Awaited::Whole(whole) => Some(whole),
            gathering @ Awaited::Gathering(_) => {
                *awaited = gathering;
                None
            }
            _ => Some(Err(Error::already_finished("response"))),
        }
    }
}

impl Drop for GatheringCall<'_> {
    fn drop(&mut self) {
        match self.0.awaited.replace(Awaited::Gone) {
            Awaited::Gathering(gathering) if gathering.answered => self.0.dump_response(),
            Awaited::Gathering(_) => _ = self.0.awaited.replace(Awaited::Wanted),
            _ => {}
        }
    }
}

impl Gathering {
    const fn new(limit: u64, recipient: Recipient) -> Self {
        Self { limit, body: Vec::new(), answered: false, recipient }
    }

    /// Takes what has arrived; whether that is all.
    fn take_in(&mut self, exchange: &Exchange) -> Result<bool, Error> {
        loop {
            match exchange.inbound.read(usize::MAX).0 {
                ReadResult::Data(bytes) if self.body.is_empty() => self.body = bytes,
                ReadResult::Data(bytes) => self.body.extend_from_slice(&bytes),
                ReadResult::Pending => return Ok(false),
                ReadResult::End(_) => return Ok(true),
                ReadResult::Aborted(error) => return Err(error),
            }
            let length = self.body.len() as u64;
            if length > self.limit {
                let limit = format!("<= {}", self.limit);
                return Err(Error::out_of_range("body", &limit, i64::try_from(length).unwrap_or(i64::MAX)));
            }
        }
    }

    fn finish(self, exchange: &Exchange, result: Result<(), Error>) {
        let Self { body, recipient, .. } = self;
        let whole = result.map(|()| exchange.whole_response(body));
        match recipient {
            Recipient::Caller => {
                exchange.awaited.replace(Awaited::Whole(whole));
                exchange.changed.notify();
            }
            Recipient::Fetches(fetches, number) => {
                let reused_socket = exchange.reused.get();
                fetches.done(Fetched { number, reused_socket, response: whole });
            }
        }
    }
}

impl Exchange {
    /// The response is fetched, and nothing else is wanted of it.
    pub(super) fn gather_for(&self, fetches: &Rc<Fetches>, number: u64, limit: u64) {
        let recipient = Recipient::Fetches(Rc::clone(fetches), number);
        self.awaited.replace(Awaited::Gathering(Gathering::new(limit, recipient)));
        self.events.abandon();
    }

    /// The head is there: whether its body is gathered.
    pub(super) fn gathers(&self) -> bool {
        match &mut *self.awaited.borrow_mut() {
            Awaited::Gathering(gathering) => {
                gathering.answered = true;
                // There are no views, and will be none.
                self.inbound.events.abandon();
                true
            }
            _ => false,
        }
    }

    /// Gathers what has arrived of the body, if it is wanted so.
    pub(super) fn gather(&self) {
        let Some(mut gathering) = self.take_gathering(|gathering| gathering.answered) else { return };
        match gathering.take_in(self) {
            Ok(false) => _ = self.awaited.replace(Awaited::Gathering(gathering)),
            // The connection can serve others before anybody is told.
            Ok(true) => {
                self.message_ended();
                gathering.finish(self, Ok(()));
            }
            Err(error) => {
                self.dump_response();
                gathering.finish(self, Err(error));
            }
        }
    }

    /// The request is over, and its response not whole.
    pub(super) fn stop_gathering(&self) {
        if let Some(gathering) = self.take_gathering(|_| true) {
            let error = if gathering.answered {
                Error::aborted()
            } else {
                self.failure.borrow().clone().unwrap_or_else(Error::premature_close)
            };
            gathering.finish(self, Err(error));
        }
    }

    fn take_gathering(&self, wanted: impl FnOnce(&Gathering) -> bool) -> Option<Gathering> {
        let mut awaited = self.awaited.borrow_mut();
        if !matches!(&*awaited, Awaited::Gathering(gathering) if wanted(gathering)) {
            return None;
        }
        match mem::replace(&mut *awaited, Awaited::Gone) {
            Awaited::Gathering(gathering) => Some(gathering),
            _ => None,
        }
    }

    /// Throws away what is left of the response.
    fn dump_response(&self) {
        if self.inbound.dump() {
            self.message_ended();
        }
    }

    /// The response, all of whose body this is.
    pub(super) fn whole_response(&self, body: Vec<u8>) -> WholeResponse {
        let head = self.head.get().map(|head| (head.status, head.fields.clone()));
        let (status_code, fields) = head.unwrap_or_default();
        WholeResponse { status_code, body, fields, joins_duplicates: self.settings.join_duplicate_headers }
    }
}
