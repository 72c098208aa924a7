//! Makes a scenario smaller that does not match: takes out whatever can go while the sides still differ.

use super::scenario::{Scenario, Step};

/// So many attempts, because each is played on both sides.
const ATTEMPTS: usize = 150;

/// The smallest scenario found that `differs`; none if nothing could go.
pub(super) fn shrunk(scenario: &Scenario, differs: impl Fn(&Scenario) -> bool) -> Option<Scenario> {
    let mut smallest = scenario.clone();
    let mut attempts = 0;
    let mut changed = false;
    loop {
        let better = candidates(&smallest).into_iter().find(|candidate| {
            attempts += 1;
            attempts <= ATTEMPTS && differs(candidate)
        });
        match better {
            Some(better) => smallest = better,
            None => return changed.then_some(smallest),
        }
        changed = true;
    }
}

/// Everything that is smaller by one part, large parts first.
fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let requests =
        (0..scenario.requests.len()).rev().filter(|&index| !scenario.requests[index].bytes.is_empty());
    for index in requests.clone() {
        let mut smaller = scenario.clone();
        // It stays in its place, which others are named after.
        smaller.requests[index].bytes.clear();
        smaller.steps.retain(|step| match step {
            Step::Send { request, .. } | Step::Open(request) => *request != index,
            _ => true,
        });
        smaller.steps.dedup_by(|next, step| *next == Step::Wait && *step == Step::Wait);
        all.push(smaller);
    }
    if !scenario.options.is_empty() {
        let mut smaller = scenario.clone();
        smaller.options.clear();
        all.push(smaller);
    }
    for index in requests {
        let count = scenario.requests[index].program.as_ref().map_or(0, Vec::len);
        for operation in (0..count).rev() {
            let mut smaller = scenario.clone();
            if let Some(program) = &mut smaller.requests[index].program {
                program.remove(operation);
            }
            all.push(smaller);
        }
    }
    all
}
