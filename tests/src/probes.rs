//! What the servers of the probes do that recorded Node's client, label by label.

use crate::peer::Peer;

/// What the server of `client.js` answers to each `{…}` label, and whether it ends the connection.
///
/// # Panics
/// When there is no such label.
pub fn reply_of(label: &str) -> (String, bool) {
    let ok = "HTTP/1.1 200 OK\r\n";
    let (bytes, ends) = match label {
        "no framing until close" => (format!("{ok}\r\nhello"), true),
        "CL short EOF" => (format!("{ok}Content-Length: 10\r\n\r\nhello"), true),
        "chunked EOF" => (format!("{ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), true),
        "chunked no last EOF" => (format!("{ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), true),
        "EOF headers" => (format!("{ok}Con"), true),
        "TE gzip until close" => (format!("{ok}Transfer-Encoding: gzip\r\n\r\nabc"), true),
        "CL+TE" => (format!("{ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false),
        "dup CL" => (format!("{ok}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), false),
        "extra data after" => (format!("{ok}Content-Length: 1\r\n\r\nxEXTRA"), false),
        "two responses" => (format!("{ok}Content-Length: 1\r\n\r\nx{ok}Content-Length: 1\r\n\r\ny"), false),
        "obs fold" => (format!("{ok}A: b\r\n c\r\nContent-Length: 0\r\n\r\n"), false),
        "trailers" => {
            (format!("{ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\nx-t: 2\r\n\r\n"), false)
        }
        "overflow" => (format!("{ok}A: {}\r\n\r\n", "a".repeat(17_000)), false),
        "set-cookie" => (
            format!("{ok}set-cookie: a\r\nAge: 1\r\nage: 2\r\nX: 1\r\nx: 2\r\nContent-Length: 0\r\n\r\n"),
            false,
        ),
        _ => {
            let (bytes, ends) = other_reply(label);
            (bytes.to_owned(), ends)
        }
    };
    (bytes, ends)
}

/// Replies that do not begin with `HTTP/1.1 200 OK\r\n`.
fn other_reply(label: &str) -> (&'static str, bool) {
    match label {
        "EOF nothing" => ("", true),
        "1xx then 200" => (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            false,
        ),
        "101 no listener" => ("HTTP/1.1 101 SP\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nabc", false),
        "101 no upgrade hdrs" => ("HTTP/1.1 101 SP\r\n\r\nabc", false),
        "204 with CL body" => ("HTTP/1.1 204 NC\r\nContent-Length: 3\r\n\r\nabc", false),
        "304 with CL" => ("HTTP/1.1 304 NM\r\nContent-Length: 3\r\n\r\n", false),
        "bad status line" => ("HTTP/1.1 abc OK\r\n\r\n", false),
        "no reason" => ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false),
        "bare LF" => ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", false),
        "HTTP/1.0 no CL" => ("HTTP/1.0 200 OK\r\n\r\nabc", true),
        "HTTP/1.0 keepalive CL" => {
            ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", false)
        }
        _ => panic!("no reply for {label:?}"),
    }
}

/// What the probe's server does in each scenario of `events.js`.
pub fn script_of(label: &str) -> fn(&mut Peer) -> Option<()> {
    const PART: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n";
    match label {
        "success keepalive agent" => |peer| {
            peer.head()?;
            peer.send("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx")
        },
        "success empty body" => |peer| {
            peer.head()?;
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
            peer.half_close()
        },
        "premature close before response" => |peer| {
            peer.head()?;
            peer.close()
        },
        label if label.starts_with("premature close after response") => |peer| {
            peer.head()?;
            peer.send(PART)?;
            peer.go()?;
            peer.close()
        },
        "timeout option" | "timeout option destroy" => |_| Some(()),
        label if label.ends_with("after response") || label == "response timeout mid body" => |peer| {
            peer.head()?;
            peer.send(PART)
        },
        _ => |peer| {
            peer.head()?;
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")?;
            peer.half_close()
        },
    }
}
