//! Builds `node:http` and the demo app for WebAssembly, or takes those of the package, composes them and leaves both for
//! the library to embed.

#[path = "src/compose.rs"]
#[allow(unreachable_pub, reason = "public in the library")]
mod compose;
#[path = "build/sections.rs"]
mod sections;
#[path = "build/wasm.rs"]
mod wasm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use sha2::{Digest as _, Sha256};

/// The names of the artefacts.
const COMPONENT: &str = "node_http_component.wasm";
const BATCHED: &str = "node_http_component_batched.wasm";
const DEMO: &str = "node_http_demo.wasm";
const JAVASCRIPT: &str = "node_http_js_component.wasm";

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
    let artefacts = guests()?;
    let read = |name| fs::read(artefacts.join(name)).map_err(|e| format!("{name}: {e}"));
    let component = read(COMPONENT)?;
    // Batches want a selector that tokio can wait for.
    let batched = if env::var_os("CARGO_CFG_UNIX").is_some() { read(BATCHED)? } else { component.clone() };
    let demo = read(DEMO)?;
    let demo = compose::plug(&demo, &batched).map_err(|error| format!("the demo app: {error}"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let write = |name, bytes: &[u8]| fs::write(out.join(name), bytes).map_err(|e| format!("{name}: {e}"));
    let mut component = sections::without_custom(&component)?;
    sections::describe(&mut component, &about(&documentation()?));
    let batched = sections::without_custom(&batched)?;
    write("node_http.wasm", &component)?;
    write("node_http.sha256", &Sha256::digest(&component))?;
    write("node_http_batched.wasm", &batched)?;
    write("node_http_batched.sha256", &Sha256::digest(&batched))?;
    write("demo.wasm", &sections::without_custom(&demo)?)?;
    if env::var_os("CARGO_FEATURE_JAVASCRIPT").is_some() {
        let engine = wasm::build(&["node-http-js-component"])?.join(JAVASCRIPT);
        let engine = fs::read(&engine).map_err(|error| format!("{}: {error}", engine.display()))?;
        write("node_http_js.wasm", &sections::without_custom(&engine)?)?;
    }
    for source in ["build/wasm.rs", "build/sections.rs", "src/compose.rs", "wit/world.wit"] {
        println!("cargo::rerun-if-changed={source}");
    }
    Ok(())
}

/// The folder with the two components. In the repository they are built; the published package carries them, because
/// whoever installs the command should need no second target, and no network while building.
fn guests() -> Result<PathBuf, String> {
    if Path::new("../guest/component/Cargo.toml").exists() {
        // By itself: its feature would be everybody's.
        wasm::build(&["node-http-component-batched"])?;
        return wasm::build(&["node-http-component", "node-http-demo"]);
    }
    println!("cargo::rerun-if-changed=prebuilt");
    Ok(PathBuf::from("prebuilt"))
}

fn about(documentation: &str) -> sections::About<'_> {
    sections::About {
        name: "node-http",
        version: env!("CARGO_PKG_VERSION"),
        description: "Node.js's http module: HTTP/1.1 server and client over wasi:sockets 0.3",
        licenses: "Apache-2.0 WITH LLVM-exception OR MIT",
        documentation,
    }
}

/// The comment that opens the WIT package, and where the others are.
fn documentation() -> Result<String, String> {
    let world = fs::read_to_string("wit/world.wit").map_err(|e| format!("wit/world.wit: {e}"))?;
    let lines = world.lines().map_while(|line| line.strip_prefix("///"));
    let opening: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let rest = "The comments on every interface and function: `node-http component --wit DIR`.";
    Ok(format!("{}\n\n{rest}", opening.join("\n")))
}
