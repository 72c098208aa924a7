//! What waits that are over leave behind: the crate `node-http` linked in, so that the memory of this program is its
//! memory. Arguments: the port of a server, how many waits.

/// Wanted by the target `bin`; the component is entered through `wasi:cli/run`.
fn main() {}

#[cfg(target_family = "wasm")]
mod component {
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    use futures_util::future::join_all;
    use node_http::agent::Options;
    use node_http::client::{Agent, AgentOptions, Attachments, ClientRequest, RequestOptions};
    use node_http::net::AbortSignal;
    use node_http::server::{Server, ServerOptions};

    struct Waits;

    wasi::cli::command::export!(Waits);

    /// Requests under way at the same time.
    const AT_ONCE: usize = 50;

    impl wasi::exports::cli::run::Guest for Waits {
        async fn run() -> Result<(), ()> {
            let arguments = wasi::cli::environment::get_arguments();
            let url = format!("http://127.0.0.1:{}/", arguments[1]);
            let count: usize = arguments[2].parse().expect("a number");

            let signal = AbortSignal::default();
            let pool = Options { keep_alive: true, ..Options::default() };
            let agent = Agent::create(AgentOptions { pool, ..AgentOptions::default() });
            let agent = agent.expect("valid options");
            requests(&url, &agent, &signal, count / 10).await;
            let pages = core::arch::wasm32::memory_size::<0>();
            requests(&url, &agent, &signal, count).await;
            report("requests", pages);

            let server = Server::create(ServerOptions::default()).expect("valid options");
            let request =
                ClientRequest::create(Some(&url), RequestOptions::default(), Attachments::default());
            let request = request.expect("a valid URL");
            let cancel_all = |count: usize| {
                for _ in 0..count {
                    cancel(signal.raised());
                    cancel(server.ready());
                    cancel(request.response());
                    cancel(request.closed());
                }
            };
            cancel_all(count / 10);
            let pages = core::arch::wasm32::memory_size::<0>();
            cancel_all(count);
            report("cancelled", pages);
            Ok(())
        }
    }

    fn report(what: &str, pages: usize) {
        println!("{what} {} KiB more", (core::arch::wasm32::memory_size::<0>() - pages) * 64);
    }

    /// All of them may be aborted by the same signal, and none is.
    async fn requests(url: &str, agent: &Agent, signal: &AbortSignal, count: usize) {
        for _ in 0..count.div_ceil(AT_ONCE) {
            let request = || async {
                let attachments =
                    Attachments { agent: Some(agent), signal: Some(signal), ..Attachments::default() };
                let request = ClientRequest::create(Some(url), RequestOptions::default(), attachments);
                let request = request.expect("a valid URL");
                request.end(None).expect("a fresh request");
                let response = request.response().await.expect("an answer");
                response.read_all(100).await.expect("a short body");
            };
            join_all((0..AT_ONCE).map(|_| request())).await;
        }
    }

    /// A task that waits, and is gone; whoever keeps its waker keeps that.
    struct Task {
        _memory: [u8; 256],
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    /// Begins to wait, in a task of its own, and gives up.
    fn cancel(wait: impl Future) {
        let waker = Waker::from(Arc::new(Task { _memory: [0; 256] }));
        let pending = pin!(wait).poll(&mut Context::from_waker(&waker)).is_pending();
        assert!(pending, "nothing happens that it could wait for");
    }
}
