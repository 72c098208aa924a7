//! Where the command keeps compiled code.

use std::path::PathBuf;

/// `node-http` in the user's folder for caches, which is XDG's on Unix and the equivalent elsewhere. `None` where the
/// environment does not tell.
pub(crate) fn directory() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        folder("HOME").map(|home| home.join("Library/Caches"))
    } else {
        folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("node-http"))
}
