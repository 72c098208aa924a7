//! Options of an agent.

use crate::error::Error;

/// Which free connection serves the next request: `agent.scheduling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheduling {
    /// The most recently used.
    #[default]
    Lifo,
    /// The least recently used.
    Fifo,
}

/// Options of `new http.Agent` that decide about connections (AG3–AG9), with Node's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `keepAlive`: keep connections after use.
    pub keep_alive: bool,
    /// `keepAliveMsecs`: milliseconds of silence before the first TCP probe on a pooled connection; 0 counts
    /// as 1000.
    pub keep_alive_msecs: u32,
    /// `maxSockets`, for one origin; none or 0: no limit.
    pub max_sockets: Option<u32>,
    /// `maxTotalSockets`, for all origins; none: no limit. 0 is refused.
    pub max_total_sockets: Option<u32>,
    /// `maxFreeSockets`, for one origin; 0 counts as 256.
    pub max_free_sockets: u32,
    /// `scheduling`.
    pub scheduling: Scheduling,
    /// `timeout`, milliseconds of inactivity; none or 0: no limit.
    pub timeout: Option<u32>,
}

/// Node takes a falsy value for one that was not given.
const KEEP_ALIVE_MSECS: u32 = 1000;
const MAX_FREE_SOCKETS: u32 = 256;

impl Default for Options {
    fn default() -> Self {
        Self {
            keep_alive: false,
            keep_alive_msecs: KEEP_ALIVE_MSECS,
            max_sockets: None,
            max_total_sockets: None,
            max_free_sockets: MAX_FREE_SOCKETS,
            scheduling: Scheduling::Lifo,
            timeout: None,
        }
    }
}

impl Options {
    /// Those of `http.globalAgent`.
    #[must_use]
    pub fn global() -> Self {
        Self { keep_alive: true, timeout: Some(5000), ..Self::default() }
    }

    /// The options as Node's constructor leaves them.
    pub(super) fn normalized(self) -> Result<Self, Error> {
        Ok(Self {
            keep_alive_msecs: if self.keep_alive_msecs == 0 {
                KEEP_ALIVE_MSECS
            } else {
                self.keep_alive_msecs
            },
            max_sockets: max_sockets(self.max_sockets),
            max_total_sockets: max_total_sockets(self.max_total_sockets)?,
            max_free_sockets: max_free_sockets(self.max_free_sockets),
            timeout: self.timeout.filter(|timeout| *timeout > 0),
            ..self
        })
    }
}

/// A limit of 0 is none, as in `new http.Agent({ maxSockets: 0 })`. Assigning 0 to `agent.maxSockets` would block
/// every request for ever in Node, which is of no use to anybody.
pub(super) fn max_sockets(count: Option<u32>) -> Option<u32> {
    count.filter(|count| *count > 0)
}

pub(super) fn max_total_sockets(count: Option<u32>) -> Result<Option<u32>, Error> {
    match count {
        Some(0) => Err(Error::out_of_range("maxTotalSockets", ">= 1", 0)),
        count => Ok(count),
    }
}

pub(super) const fn max_free_sockets(count: u32) -> u32 {
    if count == 0 { MAX_FREE_SOCKETS } else { count }
}
