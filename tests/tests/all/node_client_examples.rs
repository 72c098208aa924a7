//! The examples of Node's manual that a client runs, each as a program on `node:http`.

use node_http_tests::{Case, Origin, RawClient, get};

use super::SOCKETS;

fn example(name: &str, arguments: &[&str]) -> Case {
    let arguments: Vec<&str> = [name].into_iter().chain(arguments.iter().copied()).collect();
    Case::start_with(SOCKETS, "node_client_example", &arguments)
}

/// Runs an example that is over when it has seen what it should.
fn finishes(name: &str, origin: &Origin) {
    example(name, &[&origin.port()]).finish();
}

/// The only request that `origin` has received.
#[track_caller]
fn only_request(origin: &Origin) -> String {
    let seen = origin.wait_for(|seen| seen.len() == 1 && seen[0].received.contains("\r\n\r\n"));
    seen[0].received.clone()
}

fn reply(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

// Rows: X1, AG20, AG21
#[test]
fn x01_agent_remove() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        if peer.number() == 0 {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nda")?;
            peer.go()?;
            peer.send("ta")
        } else {
            peer.send(&reply("another"))
        }
    });
    let case = example("agent_remove", &[&origin.port()]);
    assert_eq!(case.line("meanwhile "), "another");
    origin.go();
    assert_eq!(case.line("long "), "data");
    origin.expect_end(0);
    case.finish();
}

// Rows: X2, AG1, RO1
#[test]
fn x02_agent_false() {
    let origin = Origin::describing();
    finishes("one_shot", &origin);
    origin.wait_for(|seen| seen.len() == 2 && seen.iter().all(|seen| seen.ended));
}

// Rows: X3, AG1, AG3
#[test]
fn x03_keep_alive() {
    let origin = Origin::describing();
    finishes("keep_alive", &origin);
    assert_eq!(origin.connections(), 1);
}

// Rows: X4, AG11, AG12
#[test]
fn x04_keep_socket_alive_and_reuse_socket() {
    let origin = Origin::describing();
    finishes("overridden", &origin);
    assert_eq!(origin.connections(), 2);
}

// Rows: X5, CR4, SV5
#[test]
fn x05_tunnelling_proxy() {
    let origin = Origin::describing();
    let target = origin.address().to_string();
    let proxy = example("proxy", &[]);
    let client = example("tunnel", &[&proxy.address("proxy").port().to_string(), &target]);
    client.line("got connected!");
    assert_eq!(client.line("head "), "\"\"");
    let received = client.line("received ");
    assert!(received.starts_with(r#""HTTP/1.1 200 OK\r\nConnection: close\r\n"#), "{received}");
    let request = format!("GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    assert_eq!(only_request(&origin), request);
    client.finish();
    assert!(proxy.line("tunnelled ").starts_with(&format!("{} up, ", request.len())));

    let mut plain = proxy.connect("proxy");
    plain.send(&get("/"));
    assert_eq!(plain.reply().body, "okay");
}

// Rows: X5, CR4, RO3, SV5
#[test]
fn x05_requests_through_the_tunnel() {
    let origin = Origin::describing();
    let proxy = example("proxy", &[]);
    let port = proxy.address("proxy").port().to_string();
    example("request_through_tunnel", &[&port, &origin.address().to_string()]).finish();
    assert_eq!(origin.connections(), 2);
}

// Rows: X5, SV5
#[test]
fn x05_what_follows_the_request_head_is_forwarded() {
    let origin = Origin::describing();
    let target = origin.address();
    let proxy = example("proxy", &[]);
    let mut client = proxy.connect("proxy");
    // The client does not wait for the answer.
    client.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n{}", get("/early")));
    client.expect("HTTP/1.1 200 Connection Established\r\nProxy-agent: Node.js-Proxy\r\n\r\n");
    let reply = client.reply();
    assert!(reply.body.ends_with(&get("/early")), "{reply:?}");
    client.send(&get("/late"));
    assert!(client.reply().body.ends_with(&get("/late")));
    client.half_close();
    client.expect_end();
    assert_eq!(only_request(&origin), get("/early") + &get("/late"));

    let closed = Origin::silent();
    let nobody = closed.address();
    drop(closed);
    let mut client = RawClient::connect(proxy.address("proxy"));
    client.send(&format!("CONNECT {nobody} HTTP/1.1\r\nHost: {nobody}\r\n\r\n"));
    client.expect_destroyed();
    assert_eq!(proxy.line("no tunnel: "), format!("connect ECONNREFUSED {nobody}"));
}

// Rows: X5, CR4
#[test]
fn x05_what_follows_the_response_head_is_handed_out() {
    let proxy = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 200 OK\r\n\r\n220 ready\r\n")?;
        peer.head()?;
        peer.send("bye")?;
        peer.half_close()
    });
    let client = example("tunnel", &[&proxy.port(), "origin.example:25"]);
    assert_eq!(client.line("head "), r#""220 ready\r\n""#);
    assert_eq!(client.line("received "), r#""bye""#);
    client.finish();
    proxy.expect_end(0);
}

// Rows: X6, CR7
#[test]
fn x06_information() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n")?;
        peer.go()?;
        peer.send(&reply("ok"))
    });
    let case = example("information", &[&origin.port()]);
    case.line("Got information prior to main response: 102");
    case.line("Got information prior to main response: 103");
    origin.go();
    assert_eq!(case.line("main response "), "200");
    case.finish();
    assert!(only_request(&origin).starts_with("GET /length_request HTTP/1.1\r\n"));
}

