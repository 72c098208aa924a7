//! Compiled components in a folder, which later starts map into memory.
//!
//! They are known by a hash of all that they are made of, so that a composed component need not be composed to be found.
//! What cannot be read, or was made by another version or with other settings, is made anew; what cannot be written is
//! not kept.

use std::fs::{self, File};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Bytes of the folder, beyond which those go that were not used for the longest time. A component has a few MiB.
const MOST: u64 = 256 << 20;
/// That a component is used is written down so often.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    folder: PathBuf,
}

impl Compiled {
    /// Components are kept in a folder of their own inside `folder`, both of which are made when they are missing.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("components") }
    }

    /// Maps the component that is made of `parts` if it is there, or makes and keeps it.
    pub(crate) fn get_or_make(
        &self,
        engine: &Engine,
        parts: &[&[u8]],
        make: impl FnOnce() -> Result<Component>,
    ) -> Result<Component> {
        let file = self.folder.join(name(engine, parts));
        match self.map(engine, &file) {
            Ok(component) => return Ok(component),
            Err(error) => tracing::debug!("no compiled code from {}: {error:#}", file.display()),
        }
        let component = make()?;
        // A read-only home must not keep a server from starting.
        match component.serialize().and_then(|code| Ok(self.keep(&file, &code)?)) {
            Ok(()) => {}
            Err(error) => tracing::debug!("compiled code is not kept: {error:#}"),
        }
        Ok(component)
    }

    fn map(&self, engine: &Engine, file: &Path) -> Result<Component> {
        let last_use = fs::metadata(file)?.modified()?;
        for path in [&self.folder, file] {
            wasmtime::ensure!(is_ours(path)?, "others may write to {}", path.display());
        }
        // SAFETY: the file has to be what `Component::serialize` gave, and must not change. Nobody but this user, who
        // could as well change this program, can write to the file or put another in its place; what is written there
        // is written by `keep`, which gives a file its name when it is whole and never changes it again. The name
        // holds the version of wasmtime and its settings, and wasmtime checks them once more.
        #[allow(unsafe_code, reason = "whoever can write to the folder can already do what this user can")]
        let component = unsafe {
            // Where nothing in the folder may be executed, a copy of it may.
            Component::deserialize_file(engine, file)
                .or_else(|_| Component::deserialize(engine, fs::read(file)?))?
        };
        if last_use.elapsed().is_ok_and(|unused| unused > DAY) {
            // It may be a folder that somebody has prepared.
            let _ = File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
        }
        Ok(component)
    }

    /// Writes `code` for every start from now on: the file has its name when it is whole.
    fn keep(&self, file: &Path, code: &[u8]) -> io::Result<()> {
        /// Threads of this process may make the same component.
        static COUNT: AtomicU32 = AtomicU32::new(0);

        private_folder(&self.folder)?;
        if !is_ours(&self.folder)? {
            return Err(io::Error::other("others may write to the folder"));
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let part = file.with_extension(format!("{}-{count}", std::process::id()));
        let written = write(&part, code).and_then(|()| fs::rename(&part, file));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written.and_then(|()| bound(&self.folder, MOST))
    }
}

/// The hash of all that a component is made of: wasmtime's version and settings, this machine's processor, and `parts`.
fn name(engine: &Engine, parts: &[&[u8]]) -> String {
    struct Hash(Sha256);

    impl Hasher for Hash {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            unreachable!("it has more bits than that")
        }
    }

    let mut hash = Hash(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hash);
    // With their number and lengths.
    parts.hash(&mut hash);
    format!("{:x}", hash.0.finalize())
}

/// Whether nobody but this user and the system's administrator can write there.
#[cfg(unix)]
fn is_ours(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = fs::metadata(path)?;
    let is_owner = [rustix::process::geteuid().as_raw(), 0].contains(&metadata.uid());
    Ok(is_owner && metadata.mode() & 0o022 == 0)
}

/// The folders of a user are the user's, where nothing else is said.
#[cfg(not(unix))]
fn is_ours(path: &Path) -> io::Result<bool> {
    path.try_exists()
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that must not be there, and which nobody else can write to.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    // Its name must not outlive a loss of power without its bytes.
    file.sync_data()
}

/// Takes away what was not used for the longest time, until at most `most` bytes are left, or one file.
fn bound(folder: &Path, most: u64) -> io::Result<()> {
    let files = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        let metadata = entry.metadata()?;
        Ok((metadata.modified()?, metadata.len(), entry.path()))
    });
    // What others have taken away meanwhile is gone.
    let mut files: Vec<_> = files.filter_map(io::Result::ok).collect();
    files.sort_unstable();
    let newest = files.pop();
    let mut all = newest.map_or(0, |(_, length, _)| length);
    for (_, length, path) in files.iter().rev() {
        all += length;
        if all > most {
            // Where that is not possible the next one tries again.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_goes() {
        let folder = std::env::temp_dir().join(format!("node-http-bound-{}", std::process::id()));
        private_folder(&folder).unwrap();
        let make = |name: &str, age| {
            write(&folder.join(name), &[0; 10]).unwrap();
            let file = File::open(folder.join(name)).unwrap();
            file.set_modified(SystemTime::now() - age * DAY).unwrap();
        };
        let left = || {
            let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names.concat()
        };
        for (name, age) in [("a", 2), ("b", 3), ("c", 1), ("d", 0)] {
            make(name, age);
        }
        bound(&folder, 40).unwrap();
        assert_eq!(left(), "abcd");
        bound(&folder, 39).unwrap();
        assert_eq!(left(), "acd");
        bound(&folder, 9).unwrap();
        assert_eq!(left(), "d");
        fs::remove_dir_all(folder).unwrap();
    }
}
