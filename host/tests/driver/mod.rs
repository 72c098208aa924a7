//! Headless Chromium, driven over its own WebSocket by `node-http fetch`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use serde_json::{Value, json};

/// A process that ends with the test.
pub(crate) struct Process {
    child: Child,
    pub(crate) said: String,
}

impl Process {
    /// Waits for the first line on standard output that `find` likes.
    pub(crate) fn start(command: &mut Command, find: impl Fn(&str) -> Option<String>) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let said =
            lines.map_while(Result::ok).find_map(|line| find(&line)).expect("it says where it listens");
        Self { child, said }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Chromium and the WebSocket on which it is driven: <https://chromedevtools.github.io/devtools-protocol/>.
pub(crate) struct Browser {
    driver: Child,
    commands: ChildStdin,
    messages: io::Lines<BufReader<ChildStdout>>,
    next_id: u64,
    chromium: Process,
    profile: PathBuf,
}

impl Browser {
    /// None where there is none, which is told past the test harness: that shows only what failed tests print.
    pub(crate) fn start() -> Option<Self> {
        let named = env::var_os("CHROMIUM").into_iter();
        let program = named.chain(["chromium", "google-chrome"].map(Into::into)).find(|program| {
            let version = Command::new(program).arg("--version").stderr(Stdio::null()).output();
            version.is_ok_and(|output| output.status.success())
        });
        let Some(program) = program else {
            // Without an error stream nobody can be told.
            let _ =
                writeln!(io::stderr(), "\n#### SKIPPED: no page is seen in a browser: there is no Chromium");
            return None;
        };
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let profile =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{}-{number}", process::id()));
        let mut command = Command::new("sh");
        // It says on standard error where it listens.
        command.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(program).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", profile.display()));
        let chromium = Process::start(&mut command, |line| {
            line.strip_prefix("DevTools listening on ").map(str::to_owned)
        });
        let mut driver = Command::new(env!("CARGO_BIN_EXE_node-http"))
            .args(["fetch", &chromium.said])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let commands = driver.stdin.take().expect("it is piped");
        let messages = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        Some(Self { driver, commands, messages, next_id: 0, chromium, profile })
    }

    /// Opens a page and returns the session in which it is driven.
    pub(crate) fn open(&mut self, url: &str) -> String {
        let session = self.begin(url);
        self.wait_for(&session, "document.readyState", "complete");
        session
    }

    /// The same without waiting until all of it is there.
    pub(crate) fn begin(&mut self, url: &str) -> String {
        let blank = json!({ "url": "about:blank" });
        let target = self.command(None, "Target.createTarget", blank)["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.command(None, "Target.attachToTarget", attach)["sessionId"].clone();
        let session = session.as_str().expect("a session").to_owned();
        // It answers when the page has taken the blank one's place: a script is not lost with that any more.
        self.command(Some(&session), "Page.navigate", json!({ "url": url }));
        session
    }

    /// Waits until a script's value is `wanted`; the page itself waits, so that nobody asks again and again.
    pub(crate) fn wait_for(&mut self, session: &str, script: &str, wanted: impl Into<Value>) {
        let wanted = wanted.into();
        let wait = format!(
            "new Promise((done) => {{ const look = () => {{ const found = {script}; \
             if (found === {wanted} || performance.now() > late) done(found); else setTimeout(look, 20); }}; \
             const late = performance.now() + 10000; look(); }})"
        );
        assert_eq!(self.evaluate(session, &wait), wanted, "{script}");
    }

    /// The value of a script in a page.
    pub(crate) fn evaluate(&mut self, session: &str, script: &str) -> Value {
        let parameters = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.command(Some(session), "Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }

    fn command(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.next_id += 1;
        let mut command = json!({ "id": self.next_id, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        writeln!(self.commands, "{command}").expect("fetch reads");
        loop {
            let line = self.messages.next().expect("fetch goes on").expect("text");
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message["id"] == self.next_id {
                assert!(message["error"].is_null(), "{command}: {message}");
                return message["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = self.chromium.child.kill();
        let _ = self.chromium.child.wait();
        // Its helpers may still write.
        let _ = fs::remove_dir_all(&self.profile);
    }
}
