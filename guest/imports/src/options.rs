//! Where to listen, from the environment.

use std::env;

use crate::server::ListenOptions;

impl ListenOptions {
    /// `HOST` and `PORT` of the environment, as far as they are set: what runtimes and platforms tell a server.
    ///
    /// A `PORT` that is no port counts as not set. Where nothing is set the system chooses a port, on all addresses.
    pub fn from_env() -> Self {
        Self {
            host: env::var("HOST").ok().filter(|host| !host.is_empty()),
            port: env::var("PORT").ok().and_then(|port| port.parse().ok()),
            ..Self::default()
        }
    }
}
