//! What is promised stands in `crates/access/tests/fuzzing/presented_key.rs`.
#![no_main]

#[path = "../../crates/access/tests/fuzzing/presented_key.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::presented_key(data));
