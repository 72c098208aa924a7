//! How fast clients ask one fixed server.
//!
//! The server is this process, which answers with fixed bytes and costs less than any client does. Each client has a
//! listener of its own and runs all the time; one that is not measured waits for its answers.

use std::process::{Child, Stdio};
use std::time::Duration;

use node_http_host::{Result, wasmtime::error::Context as _};

use crate::{
    contenders::Contender,
    cores::{self, Cores, Place},
    load::WARM_UP,
    origin::Origin,
    sample::{Latencies, Sample},
    scenario::What,
    server,
};

/// A running client and the server that it asks. Dropping it ends the process.
pub(crate) struct Client {
    name: String,
    process: Child,
    origin: Origin,
}

impl Client {
    /// Starts it on the core of what is measured, with so many requests in flight.
    pub(crate) fn start(
        contender: &Contender,
        in_flight: usize,
        keep_alive: bool,
        cores: &Cores,
    ) -> Result<Self> {
        let origin = Origin::listen(keep_alive)?;
        let mut command = contender.command(What::Clients { keep_alive })?;
        command.env("PORT", origin.address().port().to_string());
        command.env("IN_FLIGHT", in_flight.to_string()).env("KEEP_ALIVE", keep_alive.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = cores.start(Place::Server, || command.spawn())?;
        let process = process.with_context(|| format!("{command:?}"))?;
        Ok(Self { name: contender.name(), process, origin })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Answers its requests for `duration`. The latency is the client's: from an answer to the next request on the
    /// same connection.
    pub(crate) fn measure(&mut self, duration: Duration) -> Result<Sample> {
        let (origin, pid) = (&mut self.origin, self.process.id());
        origin.answer_first()?;
        origin.answer_for(duration.mul_f64(WARM_UP))?;
        origin.pauses.clear();
        let (client_before, load_before) = (cores::process_time(pid)?, cores::own_time());
        let before = origin.answered;
        let elapsed = origin.answer_for(duration)?;
        let client_time = cores::process_time(pid)? - client_before;
        let load_time = cores::own_time() - load_before;
        let pauses = std::mem::replace(&mut origin.pauses, Latencies::new());
        Sample::new(origin.answered - before, elapsed, client_time, load_time, pauses)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        server::end(&mut self.process);
    }
}
