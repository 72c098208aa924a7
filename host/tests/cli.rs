//! The command `node-http` from outside: what it prints, and how it exits.

mod command;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use self::command::{Server, assert_fails, file, node_http};

#[test]
fn workers_share_a_port_and_are_drained_together() {
    let mut server = Server::start(node_http(&["serve", "--listen", "127.0.0.1:0", "--workers", "2"]));
    assert!(server.get("/plain").starts_with("HTTP/1.1 200 OK\r\n"));
    #[cfg(target_os = "linux")]
    {
        let names = || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
            let name = |task: std::io::Result<std::fs::DirEntry>| {
                std::fs::read_to_string(task.unwrap().path().join("comm"))
            };
            tasks.filter_map(|task| name(task).ok()).collect::<Vec<_>>()
        };
        // One may answer before the other thread has a name.
        let deadline = Instant::now() + Duration::from_secs(10);
        while names().iter().filter(|name| name.starts_with("worker ")).count() != 2 {
            assert!(Instant::now() < deadline, "{:?}", names());
            std::thread::yield_now();
        }
    }
    #[cfg(unix)]
    {
        server.signal("TERM");
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn there_is_at_least_one_worker() {
    for count in ["0", "-1", "many"] {
        let output = node_http(&["serve", &format!("--workers={count}")]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("a number above 0, or `auto`"));
    }
}

#[test]
fn serve_answers_and_tells_the_real_port() {
    let server = Server::start(node_http(&["--listen", "127.0.0.1:0"]));
    assert!(server.get("/plain").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(server.get("/nothing").starts_with("HTTP/1.1 404 Not Found\r\n"));
}

#[test]
fn serve_reports_a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output =
        node_http(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]).output().unwrap();
    assert_fails(&output, &["EADDRINUSE"]);
}

