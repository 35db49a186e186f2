//! One core's generator for draws that nobody gains by foreseeing: which of
//! several equal credentials is asked first. Never for secrets.

use std::cell::Cell;

use keyward_domain::Randomness;

/// SplitMix64.
pub(crate) struct Draw(Cell<u64>);

impl Draw {
    pub(crate) fn new(randomness: &dyn Randomness) -> Self {
        let mut seed = [0; 8];
        randomness.fill(&mut seed);
        Self(Cell::new(u64::from_le_bytes(seed)))
    }

    /// A number below `most`, all as likely; 0 where there is none.
    pub(crate) fn below(&self, most: u64) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        // The upper half of the product: no modulo, and nearly no bias.
        u64::try_from((u128::from(mixed) * u128::from(most)) >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_are_drawn_about_as_often() {
        let draw = Draw(Cell::new(1));
        let mut counts = [0_u32; 4];
        for _ in 0..4000 {
            counts[usize::try_from(draw.below(4)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert_eq!(draw.below(0), 0);
    }
}
