//! What is promised stands in `crates/provider/tests/fuzzing/usage.rs`.
#![no_main]

#[path = "../../crates/provider/tests/fuzzing/usage.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::usage(data));
