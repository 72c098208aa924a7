//! A client with the crate `node-http` linked in, for the benchmark: `IN_FLIGHT` requests at a time through one agent,
//! which keeps its connections if `KEEP_ALIVE` is true.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark_client.rs"]
mod benchmark_client;

#[cfg(target_family = "wasm")]
mod component {
    use futures_util::future::join_all;
    use node_http::agent::Options;
    use node_http::client::{Agent, AgentOptions, PreparedRequest, RequestEvents, RequestOptions};
    use node_http::error::Error;

    use crate::benchmark_client::Settings;

    struct Linked;

    wasi::cli::command::export!(Linked);

    impl wasi::exports::cli::run::Guest for Linked {
        async fn run() -> Result<(), ()> {
            let Settings { port, in_flight, keep_alive } = Settings::from_env();
            let pool = Options { keep_alive, max_sockets: Some(in_flight), ..Options::default() };
            let options = AgentOptions { pool, ..AgentOptions::default() };
            let agent = Agent::create(options).map_err(|error| eprintln!("error: {}", error.message()))?;
            let options = RequestOptions {
                host: Some("127.0.0.1".to_owned()),
                port: Some(port),
                path: Some("/plain".to_owned()),
                ..RequestOptions::default()
            };
            let request = PreparedRequest::create(None, options, Some(&agent), RequestEvents::default());
            let request = request.map_err(|error| eprintln!("error: {}", error.message()))?;
            join_all((0..in_flight).map(|_| ask_on(&request))).await;
            Err(())
        }
    }

    async fn ask_on(request: &PreparedRequest) {
        loop {
            if let Err(error) = ask(request).await {
                return eprintln!("error: {}", error.message());
            }
        }
    }

    async fn ask(request: &PreparedRequest) -> Result<(), Error> {
        let response = request.get(None)?.whole_response(1024).await?;
        assert_eq!(response.body.len(), 13);
        Ok(())
    }
}
