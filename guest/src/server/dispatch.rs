//! What happens to a request whose head has arrived: Node's `parserOnIncoming` as a table.

use std::rc::Rc;

use super::{
    ServerEvents, Settings, Shared, events::ServerEventKind, exchange::Exchange, leaving::Leaving,
    response::ServerResponse,
};
use crate::{
    message::{HeadFields, OutgoingMessage, ResponseContext, headers::contains_word},
    proto::{BodyLength, HostField, Method, RequestHead},
    runtime,
    transport::{IncomingMessage, Socket},
};

/// What a request head calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The application answers.
    Request,
    /// As `Request`, after an automatic `100 Continue` (I-16).
    Continue,
    /// The application decides whether to continue.
    CheckContinue,
    /// 417: an expectation that nobody here can meet.
    ExpectationFailed,
    /// The application looks at an expectation.
    CheckExpectation,
    /// The connection leaves HTTP and the application takes it.
    Leave(Leaving),
    /// 400: HTTP/1.1 without Host, or (difference S1) with more than one or an invalid one.
    BadHost,
    /// 503: more requests than `maxRequestsPerSocket` allows.
    TooMany,
    /// CONNECT that nobody listens for: the connection is closed without a word.
    Close,
}

/// Judges the `number`th request of its connection, in Node's order.
pub(super) fn judge(head: &RequestHead, settings: &Settings, listened: ServerEvents, number: u64) -> Verdict {
    if head.method == Method::Connect {
        let taken = listened.and(ServerEvents::CONNECT) == listened;
        return if taken { Verdict::Leave(Leaving::Connect) } else { Verdict::Close };
    }
    if head.upgrade && listened.and(ServerEvents::UPGRADE) == listened {
        return Verdict::Leave(Leaving::Upgrade);
    }
    let http_1_1 = head.version == (1, 1);
    let host_is_bad = match head.host {
        HostField::One => false,
        HostField::Missing => http_1_1 && settings.require_host_header,
        HostField::Many | HostField::Invalid => !settings.insecure_http_parser,
    };
    if host_is_bad {
        return Verdict::BadHost;
    }
    if http_1_1
        && settings.max_requests_per_socket > 0
        && number > u64::from(settings.max_requests_per_socket)
    {
        return Verdict::TooMany;
    }
    match (head.expect(), http_1_1) {
        (Some(expect), true) if contains_word(expect, "100-continue") => {
            let asked = listened.and(ServerEvents::CHECK_CONTINUE) == listened;
            if asked { Verdict::CheckContinue } else { Verdict::Continue }
        }
        (Some(_), true) => {
            let asked = listened.and(ServerEvents::CHECK_EXPECTATION) == listened;
            if asked { Verdict::CheckExpectation } else { Verdict::ExpectationFailed }
        }
        _ => Verdict::Request,
    }
}

/// The answer object for the `number`th request of its connection, with all that decides its
/// implicit head.
pub(super) fn answer_to(head: &RequestHead, settings: &Settings, number: u64) -> OutgoingMessage {
    let max = settings.max_requests_per_socket;
    let mut context = ResponseContext {
        keep_alive_timeout: settings.keep_alive_timeout,
        max_requests_per_socket: max,
        max_requests_reached: max > 0 && head.version == (1, 1) && number >= u64::from(max),
        unique_headers: Rc::clone(&settings.unique_headers),
        reject_non_standard_body_writes: settings.reject_non_standard_body_writes,
        high_water_mark: settings.high_water_mark,
        // What the request says; all of it, so that no default is made to be thrown away.
        head_request: false,
        http_version: head.version,
        keep_alive: false,
        te_chunked: false,
        expects_continue: false,
    }
    .for_request(head);
    context.keep_alive &= !is_last(head, settings);
    // One too many gets its 503 before anybody looks at what it expects.
    context.expects_continue &= max == 0 || number <= u64::from(max);
    OutgoingMessage::response(context)
}

/// Difference S2: HTTP/1.0 with Transfer-Encoding is answered, then closed (RFC 9112 section 6.1). What follows it is
/// not looked at, as nobody knows whether it is the body or a request.
pub(super) fn is_last(head: &RequestHead, settings: &Settings) -> bool {
    head.version == (1, 0) && head.framing == BodyLength::Chunked && !settings.insecure_http_parser
}

/// Hands the exchange to the application, or answers it here.
pub(super) fn deliver(verdict: Verdict, server: &Shared, exchange: Rc<Exchange>) {
    match verdict {
        Verdict::Request => server.emit(ServerEventKind::Request(ServerResponse::new(exchange))),
        Verdict::Continue => {
            // The answer cannot have begun: nobody has seen the exchange yet.
            let _ = exchange.answer(OutgoingMessage::write_continue);
            server.emit(ServerEventKind::Request(ServerResponse::new(exchange)));
        }
        Verdict::CheckContinue => server.emit(ServerEventKind::CheckContinue(ServerResponse::new(exchange))),
        Verdict::CheckExpectation => {
            server.emit(ServerEventKind::CheckExpectation(ServerResponse::new(exchange)));
        }
        Verdict::ExpectationFailed => answer(&exchange, 417, false),
        Verdict::BadHost => answer(&exchange, 400, true),
        Verdict::TooMany => {
            // `Connection: close` comes with the limit, and as in Node the connection stays (I-17).
            answer(&exchange, 503, false);
            if server.listens_to(ServerEvents::DROP_REQUEST) {
                let socket = Socket::new(&exchange.link);
                server.emit(ServerEventKind::DropRequest { request: IncomingMessage::new(exchange), socket });
            }
        }
        // Never delivered: the connection deals with them.
        Verdict::Close | Verdict::Leave(_) => {}
    }
}

/// Answers without the application.
fn answer(exchange: &Exchange, status: u16, close: bool) {
    exchange.inbound.dump();
    let close = close.then(|| ("Connection".to_owned(), "close".to_owned()));
    // Both calls are legal on a fresh answer with a valid status and header.
    let _ = exchange.answer(|outgoing| {
        let date = runtime::date();
        outgoing.write_head(status, None, HeadFields::Strings(close.as_slice()), &date)?;
        outgoing.end(None, &date)
    });
}

/// The reply to bytes that could not be parsed, by the error's code (SV3, I-11).
pub(super) fn reply_to(code: &str) -> &'static [u8] {
    match code {
        "HPE_HEADER_OVERFLOW" => b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n",
        "HPE_CHUNK_EXTENSIONS_OVERFLOW" => b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n",
        "ERR_HTTP_REQUEST_TIMEOUT" => b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        _ => b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    }
}
