//! Runs any number of programs on Node and on our server, and prints where they differ but should not.
//!
//! ```text
//! cargo run --release -p node-http-tests --bin differential -- --node PATH --programs 10000
//! cargo run --release -p node-http-tests --bin differential -- --node PATH --only 7-123 --show
//! ```

use std::cmp::Reverse;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use clap::Parser;
use node_http_host::Result;
use node_http_tests::differential::{Fragment, Outcome, Settings, run};

/// Compares our server with Node.
#[derive(Debug, Parser)]
struct Arguments {
    /// The Node to compare with.
    #[arg(long, value_name = "PATH")]
    node: PathBuf,
    /// Another Node in the place of our server.
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// How many random programs.
    #[arg(long, default_value_t = 300)]
    programs: u64,
    /// What they depend on; printed when it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this scenario: `<seed>-<index>`, or a fixed one's name.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Counts only differences whose description has this text.
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// Cuts requests: byte by byte (`bytes`), or in pieces that depend on a number.
    #[arg(long, value_name = "SEED|bytes", value_parser = fragment)]
    fragment: Option<Fragment>,
    /// How many connections at a time.
    #[arg(long, default_value_t = 16)]
    jobs: usize,
    /// Makes what differs smaller before it is printed.
    #[arg(long)]
    shrink: bool,
    /// Prints everything that was seen, also where nothing differs.
    #[arg(long)]
    show: bool,
}

fn fragment(text: &str) -> Result<Fragment, std::num::ParseIntError> {
    match text {
        "bytes" => Ok(Fragment::Bytes),
        seed => seed.parse().map(Fragment::Seed),
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let fresh = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| u64::from(time.subsec_nanos()));
    let settings = Settings {
        node: arguments.node,
        against: arguments.against,
        seed: arguments.seed.unwrap_or_else(fresh),
        programs: arguments.programs,
        only: arguments.only,
        about: arguments.about,
        fragment: arguments.fragment,
        jobs: arguments.jobs,
        shrink: arguments.shrink,
        show: arguments.show,
    };
    println!("seed {}", settings.seed);
    let began = Instant::now();
    let outcome = run(&settings, |text| print!("{text}"))?;
    summary(&outcome);
    println!("{:.1} s", began.elapsed().as_secs_f64());
    Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(outcome: &Outcome) {
    let Outcome { played, excused, listed, unsteady, kinds, mismatches, not_shown } = outcome;
    println!("\n{played} scenarios: {} differ, {excused} differ as listed", mismatches.len());
    for (id, count) in listed {
        println!("  listed: {id} in {count}");
    }
    let mut kinds: Vec<_> = kinds.iter().collect();
    kinds.sort_by_key(|(_, (count, _))| Reverse(*count));
    for (kind, (count, example)) in kinds {
        println!("  {count} × {kind} ({example})");
    }
    for line in unsteady {
        println!("  unsteady: {line}");
    }
    for line in not_shown {
        println!("  NOT SHOWN: {line}");
    }
}
