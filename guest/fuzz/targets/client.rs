//! See `guest/tests/fuzz/client.rs`.
#![no_main]

#[path = "../../tests/fuzz/client.rs"]
mod client;

libfuzzer_sys::fuzz_target!(|input: &[u8]| client::check(input));
