//! What both ends of an opening handshake compute and look at: RFC 6455 section 4.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha1_smol::Sha1;

use super::random;
use crate::{message::headers::contains_word, transport::IncomingMessage};

/// Section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The one version that there is.
pub(super) const VERSION: &str = "13";

/// A new `Sec-WebSocket-Key`.
pub(super) fn new_key() -> String {
    BASE64_STANDARD.encode(random::bytes::<16>())
}

/// Whether it stands for sixteen bytes (section 4.2.1).
pub(super) fn is_key(key: &str) -> bool {
    BASE64_STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// The `Sec-WebSocket-Accept` that answers `key`.
pub(super) fn answer_to(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID.as_bytes());
    BASE64_STANDARD.encode(hash.digest().bytes())
}

/// All values of a header, joined as a list.
pub(super) fn header(message: &IncomingMessage, name: &str) -> Option<String> {
    let lines = message.raw_headers().into_iter().filter(|(line, _)| line.eq_ignore_ascii_case(name));
    let values: Vec<String> = lines.map(|(_, value)| value.trim().to_owned()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Whether the message asks for, or agrees to, this change of protocols.
pub(super) fn upgrades(message: &IncomingMessage) -> bool {
    let connection = header(message, "connection").unwrap_or_default();
    header(message, "upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
        && contains_word(connection.as_bytes(), "upgrade")
}

/// The items of a list.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}
