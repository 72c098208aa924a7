//! What is settled before a request finds a connection: what URL, options and agent make of it, and its head.

use std::{mem, rc::Rc};

use super::{
    Agent, RequestOptions,
    options::{Defaults, Settings},
};
use crate::{
    error::Error,
    message::{HeaderValue, OutgoingMessage, RequestContext},
};

/// A request before it is on its way; it can be more than one's.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: Rc<Settings>,
    pub(super) outgoing: OutgoingMessage,
}

impl Plan {
    /// # Errors
    /// Those of [`Settings::new`], of the headers, and of `ConnectOptions::validate`.
    pub(super) fn new(
        url: Option<&str>,
        options: RequestOptions,
        agent: Option<&Agent>,
    ) -> Result<Self, Error> {
        let defaults = if agent.is_some() { Defaults::AGENT } else { Defaults::NO_AGENT };
        let mut settings = Settings::new(url, options, &defaults)?;
        settings.settle(agent.map(Agent::connect_options));
        let outgoing = outgoing(&mut settings, agent)?;
        settings.connect.validate()?;
        Ok(Self { settings: Rc::new(settings), outgoing })
    }
}

/// The message with its headers, which move into it, in Node's order of doing things.
fn outgoing(settings: &mut Settings, agent: Option<&Agent>) -> Result<OutgoingMessage, Error> {
    let mut outgoing = OutgoingMessage::request(RequestContext {
        method: mem::take(&mut settings.method),
        path: mem::take(&mut settings.path),
        keep_alive: agent.is_some_and(Agent::keeps_requests_alive),
        has_agent: agent.is_some(),
        default_headers: settings.default_headers,
        unique_headers: Rc::clone(&settings.unique_headers),
        high_water_mark: settings.connect.high_water_mark(),
    });
    if settings.raw_headers {
        outgoing.start_with_fields(&settings.headers)?;
        return Ok(outgoing);
    }
    for (name, value) in mem::take(&mut settings.headers) {
        outgoing.set_header(&name, value)?;
    }
    let automatic = [("Host", settings.host_header.take()), ("Authorization", settings.authorization.take())];
    for (name, value) in automatic {
        if let Some(value) = value {
            outgoing.set_header(name, HeaderValue::Text(value))?;
        }
    }
    if outgoing.expects_continue() {
        outgoing.start_expecting()?;
    }
    Ok(outgoing)
}
