//! The one place that builds WebAssembly: a nested cargo run for `wasm32-wasip2` with the profile `wasm`.
//!
//! Every build script that needs a guest (host, tests) uses this file, and all of them share the folder `wasm` of the
//! workspace's target folder. Inside `OUT_DIR` each native profile, and clippy, would build every guest once more.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Component tooling is part of this target, so cargo writes components, not modules.
const TARGET: &str = "wasm32-wasip2";
/// Defined in the workspace's `Cargo.toml`.
const PROFILE: &str = "wasm";

/// LLVM inlines what costs up to 225 elsewhere: 12 % more bytes here, and no request more per second.
const INLINE_LITTLE: &str = "-Cllvm-args=-inline-threshold=80";

/// How C is compiled where a guest has some: with the system's clang and wasi-libc, unless the user says otherwise.
const C: [(&str, &str); 4] = [
    ("RQUICKJS_SYS_NO_WASI_SDK", "1"),
    ("CC_wasm32_wasip2", "clang"),
    ("AR_wasm32_wasip2", "llvm-ar"),
    ("CFLAGS_wasm32_wasip2", "--target=wasm32-wasi --sysroot=/usr -isystem /usr/include/wasm32-wasi"),
];

/// Set where guests keep the names of their functions, which a profile is to show.
const NAMES: &str = "NODE_HTTP_NAMES";

/// Builds `packages` and returns the folder of their artefacts; tells cargo when to ask again.
///
/// # Errors
/// A message for the person who builds, when the target or a guest cannot be built.
pub(crate) fn build(packages: &[&str]) -> Result<PathBuf, String> {
    ensure_target()?;
    let workspace = workspace()?;
    let target_dir = target_dir()?.join("wasm");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&workspace).args(["build", "--target", TARGET, "--profile", PROFILE]);
    cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    cargo.arg("--target-dir").arg(&target_dir);
    if workspace.join("Cargo.lock").exists() {
        // The outer cargo has already settled the lock file; a second opinion would need the network.
        cargo.arg("--locked");
    }
    println!("cargo::rerun-if-env-changed={NAMES}");
    if env::var_os(NAMES).is_some() {
        cargo.args(["--config", "profile.wasm.strip=\"debuginfo\""]);
    }
    for package in packages {
        cargo.args(["--package", package]);
    }
    clean_environment(&mut cargo);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", INLINE_LITTLE);
    for (name, value) in C {
        if env::var_os(name).is_none() {
            cargo.env(name, value);
        }
    }
    let output = cargo.output().map_err(|e| format!("cannot start {cargo:?}: {e}"))?;
    if !output.status.success() {
        return Err(format!("building {} for {TARGET} failed ({})", packages.join(", "), output.status));
    }
    let artefacts = target_dir.join(TARGET).join(PROFILE);
    rerun_if_changed(&workspace, &artefacts, &String::from_utf8_lossy(&output.stdout));
    Ok(artefacts)
}

/// What cargo and clippy set for this build script, and what the user set for native code, must not reach the guests.
fn clean_environment(cargo: &mut Command) {
    // RUSTC with its wrappers; CARGO_ENCODED_RUSTFLAGS; the variables that stand for keys of cargo's configuration.
    const PREFIXES: &str =
        "RUSTC RUSTFLAGS CLIPPY_ARGS CARGO_ENCODED_ CARGO_BUILD_ CARGO_TARGET_ CARGO_PROFILE_";
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        if PREFIXES.split(' ').any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
}

/// Makes sure that the toolchain in use has the target's standard library, with rustup where it has not.
fn ensure_target() -> Result<(), String> {
    // rustc names the folder whether it is there or not. rust-toolchain.toml asks for the target, too, but rustup
    // ignores that with RUSTUP_AUTO_INSTALL=0 and for toolchains chosen otherwise.
    let libraries = rustc(&["--print", "target-libdir", "--target", TARGET])?;
    if fs::read_dir(libraries).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(());
    }
    let sysroot = rustc(&["--print", "sysroot"])?;
    let toolchain = sysroot.rsplit(['/', '\\']).next().unwrap_or_default();
    let arguments = ["target", "add", TARGET, "--toolchain", toolchain];
    let trouble = match Command::new("rustup").args(arguments).status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("rustup could not add it ({status})"),
        Err(error) => format!("rustup does not start ({error})"),
    };
    let advice = format!("run `rustup {}` and build again", arguments.join(" "));
    Err(format!("the Rust target {TARGET} is missing and {trouble}: {advice}"))
}

fn rustc(arguments: &[&str]) -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match Command::new(&rustc).args(arguments).output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            Err(format!("{rustc:?} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
        Err(error) => Err(format!("cannot start {rustc:?}: {error}")),
    }
}

/// The workspace's target folder, also with CARGO_TARGET_DIR or `--target`: cargo marks it with a CACHEDIR.TAG.
fn target_dir() -> Result<PathBuf, String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: this is no build script")?);
    let marked = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    let folder = marked.or_else(|| out.ancestors().nth(4)).ok_or("OUT_DIR is not inside a target folder")?;
    Ok(folder.to_owned())
}

/// Both users of this file are direct members of the workspace.
fn workspace() -> Result<PathBuf, String> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    package.parent().map(Path::to_owned).ok_or_else(|| "the package has no parent folder".to_owned())
}

/// The `.d` file of an artefact names every source that went into it, WIT included; manifests are not sources.
fn rerun_if_changed(workspace: &Path, artefacts: &Path, messages: &str) {
    let mut inputs =
        vec![workspace.join("Cargo.toml"), workspace.join("Cargo.lock"), PathBuf::from("build.rs")];
    // The folder is shared, so the messages have to tell which artefacts are ours.
    for name in messages.split('"').filter_map(|text| text.strip_suffix(".wasm")) {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let Ok(rule) = fs::read_to_string(artefacts.join(name).with_extension("d")) else { continue };
        let sources = rule.split_once(": ").map_or("", |(_, sources)| sources.trim_end());
        // Spaces inside a name are escaped with a backslash.
        let names = sources.replace("\\ ", "\0");
        inputs.extend(names.split(' ').map(|name| PathBuf::from(name.replace('\0', " "))));
    }
    for input in inputs.iter().filter(|input| input.exists()) {
        println!("cargo::rerun-if-changed={}", input.display());
    }
}
