//! Transports that work in batches: when they do.

use super::RUNTIME;

/// What is wanted of such a transport, when no job can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// To hand over everything that is queued: there is nothing else to do.
    All,
    /// To hand over what peers wait for, and fetch the rest of what has come in part: the application is about to have the
    /// word.
    Bytes,
    /// To fetch what has come by now: somebody waits for the end of this turn to know.
    Look,
}

/// Does what is demanded, and says whether something has come for a job.
pub type Exchange = fn(Demand) -> bool;

/// From now on there is such a transport.
pub fn exchange_with(exchange: Exchange) {
    RUNTIME.with(|runtime| runtime.exchange.set(Some(exchange)));
}
