//! The time from exec to the first 200, with compiled code in the cache.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use node_http_host::Result;
use serde_json::{Value, json};

use crate::{
    contenders::Contender,
    cores::Cores,
    response::response_length,
    sample::median,
    scenario::{Page, What},
    server::{self, Announced, Server},
};

/// Milliseconds of one start.
pub(crate) fn millis(contender: &Contender, cores: &Cores) -> Result<f64> {
    let begin = Instant::now();
    // It is ready when it has answered.
    let _server = Server::start(contender, What::Start, None, cores)?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// Starts a `node-http` binary `times` times, as `serve`.
pub(crate) fn measure(binary: &Path, cores: &Cores, times: usize) -> Result<Value> {
    // The first start compiles.
    serve(binary, cores)?;
    let millis = (0..times).map(|_| serve(binary, cores)).collect::<Result<Vec<f64>>>()?;
    let median = median(&millis, |millis| *millis);
    let fastest = millis.iter().copied().fold(f64::INFINITY, f64::min);
    let slowest = millis.iter().copied().fold(0.0, f64::max);
    println!("exec to first 200: median {median:.1} ms of {times} ({fastest:.1} to {slowest:.1})");
    Ok(json!({ "startupMillis": median, "samples": millis }))
}

fn serve(binary: &Path, cores: &Cores) -> Result<f64> {
    let begin = Instant::now();
    let mut command = Command::new(binary);
    let mut process = Announced::start(command.args(["serve", "--listen", "127.0.0.1:0"]), 1, cores)?;
    let answered = TcpStream::connect(process.address)
        .map_err(Into::into)
        .and_then(|mut stream| response_length(&mut stream, &Page::Plain.request(process.address)));
    let elapsed = begin.elapsed();
    server::end(&mut process.child);
    answered.map(|_| elapsed.as_secs_f64() * 1e3)
}
