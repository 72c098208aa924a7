//! One request of those that it may take, and the next one after a redirect.

use std::path::Path;

use url::Url;

use super::failure::Failure;
use crate::cli::Fetch;

/// So many redirects are followed.
pub(super) const MOST_REDIRECTS: usize = 50;

/// Where to ask, and how.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) url: String,
    pub(super) method: String,
    /// Whether the body that there is goes along.
    pub(super) sends_body: bool,
    /// Whether names, passwords and cookies go along: they are for the first host only.
    pub(super) is_trusted: bool,
}

impl Hop {
    /// The request that was asked for.
    pub(super) fn first(options: &Fetch) -> Self {
        let mut url = match options.url.contains("://") {
            true => options.url.clone(),
            false => format!("http://{}", options.url),
        };
        if let Some(file) = &options.upload_file {
            url = named(url, file);
        }
        let default = if options.upload_file.is_some() {
            "PUT"
        } else if options.head {
            "HEAD"
        } else if options.has_data() {
            "POST"
        } else {
            "GET"
        };
        let method = options.method.clone().unwrap_or_else(|| default.to_owned());
        let sends_body = options.upload_file.is_some() || options.has_data();
        Self { url, method, sends_body, is_trusted: true }
    }

    /// The request that an answer with this status and `Location` asks for; none when it asks for nothing.
    ///
    /// # Errors
    /// When the location is no URL.
    pub(super) fn next(&self, status: u16, location: &str, options: &Fetch) -> Result<Self, Failure> {
        let bad = |_| Failure::url(location);
        let from = Url::parse(&self.url).map_err(bad)?;
        let to = from.join(location).map_err(bad)?;
        let posts = self.sends_body && options.upload_file.is_none();
        // What browsers do, and RFC 9110 allows: a POST becomes a GET, and with 303 everything does.
        let becomes_get = match status {
            301 | 302 => posts,
            303 => self.sends_body,
            _ => false,
        };
        let method = match (becomes_get, &options.method) {
            // A method that was named stays, as curl has it.
            (true, None) => "GET".to_owned(),
            _ => self.method.clone(),
        };
        Ok(Self {
            is_trusted: self.is_trusted && to.origin() == from.origin(),
            url: to.into(),
            method,
            sends_body: self.sends_body && !becomes_get,
        })
    }
}

/// A URL that ends in a slash gets the name of the file that is put there.
fn named(url: String, file: &Path) -> String {
    let Ok(mut parsed) = Url::parse(&url) else { return url };
    if !parsed.path().ends_with('/') || file == Path::new("-") {
        return url;
    }
    if let (Some(name), Ok(mut path)) = (file.file_name(), parsed.path_segments_mut()) {
        path.pop_if_empty().push(&name.to_string_lossy());
    }
    parsed.into()
}
