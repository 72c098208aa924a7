//! Builds the guests in `components/` and the README's examples for WebAssembly, in the one place that builds all
//! guests, and tells tests and benchmarks where they are: `GUESTS` is the folder of `cases.wasm`, `server_linked.wasm` …

#[path = "../host/build/wasm.rs"]
mod wasm;

use std::process::ExitCode;

/// The packages that the tests run.
const GUESTS: [&str; 9] = [
    "node-http-test-components",
    "hello-composed",
    "hello-linked",
    "connect-proxy",
    "json-api",
    "reverse-proxy",
    "server-sent-events",
    "static-files",
    "upload",
];

/// The benchmark's programs with the crate linked in, as users of our host build them. The same files are among the guests
/// above, for any host.
const BATCHED: &str = "node-http-test-components-batched";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../host/build/wasm.rs");
    // By themselves: their feature would be everybody's.
    match wasm::build(&[BATCHED]).and_then(|_| wasm::build(&GUESTS)) {
        Ok(artefacts) => {
            println!("cargo::rustc-env=GUESTS={}", artefacts.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
