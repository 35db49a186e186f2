//! A disk that fills up in the middle of a record: the one thing that a test
//! can't make happen from outside without owning a file system.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use tempfile::TempDir;
use uuid::Uuid;

use super::format::FRAME_BYTES;
use super::segment::Faults;
use super::*;

fn record(number: u64) -> UsageRecord {
    UsageRecord { requests: 1, input_tokens: number, sent: true, ..UsageRecord::default() }
}

fn open(directory: &Path) -> Journal {
    Journal::open(directory, JournalOptions::new(Uuid::from_u128(1))).unwrap()
}

fn inject(journal: &Journal, room: Option<usize>, no_truncate: bool) {
    journal.writer.lock().file.faults = Faults { room, no_truncate };
}

/// The numbers of all records, and how much damage stands between them.
fn read(journal: &Journal) -> (Vec<u64>, usize) {
    let batch = journal.read_from(Position::START, usize::MAX).unwrap();
    assert_eq!(batch.next, journal.position());
    let numbers = batch.records.iter().map(|r| r.input_tokens).collect();
    (numbers, batch.damage.len())
}

#[test]
fn a_short_write_is_undone_and_appending_works_again_once_there_is_room() {
    for room in 0..FRAME_BYTES {
        let directory = TempDir::new().unwrap();
        let journal = open(directory.path());
        journal.append(&record(1)).unwrap();
        inject(&journal, Some(room), false);
        for refused in [2, 3] {
            let error = journal.append(&record(refused)).unwrap_err();
            assert!(matches!(error, JournalError::Full { .. }), "{error}");
        }
        inject(&journal, None, false);
        journal.append(&record(4)).unwrap();

        assert_eq!(read(&journal), (vec![1, 4], 0));
        assert_eq!(journal.position().segment(), 1);
        drop(journal);
        assert_eq!(read(&open(directory.path())), (vec![1, 4], 0));
    }
}

#[test]
fn a_short_write_that_cannot_be_undone_closes_the_segment_and_begins_another() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path());
    journal.append(&record(1)).unwrap();
    let whole = journal.position();
    inject(&journal, Some(50), true);
    let error = journal.append(&record(2)).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert_eq!(journal.position().segment(), 2);
    journal.append(&record(3)).unwrap();

    let batch = journal.read_from(Position::START, 10).unwrap();
    let numbers: Vec<_> = batch.records.iter().map(|r| r.input_tokens).collect();
    assert_eq!(numbers, [1, 3]);
    let unfinished = Damage::Damaged { segment: 1, offset: whole.offset(), skipped_to: Position::new(2, 0) };
    assert_eq!(batch.damage, [unfinished]);
}

#[test]
fn while_neither_undoing_nor_a_new_segment_is_possible_nothing_is_appended() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path());
    journal.append(&record(1)).unwrap();
    let in_the_way = segment::path(directory.path(), 2);
    std::fs::create_dir(&in_the_way).unwrap();
    inject(&journal, Some(50), true);
    journal.append(&record(2)).unwrap_err();
    inject(&journal, None, true);
    journal.append(&record(3)).unwrap_err();
    assert_eq!(read(&journal), (vec![1], 0));

    inject(&journal, None, false);
    journal.append(&record(4)).unwrap();
    assert_eq!(read(&journal), (vec![1, 4], 0));

    inject(&journal, Some(50), true);
    journal.append(&record(5)).unwrap_err();
    std::fs::remove_dir(&in_the_way).unwrap();
    journal.append(&record(6)).unwrap();
    assert_eq!(read(&journal), (vec![1, 4, 6], 1));
}

#[test]
fn a_segment_that_cannot_be_followed_by_another_goes_on_being_used() {
    let directory = TempDir::new().unwrap();
    let options = JournalOptions { segment_bytes: 1000, ..JournalOptions::new(Uuid::from_u128(1)) };
    let journal = Journal::open(directory.path(), options).unwrap();
    let in_the_way = segment::path(directory.path(), 2);
    std::fs::create_dir(&in_the_way).unwrap();
    for number in 0..20 {
        journal.append(&record(number)).unwrap();
    }
    assert_eq!(journal.position().segment(), 1);
    std::fs::remove_dir(&in_the_way).unwrap();
    for number in 20..40 {
        journal.append(&record(number)).unwrap();
    }
    assert!(journal.position().segment() > 1);
    assert_eq!(read(&journal), ((0..40).collect(), 0));
}
