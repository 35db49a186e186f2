//! A journal is written, damaged, and read again: every record whose bytes are
//! as they were is there, in its order, once; nothing else is; and it goes on.

use std::{collections::BTreeSet, fs, path::Path};

use keyward_telemetry::journal::{Journal, JournalOptions, Position, UsageRecord};
use uuid::Uuid;

/// The first two bytes say how many records there are and how large a segment
/// is; each further four are one piece of damage.
pub fn journal(data: &[u8]) {
    let [records, size, damage @ ..] = data else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let options =
        JournalOptions { segment_bytes: 300 + u32::from(*size) * 16, ..JournalOptions::new(Uuid::from_u128(7)) };
    let mut places = Vec::new();
    {
        let journal = Journal::open(directory, options).unwrap();
        for number in 0..u64::from(records % 48) {
            journal.append(&record(number)).unwrap();
            places.push(journal.position());
        }
    }
    let length = places.first().map_or(0, |first| first.offset() - 36);
    let mut untouched: BTreeSet<u64> = (0..places.len() as u64).collect();
    for damage in damage.chunks_exact(4).take(24) {
        let [what, segment, low, high] = *damage else { continue };
        let last = places.last().map_or(1, |place| place.segment());
        let segment = 1 + u32::from(segment) % last;
        let hit = strike(directory, segment, what, u32::from(low) | u32::from(high) << 8);
        // A record may stand in none of the bytes that were hit, or it is gone.
        untouched.retain(|number| {
            let end = places[usize::try_from(*number).unwrap()];
            end.segment() != segment || end.offset() <= hit.start || end.offset() - length >= hit.end
        });
    }

    let journal = Journal::open(directory, options).unwrap();
    let batch = journal.read_from(Position::START, usize::MAX).unwrap();
    assert_eq!(batch.next, journal.position());
    let numbers: Vec<u64> = batch.records.iter().map(|record| record.input_tokens).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    for found in &batch.records {
        assert_eq!(*found, record(found.input_tokens));
    }
    let lost: Vec<_> = untouched.iter().filter(|number| !numbers.contains(number)).collect();
    assert!(lost.is_empty(), "{lost:?} of {untouched:?} are lost: {:?}", batch.damage);

    // In small steps the same.
    let (mut at, mut stepwise) = (Position::START, Vec::new());
    while at < journal.position() {
        let step = journal.read_from(at, 1 + usize::from(*size) % 3).unwrap();
        assert!(step.next > at);
        stepwise.extend(step.records.iter().map(|record| record.input_tokens));
        at = step.next;
    }
    assert_eq!(stepwise, numbers);

    journal.append(&record(1_000)).unwrap();
    let further = journal.read_from(at, usize::MAX).unwrap();
    assert_eq!((further.records, further.damage.len()), (vec![record(1_000)], 0));
}

fn record(number: u64) -> UsageRecord {
    UsageRecord {
        requests: 1,
        input_tokens: number,
        output_tokens: number.wrapping_mul(0x9e37_79b9),
        sent: true,
        ..UsageRecord::default()
    }
}

/// Does one piece of damage; answers which bytes aren't what they were.
fn strike(directory: &Path, segment: u32, what: u8, at: u32) -> std::ops::Range<u32> {
    let path = directory.join(format!("usage-{segment:08}.log"));
    let Ok(mut bytes) = fs::read(&path) else { return 0..u32::MAX };
    let length = u32::try_from(bytes.len()).unwrap();
    let at = at % (length + 1);
    let place = usize::try_from(at).unwrap();
    let hit = match what % 8 {
        // Cut off.
        0 => {
            bytes.truncate(place);
            at..u32::MAX
        }
        // Something behind it.
        1 => {
            bytes.extend_from_slice(&[what; 7]);
            length..length
        }
        // An earlier part of it again, behind it: never a record at another place.
        2 => {
            bytes.extend_from_within(place.min(36)..place);
            length..length
        }
        // A stretch of zeros, as a power cut leaves it.
        3 => {
            let end = bytes.len().min(place + 64);
            bytes[place..end].fill(0);
            at..at + 64
        }
        // The file is gone.
        4 if what > 0xf0 => {
            fs::remove_file(&path).unwrap();
            return 0..u32::MAX;
        }
        _ => match bytes.get_mut(place) {
            Some(byte) => {
                *byte ^= what | 1;
                at..at + 1
            }
            None => at..at,
        },
    };
    fs::write(&path, bytes).unwrap();
    hit
}
