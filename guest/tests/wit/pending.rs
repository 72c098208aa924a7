//! Lists and counts the functions of the WIT package that are still to come.
//!
//! The sources cannot hide one: whatever answers `ERR_NODE_HTTP_PENDING` does so through a literal
//! `pending("class.function")` or through a macro of `component/pending.rs`. `BLESS=1` rewrites the list.

use super::contract::{Contract, repository};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_list_of_pending_functions_is_current() {
    let mut pending = BTreeSet::new();
    collect(&repository().join("guest/src"), &mut pending);
    let functions = Contract::load().functions();
    for function in &pending {
        assert!(functions.contains(function), "{function} is pending, but not in wit/");
    }
    let list = format!(
        "# {} functions of wit/ are pending. Kept by guest/tests/wit/pending.rs: BLESS=1 cargo test -p node-http --test wit\n{}\n",
        pending.len(),
        pending.into_iter().collect::<Vec<_>>().join("\n"),
    );
    let path = repository().join("guest/tests/wit/pending.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &list).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), list, "run with BLESS=1 and look at the difference");
}

/// Adds what the Rust files below `folder` declare as pending.
fn collect(folder: &Path, pending: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, pending);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            scan(&fs::read_to_string(&path).unwrap(), pending);
        }
    }
}

/// Finds `pending…! { "interface":`, whose lines `fn name(…)…;` follow up to `}`, and
/// `pending("class.function")`.
fn scan(source: &str, pending: &mut BTreeSet<String>) {
    let mut interface = None;
    for line in source.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if line.starts_with("pending") && line.contains("! { \"") {
            interface = line.split('"').nth(1);
        } else if line == "}" {
            interface = None;
        } else if let (Some(interface), Some(signature)) = (interface, line.strip_prefix("fn ")) {
            let name = signature.split('(').next().unwrap_or_default();
            pending.insert(format!("{interface}.{}", name.replace('_', "-")));
        }
        for call in line.split("pending(\"").skip(1) {
            let name = call.split('"').next().unwrap_or_default();
            // Anything else is the constructor itself or its unit tests.
            if name.contains('.') {
                pending.insert(kebab(name));
            }
        }
    }
}

/// Node's case as WIT's: `server.emitConnection` is `server.emit-connection`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}
