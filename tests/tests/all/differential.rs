//! Our server beside a real Node, with programs that handle requests on both.

use std::path::{Path, PathBuf};
use std::process::Command;

use node_http_tests::differential::{Settings, run};

/// The reference for what a server does.
const VERSION: &str = "23.5.0";
/// What the programs depend on: always the same ones here, fresh ones with the command `differential`.
const SEED: u64 = 23_050;

#[test]
fn server_programs() {
    let Some(node) = node() else {
        eprintln!(
            "\n#### SKIPPED: nothing was compared with Node. NODE is not set, and `npm i node@{VERSION}` fails.\n"
        );
        return;
    };
    let settings = Settings {
        node,
        against: None,
        seed: SEED,
        programs: 300,
        only: None,
        about: None,
        fragment: None,
        jobs: 16,
        shrink: false,
        show: false,
    };
    let outcome = run(&settings, |report| eprint!("{report}")).expect("both sides start");
    assert!(
        outcome.is_good(),
        "{} of {} scenarios differ; not shown: {:?}",
        outcome.mismatches.len(),
        outcome.played,
        outcome.not_shown
    );
}

/// What `NODE` says, or the reference from npm.
fn node() -> Option<PathBuf> {
    if let Some(node) = std::env::var_os("NODE") {
        return Some(node.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("node-{VERSION}"));
    let binary = folder.join("node_modules/.bin/node");
    if !binary.exists() {
        std::fs::create_dir_all(&folder).ok()?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder);
        npm.arg(format!("node@{VERSION}")).status().ok().filter(|status| status.success())?;
    }
    binary.exists().then_some(binary)
}
