//! `node:http/http`: the functions and constants of the module.

use super::Component;
use super::bindings::exports::node::http::http::{
    AbortSignalBorrow, Agent, AgentBorrow, ClientRequest, Error, Guest, HeaderValue, RequestOptions, Server,
    ServerOptions,
};
use crate::client;
use crate::message;
use crate::proto::{METHODS, STATUS_CODES};
use crate::runtime;
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

    fn memory_budget() -> u64 {
        runtime::budget() as u64
    }

    fn set_memory_budget(bytes: u64) {
        runtime::set_budget(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    async fn watched() {
        runtime::watched().await;
    }

    fn take_watched() -> Vec<u64> {
        runtime::take_watched()
    }

    fn create_server(options: Option<ServerOptions>) -> Result<Server, Error> {
        let options = options.map_or_else(server::ServerOptions::default, Into::into);
        Ok(Server::new(server::Server::create(options)?))
    }

    fn request(
        url: Option<String>,
        options: Option<RequestOptions>,
        agent: Option<AgentBorrow<'_>>,
        signal: Option<AbortSignalBorrow<'_>>,
    ) -> Result<ClientRequest, Error> {
        Ok(ClientRequest::new(start(url, options, agent, signal)?))
    }

    fn get(
        url: Option<String>,
        options: Option<RequestOptions>,
        agent: Option<AgentBorrow<'_>>,
        signal: Option<AbortSignalBorrow<'_>>,
    ) -> Result<ClientRequest, Error> {
        let request = start(url, options, agent, signal)?;
        request.end(None)?;
        Ok(ClientRequest::new(request))
    }

    fn global_agent() -> Agent {
        Agent::new(client::Agent::global())
    }

    fn set_global_agent(agent: AgentBorrow<'_>) {
        agent.get::<client::Agent>().set_global();
    }

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

fn start(
    url: Option<String>,
    options: Option<RequestOptions>,
    agent: Option<AgentBorrow<'_>>,
    signal: Option<AbortSignalBorrow<'_>>,
) -> Result<client::ClientRequest, crate::error::Error> {
    let mut attachments = client::Attachments {
        agent: agent.as_ref().map(AgentBorrow::get),
        signal: signal.as_ref().map(AbortSignalBorrow::get),
        ..client::Attachments::default()
    };
    let options = options.map(|mut options| {
        attachments.connection = options.create_connection.take().map(client::Transport::from);
        attachments.listening = options.listening.map(client::RequestEvents::from).unwrap_or_default();
        client::RequestOptions::from(options)
    });
    client::ClientRequest::create(url.as_deref(), options.unwrap_or_default(), attachments)
}
