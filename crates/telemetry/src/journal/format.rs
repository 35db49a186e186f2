//! The bytes of a segment: a header, then frames. Numbers are little-endian.
//!
//! | header | bytes | |
//! |---|---|---|
//! | magic | 8 | `KWUSAGE` and a line feed |
//! | major | 2 | a reader refuses one that it doesn't know |
//! | minor | 2 | a newer one means longer records |
//! | segment | 4 | the number in the file's name |
//! | journal | 16 | the journal's identity |
//! | checksum | 4 | CRC-32 of the above |
//!
//! | frame | bytes | |
//! |---|---|---|
//! | checksum | 4 | CRC-32 of length and payload |
//! | length | 2 | of the payload |
//! | payload | length | a record (module `record`) |
//!
//! The header keeps its layout in every version, so that any program can say
//! which version it met. A frame's CRC starts from a value made of journal,
//! segment and offset: a frame is valid only at the place that it was written
//! to, never as a stale or copied block. It doesn't depend on the header, so
//! a damaged header costs no record.

use crc32fast::Hasher;
use uuid::Uuid;

use super::UsageRecord;
use super::record::{FIRST_RECORD_BYTES, RECORD_BYTES, take};

pub(super) const MAJOR: u16 = 1;
const MINOR: u16 = 3;
const MAGIC: [u8; 8] = *b"KWUSAGE\n";

pub(super) const HEADER_BYTES: usize = 36;
const FRAME_HEAD_BYTES: usize = 6;
/// What this program writes for each record.
pub(super) const FRAME_BYTES: usize = FRAME_HEAD_BYTES + RECORD_BYTES;
/// The longest record that a newer minor version may write.
const MAX_RECORD_BYTES: usize = 1024;
/// The longest frame that a reader can meet.
pub(super) const MAX_FRAME_BYTES: usize = FRAME_HEAD_BYTES + MAX_RECORD_BYTES;

/// What a segment's header turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    Good,
    /// No header of ours, or not the header of this segment.
    Damaged,
    UnknownMajor(u16),
    OtherJournal(Uuid),
}

pub(super) fn encode_header(id: Uuid, segment: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&MAJOR.to_le_bytes());
    header[10..12].copy_from_slice(&MINOR.to_le_bytes());
    header[12..16].copy_from_slice(&segment.to_le_bytes());
    header[16..32].copy_from_slice(id.as_bytes());
    let checksum = crc32fast::hash(&header[..32]);
    header[32..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Judges the first bytes of a segment's file.
pub(super) fn check_header(bytes: &[u8], id: Uuid, segment: u32) -> Header {
    parse_header(bytes, id, segment).unwrap_or(Header::Damaged)
}

fn parse_header(bytes: &[u8], id: Uuid, segment: u32) -> Option<Header> {
    let expected = crc32fast::hash(bytes.get(..32)?);
    let mut input = bytes;
    let magic: [u8; 8] = take(&mut input)?;
    let major = u16::from_le_bytes(take(&mut input)?);
    let _minor: [u8; 2] = take(&mut input)?;
    let number = u32::from_le_bytes(take(&mut input)?);
    let journal = Uuid::from_bytes(take(&mut input)?);
    let checksum = u32::from_le_bytes(take(&mut input)?);
    if magic != MAGIC || checksum != expected {
        return None;
    }
    Some(if major != MAJOR {
        Header::UnknownMajor(major)
    } else if journal != id {
        Header::OtherJournal(journal)
    } else if number != segment {
        Header::Damaged
    } else {
        Header::Good
    })
}

/// What the checksums of a segment's frames start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u32);

impl Seed {
    pub(super) fn of(id: Uuid, segment: u32) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(id.as_bytes());
        hasher.update(&segment.to_le_bytes());
        Self(hasher.finalize())
    }

    /// CRCs that start from different values differ for equal data, so the
    /// same bytes are valid at one offset only.
    fn checksum(self, offset: u32, length_and_payload: &[u8]) -> [u8; 4] {
        let mut hasher = Hasher::new_with_initial(self.0 ^ offset);
        hasher.update(length_and_payload);
        hasher.finalize().to_le_bytes()
    }
}

/// One record as it goes to the file.
pub(super) struct Frame([u8; FRAME_BYTES]);

impl Frame {
    /// Encodes all but the checksum, for which the offset must be known.
    pub(super) fn of(record: &UsageRecord) -> Self {
        let mut bytes = [0; FRAME_BYTES];
        bytes[4..6].copy_from_slice(&(RECORD_BYTES as u16).to_le_bytes());
        bytes[6..].copy_from_slice(&record.encode());
        Self(bytes)
    }

    /// The frame's bytes for this offset of the segment that `seed` is of.
    pub(super) fn at(&mut self, seed: Seed, offset: u32) -> &[u8] {
        let checksum = seed.checksum(offset, &self.0[4..]);
        self.0[..4].copy_from_slice(&checksum);
        &self.0
    }
}

