//! Examples about connections and their pool.

use super::*;
use node_http_imports::client::{AgentEventKind, AgentEvents};

/// X1.
pub(super) async fn agent_remove(port: u16) {
    let options = AgentOptions { max_sockets: Some(1), keep_alive: Some(true), ..AgentOptions::default() };
    let agent = Agent::create(&options).expect("valid options");
    let events = ClientRequestEvents::SOCKET | ClientRequestEvents::RESPONSE;
    let options = RequestOptions { listening: Some(events), ..to(port) };
    let long = http::get(None, Some(options), Some(&agent), None).expect("valid options");
    let ClientRequestEventKind::Socket(socket) = next(&long).await else { panic!("no socket") };
    assert_eq!(agent.sockets().len(), 1);
    socket.agent_remove();
    assert!(agent.sockets().is_empty(), "the agent has let it go");
    // Only one connection is allowed, and the long request still has its own.
    println!("meanwhile {}", get(to(port), Some(&agent)).await.expect("an answer"));
    let ClientRequestEventKind::Response(response) = next(&long).await else { panic!("no response") };
    println!("long {}", latin1(&response.read_all(100).await.expect("a whole body")));
    long.closed().await;
    assert!(agent.sockets().is_empty(), "and has not taken it back");
    // It belongs to whoever holds it now.
    socket.destroy(None);
    socket.closed().await;
}

/// X2.
pub(super) async fn one_shot(port: u16) {
    for _ in 0..2 {
        // Create a new agent just for this one request.
        let options = RequestOptions { agent: Some(AgentChoice::OneShot), ..to(port) };
        let seen = get(options, None).await.expect("an answer");
        assert!(seen.contains("\r\nConnection: close\r\n"), "{seen}");
    }
}

/// X3.
pub(super) async fn keep_alive(port: u16) {
    let agent = keeping();
    for expected in ["0 ", "0 "] {
        let seen = get(to(port), Some(&agent)).await.expect("an answer");
        assert!(seen.starts_with(expected) && seen.contains("\r\nConnection: keep-alive\r\n"), "{seen}");
    }
}

/// X4: what the two methods do by default, and a `keepSocketAlive` that says no.
pub(super) async fn overridden(port: u16) {
    let listening = Some(AgentEvents::KEEP_SOCKET_ALIVE | AgentEvents::REUSE_SOCKET);
    let options = AgentOptions { keep_alive: Some(true), listening, ..AgentOptions::default() };
    let agent = Agent::create(&options).expect("valid options");
    for (connection, keep) in [("0 ", true), ("0 ", false), ("1 ", true)] {
        let request = http::get(None, Some(to(port)), Some(&agent), None).expect("valid options");
        let seen = body(&request).await.expect("an answer");
        assert!(seen.starts_with(connection), "{seen}");
        let mut reused = false;
        loop {
            agent.ready().await;
            match agent.take_events(1).remove(0).kind {
                AgentEventKind::ReuseSocket(_) => reused = true,
                AgentEventKind::KeepSocketAlive(hook) => {
                    hook.socket.set_keep_alive(true, 1000);
                    agent.reply_keep_socket_alive(hook.id, keep).expect("a hook that waits");
                    if !keep {
                        hook.socket.closed().await;
                    }
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((reused, request.reused_socket()), (!keep, !keep));
    }
}

/// X11, with everything a second or two instead of five: a request whenever the server's announced timeout is almost
/// over, against a server that waits a second longer than it says and an agent that waits a second less.
pub(super) async fn idle_timeout() {
    let options = ServerOptions { keep_alive_timeout: Some(2000), ..ServerOptions::default() };
    let server = listen("idle", options).await;
    let asking = async {
        let port = server.address().expect("it listens").port;
        let options = AgentOptions { keep_alive: Some(true), timeout: Some(5000), ..AgentOptions::default() };
        let agent = Agent::create(&options).expect("valid options");
        for pause in [950, 1050, 2000] {
            assert_eq!(get(to(port), Some(&agent)).await.expect("no ECONNRESET"), "hello");
            sleep(pause).await;
        }
        assert_eq!(get(to(port), Some(&agent)).await.expect("no ECONNRESET"), "hello");
        agent.destroy();
        server.close().await.expect("it listens");
    };
    let serving = serve(&server, |response, _| end(&response, "hello").expect("a fresh response"));
    futures_util::future::join(asking, serving).await;
}

/// X12, three requests: the second one meets a connection that is closed under it.
pub(super) async fn retriable(port: u16) {
    let agent = keeping();
    for expected in ["first", "second", "third"] {
        let answer = retriable_request(port, &agent).await.expect("a retry helps");
        assert_eq!(answer, expected);
    }
}

async fn retriable_request(port: u16, agent: &Agent) -> Result<String, Error> {
    loop {
        let request = http::get(None, Some(to(port)), Some(agent), None)?;
        match body(&request).await {
            // Check if retry is needed.
            Err(error) if request.reused_socket() && error.code == "ECONNRESET" => println!("retry"),
            outcome => return outcome,
        }
    }
}
