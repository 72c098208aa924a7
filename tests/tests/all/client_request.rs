//! `interface client-request`, and what a response is that `interface incoming-message` shares with requests.

use std::time::Duration;

use node_http_tests::{Case, Origin};

use super::SOCKETS;

fn case(name: &str, origin: &Origin) -> Case {
    Case::start_with(SOCKETS, "client", &[name, &origin.port()])
}

/// What a request to `origin` looks like, up to the framing of its body.
fn head(method: &str, target: &str, origin: &Origin) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: keep-alive\r\n", origin.port())
}

// Rows: CR14, CR16, CR18, CR19, CR27, CR28, CR29, CR30, CR31, CR33, CR37, CR39, CR40, IM7, IM16, RO27
#[test]
fn says_of_itself_what_node_says() {
    case("request_properties", &Origin::describing()).finish();
}

// Rows: CR21, CR22, CR23, CR24, CR25, CR31, CR33, I-10
#[test]
fn keeps_headers_as_they_were_set() {
    case("request_headers", &Origin::describing()).finish();
}

// Rows: CR15, CR38
#[test]
fn holds_corked_writes_back() {
    let origin = Origin::start(|peer| {
        peer.go()?;
        peer.send("HTTP/1.1 102 Processing\r\n\r\n")?;
        let (_, body) = peer.request()?;
        peer.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    });
    let case = case("request_cork", &origin);
    case.line("corked");
    assert_eq!(origin.wait_for(|seen| seen.len() == 1)[0].received, "");
    origin.go();
    let head = head("POST", "/", &origin) + "Transfer-Encoding: chunked\r\n\r\n";
    origin.expect(0, &(head + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
    case.finish();
}

// Rows: CR20, CR41, I-24, I-49, I-51
#[test]
fn sends_every_piece_when_it_is_written() {
    let origin = Origin::start(|peer| {
        for end in ["\r\n\r\n", "one\r\n", "two\r\n"] {
            peer.until(end)?;
            peer.send("HTTP/1.1 102 Processing\r\n\r\n")?;
        }
        peer.until("0\r\n\r\n")?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    });
    case("request_pieces", &origin).finish();
    let head = head("POST", "/", &origin) + "Transfer-Encoding: chunked\r\n\r\n";
    origin.expect(0, &(head + "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
}

// Rows: CR41, IM1, I-14, I-48
#[test]
fn streams_up_and_down_at_once_with_back_pressure() {
    let origin = Origin::start(|peer| {
        loop {
            let head = peer.head()?;
            let length = head.split("Content-Length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
            peer.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"))?;
            let mut left: usize = length;
            while left > 0 {
                let piece = peer.take(left.min(16_384))?;
                left -= piece.chars().count();
                peer.send(&piece)?;
            }
        }
    });
    case("request_echo", &origin).finish();
}

// Rows: CR1, CR16
#[test]
fn dropping_a_request_gives_it_up_only_before_its_end() {
    let origin = Origin::describing();
    let case = case("request_dropped", &origin);
    case.line("dropped");
    case.finish();
    let seen = origin.wait_for(|seen| seen.iter().all(|seen| seen.ended || seen.reset));
    let of = |text: &str| seen.iter().filter(|seen| seen.received.contains(text)).count();
    assert_eq!((of("never ended"), of("GET /unwatched "), of("GET /watched ")), (1, 1, 1), "{seen:?}");
    let unended = seen.iter().find(|seen| seen.received.contains("never ended"));
    assert!(
        unended.is_some_and(|seen| !seen.received.contains("0\r\n\r\n") && !seen.received.contains("GET"))
    );
}

// Rows: IM1, IM6, IM9, IM10, IM11, IM12, IM13, IM14, IM17, IM18, IM19, IM20, IM21
#[test]
fn describes_a_response_as_node_does() {
    let origin = Origin::replying(
        "HTTP/1.1 299 Caf\u{e9} X\r\nServer: a\r\nserver: b\r\nX: 1\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    );
    case("request_response", &origin).finish();
}

// Rows: CR4, IM9
#[test]
fn hands_the_connection_of_a_tunnel_over() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nearly")?;
        peer.until("question\n")?;
        peer.send("answer")?;
        peer.half_close()
    });
    case("protocol_connect", &origin).finish();
    origin.expect_end(0);
}

// Rows: CR11
#[test]
fn hands_an_upgraded_connection_over() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly")?;
        peer.until("question\n")?;
        peer.send("answer")?;
        peer.half_close()
    });
    case("protocol_upgrade", &origin).finish();
    origin.expect_end(0);
}

// Rows: CR5, CR7, CR16, MO7, I-26, I-29
#[test]
fn waits_for_the_server_to_want_the_body() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink:a\r\nLink:b\r\n\r\n")?;
        peer.until("half\r\n")?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nseen")
    });
    let case = case("protocol_waiting", &origin);
    let head = format!(
        "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nHost: 127.0.0.1:{}\r\nConnection: keep-alive\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        origin.port()
    );
    origin.expect(0, &(head + "4\r\nhalf\r\n4\r\nrest\r\n0\r\n\r\n"));
    case.finish();
}

// Rows: CR34, CR35, AG4, AG11, RO26
#[test]
#[cfg(target_os = "linux")]
fn switches_tcp_keep_alive_on() {
    let origin = Origin::describing();
    let case = case("options_socket", &origin);
    case.address("hold");
    for (line, seconds) in [("options ", 40), ("later ", 20), ("pooled ", 30)] {
        let from = case.line(line);
        // The table is read piece by piece, and lines move meanwhile.
        let timer = (0..100).find_map(|_| keep_alive_timer(&from, &origin.port()));
        let timer = timer.unwrap_or_else(|| panic!("no keep-alive timer on {line}{from}"));
        let wanted = Duration::from_secs(seconds);
        assert!(timer <= wanted && timer + Duration::from_secs(5) > wanted, "{line}{timer:?}");
    }
}

/// When the system sends its first probe on a connection between two ports of 127.0.0.1, none when it never does.
#[cfg(target_os = "linux")]
fn keep_alive_timer(from: &str, to: &str) -> Option<Duration> {
    let end = |address: &str| {
        let port: u16 = address.rsplit(':').next()?.parse().ok()?;
        Some(format!("0100007F:{port:04X}"))
    };
    let ends = format!(" {} {} ", end(from)?, end(to)?);
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let line = table.lines().find(|line| line.contains(&ends))?;
    // 02 is the timer of keep-alive; its time is in hundredths of a second.
    let (_, time) = line.split_whitespace().nth(5)?.split_once(':').filter(|(timer, _)| *timer == "02")?;
    Some(Duration::from_millis(u64::from_str_radix(time, 16).ok()? * 10))
}
