//! The README shows files of this repository, and says which: `<!-- file: … -->` before a block of code. `BLESS=1`
//! copies them into it.

use std::fs;
use std::path::Path;

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = workspace.join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let fresh = quote(&readme, |file| fs::read_to_string(workspace.join(file)).expect(file));
    assert_eq!(fresh.matches(MARK).count(), 5);
    if fresh != readme {
        assert!(
            std::env::var_os("BLESS").is_some(),
            "README.md shows old code; BLESS=1 brings it up to date"
        );
        fs::write(path, fresh).expect("README.md can be written");
    }
}

/// The table says what works; each row that says so names the test that shows it.
#[test]
fn each_way_to_use_it_has_its_test() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(workspace.join("README.md")).expect("README.md");
    let (_, table) = readme.split_once("<!-- paths:begin -->\n").expect("a table");
    let (table, _) = table.split_once("<!-- paths:end -->").expect("its end");
    let sources: String = ["host/tests", "tests/tests/all"]
        .iter()
        .flat_map(|folder| fs::read_dir(workspace.join(folder)).expect("tests"))
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).expect("text"))
        .collect();
    let mut shown = 0;
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [way, _, _, _, test] = cells[..] else { panic!("{row}") };
        if test.is_empty() {
            continue;
        }
        assert!(sources.contains(&format!("fn {}()", test.trim_matches('`'))), "{way}: {test}");
        shown += 1;
    }
    assert_eq!(shown, 6);
}

#[test]
fn a_block_is_replaced_and_the_rest_stays() {
    let readme = "a\n<!-- file: x.rs -->\n```rust\nold\n```\nb\n```rust\nother\n```\n";
    let fresh = quote(readme, |file| format!("new {file}\n"));
    assert_eq!(fresh, "a\n<!-- file: x.rs -->\n```rust\nnew x.rs\n```\nb\n```rust\nother\n```\n");
}

const MARK: &str = "<!-- file: ";
const OPEN: &str = "```rust\n";
const CLOSE: &str = "```\n";

/// Replaces every marked block by what `read` says about its file.
fn quote(readme: &str, read: impl Fn(&str) -> String) -> String {
    let mut parts = readme.split(MARK);
    let mut fresh = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (file, rest) = part.split_once(" -->\n").expect("the mark ends");
        let block = rest.strip_prefix(OPEN).expect("a block follows its mark");
        let (_, after) = block.split_once(CLOSE).expect("the block ends");
        fresh.extend([MARK, file, " -->\n", OPEN, &read(file), CLOSE, after]);
    }
    fresh
}
