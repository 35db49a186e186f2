//! Many threads append while one drains, as in the gateway.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use keyward_telemetry::journal::{Journal, Position};
use tempfile::TempDir;

use crate::support::{open, record, room_for};

const THREADS: u64 = 8;
const EACH: u64 = 3000;

/// Drains, syncs and discards until `done` and nothing is left; answers how
/// often each number was read.
fn drain_until(journal: &Journal, done: &AtomicBool) -> HashMap<u64, u32> {
    let mut seen = HashMap::new();
    let mut applied = Position::START;
    let mut order: HashMap<u64, u64> = HashMap::new();
    loop {
        let last_round = done.load(Ordering::Acquire);
        let batch = journal.read_from(applied, 500).unwrap();
        assert_eq!(batch.damage, []);
        assert!(batch.next <= journal.position());
        for record in &batch.records {
            let number = record.input_tokens;
            *seen.entry(number).or_default() += 1;
            let previous = order.insert(number / EACH, number);
            assert!(
                previous < Some(number),
                "one thread's records keep their order"
            );
        }
        if batch.next == applied && last_round {
            return seen;
        }
        applied = batch.next;
        journal.sync().unwrap();
        journal.discard_before(applied).unwrap();
    }
}

#[test]
fn eight_threads_append_while_one_drains_and_every_record_arrives_once() {
    let directory = TempDir::new().unwrap();
    let journal = &open(directory.path(), room_for(200));
    let done = &AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(move || drain_until(journal, done));
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    for number in thread * EACH..(thread + 1) * EACH {
                        journal.append(&record(number)).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert_eq!(seen.len() as u64, THREADS * EACH);
    assert!(seen.values().all(|&times| times == 1));
}
