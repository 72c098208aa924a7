//! What is printed of a scenario: its parts, where the sides differ, both side by side, and how to see it again.

use std::fmt::Write as _;
use std::iter::repeat_n;

use super::Settings;
use super::compare::{Difference, message_text};
use super::drive::{Fragment, Log, Observation, Phase};
use super::program::in_words;
use super::scenario::Scenario;

/// Columns are as wide, unless all is to be shown.
const WIDTH: usize = 76;

/// Everything about one scenario.
pub(super) fn report(
    settings: &Settings,
    scenario: &Scenario,
    node: &Observation,
    other: &Observation,
    differences: &[Difference],
) -> String {
    let mut text = format!("\n== {}\n{scenario}", title(&scenario.id));
    for difference in differences {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  DIFFERS {difference}");
    }
    let (left, right) = (lines(node), lines(other));
    let width =
        if settings.show { left.iter().map(|line| line.chars().count()).max().unwrap_or(0) } else { WIDTH };
    let right_name = if settings.against.is_some() { "the other Node" } else { "ours" };
    row(&mut text, ' ', width, "Node", right_name);
    for (left, right) in aligned(&left, &right) {
        row(&mut text, if left == right { ' ' } else { '!' }, width, &left, &right);
    }
    let _ = writeln!(text, "  again: {}", command(settings, scenario));
    text
}

fn title(id: &str) -> String {
    let numbers = id.split_once('-').filter(|(seed, _)| seed.bytes().all(|byte| byte.is_ascii_digit()));
    numbers.map_or_else(|| id.to_owned(), |(seed, index)| format!("{id}: seed {seed}, program {index}"))
}

/// The command that plays one scenario again.
fn command(settings: &Settings, scenario: &Scenario) -> String {
    let fragment = match settings.fragment {
        None => String::new(),
        Some(Fragment::Bytes) => " --fragment bytes".to_owned(),
        Some(Fragment::Seed(seed)) => format!(" --fragment {seed}"),
    };
    let against =
        settings.against.as_ref().map_or_else(String::new, |node| format!(" --against {}", node.display()));
    let shrink = if settings.shrink { " --shrink" } else { "" };
    format!(
        "cargo run -p node-http-tests --bin differential -- --node {}{against} --only {}{fragment}{shrink} --show",
        settings.node.display(),
        scenario.id
    )
}

fn row(text: &mut String, mark: char, width: usize, left: &str, right: &str) {
    let cut = |line: &str| match line.chars().count() > width {
        true => line.chars().take(width - 1).chain(['…']).collect(),
        false => line.to_owned(),
    };
    let (left, right) = (cut(left), if width > WIDTH { right.to_owned() } else { cut(right) });
    let gap: String = repeat_n(' ', width - left.chars().count()).collect();
    let _ = writeln!(text, "  {mark} {left}{gap} | {right}");
}

/// Both lists with each phase on the same line.
fn aligned(left: &[String], right: &[String]) -> Vec<(String, String)> {
    let begins = |line: &String| line.starts_with("look ");
    let sections = |lines: &[String]| -> Vec<Vec<String>> {
        let mut sections: Vec<Vec<String>> = Vec::new();
        for line in lines {
            match sections.last_mut() {
                Some(section) if !begins(line) => section.push(line.clone()),
                _ => sections.push(vec![line.clone()]),
            }
        }
        sections
    };
    let (left, right) = (sections(left), sections(right));
    let mut rows = Vec::new();
    for section in 0..left.len().max(right.len()) {
        let (one, other) = (left.get(section), right.get(section));
        let line = |lines: Option<&Vec<String>>, at: usize| {
            lines.and_then(|lines| lines.get(at)).cloned().unwrap_or_default()
        };
        let count = one.map_or(0, Vec::len).max(other.map_or(0, Vec::len));
        rows.extend((0..count).map(|at| (line(one, at), line(other, at))));
    }
    rows
}

fn lines(observation: &Observation) -> Vec<String> {
    let mut lines = Vec::new();
    let nothing = Phase::default();
    let mut before = &nothing;
    for (number, phase) in observation.phases.iter().enumerate() {
        let state = if phase.closed { "closed" } else { "open" };
        lines.push(format!("look {}: {state}", number + 1));
        for (place, message) in phase.messages.iter().enumerate() {
            if before.messages.get(place) != Some(message) {
                lines.push(format!("  {}", message_text(Some(message))));
            }
        }
        for (index, log) in phase.logs.iter().enumerate() {
            let nothing = Log::default();
            log_lines(index, before.logs.get(index).unwrap_or(&nothing), log, &mut lines);
        }
        before = phase;
    }
    lines.extend(observation.failure.clone());
    lines
}

/// What has happened to a request since the last look.
fn log_lines(index: usize, before: &Log, now: &Log, lines: &mut Vec<String>) {
    if now.began && !before.began {
        lines.push(format!("  {index} began"));
    }
    for (place, name, value) in &now.results[before.results.len()..] {
        let result = in_words(&serde_json::json!([name, value]));
        lines.push(format!("  {index} [{place}] {result}"));
    }
    let events = &now.events[before.events.len()..];
    if !events.is_empty() {
        lines.push(format!("  {index} {}", events.join(" ")));
    }
    if now.done && !before.done {
        lines.push(format!("  {index} done"));
    }
}
