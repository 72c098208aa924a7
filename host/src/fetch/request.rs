//! What is asked for: URL, method, headers, and what is known of the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use node_http_host::bindings::exports::node::http::client_request::{AgentChoice, RequestOptions};
use node_http_host::bindings::exports::node::http::types::HeaderValue;
use url::Url;

use super::failure::Failure;
use super::hop::Hop;
use super::upload::Upload;
use crate::cli::{Fetch, Header};

/// A request to be made.
pub(super) struct Request {
    /// None where a proxy is asked.
    pub(super) url: Option<String>,
    pub(super) options: RequestOptions,
    pub(super) upload: Option<Upload>,
}

impl Request {
    /// # Errors
    /// When the file of a body cannot be opened, or a proxy is asked for what is no URL.
    pub(super) fn new(options: &Fetch, hop: &Hop) -> Result<Self, Failure> {
        let upload = if hop.sends_body { Upload::open(options)? } else { None };
        let mut asked = RequestOptions {
            // One request needs no pool, and tells the server so.
            agent: Some(AgentChoice::OneShot),
            method: Some(hop.method.clone()),
            ..RequestOptions::default()
        };
        let mut lines = headers(options, hop, upload.as_ref());
        let url = match &options.proxy {
            None => Some(hop.url.clone()),
            Some(proxy) => {
                let mut url = Url::parse(&hop.url).map_err(|_| Failure::url(&hop.url))?;
                url.set_fragment(None);
                lines.host(&url);
                lines.default("Proxy-Connection", "Keep-Alive");
                if !proxy.username().is_empty() {
                    let secret = basic(proxy.username(), proxy.password().unwrap_or_default());
                    lines.default("Proxy-Authorization", &secret);
                }
                asked.host = proxy.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
                asked.port = proxy.port_or_known_default();
                asked.path = Some(url.into());
                None
            }
        };
        asked.headers = Some(lines.into_headers());
        Ok(Self { url, options: asked, upload })
    }
}

/// The headers that were asked for, and those that nothing was said about.
fn headers<'a>(options: &'a Fetch, hop: &Hop, upload: Option<&Upload>) -> Lines<'a> {
    let mut lines = Lines { given: &options.headers, lines: Vec::new() };
    let agent = options.user_agent.as_deref().unwrap_or(concat!("node-http/", env!("CARGO_PKG_VERSION")));
    if !agent.is_empty() {
        lines.default("User-Agent", agent);
    }
    let json = !options.json.is_empty();
    lines.default("Accept", if json { "application/json" } else { "*/*" });
    if let Some(user) = options.user.as_ref().filter(|_| hop.is_trusted) {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        lines.default("Authorization", &basic(name, password));
    }
    if let Some(upload) = upload {
        if json {
            lines.default("Content-Type", "application/json");
        } else if options.has_data() {
            lines.default("Content-Type", "application/x-www-form-urlencoded");
        }
        match upload.length() {
            _ if lines.is_given("Content-Length") || lines.is_given("Transfer-Encoding") => {}
            Some(length) => lines.default("Content-Length", &length.to_string()),
            None => lines.default("Transfer-Encoding", "chunked"),
        }
    }
    for header in options.headers.iter().filter(|header| !header.value.is_empty()) {
        let is_secret =
            ["Authorization", "Cookie"].iter().any(|name| name.eq_ignore_ascii_case(&header.name));
        if hop.is_trusted || !is_secret {
            lines.add(&header.name, &header.value);
        }
    }
    lines
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Headers in the making: lines of the same name are one.
struct Lines<'a> {
    given: &'a [Header],
    lines: Vec<(String, Vec<String>)>,
}

impl Lines<'_> {
    /// Whether something was said about it, and be it that there shall be none.
    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    fn default(&mut self, name: &str, value: &str) {
        if !self.is_given(name) {
            self.add(name, value);
        }
    }

    /// The server that a proxy is to ask.
    fn host(&mut self, url: &Url) {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        self.default("Host", &host);
    }

    fn add(&mut self, name: &str, value: &str) {
        // One byte is one character in the strings of the component.
        let value = value.bytes().map(char::from).collect();
        match self.lines.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value),
            None => self.lines.push((name.to_owned(), vec![value])),
        }
    }

    fn into_headers(self) -> Vec<(String, HeaderValue)> {
        let value = |mut lines: Vec<String>| match lines.len() {
            1 => HeaderValue::Text(lines.remove(0)),
            _ => HeaderValue::List(lines),
        };
        self.lines.into_iter().map(|(name, values)| (name, value(values))).collect()
    }
}
