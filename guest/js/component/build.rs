//! Bundles the runtime and the face into one file of JavaScript, with what they take from npm by its lock file.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

fn main() -> ExitCode {
    match bundle() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn bundle() -> Result<(), String> {
    let runtime = Path::new("../runtime");
    for path in ["../runtime", "../face"] {
        println!("cargo::rerun-if-changed={path}");
    }
    // Other targets have no engine to run it.
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("wasm") {
        return Ok(());
    }
    if !runtime.join("node_modules").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(runtime))?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    run(Command::new("node").arg("bundle.mjs").arg(out.join("runtime.js")).current_dir(runtime))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
