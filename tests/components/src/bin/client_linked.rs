//! A client with the crate `node-http` linked in, for the benchmark: 64 requests in flight through one agent that keeps
//! its connections.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use futures_util::future::join_all;
    use node_http::agent::Options;
    use node_http::client::{Agent, AgentOptions, Attachments, ClientRequest, RequestOptions};
    use node_http::error::Error;

    const IN_FLIGHT: u32 = 64;

    struct Linked;

    wasi::cli::command::export!(Linked);

    impl wasi::exports::cli::run::Guest for Linked {
        async fn run() -> Result<(), ()> {
            let pool = Options { keep_alive: true, max_sockets: Some(IN_FLIGHT), ..Options::default() };
            let options = AgentOptions { pool, ..AgentOptions::default() };
            let agent = Agent::create(options).map_err(|error| eprintln!("error: {}", error.message()))?;
            let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok());
            join_all((0..IN_FLIGHT).map(|_| ask_on(&agent, port))).await;
            Err(())
        }
    }

    async fn ask_on(agent: &Agent, port: Option<u16>) {
        loop {
            if let Err(error) = ask(agent, port).await {
                return eprintln!("error: {}", error.message());
            }
        }
    }

    async fn ask(agent: &Agent, port: Option<u16>) -> Result<(), Error> {
        let options = RequestOptions {
            host: Some("127.0.0.1".to_owned()),
            port,
            path: Some("/plain".to_owned()),
            ..RequestOptions::default()
        };
        let request = ClientRequest::create(
            None,
            options,
            Attachments { agent: Some(agent), ..Attachments::default() },
        )?;
        request.end(None)?;
        let body = request.response().await?.read_all(1024).await?;
        assert_eq!(body.len(), 13);
        Ok(())
    }
}
