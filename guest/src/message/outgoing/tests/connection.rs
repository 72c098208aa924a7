//! Wire goldens of Node 23.5: whether the connection persists, and interim responses.
//!
//! Each test is one golden, named as in Appendix B.1 of the specification.

use super::*;
use crate::proto::{Decoder, Direction, Event, Leniency, Limits};

/// Rows: I-4. [req close]
#[test]
fn golden_req_close() {
    golden(
        |c| {
            c.keep_alive = false;
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        EOF,
    );
}

/// Rows: I-3, I-4. [res close]
#[test]
fn golden_res_close() {
    golden(
        |_| {},
        |m| {
            m.set_header("Connection", "close".into())?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: D\r\nContent-Length: 1\r\n\r\nx",
        EOF,
    );
}

/// Rows: I-11. [no host]
#[test]
fn golden_no_host() {
    golden(
        |_| {},
        |m| {
            m.write_head(400, None, HeadFields::Array(&[field("Connection", "close")]), "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        EOF,
    );
}

/// Rows: SR27, I-16. [expect default]
#[test]
fn golden_expect_default() {
    golden(
        |c| {
            c.expects_continue = true;
        },
        |m| {
            m.write_continue()?;
            m.end(Some(b"hi"), "D")?;
            Ok(())
        },
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nhi",
        OPEN,
    );
}

/// Rows: I-4. [checkContinue final w/o continue]
#[test]
fn golden_checkcontinue_final_w_o_continue() {
    golden(
        |c| {
            c.expects_continue = true;
        },
        |m| {
            m.set_status_code(400)?;
            m.end(Some(b"no"), "D")?;
            Ok(())
        },
        "HTTP/1.1 400 Bad Request\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
        EOF,
    );
}

/// Rows: I-11. [expect bogus]
#[test]
fn golden_expect_bogus() {
    golden(
        |_| {},
        |m| {
            m.write_head(417, None, HeadFields::None, "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 417 Expectation Failed\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: I-3. [keepAliveTimeout 0]
#[test]
fn golden_keepalivetimeout_0() {
    golden(
        |c| {
            c.keep_alive_timeout = 0;
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-3. [keepAliveTimeout 1500]
#[test]
fn golden_keepalivetimeout_1500() {
    golden(
        |c| {
            c.keep_alive_timeout = 1500;
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=1\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-3. [keepAliveTimeout 500]
#[test]
fn golden_keepalivetimeout_500() {
    golden(
        |c| {
            c.keep_alive_timeout = 500;
        },
        |m| {
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-3. [own Keep-Alive]
#[test]
fn golden_own_keep_alive() {
    golden(
        |_| {},
        |m| {
            m.set_header("Keep-Alive", "timeout=9".into())?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=9\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-3. [own Connection keep-alive]
#[test]
fn golden_own_connection_keep_alive() {
    golden(
        |_| {},
        |m| {
            m.set_header("Connection", "keep-alive".into())?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nDate: D\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: SR27, SR28, SR30. [early hints]
#[test]
fn golden_early_hints() {
    golden(
        |_| {},
        |m| {
            let links = ["</a>; rel=preload", "</b>; rel=preload"];
            m.write_early_hints(&[field("link", links), field("x-t", "1")])?;
            m.write_processing()?;
            m.write_continue()?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, </b>; rel=preload\r\nx-t: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: I-6, I-7, I-16. What a response takes over from its request.
#[test]
fn a_context_reads_its_request() {
    let context = |head: &str| {
        let mut decoder = Decoder::new(Direction::Request, Limits::default(), Leniency::STRICT);
        match decoder.decode(head.as_bytes()) {
            Ok((_, Some(Event::RequestHead(head)))) => ResponseContext::default().for_request(&head),
            other => panic!("not a request head: {other:?}"),
        }
    };
    let old = context("HEAD / HTTP/1.0\r\nTE: gzip, Chunked\r\nExpect: 100-continue\r\n\r\n");
    assert!(old.head_request && old.te_chunked && !old.keep_alive && !old.expects_continue);
    assert_eq!(old.http_version, (1, 0));
    let new = context("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n");
    assert!(!new.head_request && !new.te_chunked && new.keep_alive && new.expects_continue);
}
