//! Cases for `interface agent`: which connection serves which request.

use futures_util::future::{join, join_all};
use wasi::clocks::monotonic_clock;

use super::*;
use node_http_imports::client::{NameOptions, Scheduling};
use node_http_imports::net::ConnectOptions;

fn keeping() -> AgentOptions {
    AgentOptions { keep_alive: Some(true), ..AgentOptions::default() }
}

fn agent(options: &AgentOptions) -> Agent {
    Agent::create(options).expect("valid options")
}

/// What needs no connection.
pub(super) fn properties() {
    let agent = agent(&AgentOptions::default());
    assert_eq!(agent.max_free_sockets(), 256);
    assert_eq!((agent.max_sockets(), agent.max_total_sockets()), (None, None));
    assert!(agent.sockets().is_empty() && agent.free_sockets().is_empty() && agent.requests().is_empty());
    agent.set_max_sockets(Some(3));
    agent.set_max_free_sockets(4);
    agent.set_max_total_sockets(Some(5)).expect("a positive number");
    assert_eq!(agent.max_free_sockets(), 4);
    assert_eq!((agent.max_sockets(), agent.max_total_sockets()), (Some(3), Some(5)));
    agent.set_max_sockets(Some(0));
    agent.set_max_free_sockets(0);
    assert_eq!((agent.max_sockets(), agent.max_free_sockets()), (None, 256));
    let message = "The value of \"maxTotalSockets\" is out of range. It must be >= 1. Received 0";
    fails(agent.set_max_total_sockets(Some(0)), "ERR_OUT_OF_RANGE", message);
    let wrong = AgentOptions { max_total_sockets: Some(0), ..AgentOptions::default() };
    fails(Agent::create(&wrong).map(drop), "ERR_OUT_OF_RANGE", message);

    let named = |host: Option<&str>, port, local: Option<&str>, family, path: Option<&str>| {
        agent.get_name(Some(&NameOptions {
            host: host.map(str::to_owned),
            port,
            local_address: local.map(str::to_owned),
            family,
            socket_path: path.map(str::to_owned),
        }))
    };
    assert_eq!(agent.get_name(None), "localhost::");
    let four = Some(IpFamily::Ipv4);
    assert_eq!(named(Some("h"), Some(1), Some("1.1.1.1"), four, None), "h:1:1.1.1.1:4");
    assert_eq!(named(None, None, None, None, Some("/x")), "localhost:::/x");
    assert_eq!(named(None, None, None, Some(IpFamily::Ipv6), None), "localhost:::6");
    assert_eq!(named(Some("h"), Some(1), None, None, None), "h:1:");
}

/// One after another on one connection, and what the snapshots say meanwhile.
pub(super) async fn keep_alive(port: u16) {
    let agent = agent(&keeping());
    let request = http::get(None, Some(to(port)), Some(&agent), None).expect("valid options");
    let name = format!("127.0.0.1:{port}:");
    assert_eq!(names(&agent.sockets()), [(name.clone(), 1)]);
    let first = described(&request).await;
    assert_eq!(first.number, 0);
    assert!(first.head.contains("\r\nConnection: keep-alive"), "{first:?}");
    idle(&agent).await;
    assert!(agent.sockets().is_empty());
    assert_eq!(names(&agent.free_sockets()), [(name.clone(), 1)]);
    let again = http::get(None, Some(to(port)), Some(&agent), None).expect("valid options");
    assert_eq!(names(&agent.sockets()), [(name, 1)]);
    assert!(agent.free_sockets().is_empty());
    let second = described(&again).await;
    assert_eq!((second.number, second.from), (0, first.from));
    assert!(!request.reused_socket() && again.reused_socket());
}

/// Without `keep-alive` each request has a connection of its own.
pub(super) async fn one_each(port: u16) {
    let agent = agent(&AgentOptions::default());
    for number in 0..2 {
        let request = describe(to(port), Some(&agent)).await;
        assert_eq!(request.number, number);
        assert!(request.head.contains("\r\nConnection: close"), "{request:?}");
    }
}

