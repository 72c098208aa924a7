//! Makes a program that differs smaller, so that a reader sees what matters.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Difference, Verdict};

/// Leaves out of the program whatever can be left out, one thing after another, until nothing can.
pub(super) fn smallest(verdict: &Verdict, mut judge: impl FnMut(&Value) -> Verdict) -> Verdict {
    let kinds = |verdict: &Verdict| -> BTreeSet<String> {
        verdict.differences.iter().map(Difference::kind).collect()
    };
    let wanted = kinds(verdict);
    let mut best = judge(&verdict.program);
    loop {
        let mut smaller = candidates(&best.program).into_iter().map(|program| judge(&program));
        match smaller.find(|found| !kinds(found).is_disjoint(&wanted)) {
            Some(found) => best = found,
            None => return best,
        }
    }
}

/// Every program with one thing less, the large things first.
fn candidates(program: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let count = program["requests"].as_array().map_or(0, Vec::len);
    for number in (0..count).rev().filter(|_| count > 1) {
        let mut smaller = program.clone();
        for list in ["requests", "answers"] {
            smaller[list].as_array_mut().expect("a list").remove(number);
        }
        all.push(smaller);
    }
    if program["together"] == true {
        let mut smaller = program.clone();
        smaller["together"] = false.into();
        all.push(smaller);
    }
    let mut lists = vec!["/agent/options".to_owned()];
    for number in 0..count {
        for list in ["ops", "options", "headers/fields", "listen", "listenResponse", ""] {
            lists.push(format!("/requests/{number}/{list}").trim_end_matches('/').to_owned());
        }
        lists.push(format!("/answers/{number}/do"));
    }
    for list in &lists {
        without_one(program, list, &mut all);
    }
    all
}

/// Programs without one of what is at `place`.
fn without_one(program: &Value, place: &str, all: &mut Vec<Value>) {
    /// What both interpreters cannot do without.
    const NEEDED: [&str; 5] = ["port", "listen", "listenResponse", "ops", "options"];
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut smaller = program.clone();
        smaller.pointer_mut(place).into_iter().for_each(change);
        smaller
    };
    match program.pointer(place) {
        Some(Value::Array(items)) => all.extend(
            (0..items.len())
                .rev()
                .map(|number| changed(&|list| _ = list.as_array_mut().map(|list| list.remove(number)))),
        ),
        Some(Value::Object(fields)) => {
            let names = fields.keys().filter(|name| !NEEDED.contains(&name.as_str()));
            all.extend(
                names.map(|name| {
                    changed(&|fields| _ = fields.as_object_mut().map(|fields| fields.remove(name)))
                }),
            );
        }
        _ => {}
    }
}
