//! What Node 23.5 makes of URLs and options, printed by it.

mod connect;

use super::*;

/// The settings of a request with an agent.
fn made(url: Option<&str>, options: RequestOptions) -> Result<Settings, Error> {
    Settings::new(url, options, &Defaults::AGENT)
}

fn settings(url: &str) -> Settings {
    made(Some(url), RequestOptions::default()).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn with(options: RequestOptions) -> Settings {
    made(None, options).expect("valid options")
}

fn message(result: Result<Settings, Error>) -> (String, String) {
    let error = result.expect_err("invalid options");
    (error.code().to_owned(), error.message().to_owned())
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Options with a host, as most rows need one.
fn host(host: &str) -> RequestOptions {
    RequestOptions { host: text(host), ..RequestOptions::default() }
}

#[test]
fn defaults_are_nodes() {
    let settings = with(RequestOptions::default());
    assert_eq!((&*settings.method, settings.path.as_str()), ("GET", "/"));
    assert_eq!((settings.host.as_str(), settings.protocol), ("localhost", "http:"));
    assert_eq!(settings.host_header.as_deref(), Some("localhost"));
    assert_eq!((settings.authorization, settings.timeout), (None, None));
    assert!(settings.default_headers && !settings.raw_headers && !settings.join_duplicate_headers);
    assert_eq!(settings.connect.port, Some(80));
    assert_eq!(RequestOptions::default().agent.unwrap_or_default(), AgentChoice::GlobalAgent);
}

/// Rows: I-37
#[test]
fn urls_are_taken_apart() {
    let rows = [
        ("http://[::1]:81/p?q#h", "::1", 81, "/p?q", "[::1]:81"),
        ("HTTP://EXAMPLE.test:080/a b?c d#e", "example.test", 80, "/a%20b?c%20d", "example.test"),
        ("http://b\u{fc}cher.test/", "xn--bcher-kva.test", 80, "/", "xn--bcher-kva.test"),
        ("http://ex%41mple.test/", "example.test", 80, "/", "example.test"),
        ("http://h:0/", "h", 80, "/", "h"),
        ("http://h:81", "h", 81, "/", "h:81"),
        ("http://127.1/", "127.0.0.1", 80, "/", "127.0.0.1"),
        ("http:h/x", "h", 80, "/x", "h"),
        ("http:///h/x", "h", 80, "/x", "h"),
        ("  http://h/ ", "h", 80, "/", "h"),
        ("http://h/\u{fc}", "h", 80, "/%C3%BC", "h"),
        ("http://h/?x='\"", "h", 80, "/?x=%27%22", "h"),
        ("http://h/?", "h", 80, "/", "h"),
        ("http://h\\p", "h", 80, "/p", "h"),
    ];
    for (url, host, port, path, field) in rows {
        let settings = settings(url);
        assert_eq!((settings.host.as_str(), settings.path.as_str()), (host, path), "{url}");
        assert_eq!(
            (settings.connect.host.as_deref(), settings.connect.port),
            (Some(host), Some(port)),
            "{url}"
        );
        assert_eq!(settings.host_header.as_deref(), Some(field), "{url}");
    }
}

/// Rows: I-37
#[test]
fn user_info_is_percent_decoded() {
    let rows = [
        ("http://us%40er:pa%3ass@h/", Some("Basic dXNAZXI6cGE6c3M=")),
        ("http://u@h/", Some("Basic dTo=")),
        ("http://:p@h/", Some("Basic OnA=")),
        ("http://@h/", None),
    ];
    for (url, expected) in rows {
        assert_eq!(settings(url).authorization.as_deref(), expected, "{url}");
    }
    for url in ["http://u%zz@h/", "http://u%ff@h/", "http://u%4@h/", "https://:%e2%82@h/"] {
        assert_eq!(message(made(Some(url), RequestOptions::default())).1, "URI malformed", "{url}");
    }
}

/// Rows: I-37
#[test]
fn what_is_no_url_is_refused() {
    for url in ["http://", "/x", "not a url", "http://a\0b/", "http://h:99999/", "", "http://[::1/"] {
        let (code, text) = message(made(Some(url), RequestOptions::default()));
        assert_eq!((code.as_str(), text.as_str()), ("ERR_INVALID_URL", "Invalid URL"), "{url}");
    }
}

/// Rows: RO8, RO9
#[test]
fn options_win_over_the_url() {
    let url = "http://u:p@h:81/x?y";
    let all = RequestOptions {
        auth: text("a:b"),
        hostname: text("i"),
        path: text("/z"),
        port: Some(82),
        ..RequestOptions::default()
    };
    let settings = made(Some(url), all).expect("valid");
    assert_eq!((settings.host.as_str(), settings.path.as_str()), ("i", "/z"));
    assert_eq!(settings.host_header.as_deref(), Some("i:82"));
    assert_eq!(settings.authorization.as_deref(), Some("Basic YTpi"));

    // A URL says `hostname`, so `host` has nothing to say.
    assert_eq!(made(Some(url), host("i")).expect("valid").host, "h");
    let emptied = RequestOptions { hostname: text(""), path: text(""), ..host("i") };
    let settings = made(Some(url), emptied).expect("valid");
    assert_eq!((settings.host.as_str(), settings.path.as_str()), ("i", "/"));
    assert_eq!(with(RequestOptions { hostname: text("i"), ..host("h") }).host, "i");
    assert_eq!(with(host("")).host, "localhost");
}

/// Rows: RO19
#[test]
fn only_the_protocol_of_the_agent_is_supported() {
    for protocol in ["https:", "HTTP:", "http"] {
        let options = RequestOptions { protocol: text(protocol), ..RequestOptions::default() };
        let expected = format!("Protocol \"{protocol}\" not supported. Expected \"http:\"");
        assert_eq!(message(made(None, options)), ("ERR_INVALID_PROTOCOL".to_owned(), expected));
    }
    for url in ["https://h/", "ftp://h/", "file:///x", "mailto:x", "data:,x", "foo://h/x"] {
        assert_eq!(message(made(Some(url), RequestOptions::default())).0, "ERR_INVALID_PROTOCOL", "{url}");
    }
    let http = RequestOptions { protocol: text("http:"), ..RequestOptions::default() };
    assert_eq!(made(Some("https://h/"), http).expect("options win").connect.port, Some(80));
    assert_eq!(with(RequestOptions { protocol: text(""), ..host("h") }).protocol, "http:");
}

/// Rows: RO17, I-37
#[test]
fn paths_are_checked() {
    let path = |path: &str| RequestOptions { path: text(path), ..RequestOptions::default() };
    for bad in ["/a b", "/\u{100}", "/a\r\nX: y", "\0", "\t"] {
        let expected = ("ERR_UNESCAPED_CHARACTERS", "Request path contains unescaped characters");
        let (code, text) = message(made(None, path(bad)));
        assert_eq!((code.as_str(), text.as_str()), expected, "{bad:?}");
    }
    for good in ["abc", "*", "h:1", "/\u{e9}", "/\u{7f}"] {
        assert_eq!(with(path(good)).path, good);
    }
    assert_eq!(with(path("")).path, "/");
}

/// Rows: RO16
#[test]
fn methods_are_tokens_in_upper_case() {
    let method = |method: &str| RequestOptions { method: text(method), ..RequestOptions::default() };
    for bad in ["A B", "GET / HTTP/1.1\r\nX:", "\u{df}"] {
        let expected = format!("Method must be a valid HTTP token [\"{bad}\"]");
        assert_eq!(message(made(None, method(bad))), ("ERR_INVALID_HTTP_TOKEN".to_owned(), expected));
    }
    for (given, sent) in [("get", "GET"), ("Purge", "PURGE"), ("", "GET"), ("m-x", "M-X")] {
        assert_eq!(with(method(given)).method, sent);
    }
}

#[test]
fn the_first_error_is_nodes() {
    let mut options = RequestOptions {
        path: text(" "),
        protocol: text("x:"),
        method: text(" "),
        ..RequestOptions::default()
    };
    for (url, code) in
        [(Some("x"), "ERR_INVALID_URL"), (Some("http://%@h"), ""), (None, "ERR_UNESCAPED_CHARACTERS")]
    {
        assert_eq!(message(made(url, options.clone())).0, code);
    }
    options.path = None;
    assert_eq!(message(made(None, options.clone())).0, "ERR_INVALID_PROTOCOL");
    options.protocol = None;
    assert_eq!(message(made(None, options)).0, "ERR_INVALID_HTTP_TOKEN");
}

/// Rows: I-25
#[test]
fn host_is_written_as_node_writes_it() {
    let rows = [
        ("h", 80, "h"),
        ("h", 8080, "h:8080"),
        ("::1", 81, "[::1]:81"),
        ("::1", 80, "[::1]"),
        ("[::1]", 81, "[::1]:81"),
        ("[::1", 81, "[::1:81"),
        ("::1%lo", 81, "[::1%lo]:81"),
        ("a:b", 81, "a:b:81"),
    ];
    for (name, port, field) in rows {
        let settings = with(RequestOptions { port: Some(port), ..host(name) });
        assert_eq!(settings.host_header.as_deref(), Some(field));
        assert_eq!(settings.host, name);
    }
}

/// Rows: RO4, RO18, I-25
#[test]
fn the_default_port_goes_without_saying() {
    let made = |port, default_port, defaults: &Defaults| {
        let options = RequestOptions { port, default_port, ..host("h") };
        let settings = Settings::new(None, options, defaults).expect("valid");
        (settings.connect.port, settings.host_header)
    };
    let agent = &Defaults::AGENT;
    assert_eq!(made(Some(0), None, agent), (Some(80), text("h")));
    assert_eq!(made(None, Some(81), agent), (Some(81), text("h")));
    assert_eq!(made(Some(0), Some(81), agent), (Some(81), text("h")));
    assert_eq!(made(None, Some(0), agent), (Some(80), text("h")));
    assert_eq!(made(Some(80), Some(81), agent), (Some(80), text("h:80")));
    // The vector `Host:80`: without an agent the port is always there.
    assert_eq!(made(None, None, &Defaults::NO_AGENT), (Some(80), text("h:80")));
    assert_eq!(made(Some(80), None, &Defaults::NO_AGENT), (Some(80), text("h:80")));
    assert_eq!(made(None, Some(80), &Defaults::NO_AGENT), (Some(80), text("h")));
}

/// Rows: RO6, RO20, RO21
#[test]
fn host_is_added_unless_it_is_there_or_unwanted() {
    let made = |set_host, set_default_headers| {
        with(RequestOptions { set_host, set_default_headers, ..host("h") }).host_header.is_some()
    };
    assert!(made(None, None) && made(None, Some(true)) && made(Some(true), Some(false)));
    assert!(!made(None, Some(false)) && !made(Some(false), None) && !made(Some(false), Some(true)));
    assert!(!with(RequestOptions { set_default_headers: Some(false), ..host("h") }).default_headers);

    let headers = |name: &str, value: HeaderValue| Some(vec![(name.to_owned(), value)]);
    let given = with(RequestOptions { headers: headers("HOST", "x".into()), ..host("h") });
    assert_eq!((given.host_header, given.headers.len()), (None, 1));
    let empty = with(RequestOptions { headers: headers("host", "".into()), ..host("h") });
    assert_eq!(empty.host_header.as_deref(), Some("h"), "an empty one is replaced");
    let raw = RequestOptions { raw_headers: Some(true), auth: text("a:b"), ..host("h") };
    let raw = with(raw);
    assert_eq!((raw.raw_headers, raw.host_header, raw.authorization), (true, None, None));
}

/// Rows: RO2, I-38
#[test]
fn auth_becomes_basic_authorization() {
    let auth = |auth: &str| RequestOptions { auth: text(auth), ..RequestOptions::default() };
    assert_eq!(with(auth("u:0")).authorization.as_deref(), Some("Basic dTow"));
    assert_eq!(with(auth("\u{e9}:\u{20ac}")).authorization.as_deref(), Some("Basic w6k64oKs"));
    assert_eq!(with(auth("")).authorization, None);
    let headers = |value: &str| Some(vec![("AUTHORIZATION".to_owned(), HeaderValue::from(value))]);
    let custom = RequestOptions { headers: headers("Bearer x"), ..auth("u:0") };
    assert_eq!(with(custom).authorization, None);
    let empty = RequestOptions { headers: headers(""), ..auth("u:0") };
    assert!(with(empty).authorization.is_some(), "an empty one is replaced");
}

/// Rows: RO10, RO11, RO15, RO24, RO25
#[test]
fn the_rest_is_passed_on() {
    let settings = with(RequestOptions {
        insecure_http_parser: Some(true),
        join_duplicate_headers: Some(true),
        max_header_size: Some(100),
        timeout: Some(1 << 31),
        unique_headers: Some(vec!["X-A".to_owned()]),
        ..RequestOptions::default()
    });
    assert!(settings.insecure_http_parser && settings.join_duplicate_headers);
    assert_eq!(settings.leniency(), Leniency::insecure_http_parser());
    assert_eq!(settings.limits().max_header_size, 100);
    assert_eq!((settings.timeout, settings.connect.timeout), (Some(0x7fff_ffff), Some(0x7fff_ffff)));
    assert_eq!(*settings.unique_headers, ["x-a".to_owned()]);

    let zero = RequestOptions { max_header_size: Some(0), timeout: Some(0), ..RequestOptions::default() };
    let settings = with(zero);
    assert_eq!(settings.limits().max_header_size, 16_384);
    assert_eq!((settings.timeout, settings.leniency()), (Some(0), Leniency::STRICT));
}
