//! A line for each answer, when `ACCESS_LOG` is `common` or `json`.

use std::time::{Instant, SystemTime};

use node_http_imports::server::IncomingMessage;

use crate::json;

/// How a line looks.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// [Common Log Format](https://httpd.apache.org/docs/current/logs.html#common).
    Common,
    /// An object, which says how long it took as well.
    Json,
}

impl Format {
    /// None for any other name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "common" => Some(Self::Common),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// What an answer came to.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    /// Bytes of the body.
    pub(crate) bytes: u64,
}

/// A request that is not answered yet.
pub(crate) struct Entry {
    format: Format,
    client: String,
    method: String,
    url: String,
    version: String,
    begun: Instant,
}

impl Entry {
    pub(crate) fn begin(format: Format, request: &IncomingMessage) -> Self {
        let remote = request.socket().and_then(|socket| socket.remote_address());
        Self {
            format,
            client: remote.map_or_else(|| "-".to_owned(), |remote| remote.address),
            method: request.method().unwrap_or_default(),
            url: request.url(),
            version: request.http_version(),
            begun: Instant::now(),
        }
    }

    /// Prints the line; without an answer the client has gone.
    pub(crate) fn end(self, sent: Option<Sent>) {
        let Self { client, method, url, version, .. } = &self;
        let or_dash =
            |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let status = sent.map(|sent| sent.status.into());
        let bytes = sent.map(|sent| sent.bytes);
        match self.format {
            Format::Common => {
                let request = escaped(&format!("{method} {url} HTTP/{version}"));
                println!("{client} - - [{}] \"{request}\" {} {}", date(), or_dash(status), or_dash(bytes));
            }
            Format::Json => {
                let or_null = |number: Option<u64>| or_dash(number).replace('-', "null");
                println!(
                    "{{\"time\": {}, \"client\": {}, \"method\": {}, \"url\": {}, \"version\": {}, \"status\": {}, \
                     \"bytes\": {}, \"milliseconds\": {:.3}}}",
                    json::string(&date()),
                    json::string(client),
                    json::string(method),
                    json::string(url),
                    json::string(version),
                    or_null(status),
                    or_null(bytes),
                    self.begun.elapsed().as_secs_f64() * 1e3,
                );
            }
        }
    }
}

/// Now, as Common Log Format has it: `10/Oct/2000:13:55:36 +0000`.
fn date() -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let mut parts = date.split(' ').skip(1);
    let mut next = || parts.next().unwrap_or_default();
    format!("{}/{}/{}:{} +0000", next(), next(), next(), next())
}

/// A line stays one, and what is in quotes stays in them, whatever a client sends.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            ' '..='~' => escaped.push(character),
            other => escaped.push_str(&format!("\\x{:02x}", u32::from(other))),
        }
    }
    escaped
}
