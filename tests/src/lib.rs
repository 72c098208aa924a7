//! The harness of the tests that need a running component: the composed program of `tests/components`, each case in an
//! instance and a thread of its own, real TCP on 127.0.0.1, no fixed ports, no sleeping until something is ready.

pub mod autobahn;
pub mod client_differential;
pub mod differential;
pub mod hostile;
pub mod node;
mod origin;
mod peer;
mod probes;
pub mod process;
mod raw;
pub mod web_socket;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;

use node_http_host::testing::Output;
pub use node_http_host::testing::PATIENCE;
use node_http_host::{
    App, BATCHED_COMPONENT, COMPONENT, Ctx, CtxBuilder, DrainHandle, Exit, Host, Metrics, Options, Policy,
    Result, Workers,
};

pub use crate::origin::{Origin, Seen};
pub use crate::peer::Peer;
pub use crate::probes::{reply_of, script_of};
pub use crate::raw::{RawClient, Reply};
pub use crate::wire::{get, latin1, merge_chunks, ok, ok_and_close, post, to_latin1, without_dates};

/// Whose TCP the component runs on. Every suite runs on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sockets {
    /// Those of `node_http_host`.
    Ours,
    /// Those of wasmtime-wasi, as under plain `wasmtime run`.
    Wasmtime,
}

/// What a case is watched and ended by.
#[derive(Clone, Default)]
struct Given {
    drain: DrainHandle,
    metrics: Metrics,
    stdout: Output,
    stderr: Output,
}

impl Given {
    fn give(&self, ctx: CtxBuilder) -> CtxBuilder {
        let ctx = ctx
            .drain(self.drain.clone())
            .metrics(&self.metrics)
            .stdout(self.stdout.clone())
            .stderr(self.stderr.clone());
        // Any free port, for programs that look at it.
        ctx.env("PORT", "0").policy(Policy::allow_all())
    }
}

/// A running case. Dropping it stops it and fails the test if it has trapped.
#[derive(Debug)]
pub struct Case {
    sockets: Sockets,
    drain: DrainHandle,
    metrics: Metrics,
    stdout: Output,
    stderr: Output,
    ended: Receiver<Result<Exit>>,
    over: bool,
}

impl Case {
    /// Starts the case `name` of `tests/components`.
    pub fn start(sockets: Sockets, name: &str) -> Self {
        Self::start_with(sockets, name, &[])
    }

    /// The same with more arguments for the case.
    ///
    /// # Panics
    /// When the machine has no thread to give.
    pub fn start_with(sockets: Sockets, name: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<&str> = ["cases", name].into_iter().chain(arguments.iter().copied()).collect();
        Self::launch(sockets, name, app(sockets), &arguments, |ctx| ctx)
    }

    /// Starts the case `name` in several instances, on our sockets.
    ///
    /// # Panics
    /// When the machine has no thread to give.
    pub fn start_workers(workers: &Arc<Workers>, name: &'static str) -> Self {
        let (given, workers, app) = (Given::default(), Arc::clone(workers), app(Sockets::Ours));
        let ctx = given.clone();
        let work = move || app.run_workers(&workers, |_| ctx.give(Ctx::builder().args(&["cases", name])));
        Self::watch(Sockets::Ours, name, given, work)
    }

    /// Starts another program, which imports `node:http` or has it linked in.
    ///
    /// # Panics
    /// When the component cannot be composed or compiled.
    pub fn program(sockets: Sockets, component: &[u8]) -> Self {
        Self::program_with(sockets, component, &[])
    }

    /// The same with arguments.
    ///
    /// # Panics
    /// When the component cannot be composed or compiled.
    pub fn program_with(sockets: Sockets, component: &[u8], arguments: &[&str]) -> Self {
        let arguments: Vec<&str> = ["app"].into_iter().chain(arguments.iter().copied()).collect();
        Self::launch(sockets, "app", load_program(sockets, component), &arguments, |ctx| ctx)
    }

    /// The same with whatever `change` gives it: variables, folders.
    ///
    /// # Panics
    /// When the component cannot be composed or compiled.
    pub fn program_in(
        sockets: Sockets,
        component: &[u8],
        change: impl FnOnce(CtxBuilder) -> CtxBuilder,
    ) -> Self {
        Self::launch(sockets, "app", load_program(sockets, component), &["app"], change)
    }

