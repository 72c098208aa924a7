//! The list of allowed differences, `allowed.json`: each with its reason and the programs that show it.
//!
//! An entry counts for an outcome when all of its `when` hold: at some place that matches `at` in the program
//! (`program.…`) or in an outcome (`node.…`, `ours.…`) there is something that matches `is`. Then it allows every
//! difference at a place that matches the `at` of one of its `differs`:
//!
//! - `node` and `ours`: what both sides have must match these;
//! - `replace`: Node's words with the first text replaced by the second must be ours; replacements may add up.
//!
//! In patterns `*` stands for any text.

use std::collections::BTreeSet;
use std::slice;

use serde_json::Value;

use super::compare::{Difference, Facts, facts};

/// An entry of the list.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub id: String,
    /// Why we differ.
    pub reason: String,
    /// Programs whose only differences are this entry's.
    pub cases: Vec<Value>,
    when: Vec<(String, String)>,
    differs: Vec<Differs>,
}

#[derive(Debug)]
struct Differs {
    at: String,
    how: How,
}

#[derive(Debug)]
enum How {
    Match { node: String, ours: String },
    Replace(String, String),
}

/// The entries of the file.
///
/// # Panics
/// When the file is not as described above.
pub fn list() -> Vec<Entry> {
    let entries: Value = serde_json::from_str(include_str!("allowed.json")).expect("allowed.json is JSON");
    entries.as_array().expect("a list").iter().map(entry).collect()
}

fn entry(value: &Value) -> Entry {
    let when = items(&value["when"]).iter().map(|item| (text(&item["at"]), text(&item["is"]))).collect();
    let differs = items(&value["differs"]).iter().map(|item| Differs {
        at: text(&item["at"]),
        how: match item["replace"].as_array() {
            Some(texts) => How::Replace(text(&texts[0]), text(&texts[1])),
            None => How::Match { node: text(&item["node"]), ours: text(&item["ours"]) },
        },
    });
    let (id, reason) = (text(&value["id"]), text(&value["reason"]));
    Entry { id, reason, cases: items(&value["cases"]).to_vec(), when, differs: differs.collect() }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The differences that no entry allows, and the ids of the entries that were needed for the others.
pub(super) fn judge(
    entries: &[Entry],
    program: &Value,
    (node, ours): (&Facts, &Facts),
    differences: Vec<Difference>,
) -> (Vec<Difference>, BTreeSet<String>) {
    if differences.is_empty() {
        return Default::default();
    }
    let mut known = Facts::new();
    let program = facts(program, 0);
    for (side, facts) in [("program", &program), ("node", node), ("ours", ours)] {
        known.extend(facts.iter().map(|(at, fact)| (format!("{side}.{at}"), fact.clone())));
    }
    let entries: Vec<&Entry> = entries.iter().filter(|entry| entry.counts(&known)).collect();
    let mut used = BTreeSet::new();
    let left = differences.into_iter().filter(|difference| match allows(&entries, difference) {
        Some(ids) => {
            used.extend(ids);
            false
        }
        None => true,
    });
    (left.collect(), used)
}

/// The ids of the entries that allow it together.
fn allows(entries: &[&Entry], difference: &Difference) -> Option<Vec<String>> {
    // Node's words with some of the replacements made, and whose they are.
    let mut versions = vec![(difference.node.clone(), Vec::new())];
    for entry in entries {
        for differs in entry.differs.iter().filter(|differs| matches(&differs.at, &difference.at)) {
            match &differs.how {
                How::Match { node, ours } => {
                    if matches(node, &difference.node) && matches(ours, &difference.ours) {
                        return Some(vec![entry.id.clone()]);
                    }
                }
                How::Replace(from, to) => {
                    let others = versions.iter().filter(|(words, _)| words.contains(from));
                    let others = others.map(|(words, ids)| {
                        (words.replace(from, to), [&ids[..], slice::from_ref(&entry.id)].concat())
                    });
                    versions.extend(others.collect::<Vec<_>>());
                }
            }
        }
    }
    versions.into_iter().find(|(words, _)| *words == difference.ours).map(|(_, ids)| ids)
}

impl Entry {
    fn counts(&self, known: &Facts) -> bool {
        self.when
            .iter()
            .all(|(at, is)| known.iter().any(|(place, fact)| matches(at, place) && matches(is, fact)))
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("*", ""), ("a*", "a"), ("a*c", "abc"), ("*b*", "abc"), ("a*b*b", "abb"), ("a", "a")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*a", "a"), ("a*b*b", "ab"), ("*b", "abc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
