//! What is promised stands in `crates/provider/tests/fuzzing/response.rs`.
#![no_main]

#[path = "../../crates/provider/tests/fuzzing/response.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::response(data));
