//! What the server does, while it does it: server-sent events, once a second.

use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use node_http_imports::server::ServerResponse;
use node_http_imports::types::Error;
use node_http_imports::wasi::clocks::monotonic_clock::wait_for;

use crate::App;
use crate::access_log::Sent;

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// Goes on until the client has gone or the server is to be closed.
pub(crate) async fn stream(response: ServerResponse, app: Rc<App>) -> Result<Sent, Error> {
    response.set_header("Content-Type", &"text/event-stream".into())?;
    response.set_header("Cache-Control", &"no-store".into())?;
    // A browser comes back after so many milliseconds.
    let mut event = "retry: 1000\n\n".to_owned();
    let mut bytes = 0;
    loop {
        event.push_str(&format!(
            "data: {{\"seconds\": {}, \"requests\": {}, \"connections\": {}, \"people\": {}}}\n\n",
            app.started.elapsed().as_secs(),
            app.requests.get(),
            app.server.get_connections(),
            app.room.people(),
        ));
        bytes += event.len() as u64;
        response.write_all(std::mem::take(&mut event)).await?;
        let (second, closing) = (pin!(wait_for(SECOND)), pin!(app.server.closing()));
        if let Either::Right(_) = select(second, closing).await {
            break;
        }
    }
    response.end(None)?;
    Ok(Sent { status: 200, bytes })
}
