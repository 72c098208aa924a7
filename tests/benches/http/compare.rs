//! What has moved since an earlier run.

use std::path::Path;

use node_http_host::Result;
use serde_json::Value;

use crate::numbers::{self, Number};

/// Prints how many times as good each number is as in `earlier`, which a run has written, and marks those beyond the
/// spread: all samples of one run lie above all of the other.
pub(crate) fn print(report: &Value, earlier: &Path) -> Result<()> {
    let (now, then) = (numbers::of(report)?, numbers::of(&numbers::read(earlier)?)?);
    let width = now.iter().map(|number| number.name.len()).max().unwrap_or(0);
    println!("Beside {}; more than 1 is better, * is beyond the spread", earlier.display());
    println!("  {:12}  {:width$}  {:>10}  {:>10}  {:>6}    {:>7}", "", "", "then", "now", "times", "us each");
    let mut alone = 0;
    for number in &now {
        match then.iter().find(|other| is_same(other, number)) {
            Some(other) => println!("{}", line(number, other, width)),
            None => alone += 1,
        }
    }
    alone += then.iter().filter(|other| !now.iter().any(|number| is_same(number, other))).count();
    if alone > 0 {
        println!("  {alone} numbers are in one of both only");
    }
    Ok(())
}

fn is_same(one: &Number, other: &Number) -> bool {
    (&one.scenario, &one.name) == (&other.scenario, &other.name)
}

fn line(now: &Number, then: &Number, width: usize) -> String {
    let mark = if now.is_apart_from(then) { '*' } else { ' ' };
    let micros = now.micros.zip(then.micros).map(|(now, then)| format!("{:>7.2}", then / now));
    // Rates are large, and what is small has parts.
    let digits = usize::from(!now.is_rate);
    let line = format!(
        "  {:12}  {:width$}  {:>10.digits$}  {:>10.digits$}  {:>6.2} {mark}  {}",
        now.scenario,
        now.name,
        then.value,
        now.value,
        now.times(then),
        micros.unwrap_or_default()
    );
    line.trim_end().to_owned()
}
