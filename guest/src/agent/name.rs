//! `agent.getName`: what makes two requests go to the same origin.

use std::fmt::Write as _;

/// Version of the internet protocol: Node's `family`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpFamily {
    /// `4`.
    Ipv4,
    /// `6`.
    Ipv6,
}

/// What names an origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameOptions<'a> {
    /// `host`; `localhost`.
    pub host: Option<&'a str>,
    /// `port`; nothing.
    pub port: Option<u16>,
    /// `localAddress`; nothing.
    pub local_address: Option<&'a str>,
    /// `family`; not part of the name.
    pub family: Option<IpFamily>,
    /// `socketPath`; not part of the name.
    pub socket_path: Option<&'a str>,
}

/// Node's `agent.getName(options)`: `host:port:localAddress[:family][:socketPath]`. What is empty or 0 counts as
/// not given.
#[must_use]
pub fn name(options: &NameOptions<'_>) -> String {
    let host = given(options.host).unwrap_or("localhost");
    let mut name = String::with_capacity(host.len() + "::65535:".len());
    name.push_str(host);
    name.push(':');
    if let Some(port) = options.port.filter(|port| *port > 0) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{port}");
    }
    name.push(':');
    name.push_str(options.local_address.unwrap_or_default());
    name.push_str(match options.family {
        Some(IpFamily::Ipv4) => ":4",
        Some(IpFamily::Ipv6) => ":6",
        None => "",
    });
    if let Some(path) = given(options.socket_path) {
        name.push(':');
        name.push_str(path);
    }
    name
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
