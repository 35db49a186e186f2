//! What must hold for the journal's files, whatever becomes of their bytes. The
//! fuzz target (`fuzz/`) runs this function; so does this, over the inputs that
//! it found worth keeping.
#![cfg(test)]

mod journal;

use std::fs;

#[test]
fn what_is_kept_of_fuzzing_the_journal_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/journal");
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!inputs.is_empty());
    inputs.iter().for_each(|input| journal::journal(input));
}
