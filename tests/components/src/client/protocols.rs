//! Cases for `interface client-request`: connections that leave HTTP, and interim responses.

use futures_util::future::join;

use super::*;
use node_http_imports::client::Upgraded;

/// The first event, which hands the connection over.
async fn changed(request: &ClientRequest) -> Upgraded {
    request.ready().await;
    match request.take_events(1).remove(0).kind {
        ClientRequestEventKind::Connect(upgraded) if request.method() == "CONNECT" => upgraded,
        ClientRequestEventKind::Upgrade(upgraded) if request.method() == "GET" => upgraded,
        other => panic!("{other:?}"),
    }
}

/// Sends `question` and waits for `end`, which closes the other side.
async fn talk(socket: &Socket, question: &str) -> String {
    socket.write(&text(question)).expect("an open connection");
    let mut received = String::new();
    loop {
        match socket.read(0) {
            ReadResult::Data(data) => received.extend(data.bytes.into_iter().map(char::from)),
            ReadResult::Pending => socket.readable().await,
            ReadResult::End(_) => return received,
            ReadResult::Failed(error) => panic!("{error:?}"),
        }
    }
}

/// A tunnel, whatever the status of the answer.
pub(super) async fn connect(port: u16) {
    let agent = Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() });
    let agent = agent.expect("valid options");
    let options = RequestOptions {
        method: Some("CONNECT".to_owned()),
        listening: Some(ClientRequestEvents::CONNECT),
        ..at(port, "example.com:80")
    };
    let request = http::get(None, Some(options), Some(&agent), None).expect("valid options");
    let upgraded = changed(&request).await;
    assert_eq!(upgraded.response.status_code(), Some(407));
    assert_eq!(plain(upgraded.response.header("content-length")), "5");
    assert_eq!(upgraded.head, b"early");
    assert!(agent.sockets().is_empty() && agent.free_sockets().is_empty());
    request.closed().await;
    assert!(request.errored().is_none());
    assert_eq!(talk(&upgraded.socket, "question\n").await, "answer");
    // The view was the last one.
    drop(upgraded);
}

/// A 101, with bytes of the new protocol behind it.
pub(super) async fn upgrade(port: u16) {
    let options = RequestOptions {
        headers: Some(vec![header("Connection", "Upgrade"), header("Upgrade", "x")]),
        listening: Some(ClientRequestEvents::UPGRADE),
        ..to(port)
    };
    let request = http::get(None, Some(options), None, None).expect("valid options");
    let upgraded = changed(&request).await;
    assert_eq!(upgraded.response.status_code(), Some(101));
    assert_eq!(upgraded.response.status_message().as_deref(), Some("Switching Protocols"));
    assert_eq!(upgraded.head, b"early");
    request.closed().await;
    assert!(request.errored().is_none() && request.destroyed());
    assert!(http::global_agent().sockets().is_empty() && http::global_agent().free_sockets().is_empty());
    assert_eq!(talk(&upgraded.socket, "question\n").await, "answer");
}

/// `Expect: 100-continue`: the head goes at once, the body when the server wants it. The response comes before all of
/// the request is sent, and waits for the rest.
pub(super) async fn waiting(port: u16) {
    let options = RequestOptions {
        method: Some("PUT".to_owned()),
        headers: Some(vec![header("Expect", "100-continue")]),
        listening: Some(ClientRequestEvents::CONTINUE | ClientRequestEvents::INFORMATION),
        ..to(port)
    };
    let request = http::request(None, Some(options), None, None).expect("valid options");
    assert!(request.headers_sent());
    let mut told = Vec::new();
    while told.len() < 3 {
        request.ready().await;
        for event in request.take_events(0) {
            match event.kind {
                ClientRequestEventKind::Continue => told.push("continue".to_owned()),
                ClientRequestEventKind::Information(information) => {
                    assert_eq!((information.http_version_major, information.http_version_minor), (1, 1));
                    assert_eq!(information.http_version, "1.1");
                    let headers = plain_all(information.headers);
                    let raw: Vec<String> = information
                        .raw_headers
                        .into_iter()
                        .map(|(name, value)| name + ":" + &value)
                        .collect();
                    let (code, message) = (information.status_code, information.status_message);
                    told.push(format!("{code} {message} {headers} {raw:?}"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(told, ["continue", "100 Continue  []", "103 Early Hints link=a, b [\"Link:a\", \"Link:b\"]"]);
    request.write(&text("half")).expect("an open request");
    let response = request.response().await.expect("an answer");
    assert_eq!(body(&response).await.expect("a whole body"), "seen");
    assert!(!request.destroyed());
    request.end(Some(&text("rest"))).expect("an open request");
    let ((), finished) = join(request.closed(), request.finished()).await;
    finished.expect("it is sent");
}
