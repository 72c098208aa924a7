//! Those whose answers go on.

use node_http_tests::get;

use super::*;

const EVENTS: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/server_sent_events.wasm"));

#[test]
fn events_come_one_by_one_and_go_on_where_they_were() {
    let app = App::start(EVENTS, |ctx| ctx.env("INTERVAL", "20"));
    let mut client = app.connect();
    client.send(&get("/"));
    assert!(client.reply().body.contains("new EventSource('/events')"));

    client.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n");
    let (received, ended) = client.receive_until(|received| received.contains("id: 43\n"));
    assert!(received.contains("\r\nContent-Type: text/event-stream\r\n") && !ended, "{received}");
    assert!(received.contains("id: 42\ndata: ") && !received.contains("id: 41\n"), "{received}");
    drop(client);

    // Closing the server ends the streams: browsers come back by themselves.
    let mut client = app.connect();
    client.send(&get("/events"));
    client.receive_until(|received| received.contains("id: 1\n"));
    app.case.drain();
    let (received, ended) = client.receive_until(|_| false);
    assert!(ended && received.ends_with("\r\n0\r\n\r\n"), "{received}");
}
