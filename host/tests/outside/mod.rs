//! A place outside the repository, and what people do there: build for WebAssembly, run, ask.
#![allow(dead_code, reason = "no test does all of that")]

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

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).expect("README.md")
}

/// A fresh folder beside the repository, which is called `node-http` there. Dropping it removes it.
pub(crate) struct Folder {
    place: PathBuf,
    path: PathBuf,
}

impl Folder {
    /// Pastes the files of `sources` into a folder that has the first one's name.
    pub(crate) fn new(sources: &[&str]) -> Self {
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

/// The commands of the blocks that are marked with `name`.
pub(crate) fn commands(name: &str) -> Vec<String> {
    let (readme, mark) = (readme(), format!("<!-- run: {name} -->\n"));
    let blocks = readme.split(&mark).skip(1).map(block);
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

pub(crate) fn build(folder: &Path) {
    let (built, wanted) = (build_with(folder, &[]), folder.join("target/wasm32-wasip2/release"));
    fs::create_dir_all(&wanted).expect("a folder that does not last");
    let name = format!("{}.wasm", folder.file_name().and_then(|name| name.to_str()).expect("a name"));
    fs::copy(built.join(&name), wanted.join(&name)).expect("the artefact");
}

/// Builds with more arguments, and returns the folder of the artefacts.
pub(crate) fn build_with(folder: &Path, more: &[&str]) -> PathBuf {
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
    arguments.extend(more);
    cargo(folder, &arguments);
    target.join("wasm32-wasip2/wasm")
}

pub(crate) fn cargo(folder: &Path, arguments: &[&str]) {
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
    if arguments.contains(&"wasm32-wasip2") {
        // As the components of this repository are built, which saves building what they depend on.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Cllvm-args=-inline-threshold=80");
    }
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn node_http(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.current_dir(folder).args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A running server, killed when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Runs `node-http …` on a free port instead of 8080.
    pub(crate) fn start(folder: &Path, command: &str) -> Self {
        let command = command.replace("8080", "0");
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[0], "node-http");
        let mut child = node_http(folder, &words[1..]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
        let port = line.trim_end().strip_prefix("listening on port ").expect("a line with the port");
        Self { port: port.parse().expect("a port"), child }
    }

    pub(crate) fn ask(&self, head: &str, body: &str) -> String {
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
