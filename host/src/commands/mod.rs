//! What the commands do, with the library's public interface only.

mod prometheus;
mod run;
mod signals;
mod watch;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use clap::CommandFactory as _;
use clap_complete::Shell;
use node_http_host::wasmtime::bail;
use node_http_host::wasmtime::error::Context as _;
use node_http_host::{COMPONENT, Host, Limits, Options, Result, WIT};

pub(crate) use self::run::{bare, run, serve};
use crate::cache;
use crate::cli::{self, Cli, Compose, Profile, Running};

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

/// Reads a file, or says which it was.
fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

pub(crate) fn completions(shell: Shell) -> Result<ExitCode> {
    clap_complete::generate(shell, &mut documented(), "node-http", &mut io::stdout());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(command: Option<&str>) -> Result<ExitCode> {
    let mut all = documented();
    // Gives each command its whole name.
    all.build();
    let page = match command {
        None => all,
        Some(name) => match all.find_subcommand(name) {
            Some(command) => command.clone(),
            None => bail!("there is no command {name}"),
        },
    };
    clap_mangen::Man::new(page).render(&mut io::stdout()).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The command line with all that the short help leaves out.
fn documented() -> clap::Command {
    Cli::command().override_help(None::<&str>)
}

/// A host that keeps compiled code for the next start.
pub(crate) fn host(profile: Option<Profile>, limits: Limits) -> Result<Host> {
    let perfmap = matches!(profile, Some(Profile::Perfmap));
    Host::with_limits(Options { cache: cache::directory(), perfmap, ..Options::default() }, limits)
}

fn log(running: &Running) -> Result<()> {
    use tracing_subscriber::EnvFilter;

    let filter = match (&running.log, std::env::var("RUST_LOG")) {
        (Some(filter), _) => EnvFilter::try_new(filter).with_context(|| format!("--log {filter}"))?,
        (None, Ok(filter)) => EnvFilter::try_new(&filter).with_context(|| format!("RUST_LOG {filter}"))?,
        (None, Err(_)) => EnvFilter::new("warn"),
    };
    let ansi = io::IsTerminal::is_terminal(&io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(ansi).init();
    Ok(())
}