// Rows: X8, CR21, CR33
#[test]
fn x08_header_types() {
    example("header_types", &[]).finish();
}

// Rows: X9, CR22, CR23, CR24, CR25
#[test]
fn x09_header_names() {
    example("header_names", &[]).finish();
}

// Rows: X10, CR31
#[test]
fn x10_remove_header() {
    let origin = Origin::replying(&reply(""));
    finishes("remove_header", &origin);
    assert_eq!(only_request(&origin), "GET / HTTP/1.1\r\nX-Stays: 1\r\nConnection: keep-alive\r\n\r\n");
}

// Rows: X11, I-32, SO9
#[test]
fn x11_idle_timeouts_leave_room_for_requests() {
    example("idle_timeout", &[]).finish();
}

// Rows: X12, CR32
#[test]
fn x12_retriable_request() {
    for reset in [false, true] {
        let origin = Origin::start(move |peer| match peer.number() {
            0 => {
                peer.head()?;
                peer.send(&reply("first"))?;
                // It closes what it holds to be idle, while the next request is on its way.
                peer.head()?;
                if reset { peer.reset() } else { peer.close() }
            }
            _ => {
                peer.head()?;
                peer.send(&reply("second"))?;
                peer.head()?;
                peer.send(&reply("third"))
            }
        });
        let case = example("retriable", &[&origin.port()]);
        case.line("retry");
        case.finish();
        assert_eq!(origin.connections(), 2);
    }
}

// Rows: X13, CR33
#[test]
fn x13_set_header() {
    let origin = Origin::replying(&reply(""));
    let port = origin.port();
    finishes("set_header", &origin);
    assert_eq!(
        only_request(&origin),
        format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
             Cookie: type=ninja; language=javascript\r\nSet-Cookie: type=ninja\r\n\
             Set-Cookie: language=javascript\r\nConnection: keep-alive\r\n\r\n"
        )
    );
}

// Rows: X14, CR33
#[test]
fn x14_file_name() {
    let origin = Origin::replying(&reply(""));
    finishes("file_name", &origin);
    let line = "\r\nContent-Disposition: attachment; filename*=utf-8''Rock%20%F0%9F%8E%B5.txt\r\n";
    assert!(only_request(&origin).contains(line));
}

// Rows: X15, CR37
#[test]
fn x15_local_address() {
    let origin = Origin::describing();
    let case = example("local_address", &[&origin.port()]);
    let told = case.line("Your IP address is ");
    let from = origin.seen()[0].from;
    assert_eq!(told, format!("{} and your source port is {}.", from.ip(), from.port()));
    assert_eq!(case.line("seen "), format!("0 {from}"));
    case.finish();
}

// Rows: X32
#[test]
fn x32_json_fetch() {
    example("json", &[]).finish();
}

// Rows: X33, CR16, CR41
#[test]
fn x33_upload() {
    let origin = Origin::start(|peer| {
        peer.head()?;
        peer.until("}")?;
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nreceived")
    });
    let port = origin.port();
    let case = example("upload", &[&port]);
    assert_eq!(case.line("STATUS: "), "200");
    assert_eq!(case.line("HEADERS: "), "content-type=text/plain&content-length=8");
    assert_eq!(case.line("BODY: "), "received");
    case.line("No more data in response.");
    case.finish();
    origin.expect(
        0,
        &format!(
            "POST /upload HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\
             Host: 127.0.0.1:{port}\r\nConnection: keep-alive\r\n\r\n{{\"msg\":\"Hello World!\"}}"
        ),
    );
    drop(origin);

    let case = example("upload", &[&port]);
    assert_eq!(case.line("problem with request: "), format!("connect ECONNREFUSED 127.0.0.1:{port}"));
    case.finish();
}

// Rows: X34, RO2, RO4, RO14
#[test]
fn x34_url_with_a_user() {
    let origin = Origin::replying(&reply(""));
    finishes("url_object", &origin);
    assert_eq!(
        only_request(&origin),
        "GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Basic YWJjOnh5eg==\r\n\
         Connection: keep-alive\r\n\r\n"
    );
}

// Rows: X36, OM5
#[test]
fn x36_trailers_of_a_request() {
    let origin = Origin::start(|peer| {
        peer.until("0\r\nContent-MD5")?;
        peer.head()?;
        peer.send(&reply(""))
    });
    let port = origin.port();
    finishes("trailers", &origin);
    origin.expect(
        0,
        &format!(
            "POST / HTTP/1.1\r\nTrailer: Content-MD5\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive\r\n\
             Transfer-Encoding: chunked\r\n\r\n9\r\nfile data\r\n0\r\n\
             Content-MD5: 7895bf4b8828b55ceaf47747b4bca667\r\n\r\n"
        ),
    );
}
