//! The program of the tests: its first argument names the case to run.

#[cfg(target_family = "wasm")]
use node_http_test_components::Cases;

#[cfg(target_family = "wasm")]
wasi::cli::command::export!(Cases);

/// Never called: the entry is the export of `wasi:cli/run@0.3` above.
fn main() {}
