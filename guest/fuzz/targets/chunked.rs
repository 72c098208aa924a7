//! See `guest/tests/fuzz/chunked.rs`.
#![no_main]

#[path = "../../tests/fuzz/chunked.rs"]
mod chunked;
#[allow(dead_code, reason = "only its helpers are used here")]
#[path = "../../tests/fuzz/head.rs"]
mod head;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|input: &[u8]| chunked::check(input));
