//! Programs for Node: which arguments of `run` are some, and what runs them.

use std::fs;
use std::path::{Path, PathBuf};

use node_http_host::Result;
#[cfg(not(feature = "javascript"))]
use node_http_host::wasmtime::bail;
use node_http_host::wasmtime::error::Context as _;

/// A program for Node.
#[derive(Debug)]
pub(crate) struct Program {
    /// A file, or a folder with a `package.json`.
    pub(crate) path: PathBuf,
    /// What it may read: the folder of its package, or else its own.
    pub(crate) root: PathBuf,
}

/// The program that `path` is, if it is one.
pub(crate) fn find(path: &Path) -> Result<Option<Program>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_script = matches!(extension, Some("js" | "cjs" | "mjs"));
    if !is_script && !path.is_dir() {
        return Ok(None);
    }
    let path = fs::canonicalize(path).with_context(|| path.display().to_string())?;
    let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
    let is_package =
        |folder: &&Path| folder.join("package.json").exists() || folder.join("node_modules").exists();
    let root = folder.ancestors().find(is_package).unwrap_or(folder).to_owned();
    Ok(Some(Program { path, root }))
}

/// The component that runs it.
#[cfg(feature = "javascript")]
#[expect(clippy::unnecessary_wraps, reason = "as without JavaScript")]
pub(crate) fn engine() -> Result<&'static [u8]> {
    Ok(node_http_host::JAVASCRIPT)
}

/// The component that runs it is not there.
#[cfg(not(feature = "javascript"))]
pub(crate) fn engine() -> Result<&'static [u8]> {
    bail!("this node-http was built without JavaScript; build it with `--features javascript`")
}
