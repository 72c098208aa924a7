//! Where two observations of one scenario part.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::drive::{Log, Observation, Phase};
use super::messages::Message;

/// So many characters of a difference tell its kind.
const KIND: usize = 110;

/// What it is that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// The bytes on the wire, as messages.
    Wire,
    /// Whether the connection is open.
    Closed,
    /// Whether the handler was called.
    Began,
    /// What operations answered or threw.
    Results,
    /// The events of one object, in order.
    Events,
    /// Whether the program came to its end.
    Done,
    /// One side could not be played.
    Failure,
}

/// A place where two sides differ, at the first look that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) aspect: Aspect,
    /// Counted from 0.
    pub(super) phase: usize,
    /// None if it is the connection's.
    pub(super) request: Option<usize>,
    /// Which part of it: a part of a message, an object, an operation, a property.
    subject: String,
    what: String,
}

impl Aspect {
    pub(super) fn named(name: &str) -> Option<Self> {
        let all =
            [Self::Wire, Self::Closed, Self::Began, Self::Results, Self::Events, Self::Done, Self::Failure];
        all.into_iter().find(|aspect| aspect.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Closed => "closed",
            Self::Began => "began",
            Self::Results => "results",
            Self::Events => "events",
            Self::Done => "done",
            Self::Failure => "failure",
        }
    }
}

impl Difference {
    /// What many differences have in common: no numbers, and no bytes of messages.
    pub(super) fn kind(&self) -> String {
        let what = if self.aspect == Aspect::Wire { "" } else { &self.what };
        let words: String = what.chars().filter(|c| !c.is_ascii_digit()).take(KIND).collect();
        format!("{} {}: {words}", self.aspect.name(), self.subject)
    }

    /// What differs, wherever it does.
    pub(super) fn text(&self) -> String {
        format!("{} {}: {}", self.aspect.name(), self.subject, self.what)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aspect, phase, request, subject, what } = self;
        write!(f, "{} at look {}", aspect.name(), phase + 1)?;
        if let Some(request) = request {
            write!(f, ", request {request}")?;
        }
        write!(f, ", {subject}: {what}")
    }
}

/// All differences, each once.
pub(super) fn differences(node: &Observation, other: &Observation) -> Vec<Difference> {
    if node.failure.is_some() || other.failure.is_some() || node.phases.len() != other.phases.len() {
        let what = format!("{} | {}", failure(node), failure(other));
        let (subject, phase) = ("run".to_owned(), node.phases.len());
        return vec![Difference { aspect: Aspect::Failure, phase, request: None, subject, what }];
    }
    let mut found: Vec<Difference> = Vec::new();
    for (phase, (one, other)) in node.phases.iter().zip(&other.phases).enumerate() {
        compare_phases(one, other, |aspect, request, subject, what| {
            let known = |earlier: &Difference| {
                (earlier.aspect, earlier.request, &*earlier.subject) == (aspect, request, subject)
            };
            if !found.iter().any(known) {
                found.push(Difference { aspect, phase, request, subject: subject.to_owned(), what });
            }
        });
    }
    found
}

fn failure(observation: &Observation) -> &str {
    observation.failure.as_deref().unwrap_or("no failure")
}

fn compare_phases(one: &Phase, other: &Phase, mut note: impl FnMut(Aspect, Option<usize>, &str, String)) {
    let mut answered = 0;
    for place in 0..one.messages.len().max(other.messages.len()) {
        let (left, right) = (one.messages.get(place), other.messages.get(place));
        if left != right {
            let what = parting(&message_text(left), &message_text(right));
            note(Aspect::Wire, Some(answered), part(left, right), what);
        }
        answered += usize::from(left.or(right).is_some_and(Message::is_final));
    }
    if one.closed != other.closed {
        note(Aspect::Closed, None, "connection", format!("{} | {}", state(one), state(other)));
    }
    for (request, (left, right)) in one.logs.iter().zip(&other.logs).enumerate() {
        compare_logs(left, right, |aspect, subject, what| note(aspect, Some(request), subject, what));
    }
}

