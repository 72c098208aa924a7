//! `node-http` as somebody uses it who runs apps: what is set and allowed, watched, counted and logged.

mod command;
mod guest;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use node_http_host::DEMO;

use self::command::{Server, file, listens, node_http};
use self::guest::{Wasi, program};

#[test]
fn a_file_is_run_where_it_is_told_to_listen() {
    let app = file("listens.wasm", DEMO);
    let app = app.to_str().unwrap();
    for options in [
        &["--listen", "0"][..],
        &["run", "--listen", "localhost:0"],
        &["--port", "0", "--env", "HOST=127.0.0.1"],
        &["run", "--port", "0"],
    ] {
        let server = Server::start(node_http(&[options, &[app, "--its", "own"]].concat()));
        assert!(server.get("/plain").ends_with("Hello, world\n"), "{options:?}");
    }
    let server = Server::start(node_http(&["serve", "--listen", ":0"]));
    let (_, port) = server.address.rsplit_once(':').unwrap();
    assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_ok(), "{}", server.address);
}

#[test]
fn a_port_and_nothing_else_is_allowed() {
    let app = file("port.wasm", DEMO);
    let arguments = ["--port", "0", "--env", "PORT=1", app.to_str().unwrap()];
    let output = node_http(&arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("not allowed to listen on 127.0.0.1:1"), "{stderr}");
}

#[test]
fn variables_come_from_files_and_the_command_line_wins() {
    let app = file("variables.wasm", DEMO);
    let variables =
        file("variables.env", b"# where to listen\nexport HOST=192.0.2.1\nPORT='0' # any\nUNUSED=\"a b\"\n");
    let arguments = ["--env-file", variables.to_str().unwrap(), "--env", "HOST=127.0.0.1"];
    let allow = ["--listen-allow", "127.0.0.1:0", app.to_str().unwrap()];
    let server = Server::start(node_http(&[&arguments[..], &allow].concat()));
    assert!(server.get("/plain").ends_with("Hello, world\n"));

    let broken = file("broken.env", b"no variable\n");
    for (name, reason) in [("/nowhere/.env", "no such file"), (broken.to_str().unwrap(), "no variable")] {
        let output = node_http(&["--env-file", name, app.to_str().unwrap()]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with("error: ") && stderr.contains(name), "{stderr}");
        assert!(stderr.to_lowercase().contains(reason), "{stderr}");
    }
}

#[test]
fn folders_are_there_or_not() {
    let app = file("folders.wasm", DEMO);
    let app = app.to_str().unwrap();
    let folder = format!("{}::/data:ro", env!("CARGO_TARGET_TMPDIR"));
    let server = Server::start(node_http(&["--listen", "0", "--dir", &folder, app]));
    assert!(server.get("/plain").ends_with("Hello, world\n"));
    let output = node_http(&["--dir", "/nowhere::/", app]).output().unwrap();
    command::assert_fails(&output, &["--dir /nowhere", "No such file"]);
}

#[test]
fn options_of_a_component_need_one() {
    for option in [["--dir", "."], ["--env", "A=1"], ["--listen-allow", "80"], ["--env-file", "x"]] {
        assert_eq!(node_http(&option).output().unwrap().status.code(), Some(2), "{option:?}");
    }
}

#[test]
fn a_changed_file_is_run_again() {
    let app = file("watched.wasm", DEMO);
    let mut command = node_http(&["--watch", "--listen", "0", app.to_str().unwrap()]);
    command.stderr(Stdio::piped());
    let mut server = Server::start(command);
    assert!(server.get("/plain").ends_with("Hello, world\n"));
    let mut stderr = BufReader::new(server.child.stderr.take().unwrap()).lines();
    // What cannot be run is told, and waited for to change.
    fs::write(&app, b"\0asm\x0d\0\x01\0").unwrap();
    let told = stderr.by_ref().map_while(Result::ok).find(|line| line.starts_with("error: ")).unwrap();
    assert!(told.contains("exports no wasi:cli/run"), "{told}");
    assert!(TcpStream::connect(&server.address).is_err());
    fs::write(&app, DEMO).unwrap();
    server.address = listens(&mut server.stdout);
    assert!(server.get("/plain").ends_with("Hello, world\n"));
}

