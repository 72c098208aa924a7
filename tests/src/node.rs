//! Where a Node to compare with can be had.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

/// The version that everything is compared with.
const VERSION: &str = "23.5.0";

/// As [`find`]; when there is none, says past the test harness, which shows only what failed tests print, that `what` is
/// not compared.
#[must_use]
pub fn node_or_skip(what: &str) -> Option<PathBuf> {
    let why = match find() {
        Ok(node) => return Some(node),
        Err(why) => why,
    };
    // Without an error stream nobody can be told.
    let _ = writeln!(io::stderr(), "\n#### SKIPPED: {what} is not compared with Node: {why}");
    None
}

/// The Node that the variable `NODE` names, or else version 23.5.0 from npm, kept in the target folder.
///
/// # Errors
/// Why there is none.
pub fn find() -> Result<PathBuf, String> {
    if let Some(node) = env::var_os("NODE").map(PathBuf::from) {
        let version = version(&node)?;
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        return match major {
            Some(23..) => Ok(node),
            None | Some(0..23u32) => Err(format!("{} is Node {version}, not 23 or newer", node.display())),
        };
    }
    let folder = Path::new(env!("OUT_DIR")).join(format!("node-{VERSION}"));
    let node = folder.join("node_modules/node/bin/node");
    if version(&node).is_err() {
        let package = format!("node@{VERSION}");
        let output = Command::new("npm")
            .args(["install", "--no-save", "--prefix"])
            .arg(&folder)
            .arg(&package)
            .output();
        let output = output.map_err(|error| format!("npm does not start ({error}), NODE is not set"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("npm cannot install {package}, NODE is not set: {why}"));
        }
    }
    version(&node).map(|_| node)
}

/// The folder of an npm package such as `ws@8`, installed under the target folder.
///
/// # Errors
/// Why it cannot be had.
pub fn package(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("OUT_DIR")).join(name);
    let (plain, _) = name.rsplit_once('@').unwrap_or((name, ""));
    let package = Path::new("node_modules").join(plain);
    if !folder.join(&package).exists() {
        // Tests run side by side: each installs it elsewhere, and the first one moves it here.
        let own = folder.with_extension(format!("{:?}", thread::current().id()));
        let output =
            Command::new("npm").args(["install", "--no-save", "--prefix"]).arg(&own).arg(name).output();
        let output = output.map_err(|error| format!("npm does not start ({error})"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("npm cannot install {name}: {why}"));
        }
        // Somebody else may have been faster.
        let _ = fs::rename(&own, &folder);
    }
    Ok(folder.join(package))
}

fn version(node: &Path) -> Result<String, String> {
    let output = Command::new(node).arg("--version").output();
    let output = output.map_err(|error| format!("{} does not start: {error}", node.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
