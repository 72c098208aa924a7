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

    use node_http_imports::client::{Agent, AgentOptions, PreparedRequest, RequestOptions};
    use node_http_imports::types::Error;

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

    /// One request that is prepared, and one wait for all of it that are on their way: a call for each, and a handle, cost
    /// more than all else.
    async fn ask_for_ever(settings: Settings) -> Result<Infallible, Error> {
        let Settings { port, in_flight, keep_alive } = settings;
        let agent = Agent::create(&AgentOptions {
            keep_alive: Some(keep_alive),
            max_sockets: Some(in_flight),
            ..AgentOptions::default()
        })?;
        let options = RequestOptions {
            host: Some("127.0.0.1".to_owned()),
            port: Some(port),
            path: Some("/plain".to_owned()),
            ..RequestOptions::default()
        };
        let request = PreparedRequest::create(None, Some(options), Some(&agent))?;
        let (mut ready, mut byte) = (request.readiness().await, Vec::with_capacity(1));
        let mut numbers: Vec<u64> = (0..u64::from(in_flight)).collect();
        loop {
            request.fetch(&numbers, 1024)?;
            (_, byte) = ready.read(byte).await;
            byte.clear();
            numbers.clear();
            for fetched in request.take_fetched(0) {
                assert_eq!(fetched.response?.body.len(), 13);
                numbers.push(fetched.number);
            }
        }
    }
}
