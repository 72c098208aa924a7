//! What the commands do, with the library's public interface only.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use node_http_host::wasmtime::error::Context as _;
use node_http_host::wasmtime::{bail, ensure};
use node_http_host::wasmtime_wasi::FsPerms;
use node_http_host::{
    COMPONENT, Ctx, CtxBuilder, DEMO, Denial, DrainHandle, Exit, Host, Limits, Options, Policy, Result, Rule,
    WIT, Workers,
};

use crate::cache;
use crate::cli::{self, Compose, Run, Running, Serve};
use crate::program;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

pub(crate) fn serve(options: Serve) -> Result<ExitCode> {
    log(&options.running)?;
    let mut policy = Policy::default();
    policy.allow_listen(Rule::from(options.listen));
    let address = options.listen;
    let ctx = || {
        let ctx = Ctx::builder().args(&["demo"]).policy(policy.clone());
        ctx.env("HOST", address.ip().to_string()).env("PORT", address.port().to_string())
    };
    execute(DEMO, &ctx, &options.running)
}

pub(crate) fn run(options: Run) -> Result<ExitCode> {
    log(&options.running)?;
    let name = options.component.display().to_string();
    let (component, program) = match program::find(&options.component)? {
        Some(program) => (Cow::Borrowed(program::engine()?), Some(program)),
        None => (Cow::Owned(with_node_http(&options.component, &name)?), None),
    };
    let mut policy = Policy::default();
    for rule in options.listen_allow {
        policy.allow_listen(rule);
    }
    for rule in options.connect_allow {
        policy.allow_connect(rule);
    }
    for rule in options.udp_allow {
        policy.allow_udp(rule);
    }
    policy.on_denial(|denial| tracing::warn!("{denial}; {}", hint(denial)));

    let named = program.as_ref().map(|program| program.path.display().to_string());
    let arguments: Vec<String> = std::iter::once(name.clone()).chain(named).chain(options.args).collect();
    let mut variables = variables(&options.env)?;
    let mut folders = options.dir;
    if let Some(program) = program {
        variables.push(("PWD".to_owned(), program.root.display().to_string()));
        folders.push(program.root);
    }
    for folder in &folders {
        fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    }
    let ctx = || {
        let ctx = Ctx::builder().args(&arguments).policy(policy.clone());
        let ctx = variables.iter().fold(ctx, |ctx, (name, value)| ctx.env(name, value));
        folders.iter().fold(ctx, |ctx, folder| readable(ctx, folder))
    };
    execute(&component, &ctx, &options.running).context(name)
}

/// The component, with node:http plugged in if it imports that.
fn with_node_http(path: &Path, name: &str) -> Result<Vec<u8>> {
    let component = read(path)?;
    if imports_node_http(&component).with_context(|| name.to_owned())? {
        return node_http_host::plug(&component, COMPONENT).with_context(|| name.to_owned());
    }
    Ok(component)
}

/// Lets the component read `folder`, by its own name.
fn readable(ctx: CtxBuilder, folder: &Path) -> CtxBuilder {
    // It was there a moment ago; where it no longer is, the component finds that out.
    ctx.wasi(|wasi| _ = wasi.preopened_dir(folder, folder.display().to_string(), FsPerms::ReadOnly))
}

