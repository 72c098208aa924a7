//! Wire goldens of Node 23.5: header lines and status lines: what the program says, what is added, what it can suppress.
//!
//! Each test is one golden, named as in Appendix B.1 of the specification.

use super::*;

/// Rows: SR29, I-5. [writeHead+end(x)]
#[test]
fn golden_writehead_then_end_x() {
    golden(
        |_| {},
        |m| {
            m.write_head(200, None, HeadFields::Object(&[field("Content-Type", "text/plain")]), "D")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR17, OM19, I-1, I-10. [setHeader+end(x)]
#[test]
fn golden_setheader_then_end_x() {
    golden(
        |_| {},
        |m| {
            m.set_header("X-A", 1.into())?;
            m.set_header("x-b", ["1", "2"].into())?;
            m.set_header("Set-Cookie", ["a=1", "b=2"].into())?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b: 1\r\nx-b: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: SR29. [writeHead reason]
#[test]
fn golden_writehead_reason() {
    golden(
        |_| {},
        |m| {
            m.write_head(404, Some("Nope".into()), HeadFields::Object(&[field("A", "b")]), "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 404 Nope\r\nA: b\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR29. [writeHead array]
#[test]
fn golden_writehead_array() {
    golden(
        |_| {},
        |m| {
            m.write_head(
                200,
                None,
                HeadFields::Array(&[field("A", "1"), field("A", "2"), field("b", "3")]),
                "D",
            )?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nb: 3\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR17, SR29. [setHeader+writeHead obj]
#[test]
fn golden_setheader_then_writehead_obj() {
    golden(
        |_| {},
        |m| {
            m.set_header("X-A", "1".into())?;
            m.write_head(200, None, HeadFields::Object(&[field("x-a", "2"), field("Y", "3")]), "D")?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nx-a: 2\r\nY: 3\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SO15, OM6, SR17, I-10. [uniqueHeaders]
#[test]
fn golden_uniqueheaders() {
    golden(
        |c| {
            c.unique_headers = ["x-u".to_owned()].into();
        },
        |m| {
            m.set_header("X-U", ["1", "2"].into())?;
            m.set_header("Cookie", ["a", "b"].into())?;
            m.append_header("x-v", "1".into())?;
            m.append_header("X-V", "2".into())?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nX-U: 1; 2\r\nCookie: a; b\r\nx-v: 1\r\nx-v: 2\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR20, SR21. [status unknown]
#[test]
fn golden_status_unknown() {
    golden(
        |_| {},
        |m| {
            m.set_status_code(299)?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 299 unknown\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR21. [statusMessage]
#[test]
fn golden_statusmessage() {
    golden(
        |_| {},
        |m| {
            m.set_status_message(Some("Hi There".into()))?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 Hi There\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR21. [statusMessage empty string]
#[test]
fn golden_statusmessage_empty_string() {
    golden(
        |_| {},
        |m| {
            m.set_status_message(Some(String::new()))?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR3, OM5. [trailers]
#[test]
fn golden_trailers() {
    golden(
        |_| {},
        |m| {
            m.write_head(200, None, HeadFields::Object(&[field("Trailer", "X-T")]), "D")?;
            m.write(b"a", "D")?;
            m.add_trailers(&[field("X-T", "v"), field("X-U", ["1", "2"])])?;
            m.end(None, "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: v\r\nX-U: 1\r\nX-U: 2\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR3. [trailers w/o Trailer hdr, end only]
#[test]
fn golden_trailers_w_o_trailer_hdr_end_only() {
    golden(
        |_| {},
        |m| {
            m.add_trailers(&[field("X-T", "v")])?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 3\r\n\r\nabc",
        OPEN,
    );
}

/// Rows: SR3, I-50. [Trailer + CL throws]
#[test]
fn golden_trailer_then_cl_throws() {
    golden(
        |_| {},
        |m| {
            let fields = [field("Trailer", "x"), field("Content-Length", 1)];
            let error = m.write_head(200, None, HeadFields::Object(&fields), "D").expect_err("no chunks");
            assert_eq!(error, Error::trailer_invalid());
            m.remove_header("trailer")?;
            m.end(Some(b"a"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\na",
        OPEN,
    );
}

/// Rows: SR3, I-5. [Trailer hdr end only]
#[test]
fn golden_trailer_hdr_end_only() {
    golden(
        |_| {},
        |m| {
            m.set_header("Trailer", "X-T".into())?;
            m.add_trailers(&[field("X-T", "v")])?;
            m.end(Some(b"abc"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR14, OM18, I-9. [remove connection]
#[test]
fn golden_remove_connection() {
    golden(
        |_| {},
        |m| {
            m.remove_header("connection")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: SR14, I-2. [remove date]
#[test]
fn golden_remove_date() {
    golden(
        |_| {},
        |m| {
            m.remove_header("date")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
        OPEN,
    );
}

/// Rows: SR14, I-9. [remove CL]
#[test]
fn golden_remove_cl() {
    golden(
        |_| {},
        |m| {
            m.remove_header("content-length")?;
            m.end(Some(b"x"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        OPEN,
    );
}

/// Rows: SR14, I-9. [remove TE]
#[test]
fn golden_remove_te() {
    golden(
        |_| {},
        |m| {
            m.remove_header("transfer-encoding")?;
            m.write(b"x", "D")?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nxy",
        EOF,
    );
}

/// Rows: SR14, I-9. [remove CL+TE]
#[test]
fn golden_remove_cl_then_te() {
    golden(
        |_| {},
        |m| {
            m.remove_header("transfer-encoding")?;
            m.remove_header("content-length")?;
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\ny",
        EOF,
    );
}

/// Rows: SR16, I-2. [sendDate false]
#[test]
fn golden_senddate_false() {
    golden(
        |_| {},
        |m| {
            m.set_send_date(false);
            m.end(Some(b"y"), "D")?;
            Ok(())
        },
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\ny",
        OPEN,
    );
}

/// Rows: SR21, SR29. An empty reason is sent as it is, unlike an empty `statusMessage`.
#[test]
fn an_empty_reason_stays_empty() {
    golden(
        |_| {},
        |m| {
            m.write_head(200, Some(String::new()), HeadFields::None, "D")?;
            m.end(None, "D")
        },
        "HTTP/1.1 200 \r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OPEN,
    );
}
