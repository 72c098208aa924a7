//! `pipe-from` of responses and requests: bodies that pass by the app.

use node_http_tests::{Case, RawClient, get, post};

use super::SOCKETS;

/// Sends from a thread of its own: the server must not have to keep what nobody reads.
fn exchange(client: &mut RawClient, url: &str, body: &str) -> String {
    let mut sender = client.another();
    let request = post(url, body);
    std::thread::scope(|scope| {
        scope.spawn(move || sender.send(&request));
        client.reply().body
    })
}

// Rows: IM1, SR26, CR41, I-14
#[test]
fn bodies_are_passed_on_whole_again_and_again() {
    let case = Case::start(SOCKETS, "piping");
    let mut client = case.connect("piping");
    let large = "0123456789abcdef".repeat(65_536);
    for body in ["", "x", &large, "y"] {
        for url in ["/echo", "/proxy"] {
            let reply = exchange(&mut client, url, body);
            assert!(reply == body, "{url}: {} of {} bytes came back, or others", reply.len(), body.len());
        }
    }
}

/// Who goes away in the middle of a body takes nobody along.
#[test]
fn a_body_that_is_cut_short_ends_with_its_connections() {
    let case = Case::start(SOCKETS, "piping");
    for url in ["/echo", "/proxy"] {
        let mut client = case.connect("piping");
        client.send(&format!("POST {url} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
        let (received, _) = client.receive_until(|text| text.ends_with("3\r\nabc\r\n"));
        assert!(received.ends_with("3\r\nabc\r\n"), "{url}: {received}");
    }
    let mut client = case.connect("piping");
    client.send(&get("/proxy"));
    assert_eq!(client.reply().body, "");
}

#[test]
fn a_stream_that_is_given_up_leaves_the_response_open() {
    let case = Case::start(SOCKETS, "piping");
    let mut client = case.connect("piping");
    for _ in 0..3 {
        client.send("POST /stopped HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
        let (received, _) = client.receive_until(|text| text.ends_with("3\r\nabc\r\n"));
        assert!(received.ends_with("3\r\nabc\r\n"), "{received}");
        client.send("go");
        assert_eq!(client.reply().body, "abcd");
    }
}