#[test]
fn a_trap_shows_where_it_was() {
    // unreachable
    let app = file("traps.wasm", &program(&[0x00], Wasi::V0_3));
    let output = node_http(&[app.to_str().unwrap()]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    let (line, backtrace) = stderr.split_once('\n').unwrap();
    assert!(line.starts_with("error: ") && line.contains("traps.wasm: the program trapped: "), "{stderr}");
    assert!(line.contains("`unreachable` instruction executed"), "{stderr}");
    assert!(backtrace.contains("wasm backtrace:\n    0:"), "{stderr}");
}

#[test]
#[cfg(unix)]
fn the_exit_status_says_which_signal_was_the_second() {
    for (name, status) in [("TERM", 143), ("INT", 130)] {
        let mut server = Server::start(node_http(&["--listen", "0"]));
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"GET /slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        server.get("/plain");
        server.signal("TERM");
        // Two signals at once would be one; the listener is closed when the first has been seen.
        while TcpStream::connect(&server.address).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        server.signal(name);
        assert_eq!(server.child.wait().unwrap().code(), Some(status));
    }
}

#[test]
fn counters_are_served() {
    let mut command = node_http(&["serve", "--listen", "0", "--metrics", "0", "--log", "node_http=info"]);
    command.stderr(Stdio::piped());
    let mut server = Server::start(command);
    let mut stderr = BufReader::new(server.child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = stderr.find(|line| line.contains("counters at http://")).unwrap();
    let (_, address) = line.split_once("counters at http://").unwrap();
    let address = address.strip_suffix("/metrics").unwrap().to_owned();
    let idle = TcpStream::connect(&server.address).unwrap();
    let answer = server.get("/plain");
    let apps = std::mem::replace(&mut server.address, address);
    let metrics = server.get("/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{metrics}");
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in {metrics}")).parse::<u64>().unwrap()
    };
    assert_eq!((value("node_http_starts_total"), value("node_http_instances")), (1, 1));
    assert_eq!(value("node_http_worker_restarts_total"), 0);
    assert_eq!(value("node_http_connections_accepted_total"), 2);
    // The other one has been closed: its client has seen the end.
    assert!((1..=2).contains(&value("node_http_connections_open")));
    // Of the one that listens the component has kept the stream of connections only.
    assert!((1..=2).contains(&value("node_http_sockets")));
    assert_eq!(value("node_http_sent_bytes_total"), answer.len() as u64);
    let sent = format!("GET /plain HTTP/1.1\r\nHost: {apps}\r\nConnection: close\r\n\r\n").len();
    assert_eq!(value("node_http_received_bytes_total"), sent as u64);
    assert!(value("node_http_memory_bytes") > 1 << 20);
    assert_eq!((value("node_http_draining"), value("node_http_denials_total")), (0, 0));
    #[cfg(target_os = "linux")]
    assert!(value("process_open_fds") > 5 && value("process_resident_memory_bytes") > 1 << 20);
    // Each has its description and its type.
    for line in metrics.lines().filter(|line| line.starts_with("node_http_")) {
        let (name, _) = line.split_once(' ').unwrap();
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        assert!(metrics.contains(&format!("# TYPE {name} {kind}\n{line}\n")), "{metrics}");
        assert!(metrics.contains(&format!("# HELP {name} ")), "{metrics}");
    }
    assert!(server.get("/other").starts_with("HTTP/1.1 404 Not Found\r\n"));
    drop(idle);
}

#[test]
fn answers_are_logged() {
    let mut server = Server::start(node_http(&["serve", "--listen", "0", "--access-log"]));
    for path in ["/plain", "/slow?seconds=0", "/download?bytes=100000", "/%22\"\\"] {
        server.get(path);
    }
    for (request, end) in [
        ("GET /plain HTTP/1.1", "200 13"),
        ("GET /slow?seconds=0 HTTP/1.1", "200 10"),
        ("GET /download?bytes=100000 HTTP/1.1", "200 100000"),
        ("GET /%22\\\"\\\\ HTTP/1.1", "404 10"),
    ] {
        let line = server.stdout.next().unwrap().unwrap();
        let (date, rest) = line.strip_prefix("127.0.0.1 - - [").unwrap().split_once("] ").unwrap();
        assert_eq!(rest, format!("\"{request}\" {end}"));
        // 29/Nov/2026:06:43:29 +0000
        assert_eq!((date.len(), &date[2..3], &date[11..12], &date[20..]), (26, "/", ":", " +0000"), "{date}");
    }

    let mut server = Server::start(node_http(&["serve", "--listen", "0", "--access-log", "json"]));
    server.get("/plain");
    let line: serde_json::Value = serde_json::from_str(&server.stdout.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (&line["client"], &line["method"], &line["url"], &line["version"]),
        (&"127.0.0.1".into(), &"GET".into(), &"/plain".into(), &"1.1".into())
    );
    assert_eq!((&line["status"], &line["bytes"]), (&200.into(), &13.into()));
    assert!(line["milliseconds"].is_number() && line["time"].is_string(), "{line}");
}

#[test]
fn the_help_fits_a_screen() {
    for argument in ["--help", "-h"] {
        let output = node_http(&[argument]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && help.lines().count() <= 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        for command in ["run", "serve", "fetch", "compose", "component", "completions", "man"] {
            assert!(help.contains(command), "{command}");
            assert!(node_http(&[command, "--help"]).output().unwrap().status.success(), "{command}");
        }
    }
}

#[test]
fn shells_and_man_are_told_everything() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = node_http(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("connect-allow") && script.contains("fetch"), "{script}");
    }
    let script = node_http(&["completions", "bash"]).output().unwrap().stdout;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    assert!(bash.wait().unwrap().success());

    for (command, option) in [(None, "connect\\-allow"), (Some("run"), "watch"), (Some("fetch"), "include")] {
        let arguments: Vec<&str> = ["man"].into_iter().chain(command).collect();
        let page = String::from_utf8(node_http(&arguments).output().unwrap().stdout).unwrap();
        let name =
            command.map_or_else(|| "node\\-http".to_owned(), |command| format!("node\\-http\\-{command}"));
        assert!(page.contains(&format!(".SH NAME\n{name} ")) && page.contains(option), "{page}");
    }
    assert_eq!(node_http(&["man", "none"]).output().unwrap().status.code(), Some(1));
}
