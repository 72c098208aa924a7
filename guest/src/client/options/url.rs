//! `urlToHttpOptions`: what a URL says about a request.

use url::Url;

use super::RequestOptions;
use crate::error::Error;

/// `options`, and behind them what `url` says. The fragment is dropped.
pub(super) fn merge(url: &str, options: RequestOptions) -> Result<RequestOptions, Error> {
    let url = Url::parse(url).map_err(|_| Error::invalid_url())?;
    let auth = auth(&url)?;
    let hostname = url.host_str().unwrap_or_default();
    let hostname = hostname.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(hostname);
    // `url.search` is empty for a lone `?`.
    let path = match url.query() {
        Some(query) if !query.is_empty() => format!("{}?{query}", url.path()),
        _ => url.path().to_owned(),
    };
    Ok(RequestOptions {
        protocol: options.protocol.or_else(|| Some(format!("{}:", url.scheme()))),
        hostname: options.hostname.or_else(|| Some(hostname.to_owned())),
        port: options.port.or_else(|| url.port()),
        path: options.path.or(Some(path)),
        auth: options.auth.or(auth),
        ..options
    })
}

fn auth(url: &Url) -> Result<Option<String>, Error> {
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    if user.is_empty() && password.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!("{}:{}", decode_component(user)?, decode_component(password)?)))
}

/// JavaScript's `decodeURIComponent`: a stray `%` and bytes that are no UTF-8 are errors.
fn decode_component(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, behind @ ..] = rest else { return Err(Error::uri_malformed()) };
        let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) else {
            return Err(Error::uri_malformed());
        };
        bytes.push(high << 4 | low);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| Error::uri_malformed())
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
