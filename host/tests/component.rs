//! The component as others get it: its WIT, what it says about itself, what it wants of a runtime, and what is said when
//! its version is not the one that an app wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Resolve, WorldId};

fn node_http(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-http"));
    command.args(arguments).env_remove("RUST_LOG").output().expect("the command starts")
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The component as `node-http component` writes it.
fn written() -> (Resolve, WorldId) {
    let path = file("node_http.wasm");
    let output = node_http(&["component", "-o", path.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{output:?}");
    match decode(&fs::read(path).expect("it was written")).expect("a component") {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => panic!("it has no code"),
    }
}

fn wit(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for place in ["", "deps/"] {
        for entry in fs::read_dir(folder.join(place)).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_file() {
                let name = format!("{place}{}", entry.file_name().to_string_lossy());
                files.insert(name, fs::read_to_string(entry.path()).expect("text"));
            }
        }
    }
    files
}

#[test]
fn the_wit_is_written_as_it_stands_in_the_repository() {
    let folder = file("wit");
    let output = node_http(&["component", "--wit", folder.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(wit(&folder), wit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")));
    Resolve::new().push_dir(&folder).expect("it parses");
}

#[test]
fn the_component_says_what_it_is() {
    let (resolve, world) = written();
    let docs = resolve.worlds[world].docs.contents.as_deref().expect("documentation");
    assert!(docs.starts_with("Node.js's module `http` for WebAssembly components.\n"), "{docs}");
    assert!(docs.contains("**Events instead of listeners.**") && docs.contains("component --wit"), "{docs}");
    let bytes = fs::read(file("node_http.wasm")).expect("it was written");
    for (name, content) in [("version", env!("CARGO_PKG_VERSION")), ("component-name", "node-http")] {
        let section = [name, content].map(str::as_bytes);
        let found = bytes.windows(64).any(|window| {
            window.starts_with(section[0]) && window.windows(section[1].len()).any(|part| part == section[1])
        });
        assert!(found, "{name}");
    }
}

/// Of 0.2 it wants what Rust's standard library for wasm32-wasip2 uses; of 0.3 what the README says.
#[test]
fn the_component_wants_little_of_a_runtime() {
    let (resolve, world) = written();
    let names = |items: &wit_parser::IndexMap<_, _>| -> Vec<String> {
        items.keys().map(|key| resolve.name_world_key(key)).collect()
    };
    let world = &resolve.worlds[world];
    let mut imports = names(&world.imports);
    imports.sort();
    assert_eq!(
        imports,
        [
            "wasi:cli/environment@0.2.6",
            "wasi:cli/exit@0.2.6",
            "wasi:cli/stderr@0.2.6",
            "wasi:cli/stdin@0.2.6",
            "wasi:cli/stdout@0.2.6",
            "wasi:cli/terminal-input@0.2.6",
            "wasi:cli/terminal-output@0.2.6",
            "wasi:cli/terminal-stderr@0.2.6",
            "wasi:cli/terminal-stdin@0.2.6",
            "wasi:cli/terminal-stdout@0.2.6",
            "wasi:clocks/monotonic-clock@0.3.2",
            "wasi:clocks/system-clock@0.3.2",
            "wasi:clocks/types@0.3.2",
            "wasi:io/error@0.2.6",
            "wasi:io/poll@0.2.6",
            "wasi:io/streams@0.2.6",
            "wasi:random/insecure-seed@0.2.6",
            "wasi:random/random@0.3.2",
            "wasi:sockets/ip-name-lookup@0.3.2",
            "wasi:sockets/types@0.3.2",
        ]
    );
    let exports = names(&world.exports);
    assert!(exports.iter().all(|name| name.starts_with("node:http/")) && exports.len() == 11, "{exports:?}");
}

#[test]
fn another_version_is_named_with_ours() {
    // The demo app before it is composed, with another version in its imports.
    let app = file("../wasm/wasm32-wasip2/wasm/node_http_demo.wasm");
    let mut app = fs::read(app).expect("the build has left it");
    let (ours, other) = (b"@0.1.0", b"@0.7.0");
    let places: Vec<usize> = app
        .windows(ours.len())
        .enumerate()
        .filter(|(_, part)| *part == ours)
        .map(|(place, _)| place)
        .collect();
    for place in places {
        app[place..place + ours.len()].copy_from_slice(other);
    }
    let path = file("of-another-version.wasm");
    fs::write(&path, app).expect("a file that lasts as long as the tests");
    let path = path.to_str().expect("UTF-8");
    for arguments in [&["compose", path, "-o", "/dev/null"][..], &["run", path]] {
        let output = node_http(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("imports node:http 0.7.0, but this is node:http 0.1.0"), "{told}");
    }
}
