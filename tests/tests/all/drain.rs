//! The host asks the program to end; only our sockets can.

use node_http_tests::{Case, get, ok, ok_and_close};

use super::SOCKETS;

// Rows: SV4
#[test]
fn a_drain_closes_idle_connections_answers_busy_ones_and_ends_the_program() {
    let case = Case::start(SOCKETS, "incoming_message");
    let mut idle = case.connect("message");
    idle.send(&get("/unread"));
    idle.expect(&ok("unread"));
    let mut busy = case.connect("message");
    busy.send("POST /read-all HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbu");
    // The second connection is known to be accepted once a later one was answered.
    case.connect("message").send(&get("/unread"));
    let mut later = case.connect("message");
    later.send(&get("/unread"));
    later.expect(&ok("unread"));
    case.drain();
    idle.expect_destroyed();
    later.expect_destroyed();
    busy.send("sy");
    busy.expect(&ok_and_close("busy"));
    busy.expect_end();
    case.finish();
}
