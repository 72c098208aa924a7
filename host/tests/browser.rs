//! The demo's pages in a real browser: headless Chromium, driven over its own WebSocket by `node-http fetch`. Skipped, and
//! said so, where there is no Chromium: `CHROMIUM` names it, or it is `chromium` or `google-chrome`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use serde_json::{Value, json};

#[test]
fn every_link_of_the_start_page_leads_somewhere() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let start = browser.open(&demo.said);
    let links = "Array.from(document.links, (link) => link.getAttribute('href')).join(' ')";
    let links = browser.evaluate(&start, links);
    let mut links: Vec<&str> = links.as_str().expect("a text").split(' ').collect();
    // A page that never ends has no moment at which it is there.
    let endless =
        links.remove(links.iter().position(|link| *link == "/events").expect("a link to the events"));
    let events = browser.begin(&format!("{}{endless}", demo.said));
    browser.wait_for(&events, "(document.body?.innerText ?? '').includes('\"requests\": ')", true);
    let shown = [
        ("/chat", "document.querySelector('h1').innerText", "Chat".into()),
        ("/echo?hello=world", "JSON.parse(document.body.innerText).url", "/echo?hello=world".into()),
        ("/plain", "document.body.innerText.trim()", "Hello, world".into()),
        ("/download?bytes=1000000", "document.body.textContent.length", 1_000_000.into()),
        ("/large?bytes=1000000", "document.body.textContent.length", 1_000_000.into()),
        ("/slow?seconds=2", "document.body.innerText.trim()", "after 2 s".into()),
        ("/trailers", "document.body.innerText.trim()", Value::from("one\ntwo")),
    ];
    assert_eq!(links, shown.each_ref().map(|(link, ..)| *link));
    for (link, script, wanted) in shown {
        let page = browser.open(&format!("{}{link}", demo.said));
        assert_eq!(browser.evaluate(&page, script), wanted, "{link}");
    }
}

#[test]
fn every_action_of_the_start_page_shows_its_answer() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let page = browser.open(&demo.said);
    browser.wait_for(&page, "id('state').textContent", "live");
    let answers = [
        ("Echo", "POST /echo?hello=world HTTP/1.1", "\"body\": \"Hello from a browser\""),
        ("Plain text", "GET /plain HTTP/1.1", "Hello, world\n"),
        ("Stream", "GET /download?bytes=1000000 HTTP/1.1", "             16\n"),
        ("Range", "Range: bytes=500000-500095", "content-range: bytes 500000-500095/1000000\n"),
        ("Slow", "GET /slow?seconds=2 HTTP/1.1", "after 2 s\n"),
        ("Trailers", "GET /trailers HTTP/1.1", "one\ntwo\n"),
    ];
    let names = "Array.from(document.querySelectorAll('#actions li > button'), \
                 (button) => button.parentElement.querySelector('a').textContent).join()";
    let names = browser.evaluate(&page, names);
    assert_eq!(names, answers.map(|(name, ..)| name).join(","));
    let is_shown = |sent: &str, got: &str| {
        format!("[{}, {}].every((part) => wire.textContent.includes(part))", json!(sent), json!(got))
    };
    for (at, (name, sent, got)) in answers.into_iter().enumerate() {
        let click = format!("document.querySelectorAll('#actions li > button')[{at}].click()");
        browser.evaluate(&page, &click);
        browser.wait_for(&page, "/ bytes in [0-9]+ ms$/.test(time.textContent)", true);
        assert_eq!(browser.evaluate(&page, &is_shown(sent, got)), true, "{name}");
    }
    let upload = "{ const data = new DataTransfer(); data.items.add(new File(['12345'], 'five.txt')); \
                  const form = document.querySelector('form'); form.file.files = data.files; form.requestSubmit() }";
    browser.evaluate(&page, upload);
    browser.wait_for(&page, &is_shown("POST /upload HTTP/1.1", "\n5 bytes\n"), true);
    // Each answer counts, and the page hears of it.
    browser.wait_for(&page, "Number(requests.textContent) >= 9", true);
    // The server stops: it does not wait for the page, which says so.
    drop(demo);
    browser.wait_for(&page, "id('state').textContent", "not connected");
}

#[test]
fn two_browsers_chat() {
    let Some(mut browser) = Browser::start() else { return };
    let demo = demo();
    let pages = ["Ada", "Bob"].map(|name| {
        let page = browser.open(&format!("{}/chat", demo.said));
        browser.evaluate(&page, &format!("text.value = '{name}'; form.requestSubmit()"));
        browser.wait_for(&page, "state.textContent", "connected");
        page
    });
    for page in &pages {
        browser.wait_for(page, "people.innerText.replace('\\n', ' ')", "Ada Bob");
    }
    browser.evaluate(&pages[0], "text.value = '<i>hello</i>'; form.requestSubmit()");
    for page in &pages {
        browser.wait_for(page, "lines.innerText.replace('\\n', ': ')", "Ada: <i>hello</i>");
    }
    let third = browser.open(&format!("{}/chat", demo.said));
    browser.evaluate(&third, "text.value = 'Ada'; form.requestSubmit()");
    browser.wait_for(&third, "people.innerText.replaceAll('\\n', ' ')", "Ada Bob Ada (2)");
    // What the other Ada has said is not one's own.
    for (page, own) in [(&pages[0], 1), (&third, 0)] {
        browser.wait_for(page, "document.querySelectorAll('#lines .own').length", own);
    }
    // The server stops: pages say so, and it does not wait for them.
    drop(demo);
    browser.wait_for(&pages[1], "state.classList.contains('open')", false);
}

fn demo() -> Process {
    Process::start(Command::new(env!("CARGO_BIN_EXE_node-http")).args(["--listen", "127.0.0.1:0"]), |line| {
        line.strip_prefix("listening on ").map(str::to_owned)
    })
}

/// A process that ends with the test.
struct Process {
    child: Child,
    said: String,
}

impl Process {
    /// Waits for the first line on standard output that `find` likes.
    fn start(command: &mut Command, find: impl Fn(&str) -> Option<String>) -> Self {
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
struct Browser {
    driver: Child,
    commands: ChildStdin,
    messages: io::Lines<BufReader<ChildStdout>>,
    next_id: u64,
    chromium: Process,
    profile: PathBuf,
}

impl Browser {
    /// None where there is none, which is told past the test harness: that shows only what failed tests print.
    fn start() -> Option<Self> {
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
    fn open(&mut self, url: &str) -> String {
        let session = self.begin(url);
        self.wait_for(&session, "document.readyState", "complete");
        session
    }

    /// The same without waiting until all of it is there.
    fn begin(&mut self, url: &str) -> String {
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
    fn wait_for(&mut self, session: &str, script: &str, wanted: impl Into<Value>) {
        let wanted = wanted.into();
        let wait = format!(
            "new Promise((done) => {{ const look = () => {{ const found = {script}; \
             if (found === {wanted} || performance.now() > late) done(found); else setTimeout(look, 20); }}; \
             const late = performance.now() + 10000; look(); }})"
        );
        assert_eq!(self.evaluate(session, &wait), wanted, "{script}");
    }

    /// The value of a script in a page.
    fn evaluate(&mut self, session: &str, script: &str) -> Value {
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
