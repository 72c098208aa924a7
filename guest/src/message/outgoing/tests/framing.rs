//! Wire goldens of Node 23.5: how the body ends: automatic lengths, chunks, HTTP/1.0, lengths that the program gives.
//!
//! Each test is one golden, named as in Appendix B.1 of the specification.

use super::*;

/// Rows: SR6, I-1, I-5. [end(hello)]
#[test]
fn golden_end_hello() {
    golden(
        |_| {},
        |m| {
            m.end(Some(b"hello"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello",
        OPEN,
    );
}

/// Rows: SR6, I-5. [end()]
#[test]
fn golden_end_nothing() {
    golden(
        |_| {},
        |m| {
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR26, OM28, I-5. [write+end()]
#[test]
fn golden_write_then_end_nothing() {
    golden(
        |_| {},
        |m| {
            m.write(b"hello ", "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR26, OM10, I-22. [write+write+end(x)]
#[test]
fn golden_write_then_write_then_end_x() {
    golden(
        |_| {},
        |m| {
            m.write(b"ab", "D")?;
            m.write(b"cde", "D")?;
            m.end(Some(b"f"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n1\r\nf\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR26. [write empty then end(x)]
#[test]
fn golden_write_empty_then_end_x() {
    golden(
        |_| {},
        |m| {
            m.write(b"", "D")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR8, OM11, I-5. [flushHeaders then end(x)]
#[test]
fn golden_flushheaders_then_end_x() {
    golden(
        |_| {},
        |m| {
            m.flush_headers("D")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-6. [1.0 end]
#[test]
fn golden_10_end() {
    golden(
        |c| {
            c.http_version = (1, 0);
            c.keep_alive = false;
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nx",
        EOF,
    );
}

/// Rows: I-6. [1.0 write+end]
#[test]
fn golden_10_write_then_end() {
    golden(
        |c| {
            c.http_version = (1, 0);
            c.keep_alive = false;
        },
        |m| {
            m.write(b"x", "D")?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nxy",
        EOF,
    );
}

/// Rows: I-6. [1.0 keepalive end(x)]
#[test]
fn golden_10_keepalive_end_x() {
    golden(
        |c| {
            c.http_version = (1, 0);
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nx",
        EOF,
    );
}

/// Rows: I-6. [1.0 keepalive CL set]
#[test]
fn golden_10_keepalive_cl_set() {
    golden(
        |c| {
            c.http_version = (1, 0);
        },
        |m| {
            m.set_header("Content-Length", 1.into())?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-6. [1.0 keepalive write+end]
#[test]
fn golden_10_keepalive_write_then_end() {
    golden(
        |c| {
            c.http_version = (1, 0);
        },
        |m| {
            m.write(b"x", "D")?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nxy",
        EOF,
    );
}

/// Rows: I-6. [1.0 TE: chunked keepalive write+end]
#[test]
fn golden_10_te_chunked_keepalive_write_then_end() {
    golden(
        |c| {
            c.http_version = (1, 0);
            c.te_chunked = true;
        },
        |m| {
            m.write(b"x", "D")?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR3, I-6. [1.0 trailers]
#[test]
fn golden_10_trailers() {
    golden(
        |c| {
            c.http_version = (1, 0);
            c.keep_alive = false;
        },
        |m| {
            m.add_trailers(&[field("a", "b")])?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\ny",
        EOF,
    );
}

/// Rows: I-8, S8. [CL too big body short]
/// S8: the same bytes, but the connection closes.
#[test]
fn golden_cl_too_big_body_short() {
    golden(
        |_| {},
        |m| {
            m.set_header("Content-Length", 10.into())?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nabc",
        EOF,
    );
}

/// Rows: I-8, S8. [CL small, body long]
/// S8: the same bytes, but the connection closes.
#[test]
fn golden_cl_small_body_long() {
    golden(
        |_| {},
        |m| {
            m.set_header("Content-Length", 2.into())?;
            m.end(Some(b"abcdef"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nabcdef",
        EOF,
    );
}

/// Rows: I-8. [explicit TE chunked]
#[test]
fn golden_explicit_te_chunked() {
    golden(
        |_| {},
        |m| {
            m.set_header("Transfer-Encoding", "chunked".into())?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-8. [explicit TE gzip, chunked]
#[test]
fn golden_explicit_te_gzip_chunked() {
    golden(
        |_| {},
        |m| {
            m.set_header("Transfer-Encoding", "gzip, chunked".into())?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-8, S7. [explicit TE + CL]
/// S7: without the Content-Length that Node sends.
#[test]
fn golden_explicit_te_then_cl() {
    golden(
        |_| {},
        |m| {
            m.set_header("Transfer-Encoding", "chunked".into())?;
            m.set_header("Content-Length", "3".into())?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        OPEN,
    );
}
