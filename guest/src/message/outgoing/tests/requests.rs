//! Wire goldens of Node 23.5: the bytes of requests.
//!
//! Each test is one line of the vector file, found by its label.

use super::*;

/// One line for each request: `[label] "bytes" what came back`.
const VECTORS: &str = include_str!("../../../../../tests/vectors/node-23.5-client-wire.txt");

/// What a golden says about the connection behind the request: whether an agent may use it again.
const REUSABLE: bool = false;
const CLOSES: bool = true;

/// The bytes of a vector.
fn vector(label: &str) -> String {
    let start = format!("[{label}] ");
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(&start)).expect("a label of the file");
    let (wire, _) = line.strip_prefix('"').and_then(|rest| rest.split_once('"')).expect("quoted bytes");
    wire.replace("\\r\\n", "\r\n")
}

/// Runs `calls` on a request and compares everything that is ready for the wire.
fn golden(
    label: &str,
    context: RequestContext,
    calls: impl FnOnce(&mut OutgoingMessage) -> Result<(), Error>,
    closes: bool,
) {
    let mut message = OutgoingMessage::request(context);
    calls(&mut message).expect("the calls are valid");
    assert_eq!(wire_of(&mut message), vector(label));
    assert_eq!(message.closes_connection(), closes, "closes the connection");
}

fn get() -> RequestContext {
    RequestContext::default()
}

fn method(method: &str) -> RequestContext {
    RequestContext { method: method.to_owned().into(), ..get() }
}

fn path(path: &str) -> RequestContext {
    RequestContext { path: path.to_owned(), ..get() }
}

/// What the client does with an agent that never uses a connection twice.
fn one_shot() -> RequestContext {
    RequestContext { keep_alive: false, ..get() }
}

fn host(message: &mut OutgoingMessage) -> Result<(), Error> {
    message.set_header("Host", "HOST".into())
}

/// `end()` and `end(data)` behind the automatic Host.
fn host_and_end(message: &mut OutgoingMessage, body: Option<&[u8]>) -> Result<(), Error> {
    host(message)?;
    message.end(body, "D")
}

#[test]
fn every_vector_is_here() {
    let quoted = VECTORS.lines().filter(|line| line.starts_with('[') && line.contains("] \""));
    let labels = quoted.filter_map(|line| line[1..].split_once("] \"")).map(|(label, _)| label);
    for label in labels {
        assert!(include_str!("requests.rs").contains(&format!("\"{label}\"")), "{label}");
    }
}

/// Rows: I-24, I-25, CR16
#[test]
fn golden_get() {
    for label in ["get", "socketPath+...", "agent maxSockets 1 no keepalive"] {
        golden(label, get(), |m| host_and_end(m, None), REUSABLE);
    }
}

/// Rows: I-25
#[test]
fn golden_one_shot_agents() {
    for label in ["get agent keepAlive false", "agent:false"] {
        golden(label, one_shot(), |m| host_and_end(m, None), CLOSES);
    }
}

/// Rows: I-24, CR16
#[test]
fn golden_post_end() {
    golden("POST end()", method("POST"), |m| host_and_end(m, None), REUSABLE);
    golden("POST end(x)", method("POST"), |m| host_and_end(m, Some(b"x")), REUSABLE);
    golden("custom method", method("PURGE"), |m| host_and_end(m, None), REUSABLE);
}

/// Rows: I-24, CR41
#[test]
fn golden_post_write_then_end() {
    golden(
        "POST write+end",
        method("POST"),
        |m| {
            host(m)?;
            m.write(b"ab", "D")?;
            m.end(Some(b"c"), "D")
        },
        REUSABLE,
    );
}

/// Rows: I-24, CR16, S8. The bytes are Node's; a server that reads them as a request must not find ours.
#[test]
fn golden_bodies_that_nothing_announces() {
    golden("GET end(body)", get(), |m| host_and_end(m, Some(b"body")), CLOSES);
    golden("DELETE end(body)", method("DELETE"), |m| host_and_end(m, Some(b"body")), CLOSES);
    golden(
        "GET write+end",
        get(),
        |m| {
            host(m)?;
            m.write(b"bo", "D")?;
            m.end(Some(b"dy"), "D")
        },
        CLOSES,
    );
}

/// Rows: I-24
#[test]
fn golden_delete_end() {
    golden("DELETE end() ", method("DELETE"), |m| host_and_end(m, None), REUSABLE);
}

/// Rows: I-24, CR33
#[test]
fn golden_given_framing() {
    golden(
        "GET CL + body",
        get(),
        |m| {
            m.set_header("Content-Length", 4.into())?;
            host_and_end(m, Some(b"body"))
        },
        REUSABLE,
    );
    golden(
        "GET TE chunked + body",
        get(),
        |m| {
            m.set_header("Transfer-Encoding", "chunked".into())?;
            host_and_end(m, Some(b"body"))
        },
        REUSABLE,
    );
}

