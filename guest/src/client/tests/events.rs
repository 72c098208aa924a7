//! Event orders of §8: what Node 23.5 emits, in its order.

use super::{Fixture, Watched, keeping, plain};
use crate::{
    client::{Attachments, ClientRequest, RequestEvents, RequestOptions},
    error::{Error, ErrorName},
    net::AbortSignal,
    runtime::{advance, run_until_stalled},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(super) fn mine() -> Error {
    Error::new(ErrorName::Error, "", "mine")
}

/// Rows: E1, CR3, CR6, CR8, CR9
#[test]
fn e1_success() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    assert!(peer.received().ends_with("Connection: close\r\n\r\n"));
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > res.end > res.close > req.close"
    );
}

/// Rows: E1, I-27
#[test]
fn e1_success_on_a_kept_connection() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (mut watched, peer) = fixture.get(&agent);
    peer.send(OK);
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > res.end > req.close > res.close"
    );
    assert_eq!(agent.free_sockets().len(), 1);
}

/// Rows: E2
#[test]
fn e2_connection_refused() {
    let fixture = Fixture::new();
    fixture.network.fail(fixture.address, "ECONNREFUSED");
    let request = fixture.request("GET", &plain());
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    let refused = format!("req.error[ECONNREFUSED|connect ECONNREFUSED {}]", fixture.address);
    assert_eq!(watched.trace(), format!("req.socket > req.prefinish > {refused} > req.close"));
}

/// Rows: E3
#[test]
fn e3_premature_close_before_the_response() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    peer.close();
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.error[ECONNRESET|socket hang up] > req.close"
    );
}

/// Rows: E4, E15
#[test]
fn e4_premature_close_after_the_response() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    watched.run();
    drop(peer.writer);
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > res.aborted > req.close > \
         res.error[ECONNRESET|aborted] > res.close"
    );
    assert!(!watched.response.expect("a response").complete());
}

/// Rows: E5, CR17
#[test]
fn e5_destroy_before_a_socket() {
    for (error, told) in [(None, "ECONNRESET|socket hang up"), (Some(mine()), "|mine")] {
        let fixture = Fixture::new();
        let mut watched = Watched::new(fixture.request("GET", &plain()));
        watched.note("DESTROY");
        watched.request.destroy(error);
        assert_eq!(watched.trace(), format!("DESTROY > req.error[{told}] > req.close"));
    }
}

/// Rows: E6
#[test]
fn e6_destroy_before_the_connection() {
    for (error, told) in [(None, "ECONNRESET|socket hang up"), (Some(mine()), "|mine")] {
        let fixture = Fixture::new();
        fixture.network.silence(fixture.address);
        let mut watched = Watched::new(fixture.request("GET", &plain()));
        watched.run();
        watched.note("DESTROY");
        watched.request.destroy(error);
        assert_eq!(watched.trace(), format!("req.socket > DESTROY > req.error[{told}] > req.close"));
        assert_eq!(fixture.network.waiting(), 0, "the attempt was given up");
    }
}

/// Rows: E7
#[test]
fn e7_destroy_after_the_response() {
    for (error, told) in [(None, ""), (Some(mine()), "req.error[|mine] > ")] {
        let fixture = Fixture::new();
        let (mut watched, peer) = fixture.get(&plain());
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        watched.run();
        watched.note("DESTROY");
        watched.request.destroy(error);
        assert_eq!(
            watched.trace(),
            format!(
                "req.socket > req.prefinish > req.finish > req.response > res.data > DESTROY > {told}res.aborted \
                 > req.close > res.error[ECONNRESET|aborted] > res.close"
            )
        );
    }
}

/// Rows: E8, CR2, CR12, CR13
#[test]
fn e8_abort_before_a_socket() {
    let fixture = Fixture::new();
    let mut watched = Watched::new(fixture.request("GET", &plain()));
    watched.note("ABORT");
    watched.request.abort();
    watched.request.abort();
    assert_eq!(watched.trace(), "ABORT > req.close > req.abort");
    assert!(watched.request.aborted());
}

/// Rows: E9
#[test]
fn e9_abort_before_the_connection() {
    let fixture = Fixture::new();
    fixture.network.silence(fixture.address);
    let mut watched = Watched::new(fixture.request("GET", &plain()));
    watched.run();
    watched.note("ABORT");
    watched.request.abort();
    assert_eq!(
        watched.trace(),
        "req.socket > ABORT > req.abort > req.error[ECONNRESET|socket hang up] > req.close"
    );
}

/// Rows: E10
#[test]
fn e10_abort_after_the_response() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    watched.run();
    watched.note("ABORT");
    watched.request.abort();
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > ABORT > req.abort > res.aborted > \
         req.close > res.error[ECONNRESET|aborted] > res.close"
    );
}

fn with_signal(fixture: &Fixture, signal: &AbortSignal) -> Watched {
    let agent = plain();
    let attachments = Attachments {
        agent: Some(&agent),
        signal: Some(signal),
        listening: RequestEvents::ALL,
        ..Attachments::default()
    };
    let request = ClientRequest::create(Some(&fixture.url()), RequestOptions::default(), attachments);
    Watched::new(request.expect("a valid request"))
}

const ABORTED: &str = "req.error[ABORT_ERR|The operation was aborted]";

