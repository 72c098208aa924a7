//! What the README tells to paste works in an empty folder beside the repository, without a network.
//!
//! `<!-- paste: hello/src/lib.rs -->` before a block names the file it becomes, `<!-- run: hello -->` the folder in which
//! the commands of a block are run. Dependencies are shared with the components of this repository: the same profile
//! and target folder, where the reader has `--release`. Ports are free ones.

mod outside;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use outside::{Folder, Server, build, build_with, cargo, commands, node_http, repository};

#[test]
fn hello_is_built_run_and_composed() {
    let folder = Folder::new(&["hello"]);
    let commands = commands("hello");
    assert_eq!(commands.len(), 4, "{commands:?}");
    run(&folder, &commands[0]);
    let server = Server::start(&folder, &commands[1]);
    assert!(server.ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello!\n"));
    run(&folder, &commands[2]);
    // Other runtimes are not here: the result needs nothing of ours, and that can be seen.
    assert!(commands[3].starts_with("wasmtime run "));
    let server = Server::start(&folder, "node-http --port 8080 app.wasm");
    assert!(server.ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello!\n"));
    if wac(&folder) {
        let server = Server::start(&folder, "node-http --port 8080 app.wasm");
        assert!(server.ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello!\n"));
    }
}

/// Composes with `wac`, which `WAC` may name, as the README tells. Whether there is one.
fn wac(folder: &Path) -> bool {
    let program = env::var_os("WAC").unwrap_or_else(|| "wac".into());
    let found = Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        // Past the test harness, which shows only what failed tests print. Without an error stream nobody can be told.
        let _ = writeln!(io::stderr(), "\n#### SKIPPED: nothing is composed with wac, which is not here");
        return false;
    }
    let commands = commands("wac");
    let (component, plug) = (&commands[0], &commands[1]);
    run(folder, component);
    fs::remove_file(folder.join("app.wasm")).expect("that of node-http compose");
    let words: Vec<&str> = plug.split_whitespace().collect();
    assert_eq!((words[0], commands.len()), ("wac", 2), "{commands:?}");
    let output = Command::new(program).args(&words[1..]).current_dir(folder).output().expect("it starts");
    assert!(output.status.success(), "{plug}: {}", String::from_utf8_lossy(&output.stderr));
    true
}

/// The example applications, each by the line that their README has for it.
#[test]
fn every_example_starts_by_its_line() {
    let readme = repository().join("host/examples/apps/README.md");
    let readme = fs::read_to_string(readme).expect("the README of the examples");
    let build =
        readme.lines().find_map(|line| line.strip_prefix("$ cargo build --release --target wasm32-wasip2 "));
    let packages: Vec<&str> = build.expect("how they are built").split_whitespace().collect();
    let built = build_with(&repository(), &packages);
    let folder = Folder::new(&["examples"]);
    let mut started = 0;
    for row in readme.lines().filter(|line| line.starts_with("| [`")) {
        let (_, command) = row.split_once(" | `").expect("how it is started");
        let (command, rest) = command.split_once('`').expect("the command ends");
        if rest.starts_with(", see ") {
            // Another test is about Python.
            continue;
        }
        let file = command.split(' ').next_back().expect("the component comes last");
        fs::copy(built.join(file), folder.join(file)).expect("it was built");
        // What a shell would take as a pattern is quoted.
        let server = Server::start(&folder, &command.replace('\'', ""));
        let answer = server.ask("GET / HTTP/1.1", "");
        assert!(answer.starts_with("HTTP/1.1 "), "{command}: {answer}");
        started += 1;
    }
    assert_eq!((started, packages.len()), (6, 12));
}

#[test]
fn handlers_wait_for_bodies_clocks_and_servers() {
    // The manifest is that of hello, the program another one.
    let folder = Folder::new(&["hello", "handlers"]);
    run(&folder, "cargo build --release --target wasm32-wasip2");
    let command = "node-http --port 8080 --connect-allow 127.0.0.1 target/wasm32-wasip2/release/hello.wasm";
    let server = Server::start(&folder, command);
    assert!(server.ask("POST /note HTTP/1.1", "body").ends_with("\r\n\r\nBODY"));
    assert!(server.ask("POST /count HTTP/1.1", "body").ends_with("\r\n\r\n4 bytes\n"));
    let ticks = server.ask("GET /ticks HTTP/1.1", "");
    assert!(
        ticks.contains("Transfer-Encoding: chunked") && ticks.ends_with("tick 3\n\r\n0\r\n\r\n"),
        "{ticks}"
    );
    let from_itself = format!("GET /proxy HTTP/1.1\r\nX-Url: http://127.0.0.1:{}/none", server.port);
    let answer = server.ask(&from_itself, "");
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("Not found\n"), "{answer}");
}

#[test]
fn the_crate_is_linked() {
    let folder = Folder::new(&["linked"]);
    run(&folder, "cargo build --release --target wasm32-wasip2");
    let command = "node-http run --port 8080 target/wasm32-wasip2/release/linked.wasm";
    assert!(Server::start(&folder, command).ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello!\n"));
}

/// Compiling the host once more would take minutes: that the program compiles is seen by `embed.rs` among the examples.
#[test]
fn the_host_is_embedded_with_what_its_example_uses() {
    let folder = Folder::new(&["embed"]);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it was pasted");
    let example = fs::read_to_string(folder.join("src/main.rs")).expect("it was pasted");
    assert_eq!(
        example,
        fs::read_to_string(repository().join("host/examples/embed.rs")).expect("the example")
    );
    // It looks at what this platform needs; the rest may never have been downloaded.
    cargo(&folder, &["tree", "--depth=1"]);
    for dependency in ["node-http-host", "tokio"] {
        assert!(manifest.contains(dependency) && example.contains(&dependency.replace('-', "_")));
    }
}

fn run(folder: &Path, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words[..] {
        ["cargo", "build", "--release", "--target", "wasm32-wasip2"] => build(folder),
        ["node-http", ref arguments @ ..] => {
            let output = node_http(folder, arguments).output().expect("the command starts");
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        }
        _ => panic!("nobody knows how to test `{command}`"),
    }
}
