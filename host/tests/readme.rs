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
    assert_eq!(fresh.matches(MARK).count(), 4);
    if fresh != readme {
        assert!(
            std::env::var_os("BLESS").is_some(),
            "README.md shows old code; BLESS=1 brings it up to date"
        );
        fs::write(path, fresh).expect("README.md can be written");
    }
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
