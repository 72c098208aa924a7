use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::Metrics;
use crate::metrics::Origin;

/// A batch with one connection, and its peer.
fn pair() -> (Batch, u32, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let peer = TcpStream::connect(listener.local_addr().expect("it listens")).expect("it listens");
    let (stream, _) = listener.accept().expect("a peer");
    stream.set_nonblocking(true).expect("a socket");
    let stream = tokio::net::TcpStream::from_std(stream).expect("a runtime");
    let connection = Connection::new(stream, Origin::Accepted, Metrics::default());
    let mut batch = Batch::default();
    let number = batch.attach(Arc::new(connection.into_std().expect("a socket"))).expect("a selector");
    (batch, number, peer)
}

/// Submits, and waits for the system until there is an answer.
async fn answers(
    batch: &mut Batch,
    connection: u32,
    operation: Operation,
    piece: &[u8],
) -> (Vec<Outcome>, Vec<u8>) {
    let submission = Submission { connection, operation };
    let mut result = batch.submit(&[submission], [piece].into_iter(), true).expect("a piece for each send");
    while result.0.is_empty() {
        batch.selector.clone().expect("it is attached").news().await;
        result = batch.submit(&[], std::iter::empty(), true).expect("nothing is sent");
    }
    let (complete, bytes) = result;
    assert!(complete.iter().all(|completion| completion.connection == connection));
    (complete.into_iter().map(|completion| completion.outcome).collect(), bytes)
}

fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let patience = std::time::Duration::from_secs(20);
    runtime.block_on(async { tokio::time::timeout(patience, work).await.expect("the system tells") });
}

/// A short read has emptied the socket, but for the end that stands behind the bytes: the system tells of both at once.
#[test]
fn the_end_behind_the_bytes_is_received() {
    block_on(async {
        let (mut batch, number, mut peer) = pair();
        peer.write_all(b"last words").expect("a connection");
        peer.shutdown(std::net::Shutdown::Write).expect("a connection");
        let (outcomes, bytes) = answers(&mut batch, number, Operation::Receive(100), b"").await;
        assert!(matches!(outcomes[..], [Outcome::Received(10)]), "{outcomes:?}");
        assert_eq!(bytes, b"last words");
        let (outcomes, _) = answers(&mut batch, number, Operation::Receive(100), b"").await;
        assert!(matches!(outcomes[..], [Outcome::Received(0)]), "{outcomes:?}");
    });
}

#[test]
fn no_more_is_received_than_was_asked_for() {
    block_on(async {
        let (mut batch, number, mut peer) = pair();
        peer.write_all(b"one two").expect("a connection");
        for expected in [&b"one"[..], b" tw", b"o"] {
            let (_, bytes) = answers(&mut batch, number, Operation::Receive(3), b"").await;
            assert_eq!(bytes, expected);
        }
    });
}

#[test]
fn whoever_finds_no_room_is_told_when_there_is_some() {
    block_on(async {
        let (mut batch, number, mut peer) = pair();
        let piece = vec![b'x'; 1 << 20];
        let mut sent = 0;
        let send = Submission { connection: number, operation: Operation::Send };
        loop {
            let submitted = batch.submit(&[send], [&piece[..]].into_iter(), true);
            let (complete, _) = submitted.expect("a piece for each send");
            match complete[..] {
                [Completion { outcome: Outcome::Sent(count), .. }] => sent += count as usize,
                [] => break,
                _ => panic!("{complete:?}"),
            }
        }
        let reader = std::thread::spawn(move || {
            let mut bytes = vec![0; sent];
            peer.read_exact(&mut bytes).expect("they were sent");
            peer
        });
        let mut complete = Vec::new();
        while complete.is_empty() {
            batch.selector.clone().expect("it is attached").news().await;
            complete = batch.submit(&[], std::iter::empty(), true).expect("nothing is sent").0;
        }
        assert!(matches!(complete[..], [Completion { outcome: Outcome::Sent(0), .. }]), "{complete:?}");
        reader.join().expect("all of it arrived");
    });
}

#[test]
fn a_reset_is_told_to_whoever_watches_and_to_whoever_receives() {
    block_on(async {
        let (mut batch, number, peer) = pair();
        let linger = rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO));
        linger.expect("a socket");
        drop(peer);
        let (outcomes, _) = answers(&mut batch, number, Operation::Watch, b"").await;
        assert!(matches!(outcomes[..], [Outcome::Broken]), "{outcomes:?}");
        let (outcomes, _) = answers(&mut batch, number, Operation::Receive(1), b"").await;
        assert!(matches!(outcomes[..], [Outcome::ReceiveFailed(ErrorCode::ConnectionReset)]), "{outcomes:?}");
    });
}

/// A component that asks again and again, and never waits, fills nothing.
#[test]
fn a_connection_is_due_once() {
    block_on(async {
        let (mut batch, number, mut peer) = pair();
        peer.write_all(b"x").expect("a connection");
        answers(&mut batch, number, Operation::Receive(1), b"").await;
        peer.write_all(b"y").expect("a connection");
        batch.selector.clone().expect("it is attached").news().await;
        batch.look().expect("a selector");
        batch.rounds = ROUNDS;
        for _ in 0..1000 {
            let receive = Submission { connection: number, operation: Operation::Receive(1) };
            let result = batch.submit(&[receive, receive], std::iter::empty(), false);
            assert!(result.expect("nothing is sent").0.is_empty(), "others have their turn first");
        }
        assert_eq!(batch.due, [number as usize]);
        let forget = Submission { connection: number, operation: Operation::Forget };
        batch.submit(&[forget], std::iter::empty(), false).expect("nothing is sent");
        assert!(batch.due.is_empty());
    });
}

/// What a component says of connections that are none hurts nobody.
#[test]
fn a_number_of_no_connection_is_passed_over() {
    block_on(async {
        let (mut batch, number, _peer) = pair();
        let all = [
            Operation::Forget,
            Operation::Forget,
            Operation::Receive(1),
            Operation::Send,
            Operation::Watch,
            Operation::ShutSend,
        ];
        let submissions = all.map(|operation| Submission { connection: number, operation });
        let (complete, bytes) =
            batch.submit(&submissions, [&b"x"[..]].into_iter(), true).expect("a piece for each send");
        assert!(complete.is_empty() && bytes.is_empty());
        let send = Submission { connection: number, operation: Operation::Send };
        assert!(batch.submit(&[send], std::iter::empty(), false).is_err(), "a send without its bytes");
    });
}
