//! The WIT package is the user manual: it parses, exports everything, and documents everything.
#[test]
fn parses() {
    let mut r = wit_parser::Resolve::new();
    r.push_dir("../wit").map_err(|e| panic!("{e:?}")).unwrap();
}
