//! A server's opening handshake: RFC 6455 section 4.2.

use std::{fmt::Write as _, rc::Rc};

use super::{
    AcceptOptions, address,
    handshake::{self, VERSION},
    state::{Agreed, Shared},
};
use crate::{
    error::Error,
    frames::negotiation,
    message::{
        headers::latin1_bytes,
        validate::{validate_header_name, validate_header_value},
    },
    transport::{IncomingMessage, Socket},
};

/// Why a request gets no WebSocket: the answer, and what the application is told.
struct Refusal {
    status: &'static str,
    fields: &'static str,
    reason: &'static str,
}

impl Refusal {
    const fn bad_request(reason: &'static str) -> Self {
        Self { status: "400 Bad Request", fields: "", reason }
    }

    fn render(&self) -> String {
        let Self { status, fields, reason } = self;
        let length = reason.len();
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n{fields}\r\n\
             {reason}"
        )
    }
}

pub(super) fn accept(
    request: &IncomingMessage,
    socket: Socket,
    head: Vec<u8>,
    options: AcceptOptions,
) -> Result<Rc<Shared>, Error> {
    address::check_protocols(&options.protocols)?;
    options.settings.check()?;
    for (name, value) in &options.headers {
        validate_header_name(name, None)?;
        validate_header_value(name, value)?;
    }
    match judge(request, &options) {
        Ok((answer, agreed)) => {
            // Fails where the connection has ended, which the loop hears of.
            let _ = socket.write(&latin1_bytes(&answer));
            Ok(Shared::accepted(options.settings, agreed, socket, head))
        }
        Err(refusal) => {
            let _ = socket.end(Some(refusal.render().as_bytes()));
            Err(Error::web_socket_handshake(refusal.reason))
        }
    }
}

/// The answer to the request, and what it settles.
fn judge(request: &IncomingMessage, options: &AcceptOptions) -> Result<(String, Agreed), Refusal> {
    let header = |name| handshake::header(request, name);
    if request.method() != Some("GET") {
        return Err(Refusal {
            status: "405 Method Not Allowed",
            fields: "Allow: GET\r\n",
            reason: "Invalid HTTP method",
        });
    }
    if request.http_version() < (1, 1) || !handshake::upgrades(request) {
        return Err(Refusal {
            status: "426 Upgrade Required",
            fields: "Upgrade: websocket\r\n",
            reason: "Invalid Upgrade header",
        });
    }
    let key = header("sec-websocket-key").filter(|key| handshake::is_key(key));
    let key = key.ok_or(Refusal::bad_request("Missing or invalid Sec-WebSocket-Key header"))?;
    if header("sec-websocket-version").as_deref() != Some(VERSION) {
        return Err(Refusal {
            status: "426 Upgrade Required",
            fields: "Sec-WebSocket-Version: 13\r\n",
            reason: "Missing or invalid Sec-WebSocket-Version header",
        });
    }
    let offered = header("sec-websocket-protocol").unwrap_or_default();
    let protocol = handshake::list(&offered).find(|offer| options.protocols.iter().any(|ours| ours == offer));
    let extensions = header("sec-websocket-extensions").unwrap_or_default();
    let deflate = match &options.settings.deflate {
        Some(deflate) => negotiation::accept(deflate, &extensions)
            .map_err(|_| Refusal::bad_request("Invalid Sec-WebSocket-Extensions header"))?,
        None => None,
    };
    let (deflate, extensions) = deflate.unzip();
    let agreed = Agreed {
        protocol: protocol.unwrap_or_default().to_owned(),
        extensions: extensions.unwrap_or_default(),
        deflate,
    };
    Ok((answer(&key, &agreed, &options.headers), agreed))
}

fn answer(key: &str, agreed: &Agreed, headers: &[(String, String)]) -> String {
    let mut answer =
        String::from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    let mut add = |name: &str, value: &str| {
        let _ = write!(answer, "{name}: {value}\r\n");
    };
    add("Sec-WebSocket-Accept", &handshake::answer_to(key));
    for (name, value) in
        [("Sec-WebSocket-Protocol", &agreed.protocol), ("Sec-WebSocket-Extensions", &agreed.extensions)]
    {
        if !value.is_empty() {
            add(name, value);
        }
    }
    for (name, value) in headers {
        add(name, value);
    }
    answer.push_str("\r\n");
    answer
}
