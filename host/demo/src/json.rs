//! As much of JSON as the echo needs.

use std::fmt::Write as _;

/// A string literal.
pub(crate) fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(literal, "\\u{:04x}", u32::from(control));
            }
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// An array of pairs, which keeps order and duplicates, as headers need.
pub(crate) fn pairs(pairs: &[(String, String)]) -> String {
    let items: Vec<String> =
        pairs.iter().map(|(name, value)| format!("    [{}, {}]", string(name), string(value))).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", items.join(",\n")) }
}
