//! Runs Node's own tests of `http` in a real Node whose `http` is the face over the crate.
//!
//! `cargo run --release -p node-http-node-tests -- --node NODE --suite DIR`, where DIR is the folder `test` of a
//! checkout of Node. Last it prints how many pass of those that this Node itself passes. What is expected of each test
//! stands in `verdicts.tsv` beside this crate: test, verdict, reason. A test that was expected to pass and does not,
//! three times, makes it fail. With `--in-component` the tests run as programs under `node-http run`, and
//! `component.tsv` says what is expected.

mod suite;
mod verdicts;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

use self::{
    suite::{Outcome, Suite},
    verdicts::{Verdict, Verdicts},
};

/// Runs Node's own tests of `http` over the crate node-http.
#[derive(Debug, Parser)]
struct Options {
    /// The Node to run them in
    #[arg(long, required_unless_present = "in_component")]
    node: Option<PathBuf>,
    /// Run them in the component instead: with this command `node-http`, built with the feature `javascript`
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["node", "plain"])]
    in_component: Option<PathBuf>,
    /// The folder `test` of a checkout of Node.
    #[arg(long)]
    suite: PathBuf,
    /// How many tests run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Seconds that a test may take.
    #[arg(long, default_value_t = 30)]
    timeout: u64,
    /// Run Node's own `http` instead: which tests this Node passes itself.
    #[arg(long)]
    plain: bool,
    /// Write what was found into the list of verdicts. Reasons that stand there are kept.
    #[arg(long)]
    write: bool,
    /// Print what the tests that fail have said.
    #[arg(long)]
    verbose: bool,
    /// Only tests whose names contain one of these.
    filters: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing is worse than the list says.
fn run(options: &Options) -> Result<bool, String> {
    let list = if options.in_component.is_some() { "component.tsv" } else { "verdicts.tsv" };
    let mut verdicts = Verdicts::read(list)?;
    let suite = Suite::new(options)?;
    let outcomes = suite.run(&|test| options.plain || verdicts.of(test) == Verdict::Pass);
    outcomes.iter().for_each(|outcome| report(options, &verdicts, outcome));
    let (mut worse, mut passed, mut counted) = (Vec::new(), 0, 0);
    for outcome in &outcomes {
        let verdict = verdicts.of(&outcome.test);
        if options.plain || verdict != Verdict::NotNodes {
            counted += 1;
            passed += usize::from(outcome.passed);
        }
        if !outcome.passed && verdict == Verdict::Pass && !options.plain {
            worse.push(&outcome.test);
        }
    }
    if options.write {
        verdicts.learn(&outcomes, options.plain);
        verdicts.write()?;
    }
    for test in &worse {
        println!("worse than it was: {test}");
    }
    println!(
        "passed {passed} of {counted} that {} passes",
        if options.in_component.is_some() { "Node 23.5" } else { "this Node" }
    );
    Ok(worse.is_empty() || options.write)
}

fn report(options: &Options, verdicts: &Verdicts, outcome: &Outcome) {
    let expected = verdicts.of(&outcome.test) == Verdict::Pass;
    if outcome.passed && expected {
        return;
    }
    let how = if outcome.passed {
        "passes"
    } else if outcome.late {
        "hangs"
    } else {
        "fails"
    };
    println!("{how}: {}", outcome.test);
    if options.verbose && !outcome.passed {
        println!("{}", outcome.output);
    }
}
