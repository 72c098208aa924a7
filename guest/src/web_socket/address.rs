//! The arguments of the constructor, checked as [the standard](https://websockets.spec.whatwg.org/#dom-websocket-websocket)
//! says.

use url::Url;

use crate::{error::Error, message::validate::is_token};

/// The address of a connection: its scheme is `ws:`.
///
/// # Errors
/// `SyntaxError`; `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for what needs TLS.
pub(super) fn parse(text: &str) -> Result<Url, Error> {
    let mut url = Url::parse(text).map_err(|_| Error::syntax_error("TypeError: Invalid URL"))?;
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        other => {
            let message = format!("Expected a ws: or wss: protocol, got {other}:");
            return Err(Error::syntax_error(message));
        }
    };
    if url.fragment().is_some() {
        return Err(Error::syntax_error("Got fragment"));
    }
    // Both are special schemes, between which a URL may change.
    let _ = url.set_scheme(scheme);
    if scheme == "wss" { Err(Error::unavailable_on_platform("wss:")) } else { Ok(url) }
}

/// The same place for a request.
pub(super) fn for_request(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_scheme("http");
    url.into()
}

/// # Errors
/// `SyntaxError` for what is no token, or there twice whatever its case.
pub(super) fn check_protocols(protocols: &[String]) -> Result<(), Error> {
    let wrong = |(at, protocol): (usize, &String)| {
        !is_token(protocol) || protocols[..at].iter().any(|before| before.eq_ignore_ascii_case(protocol))
    };
    if protocols.iter().enumerate().any(wrong) {
        return Err(Error::syntax_error("Invalid Sec-WebSocket-Protocol value"));
    }
    Ok(())
}
