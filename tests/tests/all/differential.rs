//! Our server beside a real Node, with programs that handle requests on both.

use node_http_tests::differential::{Settings, run};
use node_http_tests::node::node_or_skip;

/// What the programs depend on: always the same ones here, fresh ones with the command `differential`.
const SEED: u64 = 23_050;

/// Fixed scenarios that still differ, for no reason in the list of differences. They only ever become fewer.
const OPEN: &[&str] = &[
    "one-after-another",
    "second-is-ready-first",
    "half-close-before-the-answer",
    "reset-before-the-answer",
    "half-close-in-the-body",
    "reset-in-the-body",
    "malformed-after-the-answer",
    "destroyed",
    "request-destroyed",
];
/// The random ones: their numbers.
const OPEN_RANDOM: &[u64] = &[
    4, 8, 11, 12, 15, 20, 23, 25, 35, 37, 46, 56, 57, 58, 59, 60, 62, 71, 75, 85, 87, 90, 94, 123, 127, 129,
    131, 138, 141, 143, 146, 147, 149, 150, 153, 160, 162, 166, 170, 172, 183, 186, 188, 195, 197, 199, 204,
    222, 224, 232, 236, 241, 242, 246, 249, 250, 254, 256, 257, 269, 270, 277, 281, 282, 284, 287, 292, 295,
    299,
];
/// Listed differences that their own scenario still does not show.
const NOT_SHOWN: &[&str] = &["shows-partial-request-is-idle does not show partial-request-is-idle"];

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
    let random: Vec<String> = OPEN_RANDOM.iter().map(|number| format!("{SEED}-{number}")).collect();
    let is_open = |name: &String| OPEN.contains(&name.as_str()) || random.contains(name);
    let unknown: Vec<_> = outcome.mismatches.iter().filter(|name| !is_open(name)).collect();
    assert!(unknown.is_empty(), "{} of {} scenarios differ: {unknown:?}", unknown.len(), outcome.played);
    let not_shown = outcome.not_shown.iter().filter(|line| !NOT_SHOWN.contains(&line.as_str()));
    assert_eq!(not_shown.count(), 0, "{:?}", outcome.not_shown);
}
