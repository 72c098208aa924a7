//! Cases for responses: how their bodies are read, and what becomes of the connection.

use futures_util::future::join_all;
use wit_bindgen::StreamResult;

use super::pool::{free, gone, idle, patiently, used};
use super::*;

fn keeping() -> Agent {
    Agent::create(&AgentOptions { keep_alive: Some(true), ..AgentOptions::default() }).expect("valid options")
}

fn get(port: u16, agent: &Agent) -> ClientRequest {
    http::get(None, Some(to(port)), Some(agent), None).expect("valid options")
}

/// Two requests, one after the other, whatever becomes of their connection.
pub(super) async fn twice(port: u16, method: &str) {
    let agent = keeping();
    for _ in 0..2 {
        let options = RequestOptions { method: Some(method.to_owned()), ..to(port) };
        let request = http::get(None, Some(options), Some(&agent), None).expect("valid options");
        let response = request.response().await.expect("an answer");
        println!("body {:?}", body(&response).await.expect("a whole body"));
        request.closed().await;
        response.closed().await;
        assert!(response.complete());
        idle(&agent).await;
    }
}

/// What is done to a request and a response that are over does not touch the connection, and what is not read does not
/// hold it.
pub(super) async fn left_alone(port: u16) {
    let agent = keeping();
    over(port, &agent).await;
    unread_and_resumed(port, &agent).await;
    streamed(port, &agent).await;
    // The agent goes with its last request, and its connections with it.
    drop(agent);
    println!("left");
    hold("hold").await;
}

async fn over(port: u16, agent: &Agent) {
    let request = get(port, agent);
    let response = request.response().await.expect("an answer");
    body(&response).await.expect("a whole body");
    idle(agent).await;
    request.destroy(None);
    request.abort();
    response.destroy(None);
    assert!(response.errored().is_none() && request.errored().is_none());
    sleep(20).await;
    assert_eq!(free(agent).len(), 1);
}

async fn unread_and_resumed(port: u16, agent: &Agent) {
    let request = get(port, agent);
    drop(request.response().await.expect("an answer"));
    request.closed().await;
    idle(agent).await;
    let request = get(port, agent);
    request.response().await.expect("an answer").resume();
    request.closed().await;
    idle(agent).await;
    assert_eq!(free(agent).len(), 1);
}

async fn streamed(port: u16, agent: &Agent) {
    let request = get(port, agent);
    let response = request.response().await.expect("an answer");
    let mut stream = response.body().expect("nobody has it yet");
    assert_eq!(response.body().map(drop).expect_err("it is out").code, "ERR_STREAM_ALREADY_FINISHED");
    assert_eq!(response.read_all(1).await.expect_err("it is out").code, "ERR_STREAM_ALREADY_FINISHED");
    let mut received = Vec::new();
    loop {
        let (result, bytes) = stream.read(Vec::with_capacity(1024)).await;
        received.extend(bytes);
        if result == StreamResult::Dropped {
            break;
        }
    }
    assert!(received.starts_with(b"0 127.0.0.1:"), "{received:?}");
    assert!(response.complete());
    idle(agent).await;
}

/// A body that nobody reads stops its sender.
pub(super) async fn unread(port: u16) {
    let agent = keeping();
    let request = get(port, &agent);
    let response = request.response().await.expect("an answer");
    patiently(|| response.readable_length() >= response.readable_high_water_mark()).await;
    sleep(50).await;
    let kept = response.readable_length();
    // One read of the socket may go beyond the mark.
    assert!(kept < 2 * response.readable_high_water_mark() + 65_536, "{kept} bytes were received ahead");
    println!("stopped");
    assert_eq!(response.read_all(1 << 25).await.expect("a whole body").len(), 20_000_000);
    request.closed().await;
}

/// A body that ends too early, read in each of the ways there are.
pub(super) async fn cut(port: u16) {
    let agent = keeping();
    let response = get(port, &agent).response().await.expect("an answer");
    fails(response.read_all(100).await.map(drop), "ECONNRESET", "aborted");
    assert!(!response.complete() && response.aborted() && response.destroyed());
    assert_eq!(response.errored().expect("it has failed").code, "ECONNRESET");

    let response = get(port, &agent).response().await.expect("an answer");
    let mut received = Vec::new();
    let error = loop {
        match response.read(0) {
            ReadResult::Data(data) => received.extend(data.bytes),
            ReadResult::Pending => response.readable().await,
            ReadResult::End(_) => panic!("it was cut"),
            ReadResult::Failed(error) => break error,
        }
    };
    assert_eq!((error.code.as_str(), received.as_slice()), ("ECONNRESET", b"hello".as_slice()));
    gone(&agent).await;
    assert_eq!(used(&agent), 0);
}

/// One signal for many requests, one of which is over.
pub(super) async fn signal(ports: &[u16]) {
    let agent = keeping();
    let signal = AbortSignal::new();
    let over = http::get(None, Some(to(ports[0])), Some(&agent), Some(&signal)).expect("valid options");
    described(&over).await;
    let silent = (0..3).map(|_| http::get(None, Some(to(ports[1])), Some(&agent), Some(&signal)));
    let silent: Vec<ClientRequest> = silent.map(|request| request.expect("valid options")).collect();
    let sent = join_all(silent.iter().map(ClientRequest::finished)).await;
    assert!(sent.iter().all(Result::is_ok));
    idle_to(&agent, 3).await;
    signal.abort(Some("enough"));
    assert!(signal.aborted());
    for request in &silent {
        let error = request.response().await.map(drop).expect_err("it was aborted");
        assert_eq!((error.name, error.code.as_str()), (ErrorName::AbortError, "ABORT_ERR"));
        assert_eq!(error.message, "The operation was aborted");
        assert_eq!(error.cause.map(|cause| cause.message).as_deref(), Some("enough"));
        assert!(request.destroyed() && !request.aborted());
    }
    assert!(over.errored().is_none());
    assert_eq!(free(&agent).len(), 1);
}

async fn idle_to(agent: &Agent, count: usize) {
    patiently(|| used(agent) == count && free(agent).len() == 1).await;
}
