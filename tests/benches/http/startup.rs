//! The time from exec to the first 200, with compiled code in the cache.

use std::{net::TcpStream, path::Path, process::Command, time::Instant};

use node_http_host::{Result, wasmtime::error::Context as _};
use serde_json::{Value, json};

use crate::{
    contenders::{Process, request},
    cores::Cores,
    load::response_length,
    report::median,
};

/// Starts the server `times` times: `binary serve`, or the demo in this program.
pub(crate) fn measure(binary: Option<&Path>, cores: &Cores, times: usize) -> Result<Value> {
    // The first start compiles.
    start(binary, cores)?;
    let millis = (0..times).map(|_| start(binary, cores)).collect::<Result<Vec<f64>>>()?;
    let median = median(&millis, |millis| *millis);
    let fastest = millis.iter().copied().fold(f64::INFINITY, f64::min);
    let slowest = millis.iter().copied().fold(0.0, f64::max);
    println!("exec to first 200: median {median:.1} ms of {times} ({fastest:.1} to {slowest:.1})");
    Ok(json!({ "startupMillis": median, "samples": millis }))
}

fn start(binary: Option<&Path>, cores: &Cores) -> Result<f64> {
    let mut command = match binary {
        Some(binary) => Command::new(binary),
        None => Command::new(std::env::current_exe().context("cannot find this program")?),
    };
    match binary {
        Some(_) => command.args(["serve", "--listen", "127.0.0.1:0"]),
        None => command.args(["--serve", "composed"]),
    };
    let begin = Instant::now();
    let process = Process::start(&mut command, cores)?;
    response_length(&mut TcpStream::connect(process.address)?, &request(process.address))?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}
