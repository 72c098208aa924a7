//! The differential test: programs that handle requests, run on Node and on our server, which must not tell one from the
//! other but by the listed differences.
//!
//! A scenario is one connection: raw bytes of some requests, the program that handles each of them, and the steps of
//! the client. `tests/differential/interpreter.js` runs the programs on Node, `tests/components/src/interpreter.rs` on
//! `node:http`. Both tell over a control connection what happens and when they are quiet, so that nothing here waits
//! for the clock. What is compared at each wait: the messages on the wire, whether the connection is open, which handlers
//! were called, what their operations answered or threw, and the events of each object in order.
//!
//! Scenarios are random, from a seed, and some are fixed. `tests/differential/differences.json` says what may differ, and
//! each entry is shown by a fixed scenario; one that no scenario shows is an error, too.

mod compare;
mod differences;
mod drive;
mod facts;
mod fixed;
mod generate;
mod messages;
mod program;
mod random;
mod report;
mod scenario;
mod shrink;
mod side;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::thread;

use node_http_host::{Error, Result, wasmtime::bail};

use self::compare::{Difference, differences};
use self::differences::{Listed, listed};
pub use self::drive::Fragment;
use self::drive::Observation;
use self::scenario::Scenario;
use self::side::{Side, Who, major_version};

/// As many programs share an interpreter before it starts anew.
const BATCH: u64 = 500;
/// A mismatch must show as often again.
const AGAIN: u32 = 2;
/// Then so many times fewer are played at a time.
const FEWER: usize = 4;

/// What to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Node that is right.
    pub node: PathBuf,
    /// Another Node in the place of our server: says what versions of Node differ in, and whether the test is steady.
    pub against: Option<PathBuf>,
    /// What random programs depend on.
    pub seed: u64,
    /// Random programs to run beside the fixed ones.
    pub programs: u64,
    /// Only this scenario: a fixed one's name, or `<seed>-<index>`.
    pub only: Option<String>,
    /// Only differences whose description has this text count.
    pub about: Option<String>,
    /// How requests are cut.
    pub fragment: Option<Fragment>,
    /// Connections at a time.
    pub jobs: usize,
    /// Makes scenarios that do not match smaller.
    pub shrink: bool,
    /// Prints all that was seen, also of what matches.
    pub show: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Scenarios played.
    pub played: usize,
    /// Scenarios in which only listed differences were found.
    pub excused: usize,
    /// In how many scenarios each listed difference was found.
    pub listed: BTreeMap<String, usize>,
    /// Scenarios that differed once and not again.
    pub unsteady: Vec<String>,
    /// The kinds of differences that do not match: in how many scenarios, and one of them.
    pub kinds: BTreeMap<String, (usize, String)>,
    /// The names of the scenarios that do not match.
    pub mismatches: Vec<String>,
    /// Listed differences whose own scenario does not show them.
    pub not_shown: Vec<String>,
}

impl Outcome {
    /// Whether both sides are the same but for the list, and the list is true.
    pub fn is_good(&self) -> bool {
        self.mismatches.is_empty() && self.not_shown.is_empty()
    }
}

/// Both sides and the list.
struct Bench<'a> {
    settings: &'a Settings,
    node: Side,
    other: Side,
    listed: Vec<Listed>,
}

/// Runs the fixed scenarios and as many random ones as wanted; calls `progress` with each report, and now and then with
/// the number of scenarios played.
///
/// # Errors
/// When a side does not start, the list is not valid, or `only` names nothing.
pub fn run(settings: &Settings, mut progress: impl FnMut(&str)) -> Result<Outcome> {
    let mut bench = Bench::start(settings)?;
    let mut outcome = Outcome::default();
    if let Some(only) = &settings.only {
        bench.play(&[named(only)?], &mut outcome, &mut progress)?;
        return Ok(outcome);
    }
    bench.play(&fixed::scenarios(), &mut outcome, &mut progress)?;
    let mut from = 0;
    while from < settings.programs {
        let to = settings.programs.min(from + BATCH);
        if from > 0 {
            bench = Bench::start(settings)?;
        }
        bench.play(&generated(settings.seed, from..to), &mut outcome, &mut progress)?;
        from = to;
        progress(&format!("{} scenarios played, {} differ\n", outcome.played, outcome.mismatches.len()));
    }
    Ok(outcome)
}

fn generated(seed: u64, range: Range<u64>) -> Vec<Scenario> {
    range.map(|index| generate::scenario(seed, index)).collect()
}

fn named(id: &str) -> Result<Scenario> {
    if let Some(scenario) = fixed::scenarios().into_iter().find(|scenario| scenario.id == id) {
        return Ok(scenario);
    }
    let numbers =
        id.split_once('-').and_then(|(seed, index)| Some((seed.parse().ok()?, index.parse().ok()?)));
    let Some((seed, index)) = numbers else { bail!("there is no scenario {id}") };
    Ok(generate::scenario(seed, index))
}

impl<'a> Bench<'a> {
    fn start(settings: &'a Settings) -> Result<Self> {
        let other = settings.against.clone().map_or(Who::Ours, Who::Node);
        // A Node that is measured against another one has none of our differences.
        let listed = match &settings.against {
            Some(_) => Vec::new(),
            None => listed(major_version(&settings.node)?)?,
        };
        Ok(Self {
            settings,
            node: Side::start(Who::Node(settings.node.clone()))?,
            other: Side::start(other)?,
            listed,
        })
    }

