//! Where the answer goes.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use url::Url;

use super::failure::Failure;
use crate::cli::Fetch;

/// Standard output, or the file of `-o` or `-O`, which is made when there is something to write, or nothing but an answer.
pub(super) struct Output {
    name: String,
    /// None for standard output.
    file: Option<PathBuf>,
    writer: Option<Box<dyn Write + Send>>,
}

impl Output {
    /// # Errors
    /// When `-O` is given and the URL ends in no name.
    pub(super) fn new(options: &Fetch, url: &str) -> Result<Self, Failure> {
        let file = match options.remote_name {
            true => Some(remote_name(url).ok_or_else(Failure::no_name)?),
            false => options.output.clone(),
        };
        let name =
            file.as_ref().map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
        Ok(Self { name, file, writer: None })
    }

    /// Makes the file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn open(&mut self) -> Result<&mut dyn Write, Failure> {
        if self.writer.is_none() {
            self.writer = Some(match &self.file {
                None => Box::new(io::stdout()),
                Some(path) => {
                    Box::new(File::create(path).map_err(|error| Failure::write(&self.name, &error))?)
                }
            });
        }
        Ok(self.writer.as_mut().expect("it was just opened"))
    }

    /// Writes all of `bytes` at once: who watches a slow answer sees it come.
    ///
    /// # Errors
    /// When whoever reads has gone, or the disk is full.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let writer = self.open()?;
        let written = writer.write_all(bytes).and_then(|()| writer.flush());
        written.map_err(|error| Failure::write(&self.name, &error))
    }

    /// Another try begins: what the last one has left in the file goes.
    pub(super) fn restart(&mut self) {
        if self.file.is_some() {
            self.writer = None;
        }
    }
}

/// What is behind the last slash of the path: nothing of it leads to another folder.
fn remote_name(url: &str) -> Option<PathBuf> {
    let url = if url.contains("://") { Url::parse(url) } else { Url::parse(&format!("http://{url}")) };
    let url = url.ok()?;
    let name = url.path_segments()?.next_back()?;
    (!name.is_empty() && !name.contains(['\\', '\0'])).then(|| name.into())
}