/// Rows: E11, RO22
#[test]
fn e11_a_signal_before_a_socket() {
    let fixture = Fixture::new();
    let raised = AbortSignal::default();
    raised.abort(None);
    let mut watched = with_signal(&fixture, &raised);
    assert!(watched.request.destroyed());
    assert_eq!(watched.trace(), format!("{ABORTED} > req.close"));
    let error = watched.request.errored().expect("an error");
    let cause = error.details().and_then(|details| details.cause.clone()).expect("a cause");
    assert_eq!((cause.name.as_str(), cause.message.as_str()), ("AbortError", "This operation was aborted"));
}

/// Rows: E11
#[test]
fn e11_a_signal_before_the_connection() {
    let fixture = Fixture::new();
    fixture.network.silence(fixture.address);
    let signal = AbortSignal::default();
    let mut watched = with_signal(&fixture, &signal);
    watched.run();
    signal.abort(Some("why".to_owned()));
    assert_eq!(watched.trace(), format!("req.socket > {ABORTED} > req.close"));
    let error = watched.request.errored().expect("an error");
    let cause = error.details().and_then(|details| details.cause.clone()).expect("a cause");
    assert_eq!((cause.name.as_str(), cause.message.as_str()), ("Error", "why"));
}

/// Rows: E11
#[test]
fn e11_a_signal_after_the_response() {
    let fixture = Fixture::new();
    let signal = AbortSignal::default();
    let mut watched = with_signal(&fixture, &signal);
    watched.request.end(None).expect("an open request");
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    watched.run();
    signal.abort(None);
    assert_eq!(
        watched.trace(),
        format!(
            "req.socket > req.prefinish > req.finish > req.response > res.data > {ABORTED} > res.aborted > \
             req.close > res.error[ECONNRESET|aborted] > res.close"
        )
    );
}

/// Rows: E12, RO24, CR10
#[test]
fn e12_a_timeout_is_a_notice() {
    let fixture = Fixture::new();
    let options = RequestOptions { timeout: Some(50), ..RequestOptions::default() };
    let request = fixture.request_with(options, &plain());
    request.end(None).expect("an open request");
    let mut watched = Watched::new(request);
    let _peer = fixture.accept();
    wait(70);
    wait(200);
    assert_eq!(watched.trace(), "req.socket > req.prefinish > req.finish > req.timeout");
    assert!(!watched.request.destroyed());
}

/// Rows: E12
#[test]
fn e12_a_timeout_in_the_response_is_told_to_both() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&plain());
    watched.request.set_timeout(50);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    watched.run();
    wait(70);
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > req.timeout > res.timeout"
    );
}

pub(super) fn wait(millis: u64) {
    run_until_stalled();
    advance(millis);
    run_until_stalled();
}

/// Rows: E14, CR1
#[test]
fn e14_without_a_listener_the_response_is_dumped() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&keeping());
    watched.request.listen_for(RequestEvents::SOCKET.and(RequestEvents::FINISH));
    peer.send(OK);
    assert_eq!(watched.trace(), "req.socket > req.prefinish > req.finish > req.close");
}

/// Rows: E16
#[test]
fn e16_without_framing_the_end_of_the_connection_is_the_end() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&keeping());
    peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
    watched.run();
    drop(peer.writer);
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > res.data > res.end > res.close > req.close"
    );
    assert!(watched.response.expect("a response").complete());
}

/// Rows: E17, CR5, CR7, I-29
#[test]
fn e17_interim_responses() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&keeping());
    peer.send(&format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n{OK}"));
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.continue > req.information[100] > req.information[103] > \
         req.response > res.data > res.end > req.close > res.close"
    );
}

/// Rows: E18, CR11
#[test]
fn e18_a_101_that_nobody_wants() {
    let fixture = Fixture::new();
    let (mut watched, peer) = fixture.get(&keeping());
    watched.request.listen_for(RequestEvents::RESPONSE);
    watched.take();
    watched.log.clear();
    peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    assert_eq!(watched.trace(), "req.close");
    run_until_stalled();
    assert!(peer.reader.is_ended() || peer.reader.take().starts_with(b"GET"));
}

/// Rows: E19, I-28
#[test]
fn e19_bytes_behind_the_response() {
    let fixture = Fixture::new();
    let agent = keeping();
    let (mut watched, peer) = fixture.get(&agent);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxgarbage");
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.finish > req.response > \
         req.error[HPE_INVALID_CONSTANT|Parse Error: Expected HTTP/, RTSP/ or ICE/] > res.data > res.end > req.close > res.close"
    );
    assert!(agent.free_sockets().is_empty() && agent.sockets().is_empty());
}

/// Rows: E13, CR41
#[test]
fn e13_write_after_end() {
    let fixture = Fixture::new();
    let request = fixture.request("GET", &plain());
    request.end(None).expect("an open request");
    let error = request.write(b"late").expect_err("after the end");
    assert_eq!(error.code(), "ERR_STREAM_WRITE_AFTER_END");
    let mut watched = Watched::new(request);
    let peer = fixture.accept();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(
        watched.trace(),
        "req.socket > req.prefinish > req.error[ERR_STREAM_WRITE_AFTER_END|write after end] > req.finish > \
         req.response > res.data > res.end > res.close > req.close"
    );
    assert!(watched.request.errored().is_none(), "it did not fail");
}
