//! Running a component.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use node_http_host::wasmtime::bail;
use node_http_host::wasmtime::error::Context as _;
use node_http_host::wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use node_http_host::{
    App, Ctx, CtxBuilder, DEMO, Denial, DrainHandle, Exit, Host, Limits, Metrics, Policy, Result, Workers,
};

use super::signals::{self, Signals};
use super::{host, log, prometheus, watch};
use crate::cli::{self, AccessLog, AppOptions, Bare, Directory, Listen, Run, Running, Serve};
use crate::program;

/// `run` with a component, `serve` without.
pub(crate) fn bare(Bare { component, args, options }: Bare) -> Result<ExitCode> {
    match component {
        Some(component) => run(&Run { component, args, options }),
        None => {
            let port = options.port.map(|port| Listen { port, ..Listen::default() });
            let listen = options.listen.or(port).unwrap_or_default();
            serve(&Serve { listen, access_log: None, running: options.running })
        }
    }
}

pub(crate) fn serve(options: &Serve) -> Result<ExitCode> {
    log(&options.running)?;
    let mut policy = Policy::default();
    policy.allow_listen(options.listen.rule());
    let log = options.access_log.map(|format| match format {
        AccessLog::Common => "common",
        AccessLog::Json => "json",
    });
    let Listen { host, port } = &options.listen;
    let ctx = || {
        let ctx = Ctx::builder().args(&["demo"]).policy(policy.clone());
        let ctx = ctx.env("HOST", host).env("PORT", port.to_string());
        log.iter().fold(ctx, |ctx, log| ctx.env("ACCESS_LOG", log))
    };
    let runner = Runner::new(&options.running)?;
    runner.run(|host| host.load(DEMO), &ctx, runner.signals.drain())
}

pub(crate) fn run(run: &Run) -> Result<ExitCode> {
    let running = &run.options.running;
    log(running)?;
    let runner = Runner::new(running)?;
    if run.options.watch {
        let files = std::iter::once(&run.component).chain(&run.options.env_file).cloned().collect();
        return watch::watch(files, &runner.signals, |drain| start(run, &runner, drain));
    }
    start(run, &runner, runner.signals.drain())
}

/// Runs the component once.
fn start(run: &Run, runner: &Runner<'_>, drain: &DrainHandle) -> Result<ExitCode> {
    let name = run.component.display().to_string();
    let program = program::find(&run.component)?;
    let named = program.as_ref().map(|program| program.path.display().to_string());
    let arguments: Vec<&str> = [name.as_str()]
        .into_iter()
        .chain(named.as_deref())
        .chain(run.args.iter().map(String::as_str))
        .collect();
    let (policy, mut variables) = (policy(&run.options, &runner.metrics), variables(&run.options)?);
    let mut folders = run.options.dir.clone();
    if let Some(program) = &program {
        let root = program.root.display().to_string();
        variables.push(("PWD".to_owned(), root.clone()));
        folders.push(Directory { host: program.root.clone(), guest: root, read_only: true });
    }
    // What cannot be opened is told before anything starts.
    let preopen_all = |wasi: &mut WasiCtxBuilder| folders.iter().try_for_each(|folder| preopen(wasi, folder));
    preopen_all(&mut WasiCtxBuilder::new())?;
    let ctx = || {
        let ctx = Ctx::builder().args(&arguments).policy(policy.clone());
        let ctx = variables.iter().fold(ctx, |ctx, (name, value)| ctx.env(name, value));
        ctx.wasi(|wasi| {
            if let Err(error) = preopen_all(wasi) {
                tracing::error!("a worker cannot see a folder: {error:#}");
            }
        })
    };
    let load = |host: &Host| match program {
        Some(_) => host.load(program::engine()?),
        None => host.load_with_node_http(&fs::read(&run.component)?),
    };
    runner.run(load, &ctx, drain).context(name)
}

