//! The same client as `client_linked`, as a component that imports `node:http`.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark_client.rs"]
mod benchmark_client;

#[cfg(target_family = "wasm")]
#[allow(clippy::result_large_err, reason = "the errors are the generated ones")]
mod component {
    use std::convert::Infallible;

    use node_http_imports::client::{
        Agent, AgentOptions, ClientRequest, ClientRequestEventKind, ClientRequestEvents, IncomingMessage,
        RequestOptions,
    };
    use node_http_imports::http;
    use node_http_imports::types::{Error, ReadResult};

    use crate::benchmark_client::Settings;

    struct Composed;

    wasi::cli::command::export!(Composed);

    impl wasi::exports::cli::run::Guest for Composed {
        async fn run() -> Result<(), ()> {
            let Err(error) = ask_for_ever(Settings::from_env()).await;
            eprintln!("error: {}", error.message);
            Err(())
        }
    }

    /// One wait for all requests, each watched under its place: a wait for each costs more than all else.
    async fn ask_for_ever(settings: Settings) -> Result<Infallible, Error> {
        let Settings { port, in_flight, keep_alive } = settings;
        let agent = Agent::create(&AgentOptions {
            keep_alive: Some(keep_alive),
            max_sockets: Some(in_flight),
            ..AgentOptions::default()
        })?;
        let mut exchanges = Vec::new();
        for place in 1..=u64::from(in_flight) {
            exchanges.push(begin(&agent, port, place)?);
        }
        loop {
            http::watched().await;
            for place in http::take_watched() {
                let exchange = &mut exchanges[place as usize - 1];
                if let Exchange::Asked(request) = exchange {
                    for event in request.take_events(0) {
                        match event.kind {
                            ClientRequestEventKind::Response(response) => {
                                response.watch(place);
                                *exchange = Exchange::Answered(response, 0);
                                break;
                            }
                            ClientRequestEventKind::Error(error) => return Err(error),
                            _ => {}
                        }
                    }
                }
                if let Exchange::Answered(response, length) = exchange
                    && is_read(response, length)?
                {
                    assert_eq!(*length, 13);
                    *exchange = begin(&agent, port, place)?;
                }
            }
        }
    }

    /// A request on its way, or its response and how much of it has come.
    enum Exchange {
        Asked(ClientRequest),
        Answered(IncomingMessage, usize),
    }

    fn begin(agent: &Agent, port: u16, place: u64) -> Result<Exchange, Error> {
        let options = RequestOptions {
            host: Some("127.0.0.1".to_owned()),
            port: Some(port),
            path: Some("/plain".to_owned()),
            listening: Some(ClientRequestEvents::RESPONSE),
            ..RequestOptions::default()
        };
        let request = http::get(None, Some(options), Some(agent), None)?;
        request.watch(place);
        Ok(Exchange::Asked(request))
    }

    fn is_read(response: &IncomingMessage, length: &mut usize) -> Result<bool, Error> {
        loop {
            match response.read(0) {
                ReadResult::Data(data) => *length += data.bytes.len(),
                ReadResult::Pending => return Ok(false),
                ReadResult::End(_) => return Ok(true),
                ReadResult::Failed(error) => return Err(error),
            }
        }
    }
}
