//! What is promised stands in `crates/provider/tests/fuzzing/stream.rs`.
#![no_main]

#[path = "../../crates/provider/tests/fuzzing/stream.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::stream(data));
