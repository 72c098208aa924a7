//! `node:http/http`: the functions and constants of the module.

use super::Component;
use super::agent::Agent as PendingAgent;
use super::bindings::exports::node::http::http::{
    AbortSignalBorrow, Agent, AgentBorrow, ClientRequest, Error, Guest, HeaderValue, RequestOptions, Server,
    ServerOptions,
};
use super::pending::pending;
use crate::message;
use crate::proto::{METHODS, STATUS_CODES};
use crate::server;

impl Guest for Component {
    fn methods() -> Vec<String> {
        METHODS.map(str::to_owned).into()
    }

    fn status_codes() -> Vec<(u16, String)> {
        STATUS_CODES.map(|(code, reason)| (code, reason.to_owned())).into()
    }

    fn max_header_size() -> u64 {
        16_384
    }

    fn create_server(options: Option<ServerOptions>) -> Result<Server, Error> {
        let options = options.map_or_else(server::ServerOptions::default, Into::into);
        Ok(Server::new(server::Server::create(options)?))
    }

    fn request(
        _: Option<String>,
        _: Option<RequestOptions>,
        _: Option<AgentBorrow<'_>>,
        _: Option<AbortSignalBorrow<'_>>,
    ) -> Result<ClientRequest, Error> {
        Err(pending("http.request"))
    }

    fn get(
        _: Option<String>,
        _: Option<RequestOptions>,
        _: Option<AgentBorrow<'_>>,
        _: Option<AbortSignalBorrow<'_>>,
    ) -> Result<ClientRequest, Error> {
        Err(pending("http.get"))
    }

    fn global_agent() -> Agent {
        Agent::new(PendingAgent)
    }

    /// Every agent is the global one while `agent.create` is pending.
    fn set_global_agent(_: AgentBorrow<'_>) {}

    fn validate_header_name(name: String, label: Option<String>) -> Result<(), Error> {
        Ok(message::validate::validate_header_name(&name, label.as_deref())?)
    }

    fn validate_header_value(name: String, value: Option<HeaderValue>) -> Result<(), Error> {
        let check = |value: &str| message::validate::validate_header_value(&name, value);
        match value {
            None => Err(crate::error::Error::invalid_header_value("undefined", &name))?,
            Some(HeaderValue::Text(text)) => check(&text)?,
            Some(HeaderValue::Integer(_)) => {}
            Some(HeaderValue::List(values)) => values.iter().try_for_each(|value| check(value))?,
        }
        Ok(())
    }

    fn set_max_idle_http_parsers(max: i64) -> Result<(), Error> {
        if max < 1 {
            Err(crate::error::Error::out_of_range("max", ">= 1 && <= 9007199254740991", max))?;
        }
        Ok(())
    }
}
