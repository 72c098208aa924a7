//! Requests that are taken together, answers that were prepared, writes that are joined.

use node_http_tests::{Case, get, ok};

use super::SOCKETS;

/// A head as `PreparedAnswer` of the case makes it.
fn answer(length: &str, body: &str) -> String {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
    format!("{head}{length}\r\n{body}")
}

#[test]
fn prepared_answers_are_given_to_requests_that_were_taken_together() {
    let case = Case::start(SOCKETS, "requests");
    let mut client = case.connect("requests");
    let head = "HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(&[&*get("/a?b=c"), head, &get("/own"), &get("/b")].concat());
    let hello = answer("Content-Length: 5\r\n", "hello");
    let own = answer("Content-Length: 8\r\n", "GET /own");
    client.expect(&[&*hello, &answer("", ""), &own, &hello].concat());
    client.send("GET / HTTP/1.0\r\n\r\n");
    client.expect(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    );
    client.expect_end();
    let mut other = case.connect("requests");
    other.send(&[get("/wrong"), get("/b")].concat());
    other.expect(&hello.repeat(2));
    // More than are taken at a time.
    other.send(&get("/").repeat(20));
    other.expect(&hello.repeat(20));
}

/// Sent from where it is, to several clients at once, each of which reads in its own time.
#[test]
fn a_large_prepared_body_reaches_all() {
    let case = Case::start(SOCKETS, "requests");
    let mut clients = [(); 4].map(|()| case.connect("requests"));
    for client in &mut clients {
        client.send(&[get("/large"), get("/large"), get("/own")].concat());
    }
    let large = ok(&"x".repeat(1 << 20));
    for client in &mut clients {
        client.expect(&[&*large, &large, &answer("Content-Length: 8\r\n", "GET /own")].concat());
    }
}