/// Reads the frame at the front of `bytes`, which stand at `offset`, and
/// answers the record and the frame's length. `None` if it isn't a valid one.
pub(super) fn decode_frame(bytes: &[u8], seed: Seed, offset: u32) -> Option<(UsageRecord, usize)> {
    let length = frame_length(bytes)?;
    let (checksum, rest) = bytes.get(..length)?.split_first_chunk::<4>()?;
    if *checksum != seed.checksum(offset, rest) {
        return None;
    }
    let record = UsageRecord::decode(bytes.get(FRAME_HEAD_BYTES..length)?)?;
    Some((record, length))
}

/// Whether `bytes`, the end of a file, are the beginning of a frame whose
/// writing was interrupted, rather than a damaged one.
pub(super) fn is_cut_short(bytes: &[u8]) -> bool {
    bytes.len() < FRAME_HEAD_BYTES || frame_length(bytes).is_some_and(|length| bytes.len() < length)
}

/// Length of the frame that begins here, if that is a length a frame can have.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let [_, _, _, _, low, high] = *bytes.first_chunk::<FRAME_HEAD_BYTES>()?;
    let payload = usize::from(u16::from_le_bytes([low, high]));
    (FIRST_RECORD_BYTES..=MAX_RECORD_BYTES).contains(&payload).then_some(FRAME_HEAD_BYTES + payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{
        ModelName,
        record::{SECOND_RECORD_BYTES, THIRD_RECORD_BYTES},
    };

    fn record() -> UsageRecord {
        UsageRecord {
            at_ms: 1,
            api_key: Uuid::from_u128(2),
            project: Uuid::from_u128(3),
            requests: 1,
            input_tokens: 4,
            output_tokens: 5,
            sent: true,
            cost_nanos: Some(6),
            model: ModelName::of("openai", "gpt-4o"),
            let_through_ms: 7,
            reserved_nanos: -8,
            ..UsageRecord::default()
        }
    }

    /// A frame with `extra` payload bytes behind the fields of this version.
    fn longer_frame(extra: usize, seed: Seed, offset: u32) -> Vec<u8> {
        let length = (RECORD_BYTES + extra) as u16;
        let mut rest = length.to_le_bytes().to_vec();
        rest.extend(record().encode());
        rest.extend(std::iter::repeat_n(7, extra));
        let mut frame = seed.checksum(offset, &rest).to_vec();
        frame.extend(rest);
        frame
    }

    #[test]
    fn what_a_newer_minor_version_adds_behind_the_fields_is_skipped() {
        let seed = Seed::of(Uuid::from_u128(1), 1);
        for extra in [0, 1, MAX_RECORD_BYTES - RECORD_BYTES] {
            let frame = longer_frame(extra, seed, 40);
            assert_eq!(decode_frame(&frame, seed, 40), Some((record(), frame.len())));
        }
        let too_long = longer_frame(MAX_RECORD_BYTES - RECORD_BYTES + 1, seed, 40);
        assert_eq!(decode_frame(&too_long, seed, 40), None);
    }

    /// A record's frame as an older program wrote it, which knew so many bytes.
    fn older_frame(record: &UsageRecord, length: usize, seed: Seed, offset: u32) -> Vec<u8> {
        let mut rest = (length as u16).to_le_bytes().to_vec();
        rest.extend(&record.encode()[..length]);
        let mut frame = seed.checksum(offset, &rest).to_vec();
        frame.extend(rest);
        frame
    }

    #[test]
    fn records_of_earlier_minor_versions_are_read_without_what_came_later() {
        let seed = Seed::of(Uuid::from_u128(1), 1);
        let third = UsageRecord { cached: true, ..record() };
        let newest = UsageRecord { resource: Some(Uuid::from_u128(9)), batch_calls: 10, ..third };
        let second = UsageRecord { let_through_ms: 0, reserved_nanos: 0, ..record() };
        let first = UsageRecord { cost_nanos: None, model: ModelName::default(), ..second };
        for (bytes, expected) in [
            (FIRST_RECORD_BYTES, first),
            (SECOND_RECORD_BYTES, second),
            (THIRD_RECORD_BYTES, third),
            (RECORD_BYTES, newest),
        ] {
            let frame = older_frame(&newest, bytes, seed, 40);
            assert_eq!(decode_frame(&frame, seed, 40), Some((expected, frame.len())));
        }
        assert_eq!(first.model.parts(), None);
    }

    #[test]
    fn a_name_of_a_model_that_is_too_long_is_cut_at_a_letter() {
        let name = ModelName::of("openai_compatible", &"é".repeat(200));
        let (provider, model) = name.parts().unwrap();
        assert_eq!((provider, model.chars().count()), ("openai_compatible", 55));
        assert_eq!(ModelName::of("together", "meta/llama").parts(), Some(("together", "meta/llama")));
    }

    #[test]
    fn a_frame_is_valid_only_where_it_was_written() {
        let seed = Seed::of(Uuid::from_u128(1), 1);
        let frame = longer_frame(0, seed, 40);
        for offset in (0..500).filter(|&offset| offset != 40) {
            assert_eq!(decode_frame(&frame, seed, offset), None);
        }
        for other in [Seed::of(Uuid::from_u128(1), 2), Seed::of(Uuid::from_u128(2), 1)] {
            assert_eq!(decode_frame(&frame, other, 40), None);
        }
    }
}
