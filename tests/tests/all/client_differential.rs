//! 300 random programs, the same ones each time, on our client and on a real Node. `client_differential` of the library says
//! what is compared; the command `client-differential` runs any number of others.

use std::collections::BTreeSet;
use std::path::Path;

use node_http_tests::client_differential::{Differential, Verdict, list};
use node_http_tests::node::node_or_skip;
use serde_json::Value;

/// The seed of the programs, and how many of them there are.
const SEED: u64 = 235;
const PROGRAMS: u64 = 300;

/// How many programs run at the same time: they mostly wait.
const WORKERS: usize = 8;

/// The programs that are never `right`. What a busy machine did is no difference, so those that seem wrong run again.
fn run(node: &Path, programs: &[(u64, Value)], right: impl Fn(&Verdict) -> bool) -> Vec<Verdict> {
    let differential = Differential::new(node, WORKERS);
    let mut wrong = differential.run(programs, |_| {});
    wrong.retain(|verdict| !right(verdict));
    for _ in 0..3 {
        let is_wrong = |id: u64| wrong.iter().any(|verdict| verdict.id == id);
        let again: Vec<_> = programs.iter().filter(|(id, _)| is_wrong(*id)).cloned().collect();
        wrong = differential.run(&again, |_| {});
        wrong.retain(|verdict| !right(verdict));
    }
    wrong
}

#[test]
fn random_programs_go_as_on_node() {
    let Some(node) = node_or_skip("the client") else { return };
    let programs: Vec<_> = (0..PROGRAMS).map(|id| (id, Differential::program(SEED, id))).collect();
    let different = run(&node, &programs, |verdict| verdict.differences.is_empty());
    let reports = different.iter().map(|verdict| {
        let (node, id, report) = (node.display(), verdict.id, verdict.report());
        format!(
            "{report}  again: cargo run --release -p node-http-tests --bin client-differential -- --node {node} \
             --seed {SEED} --only {id} --shrink\n"
        )
    });
    let reports: Vec<String> = reports.collect();
    assert!(reports.is_empty(), "{} of {PROGRAMS} programs differ:\n{}", reports.len(), reports.join("\n"));
}

#[test]
fn every_allowed_difference_is_shown_by_its_cases() {
    let Some(node) = node_or_skip("the client") else { return };
    let entries = list();
    let mut programs = Vec::new();
    for entry in &entries {
        assert!(!entry.cases.is_empty(), "{} has no case", entry.id);
        programs.extend(entry.cases.iter().map(|case| (entry.id.clone(), Differential::case(case))));
    }
    let numbered: Vec<_> =
        (0..).zip(&programs).map(|(number, (_, program))| (number, program.clone())).collect();
    let entry = |verdict: &Verdict| &programs[verdict.id as usize].0;
    let shows = |verdict: &Verdict| {
        verdict.differences.is_empty() && verdict.allowed == BTreeSet::from([entry(verdict).clone()])
    };
    let wrong = run(&node, &numbered, shows);
    let problems = wrong
        .iter()
        .map(|verdict| format!("{}: {:?} is used by\n{}", entry(verdict), verdict.allowed, verdict.report()));
    let problems: String = problems.collect();
    assert!(problems.is_empty(), "{problems}");
}
