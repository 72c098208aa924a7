//! Our client against servers that nobody here wrote, and our proxy with a client of that kind. Who is not there is not tested, and says so.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread};

use node_http_tests::{Case, Origin};
use rustix::net::{self, AddressFamily, SocketType, sockopt};

use super::SOCKETS;

/// A server in a process of its own, and the folder that it serves. Both are gone when it is dropped.
struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen then.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

// Rows: CR1, CR32, CR41, I-24
#[test]
fn node() {
    let Some(program) = program("NODE", "node", &["--version"]).filter(is_recent) else { return };
    let folder = folder("node");
    let script = include_str!("foreign_servers/node.js");
    serves(spoken(Command::new(program).args(["-e", script]).arg(&folder), folder), "POST");
}

// Rows: CR1, CR32, CR41, I-24
#[test]
fn python() {
    let Some(program) = program("PYTHON", "python3", &["--version"]) else { return };
    let folder = folder("python");
    let script = include_str!("foreign_servers/python.py");
    serves(spoken(Command::new(program).args(["-c", script]).arg(&folder), folder), "POST");
}

// Rows: CR1, CR32, CR41, I-24
#[test]
fn nginx() {
    let Some(program) = program("NGINX_PROGRAM", "nginx", &["-v"]) else { return };
    let folder = folder("nginx");
    // It knows no port 0: one is taken for it, and shared without being listened to.
    let taken = net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    sockopt::set_socket_reuseport(&taken, true).expect("a TCP socket");
    net::bind(&taken, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = net::getsockname(&taken).expect("a bound socket");
    let address = SocketAddrV4::try_from(address).expect("the address that it was bound to");
    let configuration = include_str!("foreign_servers/nginx.conf")
        .replace("FOLDER", folder.to_str().expect("a folder named in UTF-8"))
        .replace("ADDRESS", &address.to_string());
    fs::write(folder.join("nginx.conf"), configuration).expect("a folder of our own");
    let mut process = Command::new(program)
        .arg("-p")
        .arg(&folder)
        .args(["-c", "nginx.conf"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it has told its version");
    let mut notices = BufReader::new(process.stderr.take().expect("it is piped")).lines();
    // What it says once it listens.
    assert!(notices.any(|line| line.is_ok_and(|line| line.contains("OS: "))), "it has ended");
    // Nobody may write to a closed pipe.
    thread::spawn(move || notices.for_each(drop));
    serves(Server { process, folder, port: address.port() }, "PUT");
}

// Rows: X5, SV5
#[test]
fn curl_through_our_tunnelling_proxy() {
    let Some(program) = program("CURL", "curl", &["--version"]) else { return };
    let origin = Origin::describing();
    let case = Case::start_with(SOCKETS, "node_client_example", &["proxy"]);
    let proxy = format!("http://{}", case.address("proxy"));
    let urls = ["one", "two"].map(|path| format!("http://{}/{path}", origin.address()));
    let arguments = ["--silent", "--max-time", "10", "--noproxy", "", "--proxytunnel", "--proxy", &proxy];
    let output = Command::new(program).args(arguments).args(&urls).output().expect("it has told its version");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("GET /one HTTP/1.1\r\n") && text.contains("GET /two HTTP/1.1\r\n"), "{output:?}");
    assert_eq!(origin.connections(), 1, "one tunnel for both");
}

fn serves(server: Server, upload: &str) {
    let case = Case::start_with(SOCKETS, "foreign_servers", &[&server.port.to_string(), upload]);
    assert_eq!(case.line("requests "), "10");
    case.finish();
}

/// Starts a server that prints its port.
fn spoken(command: &mut Command, folder: PathBuf) -> Server {
    let mut process = command.stdout(Stdio::piped()).spawn().expect("it has told its version");
    let mut line = String::new();
    let printed = process.stdout.take().expect("it is piped");
    BufReader::new(printed).read_line(&mut line).expect("text");
    let port = line.trim().parse().unwrap_or_else(|_| panic!("{line:?} is no port"));
    Server { process, folder, port }
}

/// The program that `variable` names, or that of this name, if it runs.
fn program(variable: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let program = env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let runs = Command::new(&program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !runs {
        skipped(&format!("there is no {}; {variable} can name one", program.display()));
    }
    runs.then_some(program)
}

/// Past the test harness, which shows only what failed tests print.
fn skipped(why: &str) {
    // Without an error stream nobody can be told.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}

/// Node 23 or newer, as all that we compare with.
fn is_recent(program: &PathBuf) -> bool {
    let output = Command::new(program).arg("--version").output().expect("it has told its version");
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    let recent = major.is_some_and(|major: u32| major >= 23);
    if !recent {
        let program = program.display();
        skipped(&format!("{program} is Node {version}, not 23 or newer; NODE can name another"));
    }
    recent
}

/// A folder with a small file and a large one.
fn folder(server: &str) -> PathBuf {
    let name = format!("foreign-{server}-{SOCKETS:?}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder of our own");
    fs::write(folder.join("small"), "a small file\n").expect("a folder of our own");
    let large: Vec<u8> = (0..8 << 20).map(|position: usize| (position * 31 % 251) as u8).collect();
    fs::write(folder.join("large"), large).expect("a folder of our own");
    folder
}
