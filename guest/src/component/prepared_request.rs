//! `interface prepared-request`.

use wit_bindgen::StreamReader;

use super::{
    Component,
    bindings::exports::node::http::{
        agent::AgentBorrow,
        client_request::{ClientRequest, RequestOptions},
        net::AbortSignalBorrow,
        prepared_request::{Fetched, Guest, GuestPreparedRequest, PreparedRequest as Handle},
        types::Error,
    },
    convert, streams,
};
use crate::{
    client::{self, PreparedRequest},
    error,
};

impl Guest for Component {
    type PreparedRequest = PreparedRequest;
}

impl GuestPreparedRequest for PreparedRequest {
    fn create(
        url: Option<String>,
        options: Option<RequestOptions>,
        agent: Option<AgentBorrow<'_>>,
    ) -> Result<Handle, Error> {
        let mut listening = client::RequestEvents::default();
        let options = match options {
            Some(RequestOptions { create_connection: Some(_), .. }) => {
                let reason = "serves one request";
                return Err(
                    error::Error::invalid_arg_value("options.createConnection", reason, "[Object]").into()
                );
            }
            Some(options) => {
                listening = options.listening.map(client::RequestEvents::from).unwrap_or_default();
                options.into()
            }
            None => client::RequestOptions::default(),
        };
        let agent = agent.as_ref().map(AgentBorrow::get);
        Ok(Handle::new(Self::create(url.as_deref(), options, agent, listening)?))
    }

    fn request(&self, signal: Option<AbortSignalBorrow<'_>>) -> ClientRequest {
        ClientRequest::new(Self::request(self, signal.as_ref().map(AbortSignalBorrow::get)))
    }

    fn get(&self, signal: Option<AbortSignalBorrow<'_>>) -> Result<ClientRequest, Error> {
        Ok(ClientRequest::new(Self::get(self, signal.as_ref().map(AbortSignalBorrow::get))?))
    }

    fn fetch(&self, numbers: Vec<u64>, limit: u64) -> Result<(), Error> {
        Ok(Self::fetch(self, &numbers, limit)?)
    }

    async fn ready(&self) {
        Self::ready(self).await;
    }

    async fn readiness(&self) -> StreamReader<u8> {
        streams::readiness(self.readiness())
    }

    fn take_fetched(&self, max: u32) -> Vec<Fetched> {
        let taken = Self::take_fetched(self, convert::all_if_zero(max.into()));
        taken.into_iter().map(Fetched::from).collect()
    }

    fn watch(&self, number: u64) {
        Self::watch(self, number);
    }
}

impl From<client::Fetched> for Fetched {
    fn from(fetched: client::Fetched) -> Self {
        let response = fetched.response.map(Into::into).map_err(Error::from);
        Self { number: fetched.number, reused_socket: fetched.reused_socket, response }
    }
}
