//! Bounded versions of the fuzz targets in `guest/fuzz`, which share these files: random input, and all inputs that
//! ever made a target fail (`guest/fuzz/cases`).

mod chunked;
mod client;
mod connection;
mod frames;
mod head;
mod link;
#[allow(dead_code, reason = "shared with the vectors, which use more of it")]
#[path = "../support/mod.rs"]
mod support;

use std::{fs, path::Path};

use proptest::{
    collection::vec,
    prelude::{ProptestConfig, any, proptest},
};

/// What a target holds an input to.
type Check = fn(&[u8]);

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn head_holds_on_random_bytes(input in vec(any::<u8>(), 0..200)) {
        head::check(&input);
    }

    #[test]
    fn head_holds_on_likely_bytes(flags in any::<[u8; 3]>(), picks in vec(0_usize..head::LIKELY.len(), 0..40)) {
        head::check(&likely(&flags, head::LIKELY, &picks));
    }

    #[test]
    fn chunked_holds_on_random_bytes(input in vec(any::<u8>(), 0..200)) {
        chunked::check(&input);
    }

    #[test]
    fn chunked_holds_on_likely_bytes(flags in any::<[u8; 3]>(), picks in vec(0_usize..chunked::LIKELY.len(), 0..40)) {
        chunked::check(&likely(&flags, chunked::LIKELY, &picks));
    }

    #[test]
    fn frames_hold_on_random_bytes(input in vec(any::<u8>(), 0..200)) {
        frames::check(&input);
    }

    #[test]
    fn frames_hold_on_likely_bytes(flags in any::<[u8; 2]>(), picks in vec(0_usize..frames::LIKELY.len(), 0..40)) {
        frames::check(&likely(&flags, frames::LIKELY, &picks));
    }
}

proptest! {
    // Each is three servers.
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn connection_holds(input in vec(any::<u8>(), 0..300)) {
        connection::check(&input);
    }

    #[test]
    fn client_holds(input in vec(any::<u8>(), 0..300)) {
        client::check(&input);
    }

    #[test]
    fn link_holds(input in vec(any::<u8>(), 0..200)) {
        link::check(&input);
    }
}

#[test]
fn every_case_holds() {
    let targets: [(&str, Check); 6] = [
        ("head", head::check),
        ("chunked", chunked::check),
        ("connection", connection::check),
        ("client", client::check),
        ("link", link::check),
        ("frames", frames::check),
    ];
    for (target, check) in targets {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/cases").join(target);
        let mut count = 0;
        for case in fs::read_dir(cases).expect("every target has cases") {
            check(&fs::read(case.expect("a readable folder").path()).expect("a readable file"));
            count += 1;
        }
        assert!(count > 0, "{target}");
    }
}

/// An input put together from what a grammar is made of.
fn likely(flags: &[u8], parts: &[&[u8]], picks: &[usize]) -> Vec<u8> {
    let mut input = flags.to_vec();
    for pick in picks {
        input.extend_from_slice(parts[*pick]);
    }
    input
}
