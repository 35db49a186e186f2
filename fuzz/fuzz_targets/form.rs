//! What is promised stands in `crates/gateway/src/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyward_gateway::fuzzing::form(data));
