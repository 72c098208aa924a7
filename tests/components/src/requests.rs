//! Cases for requests that are taken together, and for answers that were prepared.

use node_http_imports::server::PreparedAnswer;

use wit_bindgen::StreamResult;

use crate::support::*;

/// Answers `/own` with its line as the body, `/wrong` twice, `/large` with much, and everything else with a word; all but
/// the first were prepared.
pub(crate) async fn run() -> Done {
    let listening = Some(ServerEvents::CONNECTION);
    let server = listen("requests", ServerOptions { listening, ..ServerOptions::default() }).await;
    let field = |name: &str| [(name.to_owned(), "text/plain".to_owned())];
    let wrong = PreparedAnswer::create(99, &[], b"");
    fails(wrong, "ERR_HTTP_INVALID_STATUS_CODE", "Invalid status code: 99");
    let wrong = PreparedAnswer::create(200, &field("A b"), b"");
    fails(wrong, "ERR_INVALID_HTTP_TOKEN", "Header name must be a valid HTTP token [\"A b\"]");
    let hello = PreparedAnswer::create(200, &field("Content-Type"), b"hello").expect("it can be sent");
    let large = PreparedAnswer::create(200, &[], &[b'x'; 1 << 20]).expect("it can be sent");
    let mut others = 0;
    let mut ready = server.readiness().await;
    loop {
        let (state, bytes) = ready.read(Vec::with_capacity(1)).await;
        assert_eq!((state, bytes.len()), (StreamResult::Complete(1), 1));
        // What is left is announced again.
        let requests = server.take_requests(2);
        assert_eq!(requests.lines.lines().count(), requests.responses.len());
        answer([&hello, &large], requests.responses, &requests.lines);
        if requests.others {
            for event in server.take_events(0) {
                match event.kind {
                    // Behind those that were taken.
                    ServerEventKind::Request(response) => {
                        let line = response.request_line();
                        answer([&hello, &large], vec![response], &format!("{} {}\n", line.method, line.url));
                    }
                    ServerEventKind::Connection(_) => others += 1,
                    ServerEventKind::Close => return println!("{others} connections"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

fn answer([hello, large]: [&PreparedAnswer; 2], responses: Vec<ServerResponse>, lines: &str) {
    let mut wrong = Vec::new();
    let mut prepared = Vec::new();
    for (index, (response, line)) in responses.into_iter().zip(lines.lines()).enumerate() {
        match line.split_once(' ').expect("a method and a target").1 {
            "/own" => response.respond_prepared(hello, Some(line.as_bytes())).expect("a fresh response"),
            "/wrong" => {
                response.respond_prepared(hello, None).expect("a fresh response");
                fails(
                    response.respond_prepared(hello, None),
                    "ERR_HTTP_HEADERS_SENT",
                    "Cannot write headers after they are sent to the client",
                );
                wrong.push(index as u32);
                prepared.push(response);
            }
            "/large" => assert!(large.respond_all(vec![response]).is_empty()),
            _ => prepared.push(response),
        }
    }
    let failed = hello.respond_all(prepared);
    assert_eq!(failed.len(), wrong.len());
    assert!(failed.iter().all(|failed| failed.error.code == "ERR_HTTP_HEADERS_SENT"), "{failed:?}");
}
