//! The program of the tests: its first argument names the case to run.

#![cfg_attr(not(target_family = "wasm"), allow(unused_crate_dependencies, reason = "empty outside wasm"))]

/// The component's entry is the export of `wasi:cli/run@0.3` in the library.
fn main() {}

#[cfg(target_family = "wasm")]
node_http_test_components::export!();
