//! What is promised stands in `crates/telemetry/tests/fuzzing/journal.rs`.
#![no_main]

#[path = "../../crates/telemetry/tests/fuzzing/journal.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::journal(data));
