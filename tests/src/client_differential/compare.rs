//! Where two outcomes differ.

use std::collections::BTreeMap;

use serde_json::Value;

/// A fact of an outcome by its place: `requests.0.events`, `wire.1.received`.
pub(super) type Facts = BTreeMap<String, String>;

/// One place at which both sides differ; a side that has nothing there is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The place.
    pub at: String,
    /// What Node has there.
    pub node: String,
    /// What we have there.
    pub ours: String,
}

impl Difference {
    /// What it has in common with others of the same cause: the place without its numbers, and the first events that
    /// differ.
    pub(super) fn kind(&self) -> String {
        let place: String = self.at.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        if !place.ends_with(".events") {
            return place;
        }
        let mut pairs = self
            .node
            .split(" > ")
            .map(Some)
            .chain([None])
            .zip(self.ours.split(" > ").map(Some).chain([None]));
        let (node, ours) = pairs.find(|(node, ours)| node != ours).unwrap_or_default();
        let name =
            |event: Option<&str>| event.unwrap_or("nothing").split(['(', '[']).next().map(str::to_owned);
        format!("{place} {:?} {:?}", name(node), name(ours))
    }
}

/// The facts of `value`, the port in them masked.
pub(super) fn facts(value: &Value, port: u16) -> Facts {
    let mut facts = Facts::new();
    collect(String::new(), value, &mut facts);
    let port = format!(":{port}");
    facts.into_iter().map(|(at, fact)| (at, fact.replace(&port, ":PORT"))).collect()
}

fn collect(at: String, value: &Value, facts: &mut Facts) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(below(name), value, facts);
            }
        }
        // An order is one fact.
        Value::Array(items) if at.ends_with(".events") => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            facts.insert(at, items.join(" > "));
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                collect(below(&number.to_string()), item, facts);
            }
        }
        Value::String(text) => _ = facts.insert(at, text.clone()),
        other => _ = facts.insert(at, other.to_string()),
    }
}

/// Where `node` and `ours` differ.
pub(super) fn differences(node: &Facts, ours: &Facts) -> Vec<Difference> {
    let mut places: Vec<&String> = node.keys().chain(ours.keys()).collect();
    places.sort_unstable();
    places.dedup();
    let fact = |facts: &Facts, at: &String| facts.get(at).cloned().unwrap_or_default();
    let all = places.into_iter().map(|at| Difference {
        at: at.clone(),
        node: fact(node, at),
        ours: fact(ours, at),
    });
    all.filter(|difference| difference.node != difference.ours).collect()
}
