//! Builds the test components for WebAssembly, in the one place that builds all guests.

#[path = "../host/build/wasm.rs"]
mod wasm;

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../host/build/wasm.rs");
    match wasm::build(&["node-http-test-components"]) {
        Ok(artefacts) => {
            println!("cargo::rustc-env=CASES={}", artefacts.join("cases.wasm").display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
