//! What servers that never come to an end cost in memory: the crate `node-http` linked in, so that the memory of this
//! program is its memory. Arguments: ports of such servers.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use node_http::client::{Agent, Attachments, ClientRequest, RequestEvents, RequestOptions};
    use wasi::clocks::monotonic_clock;

    struct Flooded;

    wasi::cli::command::export!(Flooded);

    /// How long each server may send.
    const PATIENCE: u64 = 500_000_000;

    impl wasi::exports::cli::run::Guest for Flooded {
        async fn run() -> Result<(), ()> {
            for (number, port) in wasi::cli::environment::get_arguments().into_iter().skip(1).enumerate() {
                let pages = core::arch::wasm32::memory_size::<0>();
                let received = flooded(&port).await;
                let more = core::arch::wasm32::memory_size::<0>() - pages;
                println!("{number} {} KiB more, {received} bytes received", more * 64);
            }
            Ok(())
        }
    }

    /// Listens to everything and takes nothing. Answers how many bytes came.
    async fn flooded(port: &str) -> u64 {
        let url = format!("http://127.0.0.1:{port}/");
        let agent = Agent::global();
        let attachments =
            Attachments { agent: Some(&agent), listening: RequestEvents::ALL, ..Attachments::default() };
        let request = ClientRequest::create(Some(&url), RequestOptions::default(), attachments);
        let request = request.expect("a valid URL");
        request.end(None).expect("a fresh request");
        request.finished().await.expect("a server that listens");
        let socket = request.socket().expect("its connection");
        monotonic_clock::wait_for(PATIENCE).await;
        let received = socket.bytes_read();
        request.destroy(None);
        request.closed().await;
        received
    }
}
