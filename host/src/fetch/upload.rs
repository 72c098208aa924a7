//! The body of the request, piece by piece.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::cli::{Data, Fetch};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

const STDIN: &str = "standard input";

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
    /// The body that was asked for, if any.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn open(options: &Fetch) -> Result<Option<Self>, Failure> {
        if let Some(path) = &options.upload_file {
            return Self::of_file(path).map(Some);
        }
        if let ([], [Data::File(path)], []) = (&options.data[..], &options.data_binary[..], &options.json[..])
        {
            return Self::of_file(path).map(Some);
        }
        if !options.has_data() {
            return Ok(None);
        }
        let mut body = Vec::new();
        let forms = options.data.iter().map(|data| (data, true));
        let forms = forms.chain(options.data_binary.iter().map(|data| (data, false)));
        for (index, (data, is_text)) in forms.enumerate() {
            if index > 0 {
                body.push(b'&');
            }
            append(data, is_text, &mut body)?;
        }
        for data in &options.json {
            append(data, false, &mut body)?;
        }
        let length = body.len() as u64;
        Ok(Some(Self { name: "TEXT".into(), source: Some(Box::new(Cursor::new(body))), left: Some(length) }))
    }

    /// A file is read while it is sent.
    fn of_file(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self { name: STDIN.into(), source: Some(Box::new(io::stdin())), left: None });
        }
        let failed = |error| Failure::read(path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let left = metadata.is_file().then_some(metadata.len());
        Ok(Self { name: path.to_owned(), source: Some(Box::new(file)), left })
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

/// Adds what `data` stands for; what is a text loses its line ends, and its zeros, when it comes from a file.
fn append(data: &Data, is_text: bool, body: &mut Vec<u8>) -> Result<(), Failure> {
    let mut read = Vec::new();
    match data {
        Data::Text(text) => {
            body.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        Data::File(path) => {
            read = std::fs::read(path).map_err(|error| Failure::read(path, error))?;
        }
        Data::Stdin => {
            let all = io::stdin().read_to_end(&mut read);
            all.map_err(|error| Failure::read(Path::new(STDIN), error))?;
        }
    }
    if is_text {
        read.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    body.append(&mut read);
    Ok(())
}
