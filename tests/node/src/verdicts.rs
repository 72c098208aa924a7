//! What is expected of each test: a list in the repository.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::suite::Outcome;

/// What is expected of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// The reason stands beside it.
    Fail,
    /// Node itself fails: it is younger than the Node that is run.
    NotNodes,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotNodes => "not-nodes",
        }
    }
}

/// The list.
#[derive(Debug)]
pub(crate) struct Verdicts {
    file: PathBuf,
    by_test: BTreeMap<String, (Verdict, String)>,
}

impl Verdicts {
    /// Lines of test, verdict, reason, with tabs between.
    pub(crate) fn read(name: &str) -> Result<Self, String> {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        let mut verdicts = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut columns = line.splitn(3, '\t');
            let (Some(test), Some(verdict)) = (columns.next(), columns.next()) else {
                return Err(format!("{name}: {line}"));
            };
            let verdict = match verdict {
                "pass" => Verdict::Pass,
                "fail" => Verdict::Fail,
                "not-nodes" => Verdict::NotNodes,
                other => return Err(format!("{name}: {other} is no verdict")),
            };
            verdicts.insert(test.to_owned(), (verdict, columns.next().unwrap_or_default().to_owned()));
        }
        Ok(Self { file, by_test: verdicts })
    }

    /// A test that is not listed has to pass.
    pub(crate) fn of(&self, test: &str) -> Verdict {
        self.by_test.get(test).map_or(Verdict::Pass, |(verdict, _)| *verdict)
    }

    /// Makes the list say what was found; `plain`: of Node itself.
    pub(crate) fn learn(&mut self, outcomes: &[Outcome], plain: bool) {
        for outcome in outcomes {
            let before = self.of(&outcome.test);
            let now = match (outcome.passed, plain) {
                (false, true) => Verdict::NotNodes,
                (true, true) => before,
                _ if before == Verdict::NotNodes => before,
                (true, false) => Verdict::Pass,
                (false, false) => Verdict::Fail,
            };
            let entry = self.by_test.entry(outcome.test.clone()).or_insert((now, String::new()));
            entry.0 = now;
            if now == Verdict::Pass {
                entry.1.clear();
            }
        }
    }

    pub(crate) fn write(&self) -> Result<(), String> {
        let line = |(test, (verdict, reason)): (&String, &(Verdict, String))| {
            format!("{test}\t{}\t{reason}\n", verdict.as_str())
        };
        let text: String = self.by_test.iter().map(line).collect();
        fs::write(&self.file, text).map_err(|error| format!("{}: {error}", self.file.display()))
    }
}
