//! Cases for `interface agent`: what overriding its methods is in Node.

use futures_util::future::join;

use super::pool::{free, idle};
use super::*;
use node_http_imports::client::{AgentEventKind, AgentEvents};
use node_http_imports::net::{ConnectOptions, SocketOptions};

fn agent(listening: AgentEvents) -> Agent {
    let options =
        AgentOptions { keep_alive: Some(true), listening: Some(listening), ..AgentOptions::default() };
    Agent::create(&options).expect("valid options")
}

async fn next(agent: &Agent) -> AgentEventKind {
    agent.ready().await;
    agent.take_events(1).remove(0).kind
}

fn request(agent: &Agent, options: RequestOptions) -> ClientRequest {
    http::get(None, Some(options), Some(agent), None).expect("valid options")
}

/// A hook that answers with a connection: one made by the agent, a pair of streams, and an error.
pub(super) async fn create_connection(port: u16) {
    let agent = agent(AgentEvents::CREATE_CONNECTION);
    let asked = request(&agent, RequestOptions { host: Some("nowhere.invalid".to_owned()), ..to(port) });
    let AgentEventKind::CreateConnection(hook) = next(&agent).await else { panic!("another event") };
    assert_eq!((hook.options.host.as_deref(), hook.options.port), (Some("nowhere.invalid"), Some(port)));
    let options = ConnectOptions { host: Some("127.0.0.1".to_owned()), ..hook.options };
    let socket = agent.create_connection(&options).expect("valid options");
    agent.reply_create_connection(hook.id, Ok(Transport::Socket(socket))).expect("a hook that waits");
    let late = agent.reply_create_connection(hook.id, Err(error("late")));
    assert_eq!(late.expect_err("it was answered").code, "ERR_INVALID_ARG_VALUE");
    let seen = described(&asked).await;
    assert!(seen.head.contains(&format!("Host: nowhere.invalid:{port}\r\n")), "{seen:?}");

    idle(&agent).await;
    agent.destroy();
    let asked = request(&agent, RequestOptions { path: Some("/duplex".to_owned()), ..to(1) });
    let AgentEventKind::CreateConnection(hook) = next(&agent).await else { panic!("another event") };
    let (duplex, far) = FarEnd::new();
    agent.reply_create_connection(hook.id, Ok(Transport::Duplex(duplex))).expect("a hook that waits");
    let (answer, sent) =
        join(asked.response(), far.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
    assert!(sent.starts_with("GET /duplex HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"), "{sent}");
    assert_eq!(body(&answer.expect("an answer")).await.expect("a whole body"), "ok");

    let asked = request(&agent, to(2));
    let AgentEventKind::CreateConnection(hook) = next(&agent).await else { panic!("another event") };
    agent.reply_create_connection(hook.id, Err(error("refused"))).expect("a hook that waits");
    fails(asked.response().await.map(drop), "MINE", "refused");
    asked.closed().await;
    assert!(asked.socket().is_none());
    assert_eq!(asked.errored().expect("it has failed").code, "MINE");
}

/// A hook that nobody answers takes its default.
pub(super) async fn unanswered(port: u16) {
    let options = AgentOptions {
        listening: Some(AgentEvents::CREATE_CONNECTION | AgentEvents::KEEP_SOCKET_ALIVE),
        hook_timeout: Some(50),
        keep_alive: Some(true),
        ..AgentOptions::default()
    };
    let agent = Agent::create(&options).expect("valid options");
    let asked = request(&agent, to(port));
    assert_eq!(described(&asked).await.number, 0);
    pool::patiently(|| free(&agent).len() == 1).await;
    let asked = request(&agent, to(port));
    assert_eq!(described(&asked).await.number, 0);
}

/// Who is asked decides whether a connection is kept, and is told when one is used again.
pub(super) async fn keep_socket_alive(port: u16) {
    let agent = agent(AgentEvents::KEEP_SOCKET_ALIVE | AgentEvents::REUSE_SOCKET | AgentEvents::FREE);
    for (number, keep, reused) in [(0, true, false), (0, false, true), (1, true, false)] {
        let asked = request(&agent, to(port));
        let seen = described(&asked).await;
        assert_eq!(seen.number, number);
        let mut told = Vec::new();
        loop {
            match next(&agent).await {
                AgentEventKind::KeepSocketAlive(hook) => {
                    assert!(hook.socket.local_address().is_some());
                    agent.reply_keep_socket_alive(hook.id, keep).expect("a hook that waits");
                    let again = agent.reply_keep_socket_alive(hook.id, keep);
                    assert_eq!(again.expect_err("it was answered").code, "ERR_INVALID_ARG_VALUE");
                    break;
                }
                AgentEventKind::ReuseSocket(_) => told.push("reuse"),
                AgentEventKind::Free(_) => told.push("free"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((told.contains(&"reuse"), asked.reused_socket()), (reused, reused), "{told:?}");
        assert!(told.contains(&"free"), "{told:?}");
        pool::patiently(|| agent.sockets().is_empty() && free(&agent).len() == usize::from(keep)).await;
    }
}

/// A connection of the agent's, used for nothing.
pub(super) async fn socket(port: u16) {
    let agent = Agent::create(&AgentOptions::default()).expect("valid options");
    let path = ConnectOptions { path: Some("/x".to_owned()), ..ConnectOptions::default() };
    let refused = agent.create_connection(&path).map(drop).expect_err("there are no such sockets");
    assert_eq!(refused.code, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");

    let connect = |port| ConnectOptions {
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        socket: Some(SocketOptions { no_delay: Some(true), ..SocketOptions::default() }),
        ..ConnectOptions::default()
    };
    let socket = agent.create_connection(&connect(port)).expect("valid options");
    socket.listen_for(SocketEvents::CONNECT | SocketEvents::ERROR | SocketEvents::CLOSE);
    socket.ready().await;
    assert!(matches!(socket.take_events(1)[0].kind, SocketEventKind::Connect));
    assert_eq!(socket.remote_address().map(|address| address.port), Some(port));
    socket.write(&text("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).expect("an open socket");
    let mut received = String::new();
    loop {
        match socket.read(0) {
            ReadResult::Data(data) => received.extend(data.bytes.into_iter().map(char::from)),
            ReadResult::Pending => socket.readable().await,
            ReadResult::End(_) => break,
            ReadResult::Failed(error) => panic!("{error:?}"),
        }
    }
    assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{received}");
    socket.destroy(None);

    let socket = agent.create_connection(&connect(1)).expect("valid options");
    socket.listen_for(SocketEvents::CONNECT | SocketEvents::ERROR | SocketEvents::CLOSE);
    socket.ready().await;
    let SocketEventKind::Error(error) = socket.take_events(1).remove(0).kind else { panic!("no error") };
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1")
    );
    socket.closed().await;
}

fn error(message: &str) -> Error {
    Error {
        name: ErrorName::Error,
        code: "MINE".to_owned(),
        message: message.to_owned(),
        parse: None,
        system: None,
        cause: None,
    }
}
