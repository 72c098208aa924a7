//! A client's opening handshake: [the standard's](https://websockets.spec.whatwg.org/#websocket-opening-handshake), over
//! a request of our own.

use std::rc::Rc;

use super::{
    ConnectOptions, Settings, address,
    handshake::{self, VERSION},
    state::{Agreed, Shared},
};
use crate::{
    client::{
        AgentChoice, Attachments, ClientRequest, RequestEvent, RequestEvents, RequestOptions, Upgraded,
    },
    error::Error,
    frames::{Role, negotiation},
    message::HeaderValue,
    runtime,
    transport::IncomingMessage,
};

/// What Node says whatever was wrong.
const REFUSED: &str = "Received network error or non-101 status code.";

/// What the client has asked for.
struct Asked {
    key: String,
    protocols: Vec<String>,
    settings: Settings,
}

pub(super) fn start(
    url: &str,
    protocols: &[String],
    options: ConnectOptions<'_>,
) -> Result<Rc<Shared>, Error> {
    let url = address::parse(url)?;
    address::check_protocols(protocols)?;
    options.settings.check()?;
    let asked =
        Asked { key: handshake::new_key(), protocols: protocols.to_vec(), settings: options.settings };
    let agent = (options.agent.is_none() && options.connection.is_none()).then_some(AgentChoice::OneShot);
    let request = ClientRequest::create(
        Some(&address::for_request(&url)),
        RequestOptions {
            agent,
            default_port: Some(80),
            headers: Some(asked.headers(options.headers)),
            ..RequestOptions::default()
        },
        Attachments {
            agent: options.agent,
            connection: options.connection,
            listening: RequestEvents::RESPONSE.and(RequestEvents::UPGRADE),
            ..Attachments::default()
        },
    )?;
    request.end(None)?;
    let request = Rc::new(request);
    let shared = Shared::connecting(url.into(), options.settings, Rc::clone(&request));
    shared.handshake_must_end_in(options.handshake_timeout);
    runtime::spawn(shake(Rc::clone(&shared), request, asked));
    Ok(shared)
}

impl Asked {
    /// The caller's header fields, and behind them, so that they win, those of the handshake.
    fn headers(&self, callers: Vec<(String, String)>) -> Vec<(String, HeaderValue)> {
        let mut headers = callers;
        let mut add = |name: &str, value: String| {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value));
        };
        add("Connection", "Upgrade".to_owned());
        add("Upgrade", "websocket".to_owned());
        add("Sec-WebSocket-Key", self.key.clone());
        add("Sec-WebSocket-Version", VERSION.to_owned());
        if !self.protocols.is_empty() {
            add("Sec-WebSocket-Protocol", self.protocols.join(", "));
        }
        if let Some(deflate) = &self.settings.deflate {
            add("Sec-WebSocket-Extensions", negotiation::offer(deflate));
        }
        headers.into_iter().map(|(name, value)| (name, HeaderValue::Text(value))).collect()
    }

    /// Whether the response is what was asked for (RFC 6455 section 4.1).
    fn check(&self, response: &IncomingMessage) -> Result<Agreed, &'static str> {
        let header = |name| handshake::header(response, name);
        if response.status_code() != Some(101) || !handshake::upgrades(response) {
            return Err(REFUSED);
        }
        if header("sec-websocket-accept") != Some(handshake::answer_to(&self.key)) {
            return Err("Incorrect hash received in Sec-WebSocket-Accept header.");
        }
        let protocol = header("sec-websocket-protocol");
        if protocol.as_ref().map_or(!self.protocols.is_empty(), |chosen| !self.protocols.contains(chosen)) {
            return Err("Protocol was not set in the opening handshake.");
        }
        let extensions = header("sec-websocket-extensions");
        let deflate = match (&extensions, &self.settings.deflate) {
            (None, _) => None,
            (Some(answer), Some(options)) => {
                negotiation::confirm(options, answer).map(Some).map_err(|_| WRONG)?
            }
            (Some(_), None) => return Err(WRONG),
        };
        Ok(Agreed {
            protocol: protocol.unwrap_or_default(),
            extensions: extensions.unwrap_or_default(),
            deflate,
        })
    }
}

const WRONG: &str = "Sec-WebSocket-Extensions header mismatch.";

/// Waits for what becomes of the request.
async fn shake(shared: Rc<Shared>, request: Rc<ClientRequest>, asked: Asked) {
    let mut failure = None;
    loop {
        request.ready().await;
        for event in request.take_events(usize::MAX) {
            match event.kind {
                RequestEvent::Upgrade(upgraded) if !shared.is_given_up() => {
                    match finish(&shared, upgraded, &asked) {
                        Ok(()) => return,
                        Err(reason) => return shared.never_opened(Error::web_socket(reason)),
                    }
                }
                // A redirect is one of them: the standard does not follow it.
                RequestEvent::Response(_) => {
                    request.destroy(None);
                    return shared.never_opened(Error::web_socket(REFUSED));
                }
                RequestEvent::Error(error) => failure = Some(error),
                RequestEvent::Close => {
                    let error = Error::web_socket(REFUSED);
                    return shared.never_opened(match failure {
                        Some(cause) => error.with_cause(&cause),
                        None => error,
                    });
                }
                _ => {}
            }
        }
    }
}

/// A connection that is not opened is closed with its last view.
fn finish(shared: &Shared, upgraded: Upgraded, asked: &Asked) -> Result<(), &'static str> {
    let agreed = asked.check(&upgraded.response)?;
    shared.opened(Role::Client, agreed, upgraded.socket, upgraded.head);
    Ok(())
}
