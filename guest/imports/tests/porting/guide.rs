//! Makes `docs/porting.md` of the examples.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const OPENING: &str = "\
# From Node to Rust

The examples of Node's manual of `http`, and what they are in a component: on the left Node's, on the right Rust with the crate `node-http-imports`. With the crate
`node-http` linked in the types have the same names. `header(name, value)` is a pair of two texts. Each example on the right is compiled by the tests, which make this page.

What is different everywhere:

- Listeners are events that one takes: `ready` waits, `take_events` takes. `Server::serve` is that loop for requests, `request.response()` for an answer.
- What changes when somebody listens (`clientError`, `upgrade`, `information` …) is declared, in the options or with `listen_for`.
- What is thrown, or comes as the event `error`, is an `Error` with Node's `code` and `message`; `?` passes it on.
- A callback behind a write is a wait: `flushed`, `finished`, `drain`.
- `source.pipe(destination)` is `destination.pipe_from(&source, true)`, for messages; what the app itself makes or reads is written and read, or a stream.
- Options that are not given are `None`: `..Default::default()`. Header values and chunks are made with `into`.
";

/// Compares the page with what the chapters say, or writes it. There have to be `count` examples, from `prefix` 1 on.
pub(crate) fn check(chapters: &[&str], prefix: &str, count: usize) {
    let (page, names) = page(chapters, prefix);
    let expected: BTreeSet<String> = (1..=count).map(|number| format!("{prefix}{number}")).collect();
    assert_eq!(names, expected);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/porting.md");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    assert!(
        fs::read_to_string(&path).expect("the page") == page,
        "docs/porting.md is old; BLESS=1 makes it anew"
    );
}

fn page(chapters: &[&str], prefix: &str) -> (String, BTreeSet<String>) {
    let mut page = OPENING.to_owned();
    let mut names = BTreeSet::new();
    for chapter in chapters {
        let (_, chapter) = chapter.split_once("\n// ## ").expect("a title");
        let (title, rest) = chapter.split_once('\n').expect("more than a title");
        write!(page, "\n## {title}\n").expect("a string");
        for example in rest.split(&format!("\n// {prefix}")).skip(1) {
            let (title, rest) = example.split_once('\n').expect("more than a title");
            let (number, title) = title.split_once(": ").expect("a number");
            names.insert(format!("{prefix}{number}"));
            let node: Vec<&str> = rest
                .lines()
                .map_while(|line| line.strip_prefix("//"))
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect();
            let rust: Vec<&str> = rest.lines().skip(node.len()).collect();
            write!(
                page,
                "\n### {title}\n\n<table><tr><td>\n\n```js\n{}\n```\n\n</td><td>\n\n```rust\n{}\n```\n\n</td></tr></table>\n",
                node.join("\n"),
                rust.join("\n").trim(),
            )
            .expect("a string");
        }
    }
    (page, names)
}
