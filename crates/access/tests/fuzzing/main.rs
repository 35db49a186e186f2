//! What must hold for every way to present a key. The fuzz target (`fuzz/`)
//! runs this function; so does this, over the inputs that it found worth
//! keeping.
#![cfg(test)]

mod presented_key;

use std::fs;

#[test]
fn what_is_kept_of_fuzzing_presented_keys_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/presented_key");
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!inputs.is_empty());
    inputs.iter().for_each(|input| presented_key::presented_key(input));
}
