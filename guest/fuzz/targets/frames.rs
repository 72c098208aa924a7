//! See `guest/tests/fuzz/frames.rs`.
#![no_main]

#[path = "../../tests/fuzz/frames.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|input: &[u8]| frames::check(input));
