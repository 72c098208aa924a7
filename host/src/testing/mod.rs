//! Runs components in tests: on a free port, on a thread of their own, with their output kept.
//!
//! ```no_run
//! use node_http_host::testing::TestApp;
//!
//! # fn main() -> std::io::Result<()> {
//! let app = TestApp::start(&std::fs::read("app.wasm")?);
//! let stream = std::net::TcpStream::connect(app.address())?; // waits until it listens
//! # drop(stream);
//! # Ok(())
//! # }
//! ```
//!
//! A component finds `HOST=127.0.0.1` and `PORT=0` in its environment, may listen where it likes and connect to this
//! machine. Any number may run at once; each component is compiled once in a process. Whatever goes wrong panics, with all
//! that the component has printed.

mod output;

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use wasmtime::Result;

pub use self::output::Output;
use crate::{App, Ctx, CtxBuilder, DrainHandle, Exit, Host, Listening, Policy, Rule};

/// How long anything may take before the test fails. Generous: it is only waited for when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running component. Dropping it drains it and fails the test if the component has trapped.
#[derive(Debug)]
pub struct TestApp {
    drain: DrainHandle,
    stdout: Output,
    stderr: Output,
    listening: Receiver<SocketAddr>,
    address: OnceLock<SocketAddr>,
    ended: Receiver<Result<Exit>>,
    over: Cell<bool>,
}

impl TestApp {
    /// Starts `component`, with `node:http` plugged in if it imports that.
    ///
    /// # Panics
    /// When the component cannot be composed or compiled.
    #[must_use]
    pub fn start(component: &[u8]) -> Self {
        Self::builder(component).start()
    }

    /// The same with arguments, variables and more.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn builder(component: &[u8]) -> TestAppBuilder {
        TestAppBuilder::new(load(component))
    }

    /// Where the component listens first; waits until it does.
    ///
    /// # Panics
    /// When it does not.
    pub fn address(&self) -> SocketAddr {
        *self.address.get_or_init(|| match self.listening.recv_timeout(PATIENCE) {
            Ok(address) => address,
            Err(_) => self.fail("the component does not listen"),
        })
    }

    /// The URL of `path` there.
    ///
    /// # Panics
    /// As [`Self::address`].
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The rest of the first line on standard output that begins with `prefix`; waits for it.
    ///
    /// # Panics
    /// When there is none.
    pub fn line(&self, prefix: &str) -> String {
        self.find_line(|line| line.strip_prefix(prefix).map(str::to_owned))
            .unwrap_or_else(|| self.fail(&format!("no line {prefix:?}")))
    }

    /// The rest of the first line on standard error that begins with `prefix`; waits for it.
    ///
    /// # Panics
    /// When there is none.
    pub fn error_line(&self, prefix: &str) -> String {
        self.stderr
            .wait_for(|line| line.strip_prefix(prefix).map(str::to_owned))
            .unwrap_or_else(|| self.fail(&format!("no line {prefix:?} on standard error")))
    }

    /// What `find` makes of the first line on standard output that it accepts, printed or yet to come; none when patience
    /// ends.
    pub fn find_line<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.stdout.wait_for(find)
    }

    /// What was printed on standard output.
    pub fn stdout(&self) -> String {
        self.stdout.all()
    }

    /// What was printed on standard error.
    pub fn stderr(&self) -> String {
        self.stderr.all()
    }

    /// Asks the component to end as a host does on Ctrl-C.
    pub fn drain(&self) {
        self.drain.start();
    }

    /// Waits for the component to end, by itself or because of [`Self::drain`].
    ///
    /// # Panics
    /// When it traps or does not end.
    pub fn finish(self) -> Exit {
        self.wait()
    }

    /// How the component has ended, if it has: the error is that of a trap.
    pub fn ended(&self) -> Option<Result<Exit>> {
        let ended = self.ended.try_recv().ok()?;
        self.over.set(true);
        Some(ended)
    }

    /// Whether somebody knows how the component has ended.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Waits for the component to trap and returns the error, and what was printed on standard error.
    ///
    /// # Panics
    /// When it does not.
    pub fn trap(self) -> (wasmtime::Error, String) {
        self.over.set(true);
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Err(error)) => (error, self.stderr()),
            other => self.fail(&format!("{other:?} instead of a trap")),
        }
    }

    fn wait(&self) -> Exit {
        self.over.set(true);
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Ok(exit)) => exit,
            Ok(Err(error)) => self.fail(&format!("{error:?}")),
            Err(RecvTimeoutError::Timeout) => self.fail("the component does not end"),
            Err(RecvTimeoutError::Disconnected) => self.fail("the host has panicked"),
        }
    }

    /// Fails the test with what the component has printed.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.outputs())
    }

    fn outputs(&self) -> String {
        format!("---- stdout of the component\n{}---- its stderr\n{}", self.stdout(), self.stderr())
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.drain.start();
        if thread::panicking() {
            eprintln!("{}", self.outputs());
        } else if !self.over.get() {
            self.wait();
        }
    }
}

