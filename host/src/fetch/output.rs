//! Where the answer goes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::failure::Failure;

/// Standard output, or the file of `-o`.
pub(super) struct Output {
    name: String,
    writer: Box<dyn Write + Send>,
}

impl Output {
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = file else {
            return Ok(Self { name: "standard output".to_owned(), writer: Box::new(io::stdout()) });
        };
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(Self { name, writer: Box::new(file) }),
            Err(error) => Err(Failure::write(&name, &error)),
        }
    }

    /// Writes all of `bytes` at once: who watches a slow answer sees it come.
    ///
    /// # Errors
    /// When whoever reads has gone, or the disk is full.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.writer.write_all(bytes).and_then(|()| self.writer.flush());
        written.map_err(|error| Failure::write(&self.name, &error))
    }
}
