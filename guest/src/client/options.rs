//! Options of a request: what Node's `ClientRequest` constructor makes of a URL and an object of options, with its
//! errors in its order.

mod connect;
#[cfg(test)]
mod tests;
mod url;

use std::{borrow::Cow, mem, rc::Rc};

pub use self::connect::{ConnectOptions, SocketOptions, Target};
pub use crate::agent::IpFamily;
use crate::{
    error::Error,
    message::{
        HeaderValue,
        validate::{validate_method, validate_path},
    },
    proto::{Leniency, Limits},
    runtime::Span,
};

/// Which agent serves a request that was not given one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentChoice {
    /// `http.globalAgent`.
    #[default]
    GlobalAgent,
    /// A new agent for this request alone: `agent: false`.
    OneShot,
}

/// `http.request` options (RO1–RO26). `None` means Node's default. The agent, the connection and the signal that a
/// request may be given are no plain values and stand beside them.
#[derive(Clone, Debug, Default)]
pub struct RequestOptions {
    /// `agent`, when none is given; the global one, or none beside a given connection.
    pub agent: Option<AgentChoice>,
    /// `auth`: `user:password`; none.
    pub auth: Option<String>,
    /// `defaultPort`; the agent's.
    pub default_port: Option<u16>,
    /// `family`; both.
    pub family: Option<IpFamily>,
    /// `headers`; none.
    pub headers: Option<Vec<(String, HeaderValue)>>,
    /// Whether `headers` stands for an array in Node, which switches `Host` and `Authorization` off; false.
    pub raw_headers: Option<bool>,
    /// `hints`; none.
    pub hints: Option<u32>,
    /// `host`; `localhost`.
    pub host: Option<String>,
    /// `hostname`, which wins over `host`; none.
    pub hostname: Option<String>,
    /// `insecureHTTPParser`; false.
    pub insecure_http_parser: Option<bool>,
    /// `joinDuplicateHeaders`; false.
    pub join_duplicate_headers: Option<bool>,
    /// `localAddress`; the system's choice.
    pub local_address: Option<String>,
    /// `localPort`; the system's choice.
    pub local_port: Option<u16>,
    /// In place of the function `lookup`, what it would find; the system is asked.
    pub lookup: Option<Vec<String>>,
    /// `maxHeaderSize`, bytes; 16384.
    pub max_header_size: Option<u64>,
    /// `method`; GET.
    pub method: Option<String>,
    /// `path`; `/`.
    pub path: Option<String>,
    /// `port`; `default_port`, or 80.
    pub port: Option<u16>,
    /// `protocol`; `http:`.
    pub protocol: Option<String>,
    /// `setDefaultHeaders`; true.
    pub set_default_headers: Option<bool>,
    /// `setHost`, which wins over `set_default_headers` for `Host`; true.
    pub set_host: Option<bool>,
    /// `socketPath`; none. Refused by [`ConnectOptions::validate`].
    pub socket_path: Option<String>,
    /// `timeout`, milliseconds; the agent's.
    pub timeout: Option<u32>,
    /// `uniqueHeaders`; none.
    pub unique_headers: Option<Vec<String>>,
    /// Options of the socket; the agent's.
    pub socket: Option<SocketOptions>,
}

/// What a request takes from the agent that serves it.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// `agent.defaultPort`, which goes without saying in `Host`; none without an agent.
    pub default_port: Option<u16>,
    /// `agent.protocol`, the one protocol that can be asked for.
    pub protocol: &'static str,
}

impl Defaults {
    /// For a request with an agent.
    pub const AGENT: Self = Self { default_port: Some(80), protocol: "http:" };
    /// For a request with a connection of its own.
    pub const NO_AGENT: Self = Self { default_port: None, ..Self::AGENT };
}

/// What a request works by.
///
/// Node sets `headers` one by one, then `Host`, then `Authorization`, and connects last: an error in one of these
/// comes before those of the next, and [`ConnectOptions::validate`] is the end of the line.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `request.method`: a token in upper case.
    pub method: Cow<'static, str>,
    /// `request.path`: the request target.
    pub path: String,
    /// `request.protocol`.
    pub protocol: &'static str,
    /// `request.host`.
    pub host: String,
    /// `request.timeout`, milliseconds: wins over the agent's, even if 0, which switches it off.
    pub timeout: Option<u32>,
    /// The caller's headers in their order, not looked at yet.
    pub headers: Vec<(String, HeaderValue)>,
    /// Whether they are sent as they are (an array in Node): the head is rendered at once.
    pub raw_headers: bool,
    /// The header `Host` to set, if it is to be set.
    pub host_header: Option<String>,
    /// The header `Authorization` to set, if it is to be set.
    pub authorization: Option<String>,
    /// Whether `Connection`, `Content-Length` and `Transfer-Encoding` are added.
    pub default_headers: bool,
    /// Lower-case names of headers that are sent once, their values joined by `; `.
    pub unique_headers: Rc<[String]>,
    /// Whether single-valued fields of the response are joined instead of dropped.
    pub join_duplicate_headers: bool,
    /// Bytes of the response's head.
    pub max_header_size: usize,
    /// Whether invalid responses are let through as far as Node can.
    pub insecure_http_parser: bool,
    /// Where and how to connect; of a request on its way, with what its agent says.
    pub connect: ConnectOptions,
    /// What the agent calls the origin: [`ConnectOptions::agent_name`].
    pub origin: String,
}

