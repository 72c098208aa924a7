//! How connections end, and what is told then, in the standard's order.

use super::*;

#[test]
fn messages_go_both_ways_and_the_closing_handshake_ends_them() {
    let deflate = Some(DeflateOptions::default());
    let settings = Settings { deflate, ..Settings::default() };
    let accept = AcceptOptions { settings, ..AcceptOptions::default() };
    for (accept, connect) in [(AcceptOptions::default(), Settings::default()), (accept, settings)] {
        let (client, server) = pair(accept, connect);
        client.send(text("hello")).expect("it is open");
        client.send(Message::Binary(vec![7; 100_000])).expect("it is open");
        assert_eq!(told(&server), "hello, 100000 bytes");
        server.send(text(&"ab".repeat(2000))).expect("it is open");
        assert_eq!(told(&client), "ab".repeat(2000));
        client.close(Some(3001), Some("bye".to_owned())).expect("both are allowed");
        assert_eq!(client.ready_state(), ReadyState::Closing);
        client.close(Some(3002), None).expect("a second call does nothing");
        client.send(text("late")).expect("it only counts");
        assert_eq!(client.buffered_amount() - 4, 0);
        assert_eq!(told(&server), "clean 3001 bye");
        assert_eq!(told(&client), "clean 3001");
        assert_eq!((client.ready_state(), server.ready_state()), (ReadyState::Closed, ReadyState::Closed));
        assert_eq!(client.buffered_amount(), 4);
    }
}

#[test]
fn arguments_of_close() {
    let (client, _server) = pair(AcceptOptions::default(), Settings::default());
    for code in [999, 1001, 1005, 2999, 5000] {
        let error = client.close(Some(code), None).expect_err("it is no application's");
        assert_eq!((error.name().as_str(), error.code()), ("InvalidAccessError", "15"));
    }
    let error = client.close(None, Some("é".repeat(62))).expect_err("it is too long");
    assert_eq!((error.code(), error.message()), ("12", "Reason must be less than 123 bytes; received 124"));
    assert_eq!(client.ready_state(), ReadyState::Open);
    client.close(None, Some("x".repeat(123))).expect("it is allowed");
    assert_eq!(told(&client), "clean 1000");
}

#[test]
fn the_peer_closes_first() {
    let (socket, reader, writer) = accepted(AcceptOptions::default());
    writer.push(&frame(0x88, b""));
    assert_eq!(told(&socket), "open");
    assert_eq!(socket.ready_state(), ReadyState::Closing);
    assert_eq!(reader.take(), [0x88, 0]);
    assert!(reader.is_ended(), "a server ends the connection");
    drop(writer);
    assert_eq!(told(&socket), "clean 1005");

    let (socket, reader, writer) = opened(&[], Settings::default(), "");
    writer.push(&[0x88, 4, 0x0f, 0xa1, b'h', b'i']);
    assert_eq!(told(&socket), "open");
    assert_eq!(reader.take().len(), 8);
    assert!(!reader.is_ended(), "a client waits for the server");
    drop(writer);
    assert_eq!(told(&socket), "clean 4001 hi");
    assert!(reader.is_ended());
}

#[test]
fn a_connection_that_breaks_has_no_error() {
    for reset in [false, true] {
        let (socket, _reader, writer) = opened(&[], Settings::default(), "");
        if reset {
            writer.reset()
        } else {
            drop(writer)
        }
        assert_eq!(told(&socket), "open, unclean 1006");
    }
}

#[test]
fn what_the_peer_must_not_do_is_told_to_both() {
    let (socket, reader, writer) = accepted(AcceptOptions::default());
    writer.push(&frame(0x81, b"\xff"));
    assert_eq!(told(&socket), "open");
    assert!(reader.take().starts_with(&[0x88, 39, 3, 0xef]), "1007");
    assert!(reader.is_ended());
    drop(writer);
    assert_eq!(told(&socket), "error Received invalid UTF-8 in text frame., unclean 1006");
}

#[test]
fn a_peer_that_never_answers_close() {
    let (socket, reader, _writer) = opened(&[], Settings::default(), "");
    socket.close(None, None).expect("it is allowed");
    assert_eq!(told(&socket), "open");
    advance(9_990);
    assert_eq!((told(&socket), reader.is_ended()), (String::new(), false));
    advance(32);
    assert_eq!(told(&socket), "unclean 1006");

    // One that answers, but does not end the connection: that was clean.
    let (socket, _reader, writer) = opened(&[], Settings::default(), "");
    writer.push(&[0x88, 2, 3, 0xe8]);
    assert_eq!(told(&socket), "open");
    advance(10_032);
    assert_eq!(told(&socket), "clean 1000");
}

#[test]
fn giving_up_while_connecting() {
    let (socket, reader, _writer) = client(&[], Settings::default());
    socket.close(None, None).expect("it is allowed");
    assert_eq!(socket.ready_state(), ReadyState::Closing);
    assert_eq!(told(&socket), "error Received network error or non-101 status code., unclean 1006");
    assert!(reader.take().starts_with(b"GET ") && reader.is_ended());

    let (socket, reader, _writer) = client(&[], Settings::default());
    advance(30_016);
    assert_eq!(told(&socket), "error Received network error or non-101 status code., unclean 1006");
    assert!(reader.take().starts_with(b"GET ") && reader.is_ended());
}

#[test]
fn a_dropped_handle_goes_away() {
    let (socket, reader, _writer) = opened(&[], Settings::default(), "");
    socket.send(text("last")).expect("it is open");
    run_until_stalled();
    reader.take();
    drop(socket);
    run_until_stalled();
    let close = reader.take();
    let [0x88, 0x82, key @ .., code_0, code_1] = &*close else { panic!("{close:02x?}") };
    assert_eq!([code_0 ^ key[0], code_1 ^ key[1]], 1001_u16.to_be_bytes());
    let (socket, reader, _writer) = client(&[], Settings::default());
    drop(socket);
    run_until_stalled();
    assert!(reader.take().starts_with(b"GET ") && reader.is_ended());
}

#[test]
fn terminate_ends_at_once() {
    let (client, server) = pair(AcceptOptions::default(), Settings::default());
    server.terminate();
    assert_eq!((told(&server), told(&client)), ("unclean 1006".to_owned(), "unclean 1006".to_owned()));
}

#[test]
fn messages_before_the_close_frame_can_be_taken_after_it() {
    let (socket, _reader, writer) = accepted(AcceptOptions::default());
    writer.push(&[frame(0x81, b"a"), frame(0x88, b""), frame(0x81, b"b")].concat());
    drop(writer);
    assert_eq!(told(&socket), "open, a, clean 1005");
}

#[test]
fn waiting_moves_nothing() {
    let (client, server) = pair(AcceptOptions::default(), Settings::default());
    let (client, server) = (Rc::new(client), Rc::new(server));
    let waits = {
        let (client, server) = (Rc::clone(&client), Rc::clone(&server));
        async move {
            client.send(text("a")).expect("it is open");
            client.drain().await;
            server.ready().await;
            client.close(None, None).expect("it is allowed");
            client.closed().await;
            server.closed().await;
        }
    };
    let done = Rc::new(std::cell::Cell::new(false));
    let told_done = Rc::clone(&done);
    crate::runtime::spawn(async move {
        waits.await;
        told_done.set(true);
    });
    run_until_stalled();
    assert!(done.get());
    assert_eq!((told(&client), told(&server)), ("clean 1005".to_owned(), "a, clean 1005".to_owned()));
}
