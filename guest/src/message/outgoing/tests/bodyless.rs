//! Wire goldens of Node 23.5: heads that stand alone: HEAD, 204, 304, and 205, which does not.
//!
//! Each test is one golden, named as in Appendix B.1 of the specification.

use super::*;

/// Rows: SR26, I-7. [HEAD end(hello)]
#[test]
fn golden_head_end_hello() {
    golden(
        |c| {
            c.head_request = true;
        },
        |m| {
            m.end(Some(b"hello"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [HEAD writeHead end]
#[test]
fn golden_head_writehead_end() {
    golden(
        |c| {
            c.head_request = true;
        },
        |m| {
            m.write_head(200, None, HeadFields::None, "D")?;
            m.end(Some(b"hello"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR26, I-7. [HEAD write]
#[test]
fn golden_head_write() {
    golden(
        |c| {
            c.head_request = true;
        },
        |m| {
            m.write(b"hello", "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [HEAD CL]
#[test]
fn golden_head_cl() {
    golden(
        |c| {
            c.head_request = true;
        },
        |m| {
            m.set_header("Content-Length", 5.into())?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [204 end]
#[test]
fn golden_204_end() {
    golden(
        |_| {},
        |m| {
            m.set_status_code(204)?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [204 end(x)]
#[test]
fn golden_204_end_x() {
    golden(
        |_| {},
        |m| {
            m.set_status_code(204)?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [304 CL]
#[test]
fn golden_304_cl() {
    golden(
        |_| {},
        |m| {
            m.write_head(304, None, HeadFields::Object(&[field("Content-Length", "10")]), "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-7. [204 TE]
#[test]
fn golden_204_te() {
    golden(
        |_| {},
        |m| {
            m.write_head(204, None, HeadFields::Object(&[field("Transfer-Encoding", "chunked")]), "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nDate: D\r\nConnection: close\r\n\r\n",
        EOF,
    );
}

/// Rows: I-7. [205 end(x)]
#[test]
fn golden_205_end_x() {
    golden(
        |_| {},
        |m| {
            m.set_status_code(205)?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 205 Reset Content\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}
