//! The layers of the crate: a module may use those below it and no other.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Each module and what it may use besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("frames", &[]),
    ("error", &["proto"]),
    ("runtime", &[]),
    ("message", &["error", "proto"]),
    ("net", &["error", "runtime"]),
    ("agent", &["error"]),
    ("transport", &["error", "message", "net", "proto", "runtime"]),
    ("server", &["error", "message", "net", "proto", "runtime", "transport"]),
    ("client", &["agent", "error", "message", "net", "proto", "runtime", "transport"]),
    ("web_socket", &["client", "error", "frames", "message", "runtime", "transport"]),
    (
        "component",
        &[
            "agent",
            "client",
            "error",
            "frames",
            "message",
            "net",
            "proto",
            "runtime",
            "server",
            "transport",
            "web_socket",
        ],
    ),
];

/// Words that must not appear in a module's code, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("proto", "wasi::"),
    ("proto", "async fn"),
    ("proto", ".await"),
    ("frames", "wasi::"),
    ("frames", "async fn"),
    ("frames", ".await"),
    ("message", "wasi::"),
    ("message", "async fn"),
    ("message", ".await"),
    ("agent", "wasi::"),
    ("agent", "async fn"),
    ("agent", ".await"),
    ("server", "wasi::sockets"),
    ("component", "wasi::sockets"),
];

#[test]
fn nothing_points_up() {
    let mut wrong = Vec::new();
    for (module, allowed) in LAYERS {
        for file in files_of(module) {
            let code = code_of(&file);
            for used in code.split("crate::").skip(1).flat_map(names) {
                let known = LAYERS.iter().any(|(name, _)| *name == used);
                if known && used != *module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_stay_pure() {
    for (module, word) in FORBIDDEN {
        for file in files_of(module) {
            assert!(!code_of(&file).contains(word), "{} says {word}", file.display());
        }
    }
}

#[test]
fn two_files_know_the_sockets() {
    let mut knowing: Vec<PathBuf> = LAYERS
        .iter()
        .flat_map(|(module, _)| files_of(module))
        .filter(|f| code_of(f).contains("sockets::"))
        .collect();
    knowing.sort();
    assert_eq!(knowing, ["net/batched.rs", "net/wasi.rs"].map(|file| source().join(file)));
}

/// The first name of a path, or the names of `{a::…, b::…}` at the top of it.
fn names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(list) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let parts = list.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth < 0 || (c == ',' && depth == 0)
    });
    parts.take_while(|part| !part.contains(';')).map(name).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let single = source().join(format!("{module}.rs"));
    if single.exists() {
        files.push(single);
    }
    collect(&source().join(module), &mut files);
    assert!(!files.is_empty(), "no module {module}");
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// The file without its comments and without its tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    code.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}