/// Two connections are free: which one is next?
pub(super) async fn scheduling(ports: &[u16]) {
    for (&port, scheduling) in ports.iter().zip([None, Some(Scheduling::Lifo), Some(Scheduling::Fifo)]) {
        let agent = agent(&AgentOptions { scheduling, ..keeping() });
        let requests = [(); 2].map(|()| http::get(None, Some(to(port)), Some(&agent), None));
        let [first, second] = requests.map(|request| request.expect("valid options"));
        // A connection is free once its response was read.
        let (first, second) = join(described(&first), async {
            let response = second.response().await.expect("an answer");
            idle_but(&agent, 1).await;
            body(&response).await.expect("a whole body")
        })
        .await;
        idle(&agent).await;
        let expected = match scheduling {
            Some(Scheduling::Fifo) => first.number,
            _ => 1 - first.number,
        };
        assert!(second.starts_with(&format!("{} ", 1 - first.number)), "{second}");
        assert_eq!(describe(to(port), Some(&agent)).await.number, expected, "{scheduling:?}");
    }
}

/// More requests than `max-sockets` wait in line.
pub(super) async fn queue(port: u16) {
    let agent = agent(&AgentOptions { max_sockets: Some(1), ..keeping() });
    let requests: Vec<ClientRequest> = (0..4)
        .map(|number| http::get(None, Some(at(port, &format!("/{number}"))), Some(&agent), None))
        .map(|request| request.expect("valid options"))
        .collect();
    assert_eq!(agent.requests(), [(format!("127.0.0.1:{port}:"), 3)]);
    let answers = join_all(requests.iter().map(described)).await;
    for (number, answer) in answers.iter().enumerate() {
        assert!(answer.head.starts_with(&format!("GET /{number} ")), "{answer:?}");
        assert_eq!(answer.number, 0);
    }
    assert!(agent.requests().is_empty());
    // Those that waited got a used connection, but not a pooled one.
    assert!(requests.iter().all(|request| !request.reused_socket()));
}

/// A request that is destroyed while it waits leaves the queue.
pub(super) async fn queue_left(port: u16) {
    let agent = agent(&AgentOptions { max_sockets: Some(1), ..keeping() });
    let first = http::get(None, Some(at(port, "/0")), Some(&agent), None).expect("valid options");
    let second = http::get(None, Some(at(port, "/1")), Some(&agent), None).expect("valid options");
    let third = http::get(None, Some(at(port, "/2")), Some(&agent), None).expect("valid options");
    second.destroy(None);
    fails(second.response().await.map(drop), "ECONNRESET", "socket hang up");
    let (first, third) = join(described(&first), described(&third)).await;
    assert!(first.head.starts_with("GET /0 ") && third.head.starts_with("GET /2 "));
    assert_eq!((first.number, third.number), (0, 0));
}

/// `max-total-sockets` counts over all origins: the second one has to wait for the first one's connection to close.
pub(super) async fn total(ports: &[u16]) {
    let agent = agent(&AgentOptions { max_total_sockets: Some(1), ..AgentOptions::default() });
    let first = http::get(None, Some(to(ports[0])), Some(&agent), None).expect("valid options");
    let second = http::get(None, Some(to(ports[1])), Some(&agent), None).expect("valid options");
    assert_eq!(agent.requests(), [(format!("127.0.0.1:{}:", ports[1]), 1)]);
    assert_eq!(agent.sockets().len(), 1);
    let (first, second) = join(described(&first), described(&second)).await;
    assert_eq!((first.number, second.number), (0, 0));
    assert!(agent.requests().is_empty());
}

/// What the agent says of connecting wins over what the request says.
pub(super) async fn connect_options(ports: &[u16]) {
    let connect = ConnectOptions { port: Some(ports[0]), ..ConnectOptions::default() };
    let agent = agent(&AgentOptions { connect: Some(connect), ..AgentOptions::default() });
    let request = describe(to(ports[1]), Some(&agent)).await;
    assert!(request.head.contains(&format!("Host: 127.0.0.1:{}\r\n", ports[1])), "{request:?}");
}

/// A pooled connection that the server closes, or sends on, is not used again.
pub(super) async fn dead(port: u16) {
    let agent = agent(&keeping());
    assert_eq!(ask(&agent, port, "/").await.expect("an answer"), "0");
    println!("pooled");
    gone(&agent).await;
    assert_eq!(ask(&agent, port, "/").await.expect("an answer"), "1");
}

/// What a server sends unasked must not be taken for the next answer. The ports: an origin that sends two responses at
/// once, and one that sends the second when the test says so.
pub(super) async fn poisoned(ports: &[u16]) {
    let agent = agent(&keeping());
    for _ in 0..5 {
        assert_eq!(ask(&agent, ports[0], "/").await.expect("an answer"), "good");
    }
    assert_eq!(ask(&agent, ports[1], "/").await.expect("an answer"), "good");
    idle(&agent).await;
    println!("pooled");
    // Nothing is awaited, so nobody has seen what has come when the connection is taken again.
    let begin = monotonic_clock::now();
    while monotonic_clock::now() - begin < 200_000_000 {}
    assert_eq!(ask(&agent, ports[1], "/").await.expect("an answer"), "good");
}

