//! Programs for Node under `node-http run`, over TCP. Those of `javascript/` take packages from npm, by its lock file.
#![cfg(all(feature = "javascript", unix))]

mod driver;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use node_http_host::wasmtime_wasi::FsPerms;
use node_http_host::wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use node_http_host::{Ctx, Exit, Host, Options, Policy};

fn node_http(program: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.args(["run", "--listen-allow", "127.0.0.1", "--connect-allow", "127.0.0.1"]);
    command.arg(program).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// The folder of the programs, with their packages.
fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/javascript");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("javascript");
        std::fs::create_dir_all(&folder).unwrap();
        for file in std::fs::read_dir(source).unwrap().flatten() {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        let npm = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).status();
        assert!(npm.expect("npm").success(), "the packages of the tests cannot be had");
        folder
    })
}

/// A program that listens, killed when the test ends.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str) -> Self {
        let mut child = node_http(&programs().join(program)).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").expect("a line with the address");
        Self { address: address.to_owned(), child }
    }

    /// The whole answer to a request with these header lines and this body.
    fn ask(&self, line: &str, headers: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "", b"")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer has this status and contains all of `parts`.
#[track_caller]
fn assert_answer(answer: &str, status: u16, parts: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    for part in parts {
        assert!(answer.contains(part), "`{part}` is not in {answer}");
    }
}

