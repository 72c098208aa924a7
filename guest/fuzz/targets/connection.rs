//! See `guest/tests/fuzz/connection/mod.rs`.
#![no_main]

#[path = "../../tests/fuzz/connection/mod.rs"]
mod connection;

libfuzzer_sys::fuzz_target!(|input: &[u8]| connection::check(input));
