//! What `node-http fetch` and curl do with the same arguments and the same answers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Arguments, in which `URL` stands for the server.
pub(crate) type Arguments<'a> = &'a [&'a str];

/// What one of the two did.
#[derive(Debug, PartialEq)]
pub(crate) struct Done {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    /// Whether it has said something on standard error.
    pub(crate) complains: bool,
    /// Request line, header lines in any order, body; for each request.
    pub(crate) requests: Vec<(String, BTreeSet<String>, String)>,
    /// The files it has made.
    pub(crate) files: Vec<(String, String)>,
}

/// Answers one connection after another.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) requests: JoinHandle<Vec<String>>,
}

impl Origin {
    pub(crate) fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Vec<String> =
            answers.iter().map(|answer| answer.replace("URL", &format!("http://{address}"))).collect();
        let requests = thread::spawn(move || {
            let mut received = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                received.push(request(&mut stream));
                if answer == SILENCE {
                    // Until it has lost patience.
                    let _ = stream.read(&mut [0; 64]);
                } else {
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
            received
        });
        Self { address, requests }
    }
}

/// No answer at all.
pub(crate) const SILENCE: &str = "";

fn request(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        received.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let whole = match length {
            Some(length) => body.len() >= length.parse::<usize>().unwrap(),
            None => !lower.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
        };
        if whole || count == 0 {
            return text;
        }
    }
}

fn run(
    program: &mut Command,
    arguments: Arguments<'_>,
    answers: &[&str],
    input: &str,
    folder: &Path,
) -> Done {
    let origin = Origin::start(answers);
    let address = origin.address.to_string();
    // Left by the run before.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("input.txt"), "two\r\nlines\n").unwrap();
    let arguments = arguments.iter().map(|argument| argument.replace("URL", &format!("http://{address}")));
    let arguments = arguments.map(|argument| argument.replace("ADDRESS", &address));
    program.args(arguments).current_dir(folder).env_remove("http_proxy").env_remove("RUST_LOG");
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    // It fails when nobody reads it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&address, "ADDRESS");
    let requests = origin.requests.join().unwrap();
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "input.txt")
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    Done {
        status: output.status.code(),
        stdout: text(&output.stdout),
        complains: !output.stderr.is_empty(),
        requests: requests.iter().map(|request| parts(&request.replace(&address, "ADDRESS"))).collect(),
        files,
    }
}

fn parts(request: &str) -> (String, BTreeSet<String>, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let first = lines.next().unwrap().to_owned();
    let fields = lines.filter(|line| {
        // Who asks differs; curl keeps connections and does not say that a POST has no body.
        !line.starts_with("User-Agent: curl/")
            && !line.starts_with("User-Agent: node-http/")
            && !line.starts_with("Connection: ")
            && *line != "Content-Length: 0"
    });
    // Chunks are cut as the pieces come.
    let body = if head.contains("chunked") { "chunks".to_owned() } else { body.to_owned() };
    (first, fields.map(str::to_owned).collect(), body)
}

pub(crate) fn curl() -> Option<Command> {
    let found = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        // Past the test harness, which shows only what failed tests print. Without an error stream nobody can be told.
        let _ =
            writeln!(io::stderr(), "\n#### SKIPPED: the flags of fetch are not compared: there is no curl");
    }
    // Whatever the user has in a file of his own does not count.
    let mut command = Command::new("curl");
    // Nor is a second waited for an interim answer.
    command.args(["-q", "-H", "Expect:"]);
    found.then_some(command)
}

pub(crate) fn fetch() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.arg("fetch");
    command
}

#[track_caller]
pub(crate) fn same(name: &str, arguments: Arguments<'_>, answers: &[&str], input: &str) -> Option<Done> {
    let folder = |who: &str| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("curl-{name}-{who}"));
    let theirs = run(&mut curl()?, arguments, answers, input, &folder("curl"));
    let mut ours = run(&mut fetch(), arguments, answers, input, &folder("fetch"));
    // curl shows its progress where ours shows it to a terminal only.
    if !arguments.iter().any(|argument| argument.starts_with("-s") || argument.starts_with("-fs")) {
        ours.complains = theirs.complains;
    }
    assert_eq!(ours, theirs, "{arguments:?}: ours is left, curl's right");
    Some(ours)
}
