//! What is asked for: URL, method, headers, and what is known of the body.

use node_http_host::bindings::exports::node::http::client_request::{AgentChoice, RequestOptions};
use node_http_host::bindings::exports::node::http::types::HeaderValue;

use super::failure::Failure;
use super::upload::Upload;
use crate::cli::{Fetch, Header};

/// A request to be made.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) options: RequestOptions,
    pub(super) upload: Option<Upload>,
}

impl Request {
    /// # Errors
    /// When the file of `-d @FILE` cannot be opened.
    pub(super) fn new(options: &Fetch) -> Result<Self, Failure> {
        let upload = options.data.as_ref().map(Upload::open).transpose()?;
        let headers = headers(&options.headers, upload.as_ref());
        let url = match options.url.contains("://") {
            true => options.url.clone(),
            false => format!("http://{}", options.url),
        };
        let options = RequestOptions {
            // One request needs no pool, and tells the server so.
            agent: Some(AgentChoice::OneShot),
            method: Some(method(options)),
            headers: Some(headers),
            ..RequestOptions::default()
        };
        Ok(Self { url, options, upload })
    }
}

fn method(options: &Fetch) -> String {
    let default = if options.data.is_some() { "POST" } else { "GET" };
    options.method.clone().unwrap_or_else(|| default.to_owned())
}

/// The default headers that `given` says nothing about, then those in it that have a value.
fn headers(given: &[Header], upload: Option<&Upload>) -> Vec<(String, HeaderValue)> {
    let is_given = |name: &str| given.iter().any(|header| header.name.eq_ignore_ascii_case(name));
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |name: &str, value: &str| {
        // One byte is one character in the strings of the component.
        let value = value.bytes().map(char::from).collect();
        match lines.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value),
            None => lines.push((name.to_owned(), vec![value])),
        }
    };
    let mut default = |name, value: &str| {
        if !is_given(name) {
            add(name, value);
        }
    };
    default("User-Agent", concat!("node-http/", env!("CARGO_PKG_VERSION")));
    default("Accept", "*/*");
    if let Some(upload) = upload {
        default("Content-Type", "application/x-www-form-urlencoded");
        match upload.length() {
            _ if is_given("Content-Length") || is_given("Transfer-Encoding") => {}
            Some(length) => default("Content-Length", &length.to_string()),
            None => default("Transfer-Encoding", "chunked"),
        }
    }
    for header in given.iter().filter(|header| !header.value.is_empty()) {
        add(&header.name, &header.value);
    }
    lines.into_iter().map(|(name, values)| (name, value(values))).collect()
}

fn value(mut lines: Vec<String>) -> HeaderValue {
    match lines.len() {
        1 => HeaderValue::Text(lines.remove(0)),
        _ => HeaderValue::List(lines),
    }
}
