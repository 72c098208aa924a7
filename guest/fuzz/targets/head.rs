//! See `guest/tests/fuzz/head.rs`.
#![no_main]

#[path = "../../tests/fuzz/head.rs"]
mod head;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|input: &[u8]| head::check(input));
