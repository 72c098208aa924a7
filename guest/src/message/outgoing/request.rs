//! What only requests do: heads that Node renders before the program has the request in its hands.

use std::rc::Rc;

use crate::error::Error;
use crate::message::headers::HeaderValue;

use super::context::{RequestContext, Role};
use super::decide::{Automatic, ImplicitLength};
use super::head::HeadFields;
use super::{HeadState, OutgoingMessage};

/// `sendDate` is false until the program has the request and sets it.
const NO_DATE: &str = "";

/// The message of a `ClientRequest`.
impl OutgoingMessage {
    /// A request. `Host` and `Authorization` are headers like others: whoever makes the request sets them
    /// behind the program's own.
    #[must_use]
    pub fn request(context: RequestContext) -> Self {
        let keep_alive = context.keep_alive;
        let automatic = Automatic::for_request(context.default_headers);
        // Node lets every request have a body, HEAD included.
        let mut message = Self::new(Role::Request(Rc::new(context)), true, keep_alive);
        message.automatic = automatic;
        message
    }

    /// `method`; empty for other messages than requests.
    #[must_use]
    pub fn method(&self) -> &str {
        self.request_context().map_or("", |context| &context.method)
    }

    /// `path`; empty for other messages than requests.
    #[must_use]
    pub fn path(&self) -> &str {
        self.request_context().map_or("", |context| &context.path)
    }

    /// Node's array form of `options.headers`: renders the head of exactly these lines and what is
    /// automatic. It waits for the body unless an `Expect` is among them (I-26); `headersSent` is true from
    /// now on. As nothing is known of the body yet, methods that usually have one become chunked.
    ///
    /// # Errors
    /// `ERR_INVALID_HTTP_TOKEN`, `ERR_INVALID_CHAR`, `ERR_HTTP_TRAILER_INVALID`, `ERR_HTTP_HEADERS_SENT`.
    pub fn start_with_fields(&mut self, fields: &[(String, HeaderValue)]) -> Result<(), Error> {
        self.start_early(HeadFields::Array(fields))?;
        if fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("expect")) {
            self.flush_headers(NO_DATE)?;
        }
        Ok(())
    }

    /// Whether there is an `Expect` header, whatever it expects. Whoever makes the request asks once the headers
    /// of its options are set, and if so calls [`start_expecting`](Self::start_expecting).
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        // JavaScript's truth: 0 and the empty string are false.
        self.get_header("expect").is_some_and(|value| match value {
            HeaderValue::Text(text) => !text.is_empty(),
            HeaderValue::Integer(number) => *number != 0,
            HeaderValue::List(_) => true,
        })
    }

    /// Sends the head of a request that [expects an answer](Self::expects_continue) before its body (I-26).
    ///
    /// # Errors
    /// `ERR_HTTP_TRAILER_INVALID`, `ERR_HTTP_HEADERS_SENT`.
    pub fn start_expecting(&mut self) -> Result<(), Error> {
        self.start_early(HeadFields::None)?;
        self.flush_headers(NO_DATE)
    }

    /// A head that Node renders in the constructor of the request. Two things are not settled there yet: that
    /// a request without an agent closes its connection, and which headers are unique. The bytes are Node's;
    /// the connection closes all the same.
    fn start_early(&mut self, fields: HeadFields<'_>) -> Result<(), Error> {
        if self.head != HeadState::Open {
            return Err(Error::headers_sent("render"));
        }
        let Role::Request(context) = &mut self.role else {
            return Err(Error::method_not_implemented("_storeHeader()"));
        };
        let has_agent = context.has_agent;
        let unique_headers = std::mem::replace(&mut Rc::make_mut(context).unique_headers, Rc::new([]));
        self.keep_alive |= !has_agent;
        let rendered = self.hold_head(fields, ImplicitLength::Unknown, NO_DATE);
        if let Role::Request(context) = &mut self.role {
            Rc::make_mut(context).unique_headers = unique_headers;
        }
        if !has_agent {
            self.keep_alive = false;
            self.closes_connection = true;
        }
        rendered
    }

    fn request_context(&self) -> Option<&RequestContext> {
        match &self.role {
            Role::Request(context) => Some(context),
            Role::Response(_) | Role::Bare { .. } => None,
        }
    }
}
