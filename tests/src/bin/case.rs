//! Runs one case of the tests in a process of its own; the tests start it.

use std::env;

use node_http_host::Result;
use node_http_tests::process::run_case;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    run_case(&arguments)
}
