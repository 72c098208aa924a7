//! How long a body is: RFC 9112 6.3, one pure function.

use super::error::Fault;
use super::method::Method;
use super::special::Signals;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body.
    None,
    /// So many bytes, at least one.
    Sized(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Everything until the peer closes.
    UntilClose,
}

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Request {
        method: Method,
        /// A request whose last coding is not `chunked` is read until close instead of rejected.
        lenient: bool,
    },
    Response {
        status: u16,
        /// The method of the request that is answered, where it matters.
        answers: Option<Method>,
    },
}

/// The steps are those of RFC 9112 6.3.
pub(super) const fn body_length(sender: Sender, signals: &Signals) -> Result<BodyLength, Fault> {
    match sender {
        // 1. No body behind 1xx, 204 and 304, nor in any answer to HEAD, whatever the fields say.
        Sender::Response { status: 100..=199 | 204 | 304, .. }
        | Sender::Response { answers: Some(Method::Head), .. } => {
            return Ok(BodyLength::None);
        }
        // 2. A tunnel begins behind the answer to CONNECT. Node takes any status for that, the RFC only 2xx.
        Sender::Response { answers: Some(Method::Connect), .. } => return Ok(BodyLength::None),
        // As llhttp: the tunnel begins behind the request already, so that it has no body either.
        Sender::Request { method: Method::Connect, .. } => return Ok(BodyLength::None),
        _ => {}
    }
    // 3. Transfer-Encoding overrides Content-Length. Both together have been rejected, leniency aside.
    if signals.transfer_encoding {
        return match sender {
            // 4. `chunked` last: until the last chunk.
            _ if signals.chunked => Ok(BodyLength::Chunked),
            Sender::Response { .. } | Sender::Request { lenient: true, .. } => Ok(BodyLength::UntilClose),
            Sender::Request { lenient: false, .. } => Err(Fault::CODING_REQUEST),
        };
    }
    match (signals.content_length, sender) {
        // 5. An invalid Content-Length has been rejected where it stood.
        // 6. A valid one is the length.
        (Some(0), _) => Ok(BodyLength::None),
        (Some(length), _) => Ok(BodyLength::Sized(length)),
        // 7. A request without either has no body.
        (None, Sender::Request { .. }) => Ok(BodyLength::None),
        // 8. A response without either lasts until the connection ends.
        (None, Sender::Response { .. }) => Ok(BodyLength::UntilClose),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Sender = Sender::Request { method: Method::Post, lenient: false };
    const RESPONSE: Sender = Sender::Response { status: 200, answers: None };
    const NOTHING: Signals = Signals {
        keep_alive: false,
        close: false,
        connection_upgrade: false,
        upgrade: false,
        transfer_encoding: false,
        chunked: false,
        content_length: None,
    };
    const LENGTH: Signals = Signals { content_length: Some(3), ..NOTHING };
    const CHUNKED: Signals = Signals { transfer_encoding: true, chunked: true, ..NOTHING };
    const CODED: Signals = Signals { transfer_encoding: true, ..NOTHING };

    #[test]
    fn follows_the_steps() {
        for status in [100, 101, 103, 199, 204, 304] {
            let sender = Sender::Response { status, answers: None };
            assert_eq!(body_length(sender, &CHUNKED), Ok(BodyLength::None), "{status}");
        }
        for method in [Method::Head, Method::Connect] {
            let sender = Sender::Response { status: 200, answers: Some(method) };
            assert_eq!(body_length(sender, &LENGTH), Ok(BodyLength::None), "{method}");
        }
        let connect = Sender::Request { method: Method::Connect, lenient: false };
        assert_eq!(body_length(connect, &LENGTH), Ok(BodyLength::None));
        let both = Signals { content_length: Some(3), ..CHUNKED };
        assert_eq!(body_length(REQUEST, &both), Ok(BodyLength::Chunked));
        assert_eq!(body_length(REQUEST, &CODED), Err(Fault::CODING_REQUEST));
        let lenient = Sender::Request { method: Method::Post, lenient: true };
        assert_eq!(body_length(lenient, &CODED), Ok(BodyLength::UntilClose));
        assert_eq!(body_length(RESPONSE, &CODED), Ok(BodyLength::UntilClose));
        assert_eq!(body_length(REQUEST, &LENGTH), Ok(BodyLength::Sized(3)));
        let zero = Signals { content_length: Some(0), ..NOTHING };
        assert_eq!(body_length(RESPONSE, &zero), Ok(BodyLength::None));
        assert_eq!(body_length(REQUEST, &NOTHING), Ok(BodyLength::None));
        assert_eq!(body_length(RESPONSE, &NOTHING), Ok(BodyLength::UntilClose));
    }
}