    fn play(
        &mut self,
        scenarios: &[Scenario],
        outcome: &mut Outcome,
        progress: &mut impl FnMut(&str),
    ) -> Result<()> {
        let mut suspects = Vec::new();
        let mut seen = Vec::new();
        for (scenario, (node, other)) in scenarios.iter().zip(self.both(scenarios, self.settings.jobs)?) {
            if self.settings.show {
                let found = differences(&node, &other);
                progress(&report::report(self.settings, scenario, &node, &other, &found));
            }
            if self.judge(scenario, &node, &other, outcome) {
                suspects.push(scenario.clone());
                seen.push((node, other));
            }
        }
        let mut steady = vec![true; suspects.len()];
        for _ in 0..AGAIN {
            let again = self.both(&suspects, self.settings.jobs.div_ceil(FEWER))?;
            for ((scenario, (node, other)), steady) in suspects.iter().zip(&again).zip(&mut steady) {
                *steady &= !self.left(scenario, node, other).is_empty();
            }
        }
        for ((scenario, (node, other)), steady) in suspects.iter().zip(&seen).zip(steady) {
            if !steady {
                let first = self.left(scenario, node, other).swap_remove(0);
                outcome.unsteady.push(format!("{}: {first}", scenario.id));
                continue;
            }
            let kinds: BTreeSet<String> =
                self.left(scenario, node, other).iter().map(Difference::kind).collect();
            for kind in kinds {
                outcome.kinds.entry(kind).or_insert_with(|| (0, scenario.id.clone())).0 += 1;
            }
            let report = self.report(scenario, node, other);
            progress(&report);
            outcome.mismatches.push(scenario.id.clone());
        }
        Ok(())
    }

    /// What both sides do, at the same time.
    fn both(&mut self, scenarios: &[Scenario], jobs: usize) -> Result<Vec<(Observation, Observation)>> {
        let fragment = self.settings.fragment;
        let (node, other) = (&mut self.node, &mut self.other);
        let (node, other) = thread::scope(|scope| {
            let node = scope.spawn(|| node.play_all(scenarios, fragment, jobs));
            let other = other.play_all(scenarios, fragment, jobs);
            (node.join(), other)
        });
        let node = node.map_err(|_| Error::msg("the side of Node has panicked"))??;
        Ok(node.into_iter().zip(other?).collect())
    }

    /// Counts what was found. Returns whether more differs than may.
    fn judge(
        &self,
        scenario: &Scenario,
        node: &Observation,
        other: &Observation,
        outcome: &mut Outcome,
    ) -> bool {
        outcome.played += 1;
        let found = differences(node, other);
        let reasons = self.reasons(scenario, node, other, &found);
        for id in &scenario.shows {
            let counts = self.listed.iter().any(|listed| listed.id == *id);
            if counts && !reasons.contains(id) {
                outcome.not_shown.push(format!("{} does not show {id}", scenario.id));
            }
        }
        for id in &reasons {
            *outcome.listed.entry((*id).to_owned()).or_default() += 1;
        }
        let differs = !self.left(scenario, node, other).is_empty();
        outcome.excused += usize::from(!differs && !found.is_empty());
        differs
    }

    fn report(&self, scenario: &Scenario, node: &Observation, other: &Observation) -> String {
        let smaller = match self.settings.shrink {
            true => shrink::shrunk(scenario, |smaller| !self.replay(smaller).2.is_empty()),
            false => None,
        };
        let Some(smaller) = smaller else {
            return report::report(self.settings, scenario, node, other, &self.left(scenario, node, other));
        };
        let (node, other, left) = self.replay(&smaller);
        report::report(self.settings, &smaller, &node, &other, &left)
    }

    /// Plays one scenario alone.
    fn replay(&self, scenario: &Scenario) -> (Observation, Observation, Vec<Difference>) {
        let fragment = self.settings.fragment;
        let (node, other) = (self.node.observe(scenario, fragment), self.other.observe(scenario, fragment));
        let left = self.left(scenario, &node, &other);
        (node, other, left)
    }

    /// The listed differences that explain at least one of these.
    fn reasons(
        &self,
        scenario: &Scenario,
        node: &Observation,
        other: &Observation,
        found: &[Difference],
    ) -> Vec<&str> {
        let explains = |listed: &&Listed| {
            found.iter().any(|difference| listed.allows(difference, scenario, node, other))
        };
        self.listed.iter().filter(explains).map(|listed| &*listed.id).collect()
    }

    /// The differences that no listed one explains.
    fn left(&self, scenario: &Scenario, node: &Observation, other: &Observation) -> Vec<Difference> {
        let allowed = |difference: &Difference| {
            self.listed.iter().any(|listed| listed.allows(difference, scenario, node, other))
        };
        let about = |difference: &Difference| {
            self.settings.about.as_ref().is_none_or(|about| difference.to_string().contains(about))
        };
        let found = differences(node, other).into_iter();
        found.filter(|difference| about(difference) && !allowed(difference)).collect()
    }
}
