//! The same client as `client_linked`, as a component that imports `node:http`.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
#[path = "../benchmark_client.rs"]
mod benchmark_client;

#[cfg(target_family = "wasm")]
mod component {
    use futures_util::future::join_all;
    use node_http_imports::client::{Agent, AgentOptions, RequestOptions};
    use node_http_imports::types::Error;

    use crate::benchmark_client::Settings;

    struct Composed;

    wasi::cli::command::export!(Composed);

    impl wasi::exports::cli::run::Guest for Composed {
        async fn run() -> Result<(), ()> {
            let Settings { port, in_flight, keep_alive } = Settings::from_env();
            let options = AgentOptions {
                keep_alive: Some(keep_alive),
                max_sockets: Some(in_flight),
                ..AgentOptions::default()
            };
            let agent = Agent::create(&options).map_err(|error| eprintln!("error: {}", error.message))?;
            join_all((0..in_flight).map(|_| ask_on(&agent, port))).await;
            Err(())
        }
    }

    async fn ask_on(agent: &Agent, port: u16) {
        loop {
            if let Err(error) = ask(agent, port).await {
                return eprintln!("error: {}", error.message);
            }
        }
    }

    async fn ask(agent: &Agent, port: u16) -> Result<(), Error> {
        let options = RequestOptions {
            host: Some("127.0.0.1".to_owned()),
            port: Some(port),
            path: Some("/plain".to_owned()),
            ..RequestOptions::default()
        };
        let request = node_http_imports::http::get(None, Some(options), Some(agent), None)?;
        let response = request.whole_response(1024).await?;
        assert_eq!(response.body.len(), 13);
        Ok(())
    }
}
