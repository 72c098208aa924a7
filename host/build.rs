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
    write("node_http.wasm", &without_custom_sections(&component)?)?;
    write("demo.wasm", &without_custom_sections(&demo)?)?;
    println!("cargo::rerun-if-changed=build/wasm.rs");
    println!("cargo::rerun-if-changed=src/compose.rs");
    Ok(())
}

/// Drops what only debuggers read: the names of a component's parts are 50 KB, and cargo's `strip` leaves them.
fn without_custom_sections(component: &[u8]) -> Result<Vec<u8>, String> {
    /// `\0asm` with the version and layer of a component.
    const PREAMBLE: usize = 8;
    let truncated = || "a component ends inside a section".to_owned();
    let (preamble, mut rest) = component.split_at_checked(PREAMBLE).ok_or_else(truncated)?;
    let mut kept = preamble.to_vec();
    while let Some(&id) = rest.first() {
        let (length, length_bytes) = leb128(&rest[1..]).ok_or_else(truncated)?;
        let (section, after) = rest.split_at_checked(1 + length_bytes + length).ok_or_else(truncated)?;
        // Custom sections have the number 0 and no meaning for whoever runs the component.
        if id != 0 {
            kept.extend_from_slice(section);
        }
        rest = after;
    }
    Ok(kept)
}

/// A number in LEB128, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}
