//! A place in the journal, in the form in which the database keeps it. It
//! says nothing about whether a record begins there.

use std::fmt;

/// Highest segment number, so that a position fits a signed 64-bit column and
/// sorts there as it does here.
pub(super) const MAX_SEGMENT: u32 = i32::MAX as u32;

/// A place in the journal: a segment and a byte offset in it. Positions sort
/// in the order of appending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    segment: u32,
    offset: u32,
}

impl Position {
    /// Where the first journal record of all begins: the position of a
    /// database that has applied nothing yet.
    pub const START: Self = Self::start_of(1);

    /// Byte `offset` of segment number `segment` (the first segment is 1).
    pub const fn new(segment: u32, offset: u32) -> Self {
        Self { segment, offset }
    }

    /// The first byte of a segment, which is its header.
    pub(super) const fn start_of(segment: u32) -> Self {
        Self::new(segment, 0)
    }

    /// Number of the segment; the first one is 1.
    pub const fn segment(self) -> u32 {
        self.segment
    }

    /// Bytes from the beginning of the segment's file.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// The position as one database column; keeps the order.
    pub const fn to_i64(self) -> i64 {
        self.to_bits().cast_signed()
    }

    /// The position that [`Position::to_i64`] made `value` from.
    pub const fn from_i64(value: i64) -> Self {
        Self::from_bits(value.cast_unsigned())
    }

    pub(super) const fn to_bits(self) -> u64 {
        ((self.segment as u64) << 32) | self.offset as u64
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self::new((bits >> 32) as u32, bits as u32)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}
