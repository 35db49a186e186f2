//! What must hold for everything that a provider may say. The fuzz targets
//! (`fuzz/`) run these functions; so does this, over the inputs that they found
//! worth keeping.
#![cfg(test)]

mod response;
mod stream;
mod usage;

use std::fs;

fn run_all(target: &str, run: fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!inputs.is_empty());
    inputs.iter().for_each(|input| run(input));
}

#[test]
fn what_is_kept_of_fuzzing_streams_holds() {
    run_all("stream", stream::stream);
}

#[test]
fn what_is_kept_of_fuzzing_usage_holds() {
    run_all("usage", usage::usage);
}

#[test]
fn what_is_kept_of_fuzzing_responses_holds() {
    run_all("response", response::response);
}
