//! Our server beside a real Node, with programs that handle requests on both.

use node_http_tests::differential::{Settings, run};
use node_http_tests::node::node_or_skip;

/// What the programs depend on: always the same ones here, fresh ones with the command `differential`.
const SEED: u64 = 23_050;

#[test]
fn server_programs() {
    let Some(node) = node_or_skip("the server") else { return };
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
    let (different, played) = (&outcome.mismatches, outcome.played);
    assert!(different.is_empty(), "{} of {played} scenarios differ: {different:?}", different.len());
    assert!(outcome.not_shown.is_empty(), "{:?}", outcome.not_shown);
}