/// How a component is started.
#[must_use]
pub struct TestAppBuilder {
    app: App,
    arguments: Vec<String>,
    policy: Policy,
    ctx: CtxBuilder,
}

impl TestAppBuilder {
    /// Starts an [`App`] that somebody else has loaded.
    pub fn new(app: App) -> Self {
        let mut policy = Policy::default();
        let rule = |text: &str| text.parse::<Rule>().expect("the rule is one");
        policy.allow_listen(rule("*")).allow_connect(rule("localhost"));
        let ctx = Ctx::builder().env("HOST", "127.0.0.1").env("PORT", "0").grace(PATIENCE / 2);
        Self { app, arguments: vec!["app".to_owned()], policy, ctx }
    }

    /// Sets the arguments behind the name.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.truncate(1);
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.ctx = self.ctx.env(name, value);
        self
    }

    /// Sets what the component may listen on, connect to, send to and look up.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Changes anything else.
    pub fn ctx(mut self, change: impl FnOnce(CtxBuilder) -> CtxBuilder) -> Self {
        self.ctx = change(self.ctx);
        self
    }

    /// Starts the component.
    ///
    /// # Panics
    /// When the machine has no thread to give.
    pub fn start(self) -> TestApp {
        let Self { app, arguments, policy, ctx } = self;
        let (drain, stdout, stderr) = (DrainHandle::new(), Output::default(), Output::default());
        let ctx = ctx.args(&arguments).policy(policy).drain(drain.clone());
        let ctx = ctx.stdout(stdout.clone()).stderr(stderr.clone()).build();
        let (told, listening) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let listening_at = ctx.listening().clone();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                tokio::spawn(tell_first(listening_at, told));
                app.run(ctx).await
            })
        };
        thread::Builder::new()
            .name("component".to_owned())
            // Nobody is left to tell when the test has already failed.
            .spawn(move || _ = end.send(run()))
            .expect("a thread");
        let address = OnceLock::new();
        TestApp { drain, stdout, stderr, listening, address, ended, over: Cell::new(false) }
    }
}

async fn tell_first(listening: Listening, told: mpsc::Sender<SocketAddr>) {
    // Nobody has to ask.
    let _ = told.send(listening.first().await);
}

/// Composes and compiles a component, once in a process.
fn load(component: &[u8]) -> App {
    static HOST: OnceLock<Host> = OnceLock::new();
    static APPS: Mutex<Vec<(Vec<u8>, App)>> = Mutex::new(Vec::new());
    let host = HOST.get_or_init(|| Host::new().expect("this machine runs WebAssembly"));
    let mut apps = APPS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, app)) = apps.iter().find(|(bytes, _)| bytes == component) {
        return app.clone();
    }
    let app = host.load_with_node_http(component).expect("the component can be compiled");
    apps.push((component.to_vec(), app.clone()));
    app
}
