//! How long a pooled connection is kept: what `agent.keepSocketAlive` does by default.

/// How much earlier than announced a connection is given up, lest a request meets the server's close.
const BUFFER: u32 = 1000;

/// The milliseconds that a response's `Keep-Alive` field leaves an idle connection (I-32), a second taken off; none
/// when it does not start with `timeout=N`. 0: the connection cannot be used again safely.
#[must_use]
pub fn keep_alive_hint(header: &str) -> Option<u32> {
    let announced = header.strip_prefix("timeout=")?;
    let digits = announced.find(|c: char| !c.is_ascii_digit()).unwrap_or(announced.len());
    if digits == 0 {
        return None;
    }
    // More than fits is as good as for ever.
    let seconds = announced[..digits].parse().unwrap_or(u32::MAX);
    Some(seconds.saturating_mul(1000).saturating_sub(BUFFER))
}

/// The idle timeout of a connection that goes to the pool, 0 for none, from the agent's own and the server's hint;
/// none when the connection must not be pooled (AG11, I-32). A hint only ever lowers a timeout that there is.
#[must_use]
pub fn idle_timeout(agent_timeout: Option<u32>, hint: Option<u32>) -> Option<u32> {
    let own = agent_timeout.unwrap_or(0);
    match hint {
        Some(0) => None,
        Some(hint) => Some(own.min(hint)),
        None => Some(own),
    }
}