fn policy(options: &AppOptions, metrics: &Metrics) -> Policy {
    let mut policy = Policy::default();
    let port = options.port.map(|port| Listen { host: "::".to_owned(), port });
    for listen in port.iter().chain(&options.listen) {
        policy.allow_listen(listen.rule());
    }
    for rule in &options.listen_allow {
        policy.allow_listen(rule.clone());
    }
    for rule in &options.connect_allow {
        policy.allow_connect(rule.clone());
    }
    for rule in &options.udp_allow {
        policy.allow_udp(rule.clone());
    }
    let metrics = metrics.clone();
    policy.on_denial(move |denial| {
        metrics.count_denial(denial);
        tracing::warn!("{denial}; {}", hint(denial));
    });
    policy
}

/// What is said last counts: `--env` wins over files, and both over what `--listen` and `--port` set.
fn variables(options: &AppOptions) -> Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    let mut set = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
    if let Some(Listen { host, port }) = &options.listen {
        set("HOST", host);
        set("PORT", &port.to_string());
    }
    if let Some(port) = options.port {
        set("PORT", &port.to_string());
    }
    for file in &options.env_file {
        let named = || format!("--env-file {}", file.display());
        for variable in dotenvy::from_path_iter(file).with_context(named)? {
            let (name, value) = variable.with_context(named)?;
            set(&name, &value);
        }
    }
    for variable in &options.env {
        match variable.split_once('=') {
            Some((name, value)) => set(name, value),
            None => match std::env::var(variable) {
                Ok(value) => set(variable, &value),
                Err(error) => bail!("--env {variable}: {error}"),
            },
        }
    }
    Ok(variables)
}

/// Lets the component see a folder.
fn preopen(wasi: &mut WasiCtxBuilder, directory: &Directory) -> Result<()> {
    let Directory { host, guest, read_only } = directory;
    let permissions = if *read_only { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
    let opened = wasi.preopened_dir(host, guest, permissions);
    opened.with_context(|| format!("--dir {}", host.display()))?;
    Ok(())
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
            format!(
                "`{option} {name}`, or `--listen-allow {name}` to listen there, before the file would allow it"
            )
        }
        // For shells, which match brackets with the names of files.
        (_, Some(rule)) if rule.contains('[') => {
            format!("`{option} '{rule}'` before the file would allow it")
        }
        (_, Some(rule)) => format!("`{option} {rule}` before the file would allow it"),
    }
}

/// What all starts of a command share.
pub(super) struct Runner<'a> {
    running: &'a Running,
    signals: Signals,
    metrics: Metrics,
}

impl<'a> Runner<'a> {
    fn new(running: &'a Running) -> Result<Self> {
        let metrics = Metrics::default();
        if let Some(listen) = &running.metrics {
            prometheus::serve(listen, &metrics).with_context(|| format!("--metrics {listen}"))?;
        }
        Ok(Self { running, signals: signals::handle(grace(running))?, metrics })
    }

    /// Runs what `load` loads in as many instances as are wanted; `ctx` says what each of them may see and do.
    fn run(
        &self,
        load: impl FnOnce(&Host) -> Result<App>,
        ctx: &(dyn Fn() -> CtxBuilder + Sync),
        drain: &DrainHandle,
    ) -> Result<ExitCode> {
        let limits = Limits { memory: u64::from(self.running.max_memory) << 20, ..Limits::default() };
        let app = load(&host(self.running.profile, limits)?)?;
        let grace = grace(self.running);
        let ctx = || ctx().inherit_stdio().drain(drain.clone()).metrics(&self.metrics).grace(grace);
        let exit = match self.running.workers {
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
            Exit::Dropped { listened: false } => Ok(ExitCode::from(self.signals.status())),
            Exit::Dropped { listened: true } => {
                bail!("connections were still open after {grace:?} and are destroyed")
            }
        }
    }
}

fn grace(running: &Running) -> Duration {
    Duration::from_secs(running.grace)
}
