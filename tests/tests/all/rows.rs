//! Which of the documented members are proven by a test: `// Rows:` lines above test functions, all over the workspace,
//! and the README's table of them. `BLESS=1` rewrites the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// ID, member, where it is in `wit/`, note.
const ROWS: &str = include_str!("../../rows.tsv");
const BEGIN: &str = "<!-- rows:begin -->";
const END: &str = "<!-- rows:end -->";

const CLASSES: [(&str, &str); 9] = [
    ("AG", "`http.Agent`"),
    ("CR", "`http.ClientRequest`"),
    ("SV", "`http.Server`"),
    ("SR", "`http.ServerResponse`"),
    ("IM", "`http.IncomingMessage`"),
    ("OM", "`http.OutgoingMessage`"),
    ("MO", "Module functions and constants"),
    ("SO", "`http.createServer` options"),
    ("RO", "`http.request` options"),
];

#[test]
fn the_readme_says_what_is_implemented() {
    let table = table(&proven());
    let path = workspace().join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let blessed = replace(&readme, &table);
    if readme == blessed {
        return;
    }
    assert!(std::env::var_os("BLESS").is_some(), "README.md is stale; BLESS=1 rewrites its table:\n{table}");
    fs::write(path, blessed).expect("README.md can be written");
}

#[test]
fn there_are_220_rows() {
    assert_eq!(ids().len(), 220);
    assert!(ids().iter().all(|id| CLASSES.iter().any(|(class, _)| id.starts_with(class))));
}

#[test]
fn the_table_counts_and_names_what_is_left() {
    let table = table(&["SV1", "SV3"].map(str::to_owned).into());
    assert!(table.contains("| `http.Server` | 2 of 23 | SV2, SV4–SV23 |\n"), "{table}");
    assert!(table.contains("| Together | 2 of 220 | |\n"), "{table}");
    let readme = "a\n<!-- rows:begin -->\nold\n<!-- rows:end -->\nb\n";
    assert_eq!(replace(readme, "new\n"), "a\n<!-- rows:begin -->\nnew\n<!-- rows:end -->\nb\n");
}

fn ids() -> Vec<&'static str> {
    let rows = ROWS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| line.split('\t').next().unwrap_or_default()).collect()
}

/// The rows that tests name.
fn proven() -> BTreeSet<String> {
    let known: BTreeSet<&str> = ids().into_iter().collect();
    let mut proven = BTreeSet::new();
    let mut problems = Vec::new();
    for folder in ["guest/src", "guest/tests", "host/src", "host/tests", "tests/src", "tests/tests"] {
        for file in sources(&workspace().join(folder)) {
            let text = fs::read_to_string(&file).expect("a source file");
            for (line, id) in named(&text) {
                if known.contains(id.as_str()) {
                    proven.insert(id);
                } else if !is_rule(&id) {
                    problems.push(format!("{}:{line}: there is no row {id:?}", file.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    proven
}

/// The IDs of a source file's `// Rows:` lines, with the numbers of those lines. Only lines above a test count.
fn named(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut named = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(ids) =
            line.trim_start_matches('/').strip_prefix(" Rows: ").filter(|_| line.starts_with("//"))
        else {
            continue;
        };
        // A remark may follow the list after a full stop, and each ID in brackets.
        let ids = ids.split('.').next().unwrap_or_default();
        let below = lines[index..].iter().skip_while(|line| line.starts_with("//") || line.starts_with("#["));
        let above_a_test = below.take(1).any(|line| line.starts_with("fn ") || line.starts_with("async fn "));
        let ids = if above_a_test { ids } else { "no-test-follows" };
        let first_word = |id: &str| id.split_whitespace().next().unwrap_or_default().to_owned();
        named.extend(ids.split(',').map(|id| (index + 1, first_word(id))));
    }
    named
}

/// Other numbered parts of the specification: event orders, implicit behaviour, our differences, examples.
fn is_rule(id: &str) -> bool {
    let number = id.strip_prefix("I-").or_else(|| id.strip_prefix(['E', 'S', 'X']));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn table(proven: &BTreeSet<String>) -> String {
    let mut table = "| Class | Proven by tests | Not yet |\n| --- | --- | --- |\n".to_owned();
    let mut classes: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for id in ids() {
        let class = id.trim_end_matches(|character: char| character.is_ascii_digit());
        classes.entry(class).or_default().push((id, proven.contains(id)));
    }
    for (class, name) in CLASSES {
        let rows = &classes[class];
        let count = rows.iter().filter(|(_, proven)| *proven).count();
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {name} | {count} of {} | {} |", rows.len(), left(rows));
    }
    let all = classes.values().map(Vec::len).sum::<usize>();
    let _ = writeln!(table, "| Together | {} of {all} | |", proven.len());
    table
}

/// Unproven rows, runs of more than two of them as `first–last`.
fn left(rows: &[(&str, bool)]) -> String {
    let runs = rows.chunk_by(|a, b| a.1 == b.1).filter(|run| !run[0].1);
    let runs: Vec<String> = runs
        .map(|run| match run {
            [first, _, .., last] => format!("{}–{}", first.0, last.0),
            run => run.iter().map(|row| row.0).collect::<Vec<_>>().join(", "),
        })
        .collect();
    runs.join(", ")
}

fn replace(readme: &str, table: &str) -> String {
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the mark where the table begins");
    let (_, after) = rest.split_once(END).expect("the README has the mark where the table ends");
    format!("{before}{BEGIN}\n{table}{END}{after}")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder").to_owned()
}
