//! The body of the request, piece by piece.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use super::failure::Failure;
use crate::cli::Data;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A body on its way out.
pub(super) struct Upload {
    /// For messages.
    name: PathBuf,
    /// None only while it is read from.
    source: Option<Box<dyn Read + Send>>,
    /// Bytes that are still to be sent, where they can be told.
    left: Option<u64>,
}

impl Upload {
    /// # Errors
    /// When there is no such file.
    pub(super) fn open(data: &Data) -> Result<Self, Failure> {
        let upload = |name: &str, source, left| Self { name: name.into(), source: Some(source), left };
        match data {
            Data::Text(text) => {
                let source = Cursor::new(text.clone().into_bytes());
                Ok(upload("TEXT", Box::new(source), Some(text.len() as u64)))
            }
            Data::Stdin => Ok(upload("standard input", Box::new(io::stdin()), None)),
            Data::File(path) => {
                let failed = |error| Failure::read(path, error);
                let file = File::open(path).map_err(failed)?;
                let metadata = file.metadata().map_err(failed)?;
                let left = metadata.is_file().then_some(metadata.len());
                Ok(Self { name: path.clone(), source: Some(Box::new(file)), left })
            }
        }
    }

    /// How many bytes are to come; none where only the end will tell.
    pub(super) fn length(&self) -> Option<u64> {
        self.left
    }

    /// The next piece, and whether it is the last one, which may be empty.
    ///
    /// # Errors
    /// When the source cannot be read, or has less than it promised.
    pub(super) async fn next(&mut self) -> Result<(Vec<u8>, bool), Failure> {
        if self.left == Some(0) {
            return Ok((Vec::new(), true));
        }
        let wanted =
            self.left.and_then(|left| usize::try_from(left).ok()).map_or(PIECE, |left| left.min(PIECE));
        let mut source = self.source.take().expect("one read at a time");
        // A terminal or a pipe may keep the thread for as long as it likes.
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; wanted];
            let result = source.read(&mut piece).map(|count| {
                piece.truncate(count);
                piece
            });
            (source, result)
        });
        let (source, result) = read.await.map_err(|error| Failure::read(&self.name, error))?;
        self.source = Some(source);
        let piece = result.map_err(|error| Failure::read(&self.name, error))?;
        match &mut self.left {
            None => {
                let last = piece.is_empty();
                Ok((piece, last))
            }
            Some(_) if piece.is_empty() => Err(Failure::read(&self.name, "it became shorter")),
            Some(left) => {
                *left -= piece.len() as u64;
                Ok((piece, *left == 0))
            }
        }
    }
}
