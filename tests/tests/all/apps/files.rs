//! Those that keep or serve files.

use super::*;

const JSON_API: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/json_api.wasm"));
const STATIC_FILES: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/static_files.wasm"));
const UPLOAD: &[u8] = include_bytes!(concat!(env!("GUESTS"), "/upload.wasm"));

fn request(line: &str, headers: &str, body: &str) -> String {
    let length = match body {
        "" => String::new(),
        body => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{line} HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n{body}")
}

#[test]
fn json_api_keeps_notes_in_its_file() {
    let folder = Folder::new("json-api");
    let start = || App::start(JSON_API, |ctx| folder.show(ctx, "/data"));
    let app = start();
    let mut client = app.connect();
    let mut ask = |line: &str, body: &str| {
        client.send(&request(line, "", body));
        let reply = client.reply();
        (reply.head[9..12].to_owned(), reply.body, reply.head)
    };
    assert_eq!(ask("GET /notes", "").1, "{}");
    let (status, body, head) = ask("POST /notes", r#"{"text": "first"}"#);
    assert_eq!((status.as_str(), body.as_str()), ("201", r#"{"text":"first"}"#));
    assert!(head.contains("\r\nLocation: /notes/1\r\n"), "{head}");
    assert_eq!(ask("POST /notes", "{").0, "400");
    assert_eq!(ask("POST /notes", &format!(r#"{{"text": "{}"}}"#, "x".repeat(70_000))).0, "413");
    assert_eq!(ask("GET /notes/2", "").0, "404");
    assert_eq!(ask("PUT /notes/7", r#"{"text": "seventh"}"#).0, "201");
    assert_eq!(ask("PATCH /notes", "").0, "405");
    drop(app);

    // What it had written is there when it starts again.
    let app = start();
    let mut client = app.connect();
    client.send(&[request("DELETE /notes/1", "", ""), request("GET /notes", "", "")].concat());
    client.receive_until(|received| received.ends_with('}'));
    client.expect(
        "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
    );
    assert_eq!(client.reply().body, r#"{"7":{"text":"seventh"}}"#);
}

#[test]
fn static_files_have_types_versions_and_ranges() {
    let folder = Folder::new("static-files");
    fs::write(folder.join("index.html"), "<p>hello\n").expect("a file");
    fs::write(folder.join("numbers.txt"), "0123456789").expect("a file");
    fs::write(folder.join(".secret"), "secret").expect("a file");
    let app = App::start(STATIC_FILES, |ctx| folder.show(ctx, "/site"));
    let mut client = app.connect();
    let mut ask = |line: &str, headers: &str| {
        client.send(&request(line, headers, ""));
        let reply = client.reply();
        (reply.head[9..12].to_owned(), reply.body, reply.head)
    };
    let (status, body, head) = ask("GET /?x", "");
    assert_eq!((status.as_str(), body.as_str()), ("200", "<p>hello\n"));
    assert!(head.contains("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 9\r\n"), "{head}");
    let (_, body, head) = ask("GET /num%62ers.txt", "");
    assert_eq!(body, "0123456789");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name}: {head}")).to_owned()
    };
    let (etag, modified) = (header("ETag"), header("Last-Modified"));

    for condition in [format!("If-None-Match: W/{etag}"), format!("If-Modified-Since: {modified}")] {
        assert_eq!(ask("GET /numbers.txt", &format!("{condition}\r\n")).0, "304", "{condition}");
    }
    assert_eq!(ask("GET /numbers.txt", "If-None-Match: \"other\"\r\n").0, "200");
    assert_eq!(ask("GET /numbers.txt", "If-Match: \"other\"\r\n").0, "412");

    let parts = [("0-1", "01", "0-1"), ("7-", "789", "7-9"), ("-3", "789", "7-9"), ("8-99", "89", "8-9")];
    for (range, part, content) in parts {
        let (status, body, head) = ask("GET /numbers.txt", &format!("Range: bytes={range}\r\n"));
        assert_eq!((status.as_str(), body.as_str()), ("206", part), "{range}");
        assert!(head.contains(&format!("\r\nContent-Range: bytes {content}/10\r\n")), "{head}");
    }
    let (status, _, head) = ask("GET /numbers.txt", "Range: bytes=10-\r\n");
    assert!(status == "416" && head.contains("\r\nContent-Range: bytes */10\r\n"), "{head}");
    let stale = "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n";
    assert_eq!(ask("GET /numbers.txt", stale).1, "0123456789");
    assert_eq!(ask("GET /numbers.txt", &format!("Range: bytes=0-1\r\nIf-Range: {etag}\r\n")).1, "01");

    for target in ["/../Cargo.toml", "/%2e%2e/x", "/.secret", "/none", "/%ff"] {
        assert!(["400", "404"].contains(&ask(&format!("GET {target}"), "").0.as_str()), "{target}");
    }
    assert_eq!(ask("POST /", "").0, "405");
    client.send(&request("HEAD /numbers.txt", "", ""));
    client.expect("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\n");
}

#[test]
fn uploads_are_files_once_they_are_whole() {
    let folder = Folder::new("upload");
    let app = App::start(UPLOAD, |ctx| folder.show(ctx, "/uploads"));
    let (mut sender, mut watcher) = (app.connect(), app.connect());
    let head = "PUT /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    sender.send(&format!("{head}{}", "x".repeat(60_000)));
    // Where the first part is shows once the disk has it.
    loop {
        watcher.send(&request("GET /a.bin", "", ""));
        let reply = watcher.reply();
        if reply.body == "{\"received\":60000,\"total\":100000,\"done\":false}\n" {
            break;
        }
        assert!(
            reply.head.starts_with("HTTP/1.1 404 ") || reply.body.contains("\"done\":false"),
            "{reply:?}"
        );
    }
    watcher.send(&request("PUT /a.bin", "", "y"));
    assert!(watcher.reply().head.starts_with("HTTP/1.1 409 "));
    assert!(!folder.join("a.bin").exists());
    sender.send(&"x".repeat(40_000));
    assert_eq!(sender.reply().body, "100000 bytes\n");
    assert_eq!(fs::read(folder.join("a.bin")).expect("the file"), vec![b'x'; 100_000]);
    watcher.send(&request("GET /a.bin", "", ""));
    assert_eq!(watcher.reply().body, "{\"received\":100000,\"total\":100000,\"done\":true}\n");

    // One that is cut off leaves nothing.
    let mut cut = app.connect();
    cut.send("PUT /cut HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    loop {
        watcher.send(&request("GET /cut", "", ""));
        if watcher.reply().body.contains("\"received\":4") {
            break;
        }
    }
    cut.reset();
    loop {
        watcher.send(&request("GET /cut", "", ""));
        if watcher.reply().head.starts_with("HTTP/1.1 404 ") {
            break;
        }
    }
    watcher.send(&request("PUT /../x", "", "y"));
    assert!(watcher.reply().head.starts_with("HTTP/1.1 400 "));
    watcher.send(&request("PUT /b", "", "y"));
    watcher.reply();
    let mut names: Vec<_> =
        fs::read_dir(&*folder).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.bin", "b"]);
}
