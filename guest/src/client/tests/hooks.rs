//! What an agent asks the application, and how it is answered.

use super::{
    Fixture, Watched,
    agent::{OK, agent, count, exchange, keep, wait},
};
use crate::{
    agent::Options,
    client::{AgentEvent, AgentEvents, Transport},
    error::{Error, ErrorName},
    net::{Stream, memory},
    runtime::{run_until_stalled, take_watched},
    transport::Socket,
};

/// Rows: AG10
#[test]
fn create_connection_is_asked_for() {
    let fixture = Fixture::new();
    let agent = agent(keep(), AgentEvents::CREATE_CONNECTION);
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    watched.run();
    assert!(watched.log.is_empty(), "no connection, no event");
    let Some(AgentEvent::CreateConnection { id, request, options }) =
        agent.take_events(1).pop().map(|event| event.kind)
    else {
        panic!("a hook")
    };
    assert_eq!(request, watched.request.id());
    assert_eq!(options.port, Some(fixture.address.port()));
    let socket = agent.create_connection(&options).expect("valid options");
    agent.reply_create_connection(id, Ok(Transport::Socket(socket))).expect("the hook waits");
    assert_eq!(
        agent.reply_create_connection(id, Err(Error::aborted())).expect_err("answered").code(),
        "ERR_INVALID_ARG_VALUE"
    );
    let peer = fixture.accept();
    peer.send(OK);
    watched.run();
    assert!(watched.ended);
    assert_eq!(count(&agent.free_sockets()), 1);
}

#[test]
fn what_an_agent_has_is_known_by_number() {
    let fixture = Fixture::new();
    let agent = agent(Options { max_sockets: Some(1), ..keep() }, AgentEvents::CREATE_CONNECTION);
    let first = fixture.request("GET", &agent);
    let second = fixture.request("GET", &agent);
    assert_eq!(agent.queued().iter().flat_map(|(_, ids)| ids).collect::<Vec<_>>(), [&second.id()]);
    let Some(AgentEvent::CreateConnection { id, request, .. }) =
        agent.take_events(1).pop().map(|event| event.kind)
    else {
        panic!("a hook")
    };
    assert_eq!(request, first.id());
    let (near, far) = memory::pipe(1024);
    let stream = Stream::Memory(near.named(7));
    agent.reply_create_connection(id, Ok(Transport::Stream(stream))).expect("the hook waits");
    let names: Vec<_> = agent.sockets().iter().flat_map(|(_, sockets)| sockets).map(Socket::name).collect();
    assert_eq!(names, [Some(7)]);
    first.watch(5);
    assert_eq!(take_watched(), [5]);
    drop(far);
    run_until_stalled();
    assert_eq!(take_watched(), [5], "it has failed");
}

/// Rows: AG10, I-36
#[test]
fn create_connection_can_fail_or_stay_unanswered() {
    let fixture = Fixture::new();
    let agent = agent(keep(), AgentEvents::CREATE_CONNECTION);
    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    let error = Error::new(ErrorName::Error, "EMINE", "mine");
    agent.reply_create_connection(0, Err(error)).expect("the hook waits");
    assert_eq!(watched.trace(), "req.error[EMINE|mine] > req.close");

    let request = fixture.request("GET", &agent);
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    wait(10_001);
    fixture.accept().send(OK);
    watched.run();
    assert!(watched.ended, "the default was taken");
}

/// Rows: AG11, AG12, X4
#[test]
fn keep_socket_alive_and_reuse_socket_are_hooks() {
    let fixture = Fixture::new();
    let agent = agent(keep(), AgentEvents::KEEP_SOCKET_ALIVE.and(AgentEvents::REUSE_SOCKET));
    let mut peer = None;
    for keep in [true, false] {
        let (_watched, used) = exchange(&fixture, &agent, peer.take(), OK);
        let hook = agent.take_events(9).pop().map(|event| event.kind);
        let Some(AgentEvent::KeepSocketAlive { id, .. }) = hook else { panic!("{hook:?}") };
        assert_eq!(count(&agent.free_sockets()), 0, "not before the answer");
        agent.reply_keep_socket_alive(id, keep).expect("the hook waits");
        run_until_stalled();
        assert_eq!(count(&agent.free_sockets()), usize::from(keep));
        peer = Some(used);
    }
    assert!(agent.take_events(9).is_empty());
}

/// Rows: AG12
#[test]
fn reuse_socket_is_told() {
    let fixture = Fixture::new();
    let agent = agent(keep(), AgentEvents::REUSE_SOCKET);
    let (_first, peer) = exchange(&fixture, &agent, None, OK);
    assert!(agent.take_events(9).is_empty());
    let (_second, _peer) = exchange(&fixture, &agent, Some(peer), OK);
    assert!(matches!(agent.take_events(9)[0].kind, AgentEvent::ReuseSocket(_)));
}