const PORT: u16 = 80;

/// Node's limit for `maxHeaderSize` 0 as well.
const MAX_HEADER_SIZE: usize = 16_384;

impl Settings {
    /// Merges `url` and `options`, which win, and checks what Node checks, in its order.
    ///
    /// # Errors
    /// - `ERR_INVALID_URL`, or "URI malformed" when its user info cannot be decoded.
    /// - `ERR_UNESCAPED_CHARACTERS`: the path.
    /// - `ERR_INVALID_PROTOCOL`: not the agent's.
    /// - `ERR_INVALID_HTTP_TOKEN`: the method.
    pub fn new(url: Option<&str>, options: RequestOptions, defaults: &Defaults) -> Result<Self, Error> {
        let mut options = match url {
            Some(url) => url::merge(url, options)?,
            None => options,
        };
        if let Some(path) = &options.path {
            validate_path(path)?;
        }
        let protocol = defaults.protocol;
        if let Some(wanted) = given(options.protocol.take()).filter(|wanted| wanted != protocol) {
            return Err(Error::invalid_protocol(&wanted, protocol));
        }
        let default_port = options.default_port.filter(|port| *port > 0).or(defaults.default_port);
        let port = options.port.filter(|port| *port > 0).or(default_port).unwrap_or(PORT);
        let host = given(options.hostname.take())
            .or_else(|| given(options.host.take()))
            .unwrap_or_else(|| "localhost".to_owned());
        let timeout = options.timeout.map(|timeout| Span::millis(timeout).as_millis());
        let method = match given(options.method.take()) {
            Some(method) => {
                validate_method(&method)?;
                method.to_ascii_uppercase().into()
            }
            None => "GET".into(),
        };
        let host_field = host_field(&host, (Some(port) != default_port).then_some(port));
        Ok(Self {
            method,
            path: given(options.path.take()).unwrap_or_else(|| "/".to_owned()),
            protocol,
            timeout,
            host_header: options.sets_host().then_some(host_field),
            authorization: options.authorization(),
            raw_headers: options.raw_headers.unwrap_or(false),
            default_headers: options.set_default_headers.unwrap_or(true),
            unique_headers: lower_case(options.unique_headers.take()),
            join_duplicate_headers: options.join_duplicate_headers.unwrap_or(false),
            max_header_size: max_header_size(options.max_header_size),
            insecure_http_parser: options.insecure_http_parser.unwrap_or(false),
            headers: options.headers.take().unwrap_or_default(),
            connect: connect_options(options, host.clone(), port, timeout),
            origin: String::new(),
            host,
        })
    }

    /// Connects as its agent wants it, which is settled now: headers are set before anything of it is checked.
    pub fn settle(&mut self, agent: Option<&ConnectOptions>) {
        if let Some(agent) = agent {
            self.connect = mem::take(&mut self.connect).overridden_by(agent);
        }
        self.origin = self.connect.agent_name();
    }

    /// The parser's limits, but for `maxHeadersCount`, which can be set later.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { max_header_size: self.max_header_size, ..Limits::default() }
    }

    /// The parser's leniency.
    #[must_use]
    pub const fn leniency(&self) -> Leniency {
        if self.insecure_http_parser { Leniency::insecure_http_parser() } else { Leniency::STRICT }
    }
}

impl RequestOptions {
    fn sets_host(&self) -> bool {
        let wanted = self.set_host.unwrap_or_else(|| self.set_default_headers != Some(false));
        wanted && !self.raw_headers.unwrap_or(false) && !self.has_header("host")
    }

    fn authorization(&self) -> Option<String> {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let auth = self.auth.as_deref().filter(|auth| !auth.is_empty())?;
        if self.raw_headers.unwrap_or(false) || self.has_header("authorization") {
            return None;
        }
        Some(format!("Basic {}", BASE64_STANDARD.encode(auth)))
    }

    /// Whether the header is there and true in JavaScript; the last one of its name counts.
    fn has_header(&self, lower_case_name: &str) -> bool {
        let headers = self.headers.as_deref().unwrap_or_default();
        let last = headers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(lower_case_name));
        last.is_some_and(|(_, value)| match value {
            HeaderValue::Text(text) => !text.is_empty(),
            HeaderValue::Integer(number) => *number != 0,
            HeaderValue::List(_) => true,
        })
    }
}

/// An empty string is as good as none where Node writes `a || b`.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The value of `Host` (I-25). What has two colons and no bracket is an IPv6 address.
fn host_field(host: &str, port: Option<u16>) -> String {
    let mut field = if host.matches(':').nth(1).is_some() && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    if let Some(port) = port {
        field.push(':');
        field.push_str(&port.to_string());
    }
    field
}

fn lower_case(names: Option<Vec<String>>) -> Rc<[String]> {
    names.unwrap_or_default().into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// Sizes beyond the address space mean "no limit".
fn max_header_size(size: Option<u64>) -> usize {
    match size {
        None | Some(0) => MAX_HEADER_SIZE,
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
    }
}

fn connect_options(options: RequestOptions, host: String, port: u16, timeout: Option<u32>) -> ConnectOptions {
    ConnectOptions {
        host: Some(host),
        port: Some(port),
        path: options.socket_path,
        local_address: options.local_address,
        local_port: options.local_port,
        family: options.family,
        hints: options.hints,
        lookup: options.lookup,
        timeout,
        socket: options.socket,
    }
}