#[test]
#[cfg(unix)]
fn serve_finishes_what_is_under_way_when_asked_to_stop() {
    let mut server = Server::start(node_http(&["--listen", "127.0.0.1:0"]));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /slow?seconds=1 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    // The answer to another request proves that the first one has arrived.
    server.get("/plain");
    server.signal("TERM");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("after 1 s\n"), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
#[cfg(unix)]
fn serve_destroys_connections_after_the_grace() {
    let mut command = node_http(&["--listen", "127.0.0.1:0", "--grace", "0"]);
    let mut server = Server::start({
        command.stderr(Stdio::piped());
        command
    });
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET /slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    server.get("/plain");
    server.signal("INT");
    assert_eq!(server.child.wait().unwrap().code(), Some(1));
    let mut message = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert!(message.contains("destroyed"), "{message}");
}

#[test]
#[cfg(unix)]
fn serve_stops_at_once_at_the_second_signal() {
    let mut server = Server::start(node_http(&["--listen", "127.0.0.1:0"]));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET /slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    server.get("/plain");
    server.signal("INT");
    // Two signals at once would be one; the listener is closed when the first has been seen.
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    server.signal("INT");
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
}

#[test]
fn run_denies_to_listen_unless_it_is_allowed() {
    let app = file("denied.wasm", node_http_host::DEMO);
    let output = node_http(&["run", "--env", "PORT=0", app.to_str().unwrap()]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("--listen-allow 127.0.0.1:0"), "{stderr}");
    assert!(stderr.contains("EACCES"), "{stderr}");
}

#[test]
fn run_names_a_rule_that_allows_what_it_denies() {
    let app = file("hint.wasm", node_http_host::DEMO);
    for host in ["127.0.0.1", "::"] {
        if host == "::" && TcpListener::bind("[::]:0").is_err() {
            eprintln!("skipped: this machine has no IPv6");
            continue;
        }
        let variable = format!("HOST={host}");
        let arguments = ["run", "--env", "PORT=0", "--env", &variable];
        let app = app.to_str().unwrap();
        let denied = node_http(&[&arguments[..], &[app]].concat()).output().unwrap();
        let stderr = String::from_utf8(denied.stderr).unwrap();
        let hint = stderr.split('`').find(|part| part.starts_with("--")).expect("an option in backticks");
        let (option, rule) = hint.split_once(' ').unwrap();
        let server =
            Server::start(node_http(&[&arguments[..], &[option, rule.trim_matches('\''), app]].concat()));
        assert!(server.get("/plain").ends_with("Hello, world\n"), "{hint}");
    }
}

#[test]
fn run_limits_memory() {
    let app = file("memory.wasm", node_http_host::DEMO);
    let output = node_http(&["run", "--max-memory", "1", app.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("more than its limit of 1048576 bytes of memory"), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn compiled_code_is_cached() {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli-cache");
    // Left by the run before.
    let _ = std::fs::remove_dir_all(&cache);
    let mut command = node_http(&["--listen", "127.0.0.1:0"]);
    Server::start({
        command.env("XDG_CACHE_HOME", &cache);
        command
    });
    assert!(std::fs::read_dir(cache.join("node-http")).unwrap().next().is_some());
}

#[test]
#[cfg(target_os = "linux")]
fn a_profiler_is_told_where_functions_are() {
    let mut server = Server::start(node_http(&["serve", "--listen", "127.0.0.1:0", "--profile", "perfmap"]));
    let file = PathBuf::from(format!("/tmp/perf-{}.map", server.child.id()));
    let map = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    // An address, a length and a name.
    let is_function = |line: &str| matches!(line.split(' ').collect::<Vec<_>>()[..], [_, _, name, ..] if name.starts_with("wasm["));
    assert!(map.lines().any(is_function), "{map}");
    server.signal("TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn run_allows_what_it_is_told_to() {
    let app = file("allowed.wasm", node_http_host::DEMO);
    let arguments = ["run", "--env", "PORT=0", "--listen-allow", "127.0.0.0/8:0", app.to_str().unwrap()];
    assert!(Server::start(node_http(&arguments)).get("/plain").ends_with("Hello, world\n"));
}

#[test]
fn run_refuses_what_is_no_program() {
    for (name, bytes, reason) in [
        ("text.wasm", &b"hello"[..], "not a WebAssembly file"),
        ("module.wasm", b"\0asm\x01\0\0\0", "a core module, not a component"),
        ("broken.wasm", b"\0asm\x0d\0\x01\0\xff", "not a valid component"),
        ("empty.wasm", b"\0asm\x0d\0\x01\0", "exports no wasi:cli/run"),
        ("library.wasm", node_http_host::COMPONENT, "exports no wasi:cli/run"),
    ] {
        let path = file(name, bytes);
        let output = node_http(&["run", path.to_str().unwrap()]).output().unwrap();
        assert_fails(&output, &[name, reason]);
    }
}

#[test]
fn run_reports_a_file_that_is_not_there() {
    assert_fails(
        &node_http(&["run", "/nowhere/app.wasm"]).output().unwrap(),
        &["/nowhere/app.wasm", "No such file"],
    );
}

#[test]
fn compose_refuses_what_imports_nothing_of_ours() {
    let app = file("composed.wasm", node_http_host::DEMO);
    let output = node_http(&["compose", app.to_str().unwrap(), "-o", "/nowhere/out.wasm"]).output().unwrap();
    assert_fails(&output, &["composed.wasm", "imports no interface of node:http"]);
}

#[test]
fn bad_options_are_explained() {
    let output = node_http(&["run", "--listen-allow", "1.2.3.4:99999", "app.wasm"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a port is 0 to 65535"));
    for option in ["--listen-allow", "--connect-allow", "--udp-allow"] {
        for nonsense in ["", " ", "!!", ":", "::::", "80-", ":80", "127.0.0.1:80,"] {
            let output = node_http(&["run", option, nonsense, "app.wasm"]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{option} {nonsense:?}");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(stderr.contains("is no allowed address"), "{option} {nonsense:?}: {stderr}");
        }
    }
    let output = node_http(&["--log", "[", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert_fails(&output, &["--log ["]);
}
