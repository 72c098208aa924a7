//! `node-http`: runs WebAssembly components that use node:http.

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => commands::serve(cli.serve),
        Some(Command::Serve(options)) => commands::serve(options),
        Some(Command::Run(options)) => commands::run(options),
        Some(Command::Compose(options)) => commands::compose(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
