//! A crash in the middle of a write leaves the front part of a record.

use std::fs::OpenOptions;
use std::path::Path;

use keyward_telemetry::journal::Position;
use uuid::Uuid;

use crate::support::{
    FRAME, HEADER, copy, drain_all, filled, open, record, room_for, segment_path,
};

fn cut(directory: &Path, segment: u32, length: usize) {
    let path = segment_path(directory, segment);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length as u64).unwrap();
}

#[test]
fn whatever_is_left_of_the_last_record_is_cut_off_and_the_rest_is_kept() {
    let original = filled(5, 2);
    for (segment, before, held) in [(1, 0, 2_usize), (2, 2, 2), (3, 4, 1)] {
        let whole = HEADER + held * FRAME;
        for length in 0..=whole {
            let directory = copy(original.path());
            for later in segment + 1..=3 {
                std::fs::remove_file(segment_path(directory.path(), later)).unwrap();
            }
            cut(directory.path(), segment, length);
            let kept = before + (length.saturating_sub(HEADER) / FRAME) as u64;

            let journal = open(directory.path(), room_for(2));
            journal.append(&record(77)).unwrap();
            let drained = drain_all(&journal);
            let expected: Vec<u64> = (0..kept).chain([77]).collect();
            assert_eq!(drained.numbers(), expected, "cut to {length}");
            assert_eq!(drained.damage, [], "cut to {length}");
            drop(journal);
            assert_eq!(drain_all(&open(directory.path(), room_for(2))), drained);
        }
    }
}

#[test]
fn opening_again_and_again_without_appending_makes_no_further_segments() {
    let directory = filled(5, 2);
    let positions: Vec<Position> = (0..3)
        .map(|_| open(directory.path(), room_for(2)).position())
        .collect();
    assert_eq!(positions, [Position::new(4, HEADER as u32); 3]);
}

#[test]
fn records_after_a_loss_take_positions_that_the_database_has_not_applied() {
    for kept in [0, 10, HEADER, HEADER + 1, HEADER + FRAME] {
        let directory = filled(3, 100);
        let journal = open(directory.path(), room_for(100));
        for number in 3..6 {
            journal.append(&record(number)).unwrap();
        }
        let applied = journal.position();
        drop(journal);
        // A power cut takes what was never synced.
        cut(directory.path(), 2, kept);

        let journal = open(directory.path(), room_for(100));
        journal.continue_after(applied).unwrap();
        assert!(journal.position() > applied);
        journal.append(&record(77)).unwrap();
        let batch = journal.read_from(applied, 10).unwrap();
        assert_eq!(batch.records, [record(77)], "kept {kept} bytes");
        assert_eq!(batch.damage, []);
    }
}

#[test]
fn a_position_beyond_the_end_is_refused_until_the_journal_continues_after_it() {
    let directory = filled(1, 10);
    let journal = open(directory.path(), room_for(10));
    let ahead = Position::new(7, 5000);
    let error = journal.read_from(ahead, 1).unwrap_err().to_string();
    assert!(error.contains("7:5000"), "{error}");

    journal.continue_after(ahead).unwrap();
    journal.append(&record(1)).unwrap();
    assert_eq!(journal.read_from(ahead, 9).unwrap().records, [record(1)]);
    let end = journal.position();
    journal.continue_after(ahead).unwrap();
    assert_eq!(journal.position(), end);
    assert_eq!(journal.id(), Uuid::from_u128(0x1D));
}