/// Which part of a message differs.
fn part(left: Option<&Message>, right: Option<&Message>) -> &'static str {
    match (left, right) {
        (Some(one), Some(other)) if one.head != other.head => "another head",
        (Some(one), Some(other)) if one.body != other.body => "another body",
        (Some(_), Some(_)) => "another end",
        (Some(_), None) => "a message less",
        (None, _) => "a message more",
    }
}

fn state(phase: &Phase) -> &'static str {
    if phase.closed { "closed" } else { "open" }
}

fn compare_logs(left: &Log, right: &Log, mut note: impl FnMut(Aspect, &str, String)) {
    if left.began != right.began {
        note(Aspect::Began, "handler", format!("{} | {}", left.began, right.began));
        return;
    }
    compare_results(left, right, |subject, what| note(Aspect::Results, subject, what));
    for object in ["res", "req"] {
        let (one, other) = (left.of(object), right.of(object));
        if one != other {
            note(Aspect::Events, object, format!("[{}] | [{}]", one.join(" "), other.join(" ")));
        }
    }
    if left.done != right.done {
        note(Aspect::Done, "program", format!("{} | {}", left.done, right.done));
    }
}

/// Results are matched by the place of their operation: one has at most one.
fn compare_results(left: &Log, right: &Log, mut note: impl FnMut(&str, String)) {
    const NOTHING: Value = Value::Null;
    let mut both: BTreeMap<u64, (&str, [&Value; 2])> = BTreeMap::new();
    for (side, log) in [left, right].into_iter().enumerate() {
        for (place, name, value) in &log.results {
            both.entry(*place).or_insert((name, [&NOTHING; 2])).1[side] = value;
        }
    }
    for (name, [one, other]) in both.into_values() {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                for (property, value) in one {
                    let theirs = other.get(property).unwrap_or(&NOTHING);
                    if value != theirs {
                        let what = parting(&value.to_string(), &theirs.to_string());
                        note(&format!("{name}.{property}"), what);
                    }
                }
            }
            _ if one != other => note(name, parting(&one.to_string(), &other.to_string())),
            _ => {}
        }
    }
}

/// A message in one line.
pub(super) fn message_text(message: Option<&Message>) -> String {
    let Some(message) = message else { return "nothing".to_owned() };
    let whole = if message.complete { "" } else { " (cut)" };
    let Message { head, body, trailers, framing, .. } = message;
    let trailers =
        if trailers.is_empty() { String::new() } else { format!(" trailers {}", trailers.escape_debug()) };
    let body = match body.chars().count() {
        0..=500 => body.escape_debug().to_string(),
        many => format!("{}… {many} bytes", body.chars().take(20).collect::<String>().escape_debug()),
    };
    format!("{} {framing:?} {body:?}{trailers}{whole}", head.escape_debug())
}

/// Both texts from where they begin to differ, with a little before and after.
fn parting(one: &str, other: &str) -> String {
    const BEFORE: usize = 16;
    const AFTER: usize = 90;
    let common = one.chars().zip(other.chars()).take_while(|(left, right)| left == right).count();
    let cut = |text: &str| {
        let from = common.saturating_sub(BEFORE);
        let part: String = text.chars().skip(from).take(BEFORE + AFTER).collect();
        let more = text.chars().count() > from + BEFORE + AFTER;
        format!("{}{part}{}", if from > 0 { "…" } else { "" }, if more { "…" } else { "" })
    };
    format!("{} | {}", cut(one), cut(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn observed(log: Log, closed: bool) -> Observation {
        Observation { phases: vec![Phase { logs: vec![log], closed, ..Phase::default() }], failure: None }
    }

    #[test]
    fn a_difference_is_found_once_and_named() {
        let log = |result: Value, event: &str| Log {
            began: true,
            results: vec![(3, "log".to_owned(), result)],
            events: vec!["req.end".to_owned(), event.to_owned()],
            done: true,
        };
        let node = observed(log(json!({ "a": 1, "b": true }), "res.close"), false);
        let ours = observed(log(json!({ "a": 1, "b": false }), "res.finish"), true);
        assert!(differences(&node, &node).is_empty());
        let found: Vec<String> = differences(&node, &ours).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "closed at look 1, connection: open | closed",
                "results at look 1, request 0, log.b: true | false",
                "events at look 1, request 0, res: [res.close] | [res.finish]",
            ]
        );
    }
}