    fn launch(
        sockets: Sockets,
        name: &str,
        app: App,
        arguments: &[&str],
        change: impl FnOnce(CtxBuilder) -> CtxBuilder,
    ) -> Self {
        let given = Given::default();
        let ctx = given.give(change(Ctx::builder()).args(arguments)).build();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(app.run(ctx))
        };
        Self::watch(sockets, name, given, work)
    }

    /// Does `work`, which runs a program with what is `given`, on a thread.
    fn watch(
        sockets: Sockets,
        name: &str,
        given: Given,
        work: impl FnOnce() -> Result<Exit> + Send + 'static,
    ) -> Self {
        let (send, ended) = mpsc::channel();
        thread::Builder::new()
            .name(name.to_owned())
            // Nobody is left to tell when the test has already failed.
            .spawn(move || _ = send.send(work()))
            .expect("a thread");
        let Given { drain, metrics, stdout, stderr } = given;
        Self { sockets, drain, metrics, stdout, stderr, ended, over: false }
    }

    /// Where the server `name` of this case listens; waits until it does.
    pub fn address(&self, name: &str) -> SocketAddr {
        let port = self.stdout.wait_for(|line| {
            let (port, found) = line.strip_prefix("listening ")?.split_once(' ')?;
            (found == name).then(|| port.parse::<u16>().ok())?
        });
        (Ipv4Addr::LOCALHOST, port.unwrap_or_else(|| self.fail(&format!("{name} does not listen")))).into()
    }

    /// A connection to the server `name` of this case.
    pub fn connect(&self, name: &str) -> RawClient {
        RawClient::connect(self.address(name))
    }

    /// The rest of the first line on standard output that begins with `prefix`; waits for it.
    pub fn line(&self, prefix: &str) -> String {
        self.line_untrimmed(prefix).trim().to_owned()
    }

    /// The same with the spaces around it.
    pub fn line_untrimmed(&self, prefix: &str) -> String {
        self.stdout
            .wait_for(|line| line.strip_prefix(prefix).map(str::to_owned))
            .unwrap_or_else(|| self.fail(&format!("no line {prefix:?}")))
    }

    /// The same on standard error.
    pub fn error_line(&self, prefix: &str) -> String {
        self.stderr
            .wait_for(|line| line.strip_prefix(prefix).map(|rest| rest.trim().to_owned()))
            .unwrap_or_else(|| self.fail(&format!("no line {prefix:?} on standard error")))
    }

    /// The counters of the host, as Prometheus gets them.
    pub fn metrics(&self) -> String {
        self.metrics.to_prometheus()
    }

    /// Asks the program to end as a host does on Ctrl-C.
    pub fn drain(&self) {
        self.drain.start();
    }

    /// Waits for the program to end by itself, with success.
    pub fn finish(mut self) {
        let exit = self.wait();
        assert_eq!(exit, Exit::Code(0));
    }

    /// Fails the test if the program has trapped: the reason is worth more than what followed from it.
    pub fn check(&self) {
        if let Ok(Err(error)) = self.ended.try_recv() {
            self.fail(&format!("{error:?}"));
        }
    }

    /// What the host says if the program has ended by itself, which a server does only by a trap.
    pub fn trapped(&mut self) -> Option<String> {
        let ended = self.ended.try_recv().ok()?;
        self.over = true;
        Some(format!("{ended:?}\n{}", self.stderr.all()))
    }

    /// Waits for the program to trap and returns what the host says about it.
    pub fn trap(mut self) -> String {
        self.over = true;
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Err(error)) => format!("{error:?}\n{}", self.stderr.all()),
            other => self.fail(&format!("{other:?} instead of a trap")),
        }
    }

    /// Why the program has failed; waits for it.
    ///
    /// # Panics
    /// When it ends otherwise, or not at all.
    pub fn failure(&mut self) -> String {
        self.over = true;
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Err(error)) => format!("{error:?}"),
            other => self.fail(&format!("it was to fail: {other:?}")),
        }
    }

    fn wait(&mut self) -> Exit {
        self.over = true;
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Ok(exit)) => exit,
            Ok(Err(error)) => self.fail(&format!("{error:?}")),
            Err(RecvTimeoutError::Timeout) => self.fail("the program does not end"),
            Err(RecvTimeoutError::Disconnected) => self.fail("the host has panicked"),
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.outputs())
    }

    fn outputs(&self) -> String {
        format!("---- guest stdout\n{}---- guest stderr\n{}", self.stdout.all(), self.stderr.all())
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        self.drain.start();
        if thread::panicking() {
            eprintln!("{}", self.outputs());
        } else if !self.over {
            let exit = self.wait();
            // Sockets of wasmtime-wasi cannot be drained: the program is dropped.
            let dropped = self.sockets == Sockets::Wasmtime && exit == Exit::Dropped { listened: false };
            assert!(exit == Exit::Code(0) || dropped, "{exit:?}\n{}", self.outputs());
        }
    }
}

/// A program, composed where it imports `node:http`.
fn load_program(sockets: Sockets, component: &[u8]) -> App {
    let imports = node_http_host::node_http_imports(component).expect("a component");
    let composed = match imports.is_empty() {
        true => component.to_vec(),
        false => plug(sockets, component),
    };
    host(sockets).and_then(|host| host.load(&composed)).expect("the program loads")
}

/// The composed program, compiled once per process and kind of sockets.
fn app(sockets: Sockets) -> App {
    static APPS: [OnceLock<App>; 2] = [OnceLock::new(), OnceLock::new()];
    APPS[usize::from(sockets == Sockets::Wasmtime)]
        .get_or_init(|| load(sockets).expect("the cases load"))
        .clone()
}

fn load(sockets: Sockets) -> Result<App> {
    let cases = include_bytes!(concat!(env!("GUESTS"), "/cases.wasm"));
    host(sockets)?.load(&plug(sockets, cases))
}

/// Batches are for our sockets alone.
fn plug(sockets: Sockets, program: &[u8]) -> Vec<u8> {
    let component = match sockets {
        Sockets::Wasmtime => COMPONENT,
        _ => BATCHED_COMPONENT,
    };
    node_http_host::plug(program, component).expect("node:http has what the program imports")
}

fn host(sockets: Sockets) -> Result<Host> {
    let cache = Some(PathBuf::from(concat!(env!("OUT_DIR"), "/compiled")));
    Host::with(Options { cache, wasmtime_sockets: sockets == Sockets::Wasmtime, ..Options::default() })
}
