//! Bytes that changed, blocks that moved, files that went: what is still valid
//! is read, what isn't is reported, and nothing is made up.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use keyward_telemetry::journal::{Damage, Position};
use proptest::prelude::*;

use crate::support::{Drained, FRAME, HEADER, drain, drain_all, filled, open, record, room_for, segment_path};

fn change(directory: &Path, segment: u32, with: impl FnOnce(&mut Vec<u8>)) {
    let path = segment_path(directory, segment);
    let mut bytes = fs::read(&path).unwrap();
    with(&mut bytes);
    // In place: emptying the file first makes some file systems wait for the disk.
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

fn damaged(segment: u32, offset: usize, skipped_to: Position) -> Damage {
    Damage::Damaged { segment, offset: offset as u32, skipped_to }
}

/// Asserts that all records but those `lost` were read, once and in order.
fn assert_lost(drained: &Drained, all: u64, lost: &[u64]) {
    let expected: Vec<_> = (0..all).filter(|n| !lost.contains(n)).map(record).collect();
    assert_eq!(drained.records, expected);
}

#[test]
fn a_changed_byte_anywhere_costs_at_most_the_record_it_stands_in() {
    let directory = filled(6, 4);
    for (segment, first, held) in [(1, 0, 4), (2, 4, 2)] {
        let original = fs::read(segment_path(directory.path(), segment)).unwrap();
        for at in 0..HEADER + held * FRAME {
            for flip in [0x01, 0x80, 0xFF] {
                change(directory.path(), segment, |bytes| {
                    bytes.clone_from(&original);
                    bytes[at] ^= flip;
                });
                let hit = at.checked_sub(HEADER).map(|at| first + (at / FRAME) as u64);
                let context = format!("segment {segment}, byte {at}, flip {flip}");

                let drained = drain_all(&open(directory.path(), room_for(4)));
                assert_lost(&drained, 6, hit.as_slice());
                // The last record's length can change to that of a record cut
                // short, which is cut off instead.
                let is_last_length = hit == Some(5) && matches!((at - HEADER) % FRAME, 4 | 5);
                assert!(drained.damage.len() == 1 || is_last_length, "{context}");
            }
        }
        change(directory.path(), segment, |bytes| *bytes = original);
    }
}

#[test]
fn damage_is_reported_once_with_file_and_offset_while_appends_go_on() {
    let directory = filled(0, 4);
    let journal = open(directory.path(), room_for(4));
    (0..6).for_each(|number| journal.append(&record(number)).unwrap());
    let offset = HEADER + FRAME;
    change(directory.path(), 1, |bytes| bytes[offset + 20] ^= 1);
    change(directory.path(), 2, |bytes| bytes[HEADER + 20] ^= 1);

    let expected = [
        damaged(1, offset, Position::new(1, (offset + FRAME) as u32)),
        damaged(2, HEADER, Position::new(2, (HEADER + FRAME) as u32)),
    ];
    for limit in [1, 2, 1000] {
        let drained = drain(&journal, Position::START, limit);
        assert_lost(&drained, 6, &[1, 4]);
        assert_eq!(drained.damage, expected);
    }
    let (from, to) = (HEADER + FRAME, HEADER + 2 * FRAME);
    assert_eq!(expected[0].to_string(), format!("usage-00000001.log is damaged from byte {from} to byte {to}"));
    let end = journal.position();
    journal.append(&record(6)).unwrap();
    assert_eq!(journal.read_from(end, 9).unwrap().records, [record(6)]);
}

#[test]
fn a_block_that_appears_in_another_place_is_no_record() {
    let directory = filled(6, 6);
    change(directory.path(), 1, |bytes| {
        bytes.copy_within(HEADER..HEADER + FRAME, HEADER + 3 * FRAME);
    });
    assert_lost(&drain_all(&open(directory.path(), room_for(6))), 6, &[3]);
}

#[test]
fn a_renamed_segment_gives_no_records_twice() {
    let directory = filled(6, 3);
    fs::copy(segment_path(directory.path(), 1), segment_path(directory.path(), 3)).unwrap();
    let drained = drain_all(&open(directory.path(), room_for(3)));
    assert_lost(&drained, 6, &[]);
    assert_eq!(
        drained.damage,
        [damaged(3, 0, Position::new(3, HEADER as u32)), damaged(3, HEADER, Position::new(4, 0)),]
    );
}

#[test]
fn a_damaged_end_that_is_no_torn_record_stays_and_is_reported() {
    let directory = filled(2, 100);
    change(directory.path(), 1, |bytes| bytes.extend([0; 5000]));
    let drained = drain_all(&open(directory.path(), room_for(100)));
    assert_lost(&drained, 2, &[]);
    let end = damaged(1, HEADER + 2 * FRAME, Position::new(2, 0));
    assert_eq!(drained.damage, [end]);
    let from = HEADER + 2 * FRAME;
    assert_eq!(end.to_string(), format!("usage-00000001.log is damaged from byte {from} to its end"));
}

#[test]
fn a_missing_segment_is_reported_and_passed_over() {
    let middle = Damage::Missing { first: 2, last: 3 };
    assert_eq!(middle.to_string(), "usage-00000002.log to usage-00000003.log are missing");
    for (gone, lost, report) in
        [(vec![1], vec![0, 1], Damage::Missing { first: 1, last: 1 }), (vec![2, 3], vec![2, 3, 4, 5], middle)]
    {
        let directory = filled(8, 2);
        for number in gone {
            fs::remove_file(segment_path(directory.path(), number)).unwrap();
        }
        let drained = drain_all(&open(directory.path(), room_for(2)));
        assert_lost(&drained, 8, &lost);
        assert_eq!(drained.damage, [report]);
    }
}

#[test]
fn a_segment_that_goes_missing_under_an_open_journal_is_reported() {
    let directory = filled(0, 2);
    let journal = open(directory.path(), room_for(2));
    (0..4).for_each(|number| journal.append(&record(number)).unwrap());
    fs::remove_file(segment_path(directory.path(), 2)).unwrap();
    let drained = drain_all(&journal);
    assert_lost(&drained, 4, &[2, 3]);
    assert_eq!(drained.damage, [Damage::Missing { first: 2, last: 2 }]);
}

#[test]
fn an_emptied_segment_is_reported_and_passed_over() {
    let directory = filled(6, 2);
    change(directory.path(), 2, Vec::clear);
    let drained = drain_all(&open(directory.path(), room_for(2)));
    assert_lost(&drained, 6, &[2, 3]);
    assert_eq!(drained.damage, [damaged(2, 0, Position::new(3, 0))]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn overwritten_bytes_cost_only_the_records_they_touch(
        at in 0_usize..HEADER + 1000 * FRAME,
        garbage in proptest::collection::vec(any::<u8>(), 1..5000),
        limit in 1_usize..2000,
    ) {
        let directory = filled(1000, 1000);
        let mut end = at;
        change(directory.path(), 1, |bytes| {
            let tail = &mut bytes[at..];
            let length = tail.len().min(garbage.len());
            tail[..length].copy_from_slice(&garbage[..length]);
            end += length;
        });
        let touched = |n: &u64| {
            let start = HEADER + *n as usize * FRAME;
            start < end && at < start + FRAME
        };
        let journal = open(directory.path(), room_for(1000));
        let numbers = drain(&journal, Position::START, limit).numbers();
        let expected: Vec<u64> = (0..1000).filter(|n| !touched(n)).collect();
        let read: Vec<u64> = numbers.iter().copied().filter(|n| !touched(n)).collect();
        prop_assert_eq!(read, expected);
        // A touched record may survive only if the garbage equals its bytes.
        prop_assert!(numbers.is_sorted());
        prop_assert!(numbers.len() <= 1000);
    }

    #[test]
    fn a_file_of_anything_never_panics_and_holds_no_record(
        garbage in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let directory = filled(2, 2);
        fs::write(segment_path(directory.path(), 2), &garbage).unwrap();
        let drained = drain_all(&open(directory.path(), room_for(2)));
        prop_assert_eq!(drained.numbers(), [0, 1]);
    }
}
