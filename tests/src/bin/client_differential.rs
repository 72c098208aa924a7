//! The client differential test with any number of fresh programs; the README says more.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use node_http_tests::client_differential::{Differential, Verdict};
use node_http_tests::node;

/// Runs random programs on our client and on Node, and shows where they differ.
#[derive(Debug, Parser)]
struct Arguments {
    /// Node, 23 or newer. Default: the one that the variable NODE names, or 23.5.0 from npm.
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// How many programs.
    #[arg(long, default_value_t = 300, value_name = "N")]
    programs: u64,
    /// What they are made from. Default: the clock.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Only the program with this number.
    #[arg(long, value_name = "ID")]
    only: Option<u64>,
    /// Make programs that differ smaller before they are shown.
    #[arg(long)]
    shrink: bool,
    /// How many run at the same time.
    #[arg(long, default_value_t = 8, value_name = "N")]
    workers: usize,
    /// Run the program in this file instead.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing differs.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let node = match &arguments.node {
        Some(node) => node.clone(),
        None => node::find()?,
    };
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = arguments.seed.unwrap_or(clock);
    println!("seed {seed}");
    let programs = match (&arguments.program, arguments.only) {
        (Some(file), _) => {
            let text =
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let program =
                serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            vec![(0, Differential::case(&program))]
        }
        (None, Some(id)) => vec![(id, Differential::program(seed, id))],
        (None, None) => (0..arguments.programs).map(|id| (id, Differential::program(seed, id))).collect(),
    };
    let differential = Differential::new(&node, arguments.workers);
    let verdicts = differential.run(&programs, |verdict| {
        if !verdict.differences.is_empty() {
            println!("program {} differs", verdict.id);
        }
    });
    let result = summary(&verdicts);
    let mut different: Vec<_> =
        verdicts.into_iter().filter(|verdict| !verdict.differences.is_empty()).collect();
    if arguments.shrink {
        different = differential.shrink(&different);
    }
    let command = "cargo run --release -p node-http-tests --bin client-differential --";
    for verdict in &different {
        let (node, id) = (node.display(), verdict.id);
        println!("\n{}  again: {command} --node {node} --seed {seed} --only {id}", verdict.report());
    }
    Ok(result)
}

fn summary(verdicts: &[Verdict]) -> bool {
    let count = |which: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|verdict| which(verdict)).count();
    let different = count(&|verdict| !verdict.differences.is_empty());
    println!(
        "{} programs: {different} differ, {} differ as the list allows, {} were not the same each time",
        verdicts.len(),
        count(&|verdict| verdict.differences.is_empty() && !verdict.allowed.is_empty()),
        count(&|verdict| !verdict.unsteady.is_empty()),
    );
    for verdict in verdicts.iter().filter(|verdict| !verdict.unsteady.is_empty()) {
        println!("not the same each time: {}", verdict.report());
    }
    different == 0
}
