//! What a destroyed answer still does, and what an answer knows of its socket.

use super::{Client, Fixture, GET, ok};
use crate::{
    message::{HeaderValue, OutgoingMessage},
    runtime::run_until_stalled,
    server::{ServerOptions, ServerResponse},
};

fn asked() -> (Client, ServerResponse, Fixture) {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(GET);
    let response = fixture.request();
    (client, response, fixture)
}

// Node has written the answer to the socket before `destroy` closes it.
#[test]
fn what_was_ended_in_the_turn_of_its_destruction_is_tried() {
    let (client, response, _fixture) = asked();
    response.end(Some(b"whole")).expect("a fresh answer");
    response.request().destroy(None);
    assert_eq!(client.received(), ok("whole"));
    assert!(client.reader.is_ended());
}

#[test]
fn a_destroyed_answer_goes_nowhere_and_says_so() {
    let (client, response, _fixture) = asked();
    response.destroy(None);
    assert_eq!(response.write(b"x").expect_err("it is destroyed").code(), "ERR_STREAM_DESTROYED");
    response.end(None).expect("no bytes");
    assert!(response.look(OutgoingMessage::headers_sent), "`end` fixes the head all the same");
    run_until_stalled();
    assert_eq!(client.received(), "");
    assert!(client.reader.is_ended());
}

// Who has said `Expect` waits for an answer before the body: such a head does not wait for it.
#[test]
fn a_head_with_expect_leaves_before_its_body() {
    for (name, leaves) in [("Expect", true), ("X-Expect", false)] {
        let (client, response, _fixture) = asked();
        response.write_head(200, None, &[(name.to_owned(), HeaderValue::from("y"))]).expect("a fresh answer");
        assert_eq!(client.received().starts_with("HTTP/1.1 200 OK\r\n"), leaves, "{name}");
        response.end(None).expect("an open answer");
    }
}

// A status set behind the head changes the one, not the other: the text was fixed with the head.
#[test]
fn the_status_message_is_fixed_with_the_head() {
    let (_client, response, _fixture) = asked();
    assert_eq!(response.look(|outgoing| outgoing.status_message().map(str::to_owned)), None);
    response.write_head(200, None, &[]).expect("a fresh answer");
    response.answer(|outgoing, _| outgoing.set_status_code(404)).expect("a valid code");
    assert_eq!(response.look(|outgoing| outgoing.status_message().map(str::to_owned)).as_deref(), Some("OK"));
}

#[test]
fn an_answer_has_its_socket_from_its_turn_to_its_end() {
    let fixture = Fixture::new(ServerOptions::default());
    let client = fixture.connect();
    client.send(&GET.repeat(2));
    let [first, second] = fixture.requests().try_into().expect("two requests");
    assert!(first.socket().is_some());
    assert!(second.socket().is_none(), "the first goes before it");
    first.end(None).expect("a fresh answer");
    run_until_stalled();
    assert!(first.socket().is_none(), "it is finished");
    assert!(second.socket().is_some());
    drop(client);
    run_until_stalled();
    assert!(second.socket().is_some(), "its connection died in its turn");
}