/// Rows: I-25, CR33, RO6
#[test]
fn golden_hdr_obj_order() {
    golden(
        "hdr obj order",
        get(),
        |m| {
            m.set_header("X-B", "1".into())?;
            m.set_header("x-a", ["1", "2"].into())?;
            m.set_header("Cookie", ["a=1", "b=2"].into())?;
            m.set_header("Set-Cookie", ["x", "y"].into())?;
            host(m)?;
            m.set_header("Authorization", "Basic dTpw".into())?;
            m.end(None, "D")
        },
        REUSABLE,
    );
}

/// Rows: RO6, I-38
#[test]
fn golden_hdr_arrays() {
    for label in ["hdr array flat", "hdr array pairs"] {
        golden(
            label,
            get(),
            |m| {
                m.start_with_fields(&[field("X-B", "1"), field("X-B", "2")])?;
                assert!(m.headers_sent() && !m.has_output(), "the head waits");
                m.end(None, "D")
            },
            REUSABLE,
        );
    }
}

/// Rows: I-25. [setHost false]
#[test]
fn golden_sethost_false() {
    golden("setHost false", get(), |m| m.end(None, "D"), REUSABLE);
}

/// Rows: RO20, S8
#[test]
fn golden_setdefaultheaders_false() {
    let post = RequestContext { default_headers: false, ..method("POST") };
    golden("setDefaultHeaders false", post, |m| m.end(Some(b"x"), "D"), CLOSES);
    let get = RequestContext { default_headers: false, ..get() };
    golden("setDefaultHeaders false + setHost", get, |m| host_and_end(m, None), REUSABLE);
}

/// Rows: RO25
#[test]
fn golden_uniqueheaders() {
    let context = RequestContext { unique_headers: ["x-a".to_owned()].into(), ..get() };
    golden(
        "uniqueHeaders",
        context,
        |m| {
            m.set_header("x-a", ["1", "2"].into())?;
            m.set_header("x-c", ["1", "2"].into())?;
            host_and_end(m, None)
        },
        REUSABLE,
    );
}

/// Rows: I-26
#[test]
fn golden_expect() {
    golden(
        "expect",
        method("POST"),
        |m| {
            assert!(!m.expects_continue());
            m.set_header("Expect", "100-continue".into())?;
            host(m)?;
            assert!(m.expects_continue());
            m.start_expecting()
        },
        REUSABLE,
    );
}

/// Rows: CR20
#[test]
fn golden_flushheaders() {
    golden(
        "flushHeaders",
        method("POST"),
        |m| {
            host(m)?;
            m.flush_headers("D")
        },
        REUSABLE,
    );
}

/// Rows: I-26
#[test]
fn golden_no_end() {
    golden("no end", method("POST"), host, REUSABLE);
}

/// Rows: I-25
#[test]
fn golden_explicit_connection_close() {
    golden(
        "explicit connection close",
        get(),
        |m| {
            m.set_header("connection", "close".into())?;
            host_and_end(m, None)
        },
        CLOSES,
    );
}

/// Rows: CR31
#[test]
fn golden_removed_headers() {
    golden(
        "removeHeader host",
        get(),
        |m| {
            host(m)?;
            m.remove_header("host")?;
            m.end(None, "D")
        },
        REUSABLE,
    );
    golden(
        "removeHeader connection",
        get(),
        |m| {
            host(m)?;
            m.remove_header("connection")?;
            m.end(None, "D")
        },
        REUSABLE,
    );
}

/// Rows: CR16, CR41
#[test]
fn golden_trailers() {
    golden(
        "trailers",
        method("POST"),
        |m| {
            host(m)?;
            m.set_header("Trailer", "x-t".into())?;
            m.write(b"a", "D")?;
            m.add_trailers(&[field("x-t", "1")])?;
            m.end(None, "D")
        },
        REUSABLE,
    );
}

/// Rows: I-37
#[test]
fn golden_targets() {
    golden(
        "url string",
        path("/a/b?c=d"),
        |m| {
            host(m)?;
            m.set_header("Authorization", "Basic dXNAZXI6cGE6c3M=".into())?;
            m.end(None, "D")
        },
        REUSABLE,
    );
    golden("path latin1 e9", path("/\u{e9}"), |m| host_and_end(m, None), REUSABLE);
    golden("path no slash", path("abc"), |m| host_and_end(m, None), REUSABLE);
    let options = RequestContext { method: "OPTIONS".into(), ..path("*") };
    golden("path *", options, |m| host_and_end(m, None), REUSABLE);
    let connect = RequestContext { method: "CONNECT".into(), ..path("h:1") };
    golden("CONNECT", connect, |m| host_and_end(m, None), REUSABLE);
}

/// Rows: CR33
#[test]
fn golden_invalid_headers() {
    let mut m = OutgoingMessage::request(get());
    let thrown = |label: &str, result: Result<(), Error>| {
        let error = result.expect_err(label);
        let line = format!("[{label}]  THROW {} {}", error.code(), error.message());
        assert!(VECTORS.lines().any(|known| known == line), "{line}");
    };
    thrown("hdr bad char", m.set_header("a", "x\ny".into()));
    thrown("hdr bad name", m.set_header("a b", "x".into()));
    let array = m.start_with_fields(&[field("a", "x\ny")]);
    thrown("hdr bad char", array);
    assert!(!m.headers_sent() && !m.has_output());
}
