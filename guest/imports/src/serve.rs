//! The loop of a server.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use crate::describe;
use crate::server::{Answer, IntoReply, Reply, Server, ServerEventKind, ServerResponse};
use crate::spawn_local;

/// Most events to take, and so most answers to give, in one call.
const BATCH: u32 = 256;

impl Server {
    /// Answers requests with `handler` until the server is closed and its last connection has ended.
    ///
    /// Handlers that wait become tasks of their own; the answers of those that do not go back in one call. A handler may
    /// answer itself, or return a [`Reply`]. Returning without having ended the response closes the connection.
    ///
    /// The error of a handler is printed on standard error and answered with 500, or by closing the connection when the
    /// head is sent already. When the client has gone nothing is printed.
    ///
    /// A host that is asked to stop closes the server, and so does `server.close`, from any task.
    pub async fn serve<H, R>(&self, handler: H)
    where
        H: AsyncFn(&ServerResponse) -> R + 'static,
        R: IntoReply + 'static,
    {
        self.serve_with(handler, |_| {}).await;
    }

    /// The same, with `other` called for the events that are neither a request nor the last one: those that
    /// `ServerOptions::listening` names, among them `upgrade` and `connect`.
    pub async fn serve_with<H, R>(&self, handler: H, mut other: impl FnMut(ServerEventKind))
    where
        H: AsyncFn(&ServerResponse) -> R + 'static,
        R: IntoReply + 'static,
    {
        let handler = Rc::new(handler);
        let (mut ready, mut byte) = (self.readiness().await, Vec::with_capacity(1));
        let mut open = true;
        while open {
            (_, byte) = ready.read(byte).await;
            byte.clear();
            let mut answers = Vec::new();
            for event in self.take_events(BATCH) {
                match event.kind {
                    ServerEventKind::Request(response) => {
                        answers.extend(start(Rc::clone(&handler), response).await);
                    }
                    ServerEventKind::Close => open = false,
                    kind => other(kind),
                }
            }
            send(answers);
        }
    }
}

/// Runs a handler until it waits for something; the rest becomes a task.
async fn start<H, R>(handler: Rc<H>, response: ServerResponse) -> Option<Answer>
where
    H: AsyncFn(&ServerResponse) -> R + 'static,
    R: IntoReply + 'static,
{
    let mut task: Pin<Box<dyn Future<Output = Option<Answer>>>> = Box::pin(handle(handler, response));
    match poll_fn(|context| Poll::Ready(task.as_mut().poll(context))).await {
        Poll::Ready(answer) => answer,
        Poll::Pending => {
            spawn_local(async move { send(task.await) });
            None
        }
    }
}

async fn handle<H, R>(handler: Rc<H>, response: ServerResponse) -> Option<Answer>
where
    H: AsyncFn(&ServerResponse) -> R,
    R: IntoReply,
{
    let Reply { status, headers, body } = match handler(&response).await.into_reply() {
        Ok(reply) => reply?,
        // Nobody waits for an answer, and that is what failed.
        Err(_) if response.destroyed() => return None,
        Err(error) => {
            let line = response.request_line();
            eprintln!("error: {} {}: {}", line.method, line.url, error);
            if response.headers_sent() {
                response.destroy(None);
                return None;
            }
            // They belong to the answer that was not given.
            for name in response.get_header_names() {
                response.remove_header(&name).ok()?;
            }
            Reply::text("Internal Server Error\n").status(500)
        }
    };
    Some(Answer { response, status, headers, body })
}

/// An answer fails when its client has gone, and then nobody waits for it; or when it is none, and then its author wants
/// to know.
fn send(answers: impl IntoIterator<Item = Answer>) {
    let answers: Vec<Answer> = answers.into_iter().collect();
    if answers.is_empty() {
        return;
    }
    for failed in ServerResponse::respond_all(answers) {
        if failed.error.code.starts_with("ERR_HTTP_") || failed.error.code.starts_with("ERR_INVALID_") {
            eprintln!("error: {}", describe(&failed.error));
        }
    }
}
