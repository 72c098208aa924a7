//! What the README tells to paste works in an empty folder beside the repository, without a network.
//!
//! `<!-- paste: hello/src/lib.rs -->` before a block names the file it becomes, `<!-- run: hello -->` the folder in which
//! the commands of a block are run. Dependencies are shared with the components of this repository: the same profile
//! and target folder, where the reader has `--release`. Ports are free ones.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs};

/// The profile in which this repository builds its components.
const PROFILE: [&str; 5] =
    ["inherits=\"release\"", "lto=\"fat\"", "codegen-units=1", "panic=\"abort\"", "strip=true"];

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
    let server = Server::start(&folder, "node-http run app.wasm --env PORT=8080 --listen-allow 8080");
    assert!(server.ask("GET / HTTP/1.1", "").ends_with("\r\n\r\nHello!\n"));
}

#[test]
fn handlers_wait_for_bodies_clocks_and_servers() {
    // The manifest is that of hello, the program another one.
    let folder = Folder::new(&["hello", "handlers"]);
    run(&folder, "cargo build --release --target wasm32-wasip2");
    let command = "node-http run target/wasm32-wasip2/release/hello.wasm --env PORT=8080 --listen-allow 8080 \
                   --connect-allow 127.0.0.1";
    let server = Server::start(&folder, command);
    assert!(server.ask("POST /note HTTP/1.1", "body").ends_with("\r\n\r\nBODY"));
    assert!(server.ask("POST /count HTTP/1.1", "body").ends_with("\r\n\r\n4 bytes\n"));
    let ticks = server.ask("GET /ticks HTTP/1.1", "");
    assert!(ticks.contains("Transfer-Encoding: chunked") && ticks.contains("tick 3\n"), "{ticks}");
    let from_itself = format!("GET /proxy HTTP/1.1\r\nX-Url: http://127.0.0.1:{}/none", server.port);
    let answer = server.ask(&from_itself, "");
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("Not found\n"), "{answer}");
}

#[test]
fn the_crate_is_linked() {
    let folder = Folder::new(&["linked"]);
    run(&folder, "cargo build --release --target wasm32-wasip2");
    let command =
        "node-http run target/wasm32-wasip2/release/linked.wasm --env PORT=8080 --listen-allow 8080";
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
    cargo(&folder, &["metadata", "--format-version=1"]);
    for dependency in ["node-http-host", "tokio"] {
        assert!(manifest.contains(dependency) && example.contains(&dependency.replace('-', "_")));
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).expect("README.md")
}

/// A fresh folder beside the repository, which is called `node-http` there. Dropping it removes it.
struct Folder {
    place: PathBuf,
    path: PathBuf,
}

impl Folder {
    /// Pastes the files of `sources` into a folder that has the first one's name.
    fn new(sources: &[&str]) -> Self {
        let place = env::temp_dir().join(format!("node-http-{}-{}", sources.join("-"), std::process::id()));
        let path = place.join(sources[0]);
        fs::create_dir_all(path.join("src")).expect("a folder for files that do not last");
        #[cfg(unix)]
        std::os::unix::fs::symlink(repository(), place.join("node-http")).expect("a fresh folder");
        // So that no newer version is wanted that is not here.
        fs::copy(repository().join("Cargo.lock"), path.join("Cargo.lock")).expect("the lock file");
        for source in sources {
            let mark = format!("<!-- paste: {source}/");
            for part in readme().split(&mark).skip(1) {
                let (file, rest) = part.split_once(" -->\n").expect("the mark ends");
                fs::write(path.join(file), block(rest)).expect("a file that does not last");
            }
        }
        Self { place, path }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind it does no harm.
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// The content of the next block of code.
fn block(text: &str) -> &str {
    let (_, rest) = text.split_once("```").expect("a block follows its mark");
    let (_, rest) = rest.split_once('\n').expect("the block begins on a new line");
    rest.split_once("```").expect("the block ends").0
}

fn commands(name: &str) -> Vec<String> {
    let (readme, mark) = (readme(), format!("<!-- run: {name} -->\n"));
    let blocks = readme.split(&mark).skip(1).map(block);
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
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

fn build(folder: &Path) {
    /// Two of the programs have the same name, and so the same artefact.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("wasm");
    let profile: Vec<String> = PROFILE.iter().map(|setting| format!("profile.wasm.{setting}")).collect();
    let mut arguments = vec!["build", "--target", "wasm32-wasip2", "--profile", "wasm", "--target-dir"];
    arguments.push(target.to_str().expect("a path in UTF-8"));
    for setting in &profile {
        arguments.extend(["--config", setting]);
    }
    cargo(folder, &arguments);
    let (built, wanted) = (target.join("wasm32-wasip2/wasm"), folder.join("target/wasm32-wasip2/release"));
    fs::create_dir_all(&wanted).expect("a folder that does not last");
    let name = format!("{}.wasm", folder.file_name().and_then(|name| name.to_str()).expect("a name"));
    fs::copy(built.join(&name), wanted.join(&name)).expect("the artefact");
}

fn cargo(folder: &Path, arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).args(arguments).arg("--offline");
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        // What is set for this repository's own code.
        if name.starts_with("CARGO_") && name != "CARGO_HOME"
            || name.starts_with("RUST") && name != "RUSTUP_TOOLCHAIN"
        {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Cllvm-args=-inline-threshold=80");
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn node_http(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.current_dir(folder).args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A running server, killed when the test ends.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Runs `node-http run …` on a free port instead of 8080.
    fn start(folder: &Path, command: &str) -> Self {
        let command = command.replace("8080", "0");
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[..2], ["node-http", "run"]);
        let mut child = node_http(folder, &words[1..]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
        let port = line.trim_end().strip_prefix("listening on port ").expect("a line with the port");
        Self { port: port.parse().expect("a port"), child }
    }

    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout above zero");
        let length = body.len();
        write!(stream, "{head}\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
