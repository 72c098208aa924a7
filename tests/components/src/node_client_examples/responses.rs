//! Examples about what comes back.

use futures_util::future::join;

use super::*;

/// X6.
pub(super) async fn information(port: u16) {
    let events = ClientRequestEvents::INFORMATION | ClientRequestEvents::RESPONSE;
    let options = RequestOptions { path: Some("/length_request".to_owned()), ..to(port) };
    let options = RequestOptions { listening: Some(events), ..options };
    // Make a request.
    let request = http::request(None, Some(options), None, None).expect("valid options");
    request.end(None).expect("a fresh request");
    loop {
        match next(&request).await {
            ClientRequestEventKind::Information(info) => {
                println!("Got information prior to main response: {}", info.status_code);
            }
            ClientRequestEventKind::Response(response) => {
                println!("main response {}", response.status_code().expect("a response"));
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// X15. Consume the response to know when the connection is still there.
pub(super) async fn local_address(port: u16) {
    let request = http::get(None, Some(to(port)), None, None).expect("valid options");
    let response = request.response().await.expect("an answer");
    let socket = request.socket().expect("its connection");
    let SocketAddress { address, port, .. } = socket.local_address().expect("a connection");
    println!("Your IP address is {address} and your source port is {port}.");
    println!("seen {}", latin1(&response.read_all(1000).await.expect("a whole body")));
}

/// X32, with its server in the same program.
pub(super) async fn json() {
    let server = listen("json", ServerOptions::default()).await;
    let asking = async {
        let agent = keeping();
        let port = server.address().expect("it listens").port;
        let get = async |path: &str| get_json(port, path, &agent).await;
        assert_eq!(get("/").await.as_deref(), Ok(r#"{"data":"Hello World!"}"#));
        assert_eq!(get("/missing").await, Err("Request Failed.\nStatus Code: 404".to_owned()));
        let message = "Invalid content-type.\nExpected application/json but received text/html";
        assert_eq!(get("/html").await, Err(message.to_owned()));
        assert_eq!(get("/").await.as_deref(), Ok(r#"{"data":"Hello World!"}"#));
        // Responses that were not read have not cost their connection.
        assert_eq!(agent.free_sockets()[0].1.len(), 1);
        assert_eq!(agent.sockets().len(), 0);
        server.close_idle_connections();
        server.close().await.expect("it listens");
    };
    let mut ports = std::collections::BTreeSet::new();
    let serving = serve(&server, |response, _| {
        let remote = response.socket().and_then(|socket| socket.remote_address());
        ports.insert(remote.expect("a client").port);
        let (status, kind) = match response.request_line().url.as_str() {
            "/" => (200, "application/json"),
            "/html" => (200, "text/html"),
            _ => (404, "application/json"),
        };
        response.write_head(status, None, &[header("Content-Type", kind)]).expect("a fresh response");
        end(&response, r#"{"data":"Hello World!"}"#).expect("an open response");
    });
    join(asking, serving).await;
    assert_eq!(ports.len(), 1, "one connection for all");
}

async fn get_json(port: u16, path: &str, agent: &Agent) -> Result<String, String> {
    let options = RequestOptions { path: Some(path.to_owned()), ..to(port) };
    let request = http::get(None, Some(options), Some(agent), None).expect("valid options");
    let response = request.response().await.map_err(|error| format!("Got error: {}", error.message))?;
    let status = response.status_code().expect("a response");
    let kind = plain(response.header("content-type"));
    // Any 2xx status code signals a successful response but here we're only checking for 200.
    let problem = if status != 200 {
        Some(format!("Request Failed.\nStatus Code: {status}"))
    } else if !kind.starts_with("application/json") {
        Some(format!("Invalid content-type.\nExpected application/json but received {kind}"))
    } else {
        None
    };
    if let Some(problem) = problem {
        // Consume response data to free up memory.
        response.resume();
        response.closed().await;
        return Err(problem);
    }
    response.read_all(1000).await.map(|body| latin1(&body)).map_err(|error| error.message)
}
