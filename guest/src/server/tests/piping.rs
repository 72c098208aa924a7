//! Bodies that the driver passes on: `response.pipe_from(request)`.

use super::{Client, Fixture, GET, ok};
use crate::{
    message::{HeaderValue, OutgoingMessage, ReadResult},
    runtime::{budget_used, run_until_stalled},
    server::{ResponseEvent, ServerOptions, ServerResponse},
};

/// A POST of which `sent` has come of so many bytes.
fn post(fixture: &Fixture, length: usize, sent: &str) -> (Client, ServerResponse) {
    let client = fixture.connect();
    client.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{sent}"));
    (client, fixture.request())
}

fn new() -> Fixture {
    Fixture::new(ServerOptions::default())
}

/// `pipe` and forget. Without a length the answer is chunked as it comes, or has none where nothing comes: as Node's.
#[test]
fn an_echo_needs_no_handles() {
    let fixture = new();
    let (client, response) = post(&fixture, 6, "abc");
    response.pipe_from(&response.request(), true).expect("a fresh body");
    drop(response);
    let head = client.received();
    assert!(head.ends_with("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "{head}");
    client.send("def");
    assert_eq!(client.received(), "3\r\ndef\r\n0\r\n\r\n");
    client.send(GET);
    let response = fixture.request();
    response.pipe_from(&response.request(), true).expect("a fresh body");
    drop(response);
    assert_eq!(client.received(), ok(""), "the connection goes on");
}

#[test]
fn what_is_there_leaves_with_the_head_in_the_call_itself() {
    let fixture = new();
    let (client, response) = post(&fixture, 3, "abc");
    let length = ("Content-Length".to_owned(), HeaderValue::Text("3".to_owned()));
    response.write_head(200, None, &[length]).expect("a fresh answer");
    response.pipe_from(&response.request(), true).expect("a fresh body");
    assert!(response.look(OutgoingMessage::writable_ended));
    assert!(client.received().ends_with("\r\n\r\nabc"));
    assert!(response.look(OutgoingMessage::writable_finished));
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let options = ServerOptions { high_water_mark: Some(1000), ..ServerOptions::default() };
    let fixture = Fixture::new(options);
    let before = budget_used();
    let (reader, writer) = fixture.connector.connect(1000);
    writer.push(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    run_until_stalled();
    let response = fixture.request();
    response.pipe_from(&response.request(), true).expect("a fresh body");
    drop(response);
    for _ in 0..100 {
        writer.push(&[b'x'; 10_000]);
        run_until_stalled();
    }
    assert!(budget_used() - before < 300_000, "{} bytes are held", budget_used() - before);
    let mut received = 0;
    loop {
        let bytes = reader.take();
        run_until_stalled();
        if bytes.is_empty() {
            break;
        }
        received += bytes.len();
    }
    assert!(received > 1_000_000, "all of it comes back: {received}");
}

#[test]
fn a_response_that_is_not_to_end_goes_on() {
    let fixture = new();
    let (client, response) = post(&fixture, 3, "ab");
    response.pipe_from(&response.request(), false).expect("a fresh body");
    client.send("c");
    response.end(Some(b"!")).expect("an open answer");
    assert!(client.received().ends_with("2\r\nab\r\n1\r\nc\r\n1\r\n!\r\n0\r\n\r\n"));
    let (client, response) = post(&fixture, 3, "ab");
    response.pipe_from(&response.request(), false).expect("a fresh body");
    drop(response);
    client.send("c");
    assert!(
        client.received().ends_with("1\r\nc\r\n") && client.reader.is_ended(),
        "nobody is left to end it"
    );
}

/// As in Node: to end the answer would say that this was all.
#[test]
fn a_body_that_is_cut_short_does_not_end_the_response() {
    let fixture = new();
    let (first, kept) = post(&fixture, 9, "abc");
    let (second, other) = post(&fixture, 9, "abc");
    let request = other.request();
    other.pipe_from(&kept.request(), true).expect("a fresh body");
    kept.respond(200, &[], b"").expect("a fresh answer");
    drop((first, kept));
    assert!(second.received().ends_with("3\r\nabc\r\n"));
    assert!(!second.reader.is_ended() && !other.look(OutgoingMessage::writable_ended));
    other.end(Some(b"cut")).expect("an open answer");
    drop(request);
    assert!(second.received().ends_with("3\r\ncut\r\n0\r\n\r\n"));

    let (first, kept) = post(&fixture, 9, "abc");
    let (second, other) = post(&fixture, 0, "");
    other.pipe_from(&kept.request(), true).expect("a fresh body");
    drop((first, kept, other));
    assert!(second.received().ends_with("3\r\nabc\r\n"));
    assert!(second.reader.is_ended(), "nobody else could tell the client");
}

#[test]
fn a_body_goes_one_way() {
    let fixture = new();
    let (_client, response) = post(&fixture, 9, "abc");
    let request = response.request();
    response.pipe_from(&request, true).expect("a fresh body");
    let twice = response.pipe_from(&request, true).map_err(|error| error.code().to_owned());
    assert_eq!(twice, Err("ERR_STREAM_ALREADY_FINISHED".to_owned()));
    assert!(request.hand_out_body().is_err() && matches!(request.read(9), ReadResult::Pending));

    let (_client, response) = post(&fixture, 9, "abc");
    response.request().hand_out_body().expect("a fresh body");
    assert!(response.pipe_from(&response.request(), true).is_err());
}

/// Node tells of it later, or not at all, and leaves the body where it is.
#[test]
fn what_cannot_be_written_to_takes_nothing() {
    let fixture = new();
    let (_client, ended) = post(&fixture, 3, "abc");
    ended.end(None).expect("a fresh answer");
    let (_client, destroyed) = post(&fixture, 3, "abc");
    destroyed.destroy(None);
    for (response, code) in [(&ended, "ERR_STREAM_WRITE_AFTER_END"), (&destroyed, "ERR_STREAM_DESTROYED")] {
        let request = response.request();
        let error = response.pipe_from(&request, true).expect_err("no way to go");
        assert_eq!(error.code(), code);
        assert!(request.hand_out_body().is_ok());
    }
    let (_client, strict) = post(&fixture, 3, "abc");
    strict.change(|outgoing| outgoing.set_strict_content_length(true));
    let length = ("Content-Length".to_owned(), HeaderValue::Text("2".to_owned()));
    strict.write_head(200, None, &[length]).expect("a fresh answer");
    let request = strict.request();
    let error = strict.pipe_from(&request, true).expect_err("too long");
    assert_eq!(error.code(), "ERR_HTTP_CONTENT_LENGTH_MISMATCH");
    assert!(matches!(request.read(9), ReadResult::Data(bytes) if bytes == b"abc"));
}

/// In Node it is thrown where nobody can catch it.
#[test]
fn an_error_that_comes_later_destroys_the_response() {
    let fixture = new();
    let (client, response) = post(&fixture, 3, "ab");
    response.change(|outgoing| outgoing.set_strict_content_length(true));
    let length = ("Content-Length".to_owned(), HeaderValue::Text("2".to_owned()));
    response.write_head(200, None, &[length]).expect("a fresh answer");
    response.pipe_from(&response.request(), true).expect("a fresh body");
    client.send("c");
    let error = response.look(|outgoing| outgoing.errored().cloned()).expect("it failed");
    assert_eq!(error.code(), "ERR_HTTP_CONTENT_LENGTH_MISMATCH");
    client.received();
    assert!(client.reader.is_ended());
}

/// Node 23 and 26: the rest of the body stays where it is, and who writes behind the end is told.
#[test]
fn the_application_may_end_the_response_meanwhile() {
    let fixture = new();
    let (client, response) = post(&fixture, 6, "abc");
    let request = response.request();
    response.listen_for(u16::MAX);
    response.pipe_from(&request, true).expect("a fresh body");
    response.end(Some(b"!")).expect("an open answer");
    client.send("def");
    assert!(client.received().ends_with("3\r\nabc\r\n1\r\n!\r\n0\r\n\r\n"));
    assert!(matches!(request.read(9), ReadResult::Data(bytes) if bytes == b"def"));
    let finished = |event: &crate::runtime::Recorded<_>| matches!(event.kind, ResponseEvent::Finish);
    assert!(response.take_events(9).iter().any(finished));

    let (client, response) = post(&fixture, 6, "abc");
    response.pipe_from(&response.request(), true).expect("a fresh body");
    response.end(None).expect("an open answer");
    drop(response);
    client.send("def");
    client.received();
    client.send(GET);
    fixture.request().end(None).expect("a fresh answer");
    assert_eq!(client.received(), ok(""), "what nobody reads is thrown away");
}

#[test]
fn nothing_is_left_when_the_peer_goes_away() {
    let fixture = new();
    for forget in [false, true] {
        let (client, response) = post(&fixture, 9, "abc");
        response.pipe_from(&response.request(), true).expect("a fresh body");
        let kept = (!forget).then_some(response);
        drop(client);
        run_until_stalled();
        assert!(kept.iter().all(|response| response.look(OutgoingMessage::destroyed)));
        assert_eq!(fixture.server.connections(), 0);
    }
    assert_eq!(budget_used(), 0);
}

/// A pipe into an answer that waits for its turn, destroyed before that comes.
#[test]
fn a_destroyed_response_gives_the_body_back() {
    let fixture = new();
    let (_source, kept) = post(&fixture, 9, "abc");
    let request = kept.request();
    let client = fixture.connect();
    client.send(&GET.repeat(2));
    let requests = fixture.requests();
    requests[1].pipe_from(&request, true).expect("a fresh body");
    run_until_stalled();
    requests[1].destroy(None);
    run_until_stalled();
    assert!(request.hand_out_body().is_ok(), "it can go elsewhere");
}
