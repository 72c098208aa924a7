//! A stream of events for browsers: the time, every `INTERVAL` milliseconds (1000 unless it is set).
//!
//! `/` is a page that shows them, `/events` the stream. A browser that was cut off says with `Last-Event-ID` where it goes on.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use node_http_imports::server::{ListenOptions, Reply, Server, ServerOptions, ServerResponse};
use node_http_imports::wasi::clocks::monotonic_clock::wait_for;
use node_http_imports::{Error, main};

const PAGE: &str = "<!doctype html><title>Events</title><ul id=list></ul><script>
new EventSource('/events').onmessage = event => {
  const item = document.createElement('li');
  item.textContent = `${event.lastEventId}: ${event.data}`;
  list.prepend(item);
};
</script>\n";

main!(server_sent_events);

async fn server_sent_events() -> Result<(), Error> {
    let server = Rc::new(Server::create(&ServerOptions::default())?);
    let address = server.listen(ListenOptions::from_env(), None).await?;
    println!("listening on port {}", address.port);
    let state = Rc::clone(&server);
    server.serve(async move |response: &ServerResponse| route(response, &state).await).await;
    Ok(())
}

async fn route(response: &ServerResponse, server: &Server) -> Result<Option<Reply>, Error> {
    match response.request_line().url.as_str() {
        "/" => Ok(Some(Reply::html(PAGE))),
        "/events" => events(response, server).await.map(|()| None),
        _ => Ok(Some(Reply::text("Not found\n").status(404))),
    }
}

async fn events(response: &ServerResponse, server: &Server) -> Result<(), Error> {
    let interval = std::env::var("INTERVAL").ok().and_then(|text| text.parse().ok()).unwrap_or(1000_u64);
    let last = response.request().header_text("last-event-id").and_then(|id| id.parse().ok());
    let mut id: u64 = last.map_or(0, |last: u64| last + 1);
    response.set_header("Content-Type", &"text/event-stream".into())?;
    response.set_header("Cache-Control", &"no-store".into())?;
    // How long a browser waits before it asks again.
    response.write_all("retry: 500\n\n").await?;
    // A server that is being closed ends its streams; browsers come back to the next one.
    while server.listening() && !response.destroyed() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        response.write_all(format!("id: {id}\ndata: {now}\n\n")).await?;
        id += 1;
        wait_for(interval * 1_000_000).await;
    }
    response.end(None)
}
