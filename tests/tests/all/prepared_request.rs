//! `interface prepared-request`, which is not Node's.

use node_http_tests::{Case, Origin};

use super::SOCKETS;

#[test]
fn requests_are_made_again_and_again() {
    let origin = Origin::start(|peer| {
        loop {
            let (head, body) = peer.request()?;
            let length = head.len() + body.len();
            peer.send(&format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{head}{body}"
            ))?;
        }
    });
    let case = Case::start_with(SOCKETS, "prepared_request", &[&origin.port()]);
    case.line("done");
    assert!(origin.connections() <= 10, "{} connections", origin.connections());
    case.finish();
}
