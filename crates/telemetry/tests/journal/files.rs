//! The directory as an operator sees it: modes, names, versions, the lock, and
//! segments coming and going.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keyward_telemetry::journal::{Journal, JournalError, Position};
use tempfile::TempDir;

use crate::support::{HEADER, drain_all, filled, open, options, record, room_for, segment_path};

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Changes header bytes and makes the header's checksum right again.
fn change_header(directory: &Path, segment: u32, with: impl FnOnce(&mut [u8])) {
    let path = segment_path(directory, segment);
    let mut bytes = fs::read(&path).unwrap();
    with(&mut bytes[..HEADER]);
    let checksum = crc32fast::hash(&bytes[..32]).to_le_bytes();
    bytes[32..HEADER].copy_from_slice(&checksum);
    fs::write(path, bytes).unwrap();
}

fn refusal(directory: &Path) -> String {
    Journal::open(directory, options(1000))
        .unwrap_err()
        .to_string()
}

#[test]
fn only_the_owner_can_read_the_journal() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("data/usage");
    let journal = open(&directory, room_for(1));
    (0..3).for_each(|number| journal.append(&record(number)).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(
        names(&directory),
        [
            "journal-id",
            "journal.lock",
            "usage-00000001.log",
            "usage-00000002.log",
            "usage-00000003.log"
        ]
    );
    for name in names(&directory) {
        assert_eq!(mode(&directory.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_second_opening_is_refused_and_names_the_directory_until_the_first_is_closed() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), 1000);
    let error = Journal::open(directory.path(), options(1000)).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }));
    let name = directory.path().to_str().unwrap();
    assert!(error.to_string().contains(name), "{error}");
    drop(journal);
    open(directory.path(), 1000);
}

#[test]
fn segments_begin_when_the_last_is_full_and_go_when_they_are_applied() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), room_for(3));
    (0..10).for_each(|number| journal.append(&record(number)).unwrap());
    assert_eq!(journal.position().segment(), 4);
    let size = fs::metadata(segment_path(directory.path(), 1))
        .unwrap()
        .len();
    assert_eq!(size, u64::from(room_for(3)));

    let applied = journal.read_from(Position::START, 7).unwrap().next;
    assert_eq!(journal.discard_before(applied).unwrap(), 2);
    assert_eq!(journal.discard_before(applied).unwrap(), 0);
    let rest = journal.read_from(applied, 100).unwrap();
    assert_eq!(rest.records, [7, 8, 9].map(record));
    assert_eq!(rest.damage, []);

    assert_eq!(journal.discard_before(journal.position()).unwrap(), 1);
    assert_eq!(journal.discard_before(Position::new(99, 0)).unwrap(), 0);
    assert_eq!(journal.sync().unwrap(), journal.position());
    assert!(segment_path(directory.path(), 4).exists());
}

#[test]
fn a_segment_read_to_its_end_can_be_discarded_at_once() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), room_for(3));
    (0..4).for_each(|number| journal.append(&record(number)).unwrap());
    let applied = journal.read_from(Position::START, 3).unwrap().next;
    assert_eq!(journal.discard_before(applied).unwrap(), 1);
    assert_eq!(journal.read_from(applied, 9).unwrap().records, [record(3)]);
}

#[test]
fn discarding_that_was_interrupted_is_finished_by_the_next() {
    let directory = filled(10, 2);
    let journal = open(directory.path(), room_for(2));
    let applied = journal.read_from(Position::START, 8).unwrap().next;
    fs::remove_file(segment_path(directory.path(), 1)).unwrap();
    drop(journal);
    let journal = open(directory.path(), room_for(2));
    assert_eq!(journal.discard_before(applied).unwrap(), 3);
    let rest = journal.read_from(applied, 9).unwrap();
    assert_eq!(
        (rest.records, rest.damage),
        (vec![record(8), record(9)], vec![])
    );
}

#[test]
fn an_unknown_major_version_is_refused_with_both_versions_and_the_file() {
    let directory = filled(4, 2);
    change_header(directory.path(), 1, |header| header[8] = 9);
    let message = refusal(directory.path());
    assert!(message.contains("usage-00000001.log"), "{message}");
    assert!(message.contains("format 9"), "{message}");
    assert!(message.contains("format 1"), "{message}");
}

#[test]
fn a_newer_minor_version_is_read() {
    let directory = filled(4, 2);
    change_header(directory.path(), 1, |header| header[10] = 9);
    let drained = drain_all(&open(directory.path(), room_for(2)));
    assert_eq!(
        (drained.numbers(), drained.damage),
        (vec![0, 1, 2, 3], vec![])
    );
}

#[test]
fn a_segment_of_another_journal_is_refused() {
    let directory = filled(4, 2);
    change_header(directory.path(), 2, |header| header[16] ^= 1);
    let message = refusal(directory.path());
    assert!(
        message.contains("usage-00000002.log belongs to journal"),
        "{message}"
    );
}

#[test]
fn segments_without_an_identity_or_with_an_unreadable_one_are_refused() {
    let directory = filled(4, 2);
    let identity = directory.path().join("journal-id");
    let text = fs::read(&identity).unwrap();
    fs::write(&identity, "not an identity").unwrap();
    let message = refusal(directory.path());
    assert!(
        message.contains("journal-id doesn't hold a UUID"),
        "{message}"
    );
    fs::remove_file(&identity).unwrap();
    let message = refusal(directory.path());
    assert!(message.contains("journal-id is missing"), "{message}");
    fs::write(&identity, text).unwrap();
    assert_eq!(
        drain_all(&open(directory.path(), 1000)).numbers(),
        [0, 1, 2, 3]
    );
}

#[test]
fn files_with_other_names_are_left_alone() {
    let directory = filled(4, 2);
    for name in [
        "usage-1.log",
        "usage-00000000.log",
        "usage-00000009.log.bak",
        "usage-99999999999.log",
    ] {
        fs::write(directory.path().join(name), "x").unwrap();
    }
    let journal = open(directory.path(), room_for(2));
    assert_eq!(journal.position().segment(), 3);
    journal.discard_before(journal.position()).unwrap();
    assert!(directory.path().join("usage-1.log").exists());
    assert!(directory.path().join("usage-00000000.log").exists());
}

#[test]
fn syncing_covers_what_was_appended_and_survives_discarded_segments() {
    let directory = filled(4, 2);
    let journal = open(directory.path(), room_for(2));
    (4..9).for_each(|number| journal.append(&record(number)).unwrap());
    journal.discard_before(journal.position()).unwrap();
    assert_eq!(journal.sync().unwrap(), journal.position());
    journal.append(&record(9)).unwrap();
    assert_eq!(journal.sync().unwrap(), journal.position());
}
