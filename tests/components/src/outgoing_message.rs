//! Cases for `interface outgoing-message`: a message without a connection.

use futures_util::future::join4;

use node_http_imports::outgoing_message::{OutgoingMessage, OutgoingMessageEventKind, OutgoingMessageEvents};

use crate::support::*;

/// What a new one says of itself.
pub(crate) fn properties() {
    let message = OutgoingMessage::new();
    assert!(message.socket().is_none() && message.connection().is_none());
    assert!(!message.headers_sent() && !message.destroyed() && message.errored().is_none());
    assert!(!message.writable_ended() && !message.writable_finished() && !message.writable_need_drain());
    assert!(!message.writable_object_mode());
    assert_eq!((message.writable_high_water_mark(), message.writable_length()), (65_536, 0));
    message.cork();
    message.cork();
    assert_eq!(message.writable_corked(), 2);
    message.uncork();
    assert_eq!(message.writable_corked(), 1);
    // There is no connection to time.
    message.set_timeout(1);
}

/// All that can be done with headers.
pub(crate) fn headers() {
    let message = OutgoingMessage::new();
    message.set_header("X-One", &HeaderValue::Integer(1)).expect("a valid header");
    message.append_header("x-one", &value("2")).expect("a valid header");
    message
        .set_headers(&[header("X-Two", "2"), header("set-cookie", "a"), header("set-cookie", "b")])
        .expect("valid");
    message.append_header("X-Three", &list(&["3", "4"])).expect("a valid header");
    assert_eq!(plain(message.get_header("X-ONE")), "[\"1\", \"2\"]");
    assert_eq!(plain(message.get_header("x-absent")), "none");
    assert!(message.has_header("x-two"));
    message.remove_header("x-TWO").expect("nothing is sent");
    assert!(!message.has_header("x-two"));
    assert_eq!(message.get_header_names(), ["x-one", "set-cookie", "x-three"]);
    assert_eq!(message.get_raw_header_names(), ["X-One", "set-cookie", "X-Three"]);
    assert_eq!(
        plain_all(message.get_headers()),
        "x-one=[\"1\", \"2\"]&set-cookie=[\"a\", \"b\"]&x-three=[\"3\", \"4\"]"
    );

    let token = "Header name must be a valid HTTP token [\"a b\"]";
    fails(message.set_header("a b", &value("1")), "ERR_INVALID_HTTP_TOKEN", token);
    fails(message.append_header("a b", &value("1")), "ERR_INVALID_HTTP_TOKEN", token);
    fails(message.set_headers(&[header("a b", "1")]), "ERR_INVALID_HTTP_TOKEN", token);
    let content = "Invalid character in header content [\"a\"]";
    fails(message.set_header("a", &value("\n")), "ERR_INVALID_CHAR", content);
    message.add_trailers(&[header("a", "1")]).expect("a valid trailer");
    let token = "Trailer name must be a valid HTTP token [\"a b\"]";
    fails(message.add_trailers(&[header("a b", "1")]), "ERR_INVALID_HTTP_TOKEN", token);
    let content = "Invalid character in trailer content [\"a\"]";
    fails(message.add_trailers(&[header("a", "\n")]), "ERR_INVALID_CHAR", content);
}

/// Nothing can be sent, and nothing changes by trying.
pub(crate) async fn sending() -> Done {
    let message = OutgoingMessage::new();
    let abstract_method = "The _implicitHeader() method is not implemented";
    fails(message.write(&text("x")), "ERR_METHOD_NOT_IMPLEMENTED", abstract_method);
    fails(message.end(Some(&text("x"))), "ERR_METHOD_NOT_IMPLEMENTED", abstract_method);
    fails(message.end(None), "ERR_METHOD_NOT_IMPLEMENTED", abstract_method);
    fails(message.flush_headers(), "ERR_METHOD_NOT_IMPLEMENTED", abstract_method);
    assert!(!message.headers_sent() && !message.writable_ended());
    assert_eq!(message.writable_length(), 0);
    message.set_header("still", &value("open")).expect("nothing is sent");
    message.drain().await;
    message.flushed().await.expect("nothing waits");
}

/// Events are recorded for who listens; `destroy` is the last.
pub(crate) async fn events() -> Done {
    let cannot_pipe = "Cannot pipe, not readable";
    let message = OutgoingMessage::new();
    fails(message.pipe(), "ERR_STREAM_CANNOT_PIPE", cannot_pipe);
    assert!(message.take_events(0).is_empty(), "nobody listens");
    message.listen_for(OutgoingMessageEvents::all());
    fails(message.pipe(), "ERR_STREAM_CANNOT_PIPE", cannot_pipe);
    message.ready().await;
    let events = message.take_events(0);
    // The first was a last word, which waits for who comes late.
    assert_eq!(events.len(), 2);
    for event in &events {
        let OutgoingMessageEventKind::Error(error) = &event.kind else { panic!("{event:?}") };
        assert_eq!(error.message, cannot_pipe);
    }
    let last = events[1].sequence;
    assert!(!message.destroyed());

    let destroy = async { message.destroy(Some(&mine())) };
    let (closed, finished) = (message.closed(), message.finished());
    let ((), finished, (), ()) = join4(closed, finished, message.ready(), destroy).await;
    fails(finished, "ERR_STREAM_PREMATURE_CLOSE", "Premature close");
    message.destroy(None);
    let events = message.take_events(0);
    let [error, close] = &events[..] else { panic!("{events:?}") };
    assert!(last < error.sequence && error.sequence < close.sequence);
    let OutgoingMessageEventKind::Error(error) = &error.kind else { panic!("{error:?}") };
    assert_eq!(error.message, "mine");
    assert!(matches!(close.kind, OutgoingMessageEventKind::Close));
    // Nothing can come any more.
    message.ready().await;
    assert!(message.destroyed());
    assert_eq!(message.errored().map(|error| error.message).as_deref(), Some("mine"));
    let destroyed = "Cannot call write after a stream was destroyed";
    fails(message.write(&text("x")), "ERR_STREAM_DESTROYED", destroyed);
    fails(message.flushed().await, "ERR_STREAM_DESTROYED", destroyed);
}

fn mine() -> Error {
    let (code, message) = (String::new(), "mine".to_owned());
    Error { name: ErrorName::Error, code, message, parse: None, system: None, cause: None }
}
