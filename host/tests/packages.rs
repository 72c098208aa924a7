//! The crates that are meant for others, packed as for a registry, are all that an app or an installation needs.
#![cfg(unix)]

mod outside;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use outside::{Folder, Server, build, cargo, repository};

const CRATES: [&str; 3] = ["node-http", "node-http-imports", "node-http-host"];

/// How this repository builds natively, so that only what is packed is built again.
const PROFILE: [&str; 3] =
    ["debug=\"line-tables-only\"", "package.\"*\".opt-level=1", "package.\"*\".debug=false"];

#[test]
fn what_is_packed_suffices() {
    let place = packed();
    for name in CRATES {
        assert_complete(&place.join(format!("{name}-0.1.0")));
    }

    let folder = app("hello", &place, "path = \"../node-http/guest/imports\"", "node-http-imports");
    build(&folder);
    let run = |artefact: &str| {
        let artefact = format!("target/wasm32-wasip2/release/{artefact}.wasm");
        format!("node-http run --env PORT=8080 --listen-allow 8080 {artefact}")
    };
    assert!(Server::start(&folder, &run("hello")).ask("GET / HTTP/1.1", "").ends_with("Hello!\n"));
    let folder = app("linked", &place, "path = \"../node-http/guest\"", "node-http");
    build(&folder);
    assert!(Server::start(&folder, &run("linked")).ask("GET / HTTP/1.1", "").ends_with("Hello!\n"));

    installs(&place.join("node-http-host-0.1.0"));
    fs::remove_dir_all(place).expect("the unpacked crates");
}

/// What the host's build script needs of the repository when it stands there, it finds in its package. What the crate
/// itself is compiled of is all there; compiling it once more would take minutes, which `cargo package` does before a
/// release.
fn installs(package: &Path) {
    for folder in ["src", "build"] {
        let own = repository().join("host").join(folder);
        for file in files(&own) {
            assert!(package.join(folder).join(&file).is_file(), "{}", file.display());
        }
    }
    fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock"))
        .expect("the versions that are here");
    fs::write(package.join("Cargo.toml"), MANIFEST).expect("it is ours");
    fs::write(package.join("main.rs"), PROGRAM).expect("it is ours");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let profile: Vec<String> = PROFILE.iter().map(|setting| format!("profile.dev.{setting}")).collect();
    let mut arguments = vec!["build", "--target-dir", target.to_str().expect("UTF-8")];
    for setting in &profile {
        arguments.extend(["--config", setting]);
    }
    cargo(package, &arguments);
    let output = Command::new(target.join("debug/node-http-packed")).output().expect("it was built");
    assert!(output.stdout == node_http_host::COMPONENT);
}

/// The build script, and a program that says what it has made.
const MANIFEST: &str = r#"
[package]
name = "node-http-packed"
version = "0.1.0"
edition = "2024"
autolib = false
autobins = false

[[bin]]
name = "node-http-packed"
path = "main.rs"

[build-dependencies]
sha2 = { version = "0.10", default-features = false }
wac-graph = "0.12"
"#;
const PROGRAM: &str = r#"
fn main() {
    const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/node_http.wasm"));
    const DEMO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/demo.wasm"));
    assert!(DEMO.len() > COMPONENT.len());
    std::io::Write::write_all(&mut std::io::stdout(), COMPONENT).unwrap();
}
"#;

/// The files in `folder`, and in the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let name = PathBuf::from(entry.expect("an entry").file_name());
        match folder.join(&name).is_dir() {
            true => files.extend(self::files(&folder.join(&name)).into_iter().map(|file| name.join(file))),
            false => files.push(name),
        }
    }
    files
}

/// A pasted app, with a packed crate as its dependency.
fn app(name: &str, place: &Path, from: &str, package: &str) -> Folder {
    let folder = Folder::new(&[name]);
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("it was pasted");
    let to = format!("path = \"{}\"", place.join(format!("{package}-0.1.0")).display());
    assert!(text.contains(from));
    fs::write(manifest, text.replace(from, &to)).expect("it is ours");
    folder
}

/// Packs the crates and unpacks them outside the repository.
fn packed() -> PathBuf {
    let place = std::env::temp_dir().join(format!("node-http-packed-{}", std::process::id()));
    fs::create_dir_all(&place).expect("a place for files that do not last");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let mut pack = Command::new(repository().join(".ci/package"));
    pack.args(["--offline", "--no-verify"]).env("ALLOW_DIRTY", "1").env("CARGO_TARGET_DIR", target);
    let output = pack.output().expect("the script starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in CRATES {
        let mut unpack = Command::new("tar");
        unpack.arg("-xzf").arg(target.join(format!("package/{name}-0.1.0.crate"))).arg("-C").arg(&place);
        assert!(unpack.status().expect("tar starts").success(), "{name}");
    }
    place
}

fn assert_complete(package: &Path) {
    let name = package.display();
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "Cargo.lock"] {
        assert!(package.join(file).is_file(), "{name}: {file}");
    }
    let manifest = fs::read_to_string(package.join("Cargo.toml")).expect("a manifest");
    for key in ["description", "license", "documentation", "keywords", "categories", "rust-version", "readme"]
    {
        assert!(manifest.contains(&format!("\n{key} = ")), "{name}: {key}");
    }
    for (file, content) in node_http_host::WIT {
        let packed = fs::read_to_string(package.join("wit").join(file)).expect(file);
        assert_eq!(&packed, content, "{name}: {file}");
    }
}
