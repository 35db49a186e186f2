//! What several of these tests need: numbered records and a drainer.

use std::fs;
use std::path::{Path, PathBuf};

use keyward_telemetry::journal::{Damage, Journal, JournalOptions, ModelName, Position, UsageRecord};
use tempfile::TempDir;
use uuid::Uuid;

/// Bytes of a segment's header and of a record's frame, as the format has them.
pub const HEADER: usize = 36;
pub const FRAME: usize = 324;

/// A segment size in which `records` fit.
pub fn room_for(records: usize) -> u32 {
    (HEADER + records * FRAME) as u32
}

pub fn record(number: u64) -> UsageRecord {
    UsageRecord {
        at_ms: 1_700_000_000_000 + number as i64,
        api_key: Uuid::from_u128(0xA000 + u128::from(number)),
        project: Uuid::from_u128(0xB000),
        credential: Some(Uuid::from_u128(0xC000)),
        requests: 1,
        input_tokens: number,
        output_tokens: number * 3,
        cached_input_tokens: 1,
        reasoning_tokens: 2,
        ip: Some([192, 0, 2, number as u8].into()),
        previous_secret: number.is_multiple_of(2),
        sent: true,
        cost_nanos: Some(number as i64 * 5),
        model: ModelName::of("openai", "gpt-4o"),
        ..UsageRecord::default()
    }
}

pub fn options(segment_bytes: u32) -> JournalOptions {
    JournalOptions { segment_bytes, ..JournalOptions::new(Uuid::from_u128(0x1D)) }
}

pub fn open(directory: &Path, segment_bytes: u32) -> Journal {
    Journal::open(directory, options(segment_bytes)).unwrap()
}

/// A closed journal that holds records 0 to `records`, `each` in a segment.
pub fn filled(records: u64, each: usize) -> TempDir {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), room_for(each));
    for number in 0..records {
        journal.append(&record(number)).unwrap();
    }
    directory
}

pub fn segment_path(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("usage-{number:08}.log"))
}

/// A copy to destroy, so that the original need not be written again.
pub fn copy(directory: &Path) -> TempDir {
    let target = TempDir::new().unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), target.path().join(entry.file_name())).unwrap();
    }
    target
}

/// Everything that was read until the end was reached.
#[derive(Debug, Default, PartialEq)]
pub struct Drained {
    pub records: Vec<UsageRecord>,
    pub damage: Vec<Damage>,
}

impl Drained {
    pub fn numbers(&self) -> Vec<u64> {
        self.records.iter().map(|r| r.input_tokens).collect()
    }
}

/// Reads from `from` to the end in batches of `limit`.
pub fn drain(journal: &Journal, mut from: Position, limit: usize) -> Drained {
    let mut drained = Drained::default();
    loop {
        let batch = journal.read_from(from, limit).unwrap();
        assert!(batch.records.len() + batch.damage.len() <= limit);
        if batch.next == from {
            assert_eq!(from, journal.position());
            return drained;
        }
        assert!(batch.next > from);
        from = batch.next;
        drained.records.extend(batch.records);
        drained.damage.extend(batch.damage);
    }
}

pub fn drain_all(journal: &Journal) -> Drained {
    drain(journal, Position::START, 1000)
}