/// `timeout` of an agent: an event for a request, the end for a pooled connection.
pub(super) async fn timeout(ports: &[u16]) {
    let agent = agent(&AgentOptions { timeout: Some(200), ..keeping() });
    let options = RequestOptions { listening: Some(ClientRequestEvents::TIMEOUT), ..to(ports[1]) };
    let request = http::get(None, Some(options), Some(&agent), None).expect("valid options");
    request.ready().await;
    let events = request.take_events(0);
    assert!(matches!(events[0].kind, ClientRequestEventKind::Timeout), "{events:?}");
    assert!(!request.destroyed());
    request.destroy(None);
    request.closed().await;
    describe(to(ports[0]), Some(&agent)).await;
    idle(&agent).await;
    assert_eq!(agent.free_sockets().len(), 1);
    gone(&agent).await;
    assert_eq!(describe(to(ports[0]), Some(&agent)).await.number, 1);
}

/// `destroy` fails what is on its way; what waits gets a new connection.
pub(super) async fn destroy(port: u16) {
    let agent = agent(&AgentOptions { max_sockets: Some(1), ..keeping() });
    let active = http::get(None, Some(at(port, "/0")), Some(&agent), None).expect("valid options");
    let queued = http::get(None, Some(at(port, "/1")), Some(&agent), None).expect("valid options");
    active.finished().await.expect("it is sent");
    println!("sent");
    // The origin answers the first connection with nothing.
    agent.destroy();
    fails(active.response().await.map(drop), "ECONNRESET", "socket hang up");
    let answer = body(&queued.response().await.expect("an answer")).await.expect("a whole body");
    assert_eq!(answer, "1");
}

/// A request whose connection was detached no longer counts.
pub(super) async fn agent_remove(port: u16) {
    let options = AgentOptions { max_sockets: Some(1), ..keeping() };
    let agent = agent(&options);
    let options = RequestOptions {
        listening: Some(ClientRequestEvents::SOCKET | ClientRequestEvents::RESPONSE),
        ..to(port)
    };
    let long = http::get(None, Some(options), Some(&agent), None).expect("valid options");
    long.ready().await;
    let ClientRequestEventKind::Socket(socket) = long.take_events(1).remove(0).kind else {
        panic!("something else before the socket");
    };
    socket.listen_for(SocketEvents::AGENT_REMOVE | SocketEvents::FREE);
    assert_eq!(agent.sockets().len(), 1);
    socket.agent_remove();
    assert!(agent.sockets().is_empty());
    assert!(matches!(socket.take_events(1)[0].kind, SocketEventKind::AgentRemove));
    // Another one under the same limit, while the first is not over.
    long.ready().await;
    let ClientRequestEventKind::Response(response) = long.take_events(1).remove(0).kind else {
        panic!("something else instead of the response");
    };
    assert_eq!(describe(to(port), Some(&agent)).await.number, 1);
    idle(&agent).await;
    assert!(body(&response).await.expect("a whole body").starts_with("0 "));
    // It does not come back to the pool.
    long.closed().await;
    assert_eq!(free(&agent).len(), 1);
    // It is free, and belongs to whoever holds it.
    let freed = socket.take_events(0);
    assert!(matches!(freed[..], [ref event] if matches!(event.kind, SocketEventKind::Free)), "{freed:?}");
    assert!(!socket.destroyed());
}

/// Waits until no connection is in use: one is freed a little after its response has ended.
pub(super) async fn idle(agent: &Agent) {
    idle_but(agent, 0).await;
}

async fn idle_but(agent: &Agent, count: usize) {
    patiently(|| used(agent) <= count).await;
}

/// Waits until no connection is free.
pub(super) async fn gone(agent: &Agent) {
    patiently(|| agent.free_sockets().is_empty()).await;
}

/// Waits for what has no event.
pub(super) async fn patiently(done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        sleep(2).await;
    }
    panic!("it does not come to pass");
}

pub(super) fn used(agent: &Agent) -> usize {
    agent.sockets().iter().map(|(_, sockets)| sockets.len()).sum()
}

pub(super) fn free(agent: &Agent) -> Vec<Socket> {
    agent.free_sockets().into_iter().flat_map(|(_, sockets)| sockets).collect()
}

fn names(origins: &[(String, Vec<Socket>)]) -> Vec<(String, usize)> {
    origins.iter().map(|(name, sockets)| (name.clone(), sockets.len())).collect()
}
