//! A differential test of the client: programs of a seed run on our client and on a real Node, against the same scripted
//! server; what the server received and all that the program saw have to be the same, but for the differences that
//! `allowed.json` lists with their reasons.
//!
//! # Programs
//! A program is JSON, so that both interpreters read the same: `interpreter.js` for Node, and the case
//! `client_differential` of `tests/components` for us. [`requests`] and [`answers`] make them.
//!
//! - `agent`: `kind` is `global`, `own` (with `options`), `one-shot`, or `none` for `createConnection`.
//! - `requests`: one after another, or all at once with `together`. Each has `options` (the port `"PORT"` is the
//!   server's), perhaps `url`, `headers` (a `form` of Node's three and `fields`), `get`, `signal`; the events it listens
//!   to in `listen` and `listenResponse`; how it reads its body in `reads`; and `ops`, done one after another in the tick
//!   in which the request is made, until one waits for an event or for a time.
//! - `answers`: the first for the first request that comes, and so on. Each waits for the head or for the body
//!   (`after`) and then does what is in `do`.
//!
//! A program is over when nothing has happened for `quiet` milliseconds. Nothing in it takes so long, and pauses are
//! much shorter or much longer than timeouts.
//!
//! # Outcomes
//! Of every request: how making it ended, what each operation answered, the events of request and response in one order
//! (all pieces of a body count as one), the response, the request's properties. Of every connection: the bytes that
//! came, and whether it was closed. An outcome that differs is asked for again twice with nothing beside it: what a busy
//! machine did is no difference.

mod allowed;
mod answers;
mod compare;
mod node;
mod operations;
mod ours;
mod random;
mod requests;
mod server;
mod shrink;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;

use serde_json::Value;

pub use allowed::{Entry, list};
pub use compare::Difference;

use node::Node;

/// How often a program is run before a difference counts.
const RUNS: usize = 3;

/// What came of a program.
#[derive(Debug)]
pub struct Verdict {
    /// Its number among those of its seed.
    pub id: u64,
    /// The program.
    pub program: Value,
    /// The differences that nothing allows.
    pub differences: Vec<Difference>,
    /// The entries of the list that were needed.
    pub allowed: BTreeSet<String>,
    /// What differed in an earlier run, when nothing did in the last one.
    pub unsteady: Vec<Difference>,
}

/// Runs programs on both sides.
#[derive(Debug)]
pub struct Differential {
    node: PathBuf,
    entries: Vec<Entry>,
    /// How many programs run at the same time.
    workers: usize,
    /// Held for writing by who wants to be alone.
    alone: RwLock<()>,
}

impl Differential {
    /// Compares with the Node at `node`.
    pub fn new(node: &Path, workers: usize) -> Self {
        Self { node: node.to_owned(), entries: list(), workers, alone: RwLock::new(()) }
    }

    /// The program with this number.
    pub fn program(seed: u64, id: u64) -> Value {
        requests::program(seed, id)
    }

    /// A program of the list, what is the same in most of them filled in.
    pub fn case(case: &Value) -> Value {
        requests::filled(case)
    }

    /// What came of each of `programs`, sorted by their numbers; `tell` hears of each as it comes.
    pub fn run(&self, programs: &[(u64, Value)], tell: impl Fn(&Verdict) + Sync) -> Vec<Verdict> {
        self.each(programs, |node, (id, program)| {
            let verdict = self.judge(node, *id, program);
            tell(&verdict);
            verdict
        })
    }

    /// For each of `verdicts` the smallest program that still differs at one of the places where it does.
    pub fn shrink(&self, verdicts: &[Verdict]) -> Vec<Verdict> {
        self.each(verdicts, |node, verdict| {
            shrink::smallest(verdict, |program| self.judge_once(node, verdict.id, program))
        })
    }

    /// `work` on all of `items`, several at the same time.
    fn each<T: Sync>(&self, items: &[T], work: impl Fn(&mut Node, &T) -> Verdict + Sync) -> Vec<Verdict> {
        let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..self.workers.min(items.len()) {
                scope.spawn(|| {
                    let mut node = Node::start(&self.node);
                    while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let verdict = work(&mut node, item);
                        verdicts.lock().unwrap_or_else(PoisonError::into_inner).push(verdict);
                    }
                });
            }
        });
        let mut verdicts = verdicts.into_inner().unwrap_or_else(PoisonError::into_inner);
        verdicts.sort_by_key(|verdict| verdict.id);
        verdicts
    }

    fn judge(&self, node: &mut Node, id: u64, program: &Value) -> Verdict {
        let mut verdict = {
            let _together = self.alone.read().unwrap_or_else(PoisonError::into_inner);
            self.judge_once(node, id, program)
        };
        for _ in 1..RUNS {
            if verdict.differences.is_empty() {
                break;
            }
            let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
            let before = verdict.differences;
            verdict = self.judge_once(node, id, program);
            if verdict.differences.is_empty() {
                verdict.unsteady = before;
            }
        }
        verdict
    }

    fn judge_once(&self, node: &mut Node, id: u64, program: &Value) -> Verdict {
        let [theirs, ours] =
            [node.run(program), ours::run(program)].map(|(outcome, port)| compare::facts(&outcome, port));
        let differences = compare::differences(&theirs, &ours);
        let (differences, allowed) = allowed::judge(&self.entries, program, (&theirs, &ours), differences);
        Verdict { id, program: program.clone(), differences, allowed, unsteady: Vec::new() }
    }
}

impl Verdict {
    /// Both sides of every difference, and the program.
    pub fn report(&self) -> String {
        let mut report = format!("program {}: {}\n", self.id, self.program);
        for Difference { at, node, ours } in self.differences.iter().chain(&self.unsteady) {
            report += &format!("  {at}\n    node {node:?}\n    ours {ours:?}\n");
        }
        report
    }
}
