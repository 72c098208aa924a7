//! Builds the guests in `components/` for WebAssembly and leaves them for the tests and benchmarks to embed.

#[path = "../host/build/wasm.rs"]
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

const GUESTS: [&str; 2] = ["ceiling.wasm", "linked.wasm"];

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    let artefacts = wasm::build(&["node-http-test-components"])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    for guest in GUESTS {
        fs::copy(artefacts.join(guest), out.join(guest)).map_err(|error| format!("{guest}: {error}"))?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../host/build/wasm.rs");
    Ok(())
}
