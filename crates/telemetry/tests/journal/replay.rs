//! The drainer's promise: whatever crashes when, each record is applied once,
//! because the position is stored together with what it covers.

use std::fs::OpenOptions;
use std::io::Write;

use keyward_telemetry::journal::{Journal, Position};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{open, record, room_for};

/// What happens to the process, in any order.
#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Drain(u8),
    /// Reads a batch and dies before the transaction commits.
    DrainAndDie(u8),
    /// Commits and dies before the applied segments are discarded.
    Die,
    /// Dies in the middle of writing a record, this many bytes in.
    DieWriting(u8),
    Discard,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..20).prop_map(Step::Append),
        3 => (1_u8..20).prop_map(Step::Drain),
        1 => (1_u8..20).prop_map(Step::DrainAndDie),
        1 => Just(Step::Die),
        1 => (1_u8..115).prop_map(Step::DieWriting),
        1 => Just(Step::Discard),
    ]
}

/// The database: what was applied, and the position, in one transaction.
struct Database {
    applied: Vec<u64>,
    position: Position,
}

impl Database {
    fn apply(&mut self, journal: &Journal, limit: usize) {
        let batch = journal.read_from(self.position, limit).unwrap();
        assert_eq!(batch.damage, []);
        self.applied
            .extend(batch.records.iter().map(|r| r.input_tokens));
        self.position = batch.next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_applied_exactly_once_whatever_dies_when(
        steps in proptest::collection::vec(any_step(), 1..60),
    ) {
        let directory = TempDir::new().unwrap();
        let mut database = Database { applied: vec![], position: Position::START };
        let start = |database: &Database| {
            let journal = open(directory.path(), room_for(7));
            journal.continue_after(database.position).unwrap();
            journal
        };
        let mut journal = start(&database);
        let mut appended = 0;
        for step in steps {
            match step {
                Step::Append(records) => for _ in 0..records {
                    journal.append(&record(appended)).unwrap();
                    appended += 1;
                },
                Step::Drain(limit) => database.apply(&journal, limit.into()),
                Step::DrainAndDie(limit) => {
                    journal.read_from(database.position, limit.into()).unwrap();
                    drop(journal);
                    journal = start(&database);
                }
                Step::Die => {
                    drop(journal);
                    journal = start(&database);
                }
                Step::DieWriting(bytes) => {
                    let end = journal.position();
                    let path = crate::support::segment_path(directory.path(), end.segment());
                    // The first bytes of a frame: checksum, then length 109.
                    let mut torn = vec![9, 9, 9, 9, 109, 0];
                    torn.resize(bytes.into(), 9);
                    drop(journal);
                    OpenOptions::new().append(true).open(path).unwrap().write_all(&torn).unwrap();
                    journal = start(&database);
                }
                Step::Discard => {
                    journal.discard_before(database.position).unwrap();
                }
            }
        }
        while database.position != journal.position() {
            database.apply(&journal, 50);
        }
        prop_assert_eq!(database.applied, (0..appended).collect::<Vec<_>>());
    }
}
