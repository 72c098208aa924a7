//! What the clients of the benchmark are told.

/// How a client asks.
pub(crate) struct Settings {
    /// Where the server listens, on 127.0.0.1.
    pub(crate) port: u16,
    /// So many requests at a time.
    pub(crate) in_flight: u32,
    /// Whether connections are kept for the next request.
    pub(crate) keep_alive: bool,
}

impl Settings {
    /// # Panics
    /// When the environment has none.
    pub(crate) fn from_env() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        Self {
            port: variable("PORT").parse().expect("a port"),
            in_flight: variable("IN_FLIGHT").parse().expect("a number"),
            keep_alive: variable("KEEP_ALIVE") == "true",
        }
    }
}
