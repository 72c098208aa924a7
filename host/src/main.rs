//! `node-http`: runs WebAssembly components that use node:http.

mod cache;
mod cli;
mod commands;
mod fetch;
mod program;

use std::process::ExitCode;

use clap::Parser as _;
use node_http_host::Error;
use node_http_host::wasmtime::WasmBacktrace;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => commands::bare(cli.bare),
        Some(Command::Serve(options)) => commands::serve(&options),
        Some(Command::Run(options)) => commands::run(&options),
        Some(Command::Compose(options)) => commands::compose(&options),
        Some(Command::Component(options)) => commands::component(&options),
        Some(Command::Completions { shell }) => commands::completions(shell),
        Some(Command::Man { command }) => commands::man(command.as_deref()),
        Some(Command::Fetch(options)) => return fetch::fetch(*options),
    };
    result.unwrap_or_else(|error| {
        report(&error);
        ExitCode::FAILURE
    })
}

/// One line, and where a component was when it trapped.
fn report(error: &Error) {
    tracing::debug!("{error:?}");
    eprintln!("error: {}", one_line(error));
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        eprintln!("{}", backtrace.to_string().trim_end());
    }
}

/// The chain of causes, without the backtrace of a trap.
fn one_line(error: &Error) -> String {
    let causes: Vec<String> =
        error.chain().map(ToString::to_string).filter(|cause| !cause.contains('\n')).collect();
    causes.join(": ")
}