#[test]
fn a_server_of_http_alone() {
    let mut server = Server::start("bare.js");
    assert_answer(&server.get("/path"), 200, &["Content-Type: text/plain\r\n", "hello /path"]);
    let upload = server.ask("POST /", "", &vec![b'x'; 1_000_000]);
    assert_answer(&upload, 200, &["received 1000000"]);
    // SIGTERM: the server closes, and with it the program.
    let killed = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn express() {
    let server = Server::start("express.js");
    assert_answer(&server.get("/"), 200, &["X-Powered-By: Express\r\n", "hello from express"]);
    assert_answer(&server.get("/users/7?a=b"), 200, &[r#"{"id":"7","query":{"a":"b"}}"#]);
    let echo = server.ask("POST /echo", "Content-Type: application/json\r\n", br#"{"list":[1,2]}"#);
    assert_answer(&echo, 200, &[r#"{"list":[1,2]}"#]);
    assert_answer(&server.ask("POST /upload", "", &vec![b'x'; 1_000_000]), 200, &["received 1000000"]);
    let range = server.ask("GET /static/package.json", "Range: bytes=4-9\r\n", b"");
    assert_answer(&range, 206, &["Content-Range: bytes 4-9/", "Content-Type: application/json", "\"name\""]);
    assert_answer(&server.get("/boom"), 500, &[r#"{"error":"boom"}"#]);
    assert_answer(&server.get("/nothing"), 404, &["Cannot GET /nothing"]);
}

#[test]
fn koa() {
    let server = Server::start("koa.mjs");
    assert_answer(&server.get("/"), 200, &["X-Served-By: koa\r\n", "hello from koa"]);
    assert_answer(&server.get("/json"), 200, &[r#"{"path":"/json"}"#]);
    assert_answer(&server.get("/boom"), 418, &["boom"]);
}

#[test]
fn http_proxy() {
    let server = Server::start("proxy.js");
    assert_answer(&server.ask("POST /", "", b"through"), 201, &["x-origin: yes\r\n", "through"]);
}

#[test]
fn ws_at_both_ends() {
    assert_answer(&Server::start("ws.js").get("/"), 200, &["echoed a message"]);
}

/// The client is a browser's own.
#[test]
fn ws_and_a_browser() {
    let Some(mut browser) = driver::Browser::start() else { return };
    let server = Server::start("ws.js");
    let page = browser.open(&format!("http://{}/page", server.address));
    browser.wait_for(&page, "document.title", "text: from a page, 3 bytes, closed 1000");
}

/// As under `wasmtime run`: with sockets of wasmtime-wasi, and nothing around that knows of HTTP.
#[test]
fn express_and_ws_under_plain_wasmtime() {
    let folder = programs();
    let said = MemoryOutputPipe::new(4096);
    let host = Host::with(Options { wasmtime_sockets: true, ..Options::default() }).unwrap();
    let app = host.load(node_http_host::JAVASCRIPT).unwrap();
    let ctx = Ctx::builder()
        .args(&["node-http", folder.join("alone.js").to_str().unwrap()])
        .stdout(said.clone())
        .policy(Policy::allow_all())
        .wasi(|wasi| {
            let path = folder.to_str().unwrap();
            wasi.preopened_dir(folder, path, FsPerms::ReadOnly).unwrap();
        })
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exit = runtime.block_on(app.run(ctx)).unwrap();
    let said = String::from_utf8_lossy(&said.contents()).into_owned();
    assert_eq!(said, "hello from express\nechoed a message\nclosed\n");
    assert!(matches!(exit, Exit::Code(0)), "{exit:?}");
}

#[test]
fn axios() {
    let expected = r#"[{"method":"GET","body":""},{"method":"POST","body":{"name":"value"}},404]"#;
    assert_answer(&Server::start("axios.js").get("/"), 200, &[expected]);
}

/// Runs a program of these lines to its end.
fn run(name: &str, source: &str) -> Output {
    let path = programs().join(name);
    std::fs::write(&path, source).unwrap();
    node_http(&path).output().unwrap()
}

#[test]
fn callbacks_come_in_nodes_order() {
    let output = run(
        "order.js",
        "setTimeout(() => console.log('timeout'), 1);
         setImmediate(() => { console.log('immediate'); process.nextTick(() => console.log('tick of immediate')); });
         Promise.resolve().then(() => { console.log('promise'); process.nextTick(() => console.log('tick of promise')); });
         process.nextTick(() => console.log('tick'));
         console.log('program');
         for (const end = Date.now() + 5; Date.now() < end;);",
    );
    let expected = "program\ntick\npromise\ntick of promise\ntimeout\nimmediate\ntick of immediate\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_uncaught_error_is_printed_and_ends_the_program() {
    let output = run("uncaught.js", "process.nextTick(() => { throw new TypeError('out of order'); });");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("TypeError: out of order\n    at ") && stderr.contains("uncaught.js"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
    let output = run("rejected.js", "Promise.reject(new Error('nobody waits'));");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Error: nobody waits"));
    assert_eq!(output.status.code(), Some(1));
    // WASI knows success and failure, and no numbers.
    assert_eq!(run("exit.js", "setInterval(() => process.exit(3), 1);").status.code(), Some(1));
    assert_eq!(run("done.js", "setInterval(() => process.exit(), 1);").status.code(), Some(0));
}

/// The bytes of a server's sockets pass JavaScript by until a program looks at them.
#[test]
fn sockets_of_a_server_can_be_looked_at() {
    let output = run(
        "sockets.js",
        r#"
const http = require('http'), net = require('net');
const GET = (path) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`;
let seen = '';
const handlers = {
  '/counts': (req, res) => res.end(`received ${req.socket.bytesRead}, sent ${req.socket.bytesWritten}`),
  '/raw': (req, res) => { req.socket.write('HTTP/1.1 102 Processing\r\n\r\n'); res.end('behind it'); },
  '/data': (req, res) => { req.socket.on('data', (bytes) => { seen += bytes; }); res.end('listening'); },
  '/seen': (req, res) => res.end(seen.split('\r\n')[0]),
  '/last': (req, res) => { res.end('over'); res.on('finish', () => req.socket.end()); },
};
const server = http.createServer((req, res) => { res.sendDate = false; handlers[req.url](req, res); });
server.listen(0, '127.0.0.1', () => {
  const paths = Object.keys(handlers), client = net.connect(server.address().port, '127.0.0.1');
  let got = '';
  const next = () => { if (paths.length) client.write(GET(paths.shift())); };
  next();
  client.setEncoding('latin1').on('data', (text) => {
    got += text;
    if (/\r\n\r\n[^\r]+$/.test(got)) { console.log(JSON.stringify(got)); got = ''; next(); }
  }).on('end', () => { console.log('end'); client.end(); server.close(); });
});
"#,
    );
    let head = r"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: ";
    let expected = format!(
        r#""{head}19\r\n\r\nreceived 36, sent 0"
"HTTP/1.1 102 Processing\r\n\r\n{head}9\r\n\r\nbehind it"
"{head}9\r\n\r\nlistening"
"{head}18\r\n\r\nGET /seen HTTP/1.1"
"{head}4\r\n\r\nover"
end
"#
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
