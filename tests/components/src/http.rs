//! Cases for `interface http`.

use crate::support::*;
use node_http_imports::http;

pub(crate) fn constants() {
    let methods = http::methods();
    assert_eq!(methods.len(), 35);
    assert!(methods.is_sorted());
    assert_eq!((&*methods[0], &*methods[34]), ("ACL", "UNSUBSCRIBE"));
    assert!(["GET", "M-SEARCH", "QUERY"].iter().all(|wanted| methods.iter().any(|method| method == wanted)));
    let codes = http::status_codes();
    assert_eq!(codes.len(), 63);
    let text = |wanted: u16| codes.iter().find(|(code, _)| *code == wanted).map(|(_, text)| text.as_str());
    assert_eq!(text(404), Some("Not Found"));
    assert_eq!(text(413), Some("Payload Too Large"));
    assert_eq!(text(418), Some("I'm a Teapot"));
    assert_eq!(http::max_header_size(), 16_384);
}

pub(crate) async fn create_server() -> Done {
    let server =
        http::create_server(Some(&ServerOptions { keep_alive_timeout: Some(9000), ..Default::default() }))
            .expect("valid options");
    assert_eq!(server.keep_alive_timeout(), 9000);
    let wrong =
        ServerOptions { headers_timeout: Some(2), request_timeout: Some(1), ..ServerOptions::default() };
    assert_eq!(
        http::create_server(Some(&wrong)).expect_err("contradicting timeouts").code,
        "ERR_OUT_OF_RANGE"
    );
    let server = http::create_server(None).expect("no options");
    announce("created", &server).await;
    serve(&server, |response, _| end(&response, "created").expect("a fresh response")).await;
}

pub(crate) fn validate() {
    http::validate_header_name("X-Header", None).expect("a token");
    let message = "Header name must be a valid HTTP token [\"\"]";
    fails(http::validate_header_name("", None), "ERR_INVALID_HTTP_TOKEN", message);
    let message = "Header name must be a valid HTTP token [\"x y\"]";
    fails(http::validate_header_name("x y", None), "ERR_INVALID_HTTP_TOKEN", message);
    let message = "Trailer name must be a valid HTTP token [\"x:\"]";
    fails(http::validate_header_name("x:", Some("Trailer name")), "ERR_INVALID_HTTP_TOKEN", message);

    http::validate_header_value("x", Some(&value("caf\u{e9}\t"))).expect("a value");
    http::validate_header_value("x", Some(&HeaderValue::Integer(-1))).expect("a value");
    let message = "Invalid value \"undefined\" for header \"x-my-header\"";
    fails(http::validate_header_value("x-my-header", None), "ERR_HTTP_INVALID_HEADER_VALUE", message);
    let message = "Invalid character in header content [\"x-my-header\"]";
    for wrong in ["a\nb", "\u{0}", "\u{7f}", "\u{142}"] {
        fails(http::validate_header_value("x-my-header", Some(&value(wrong))), "ERR_INVALID_CHAR", message);
    }
    fails(http::validate_header_value("x-my-header", Some(&list(&["a", "\r"]))), "ERR_INVALID_CHAR", message);

    http::set_max_idle_http_parsers(1).expect("a positive number");
    for wrong in [0, -1] {
        let message = format!(
            "The value of \"max\" is out of range. It must be >= 1 && <= 9007199254740991. Received {wrong}"
        );
        fails(http::set_max_idle_http_parsers(wrong), "ERR_OUT_OF_RANGE", &message);
    }
}