pub(crate) fn compose(options: &Compose) -> Result<ExitCode> {
    let component = read(&options.component)?;
    let composed = node_http_host::plug(&component, COMPONENT)
        .with_context(|| options.component.display().to_string())?;
    fs::write(&options.output, composed).with_context(|| options.output.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn component(options: &cli::Component) -> Result<ExitCode> {
    if let Some(file) = &options.output {
        fs::write(file, COMPONENT).with_context(|| file.display().to_string())?;
    }
    if let Some(folder) = &options.wit {
        for (name, content) in WIT {
            let file = folder.join(name);
            let parent = file.parent().unwrap_or(folder);
            let written = fs::create_dir_all(parent).and_then(|()| fs::write(&file, content));
            written.with_context(|| file.display().to_string())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn imports_node_http(component: &[u8]) -> Result<bool> {
    ensure!(component.starts_with(b"\0asm"), "not a WebAssembly file");
    ensure!(
        component[4..].starts_with(&[0x0d, 0]),
        "a core module, not a component; build for wasm32-wasip2"
    );
    Ok(!node_http_host::node_http_imports(component)?.is_empty())
}

/// A host that keeps compiled code for the next start.
pub(crate) fn host(limits: Limits) -> Result<Host> {
    Host::with_limits(Options { cache: cache::directory(), ..Options::default() }, limits)
}

/// Those that are given, and those that are passed on from this process.
fn variables(given: &[String]) -> Result<Vec<(String, String)>> {
    let variable = |given: &String| match given.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => match std::env::var(given) {
            Ok(value) => Ok((given.clone(), value)),
            Err(error) => bail!("--env {given}: {error}"),
        },
    };
    given.iter().map(variable).collect()
}

/// The option that would have allowed it.
fn hint(denial: &Denial) -> String {
    let option = match denial {
        Denial::Listen(_) => "--listen-allow",
        Denial::Connect(_) | Denial::LookUp(_) => "--connect-allow",
        Denial::Udp | Denial::Datagram(_) => "--udp-allow",
    };
    match (denial, denial.rule()) {
        (_, None) => format!("see {option}"),
        (Denial::LookUp(_), Some(name)) => {
            format!("`{option} {name}`, or `--listen-allow {name}` to listen there, would allow it")
        }
        // For shells, which match brackets with the names of files.
        (_, Some(rule)) if rule.contains('[') => format!("`{option} '{rule}'` would allow it"),
        (_, Some(rule)) => format!("`{option} {rule}` would allow it"),
    }
}

/// Runs a component in as many instances as are wanted; `ctx` says what each of them may see and do.
fn execute(component: &[u8], ctx: &(dyn Fn() -> CtxBuilder + Sync), running: &Running) -> Result<ExitCode> {
    let limits = Limits { memory: u64::from(running.max_memory) << 20, ..Limits::default() };
    let app = host(limits)?.load(component)?;
    let drain = DrainHandle::new();
    let grace = Duration::from_secs(running.grace);
    let ctx = || ctx().inherit_stdio().drain(drain.clone()).grace(grace);
    drain_on_signals(drain.clone(), grace)?;
    let exit = match running.workers {
        Some(cli::Workers::Auto) => app.run_workers(&Workers::one_per_core(), |_| ctx())?,
        Some(cli::Workers::Count(count)) => app.run_workers(&Workers::new(count), |_| ctx())?,
        // One thread: nothing has to be woken across threads, and a store runs on one core anyway.
        None => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(app.run(ctx().build()))?
        }
    };
    match exit {
        Exit::Code(code) => Ok(ExitCode::from(code)),
        Exit::Dropped { listened: false } => Ok(ExitCode::from(INTERRUPTED)),
        Exit::Dropped { listened: true } => {
            bail!("connections were still open after {grace:?} and are destroyed")
        }
    }
}

/// The first signal starts the drain, the second one ends everything at once.
///
/// On a thread of its own, because a component that never waits leaves the other one no time for signals.
fn drain_on_signals(drain: DrainHandle, grace: Duration) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = async move {
        signal().await;
        tracing::info!("finishing what is under way; once more to stop at once");
        drain.start();
        // When the grace is over the library drops the store, unless the component keeps the thread.
        let _ = tokio::time::timeout(grace + Duration::from_secs(1), signal()).await;
        std::process::exit(INTERRUPTED.into());
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(signals))?;
    Ok(())
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(error) => {
            tracing::warn!("SIGTERM is not handled: {error}");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

fn log(running: &Running) -> Result<()> {
    use tracing_subscriber::EnvFilter;

    let filter = match (&running.log, std::env::var("RUST_LOG")) {
        (Some(filter), _) => EnvFilter::try_new(filter).with_context(|| format!("--log {filter}"))?,
        (None, Ok(filter)) => EnvFilter::try_new(&filter).with_context(|| format!("RUST_LOG {filter}"))?,
        (None, Err(_)) => EnvFilter::new("warn"),
    };
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
    Ok(())
}
