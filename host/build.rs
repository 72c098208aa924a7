//! Builds `node:http` and the demo app for WebAssembly, composes them and leaves both for the library to embed.

#[path = "src/compose.rs"]
#[allow(unreachable_pub, reason = "public in the library")]
mod compose;
#[path = "build/wasm.rs"]
mod wasm;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

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
    let artefacts = wasm::build(&["node-http-component", "node-http-demo"])?;
    let read = |name| fs::read(artefacts.join(name)).map_err(|e| format!("{name}: {e}"));
    let component = read("node_http_component.wasm")?;
    let demo = read("node_http_demo.wasm")?;
    let demo = compose::plug(&demo, &component).map_err(|error| format!("the demo app: {error}"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let write = |name, bytes: &[u8]| fs::write(out.join(name), bytes).map_err(|e| format!("{name}: {e}"));
    write("node_http.wasm", &component)?;
    write("demo.wasm", &demo)?;
    println!("cargo::rerun-if-changed=build/wasm.rs");
    println!("cargo::rerun-if-changed=src/compose.rs");
    Ok(())
}
