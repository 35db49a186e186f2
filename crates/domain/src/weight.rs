//! In which order equals are asked: a draw by weight, so that of many calls
//! each of them gets its share.

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// How large a share of the calls one of several equals gets: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(u16);

impl Weight {
    /// The largest.
    pub const MAX: u16 = 1000;

    /// Reads the field `param`.
    pub fn parse(param: &str, number: i64) -> Result<Self, Invalid> {
        match u16::try_from(number) {
            Ok(weight @ 1..=Self::MAX) => Ok(Self(weight)),
            _ => Err(Invalid::new(param, format!("{param} is {number}: it must be 1 to {}.", Self::MAX))),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

/// Puts `items` in the order to be asked: by rank, the lowest first, and equals
/// as they are drawn, each as likely to come next as its share of the weights
/// that are left. `draw(n)` answers a number below `n`.
pub fn order<T, R: Ord>(
    items: &mut [T],
    rank: impl Fn(&T) -> R,
    weight: impl Fn(&T) -> Weight,
    mut draw: impl FnMut(u64) -> u64,
) {
    items.sort_by_key(&rank);
    for equals in items.chunk_by_mut(|a, b| rank(a) == rank(b)) {
        let mut left: &mut [T] = equals;
        while left.len() > 1 {
            let total: u64 = left.iter().map(|item| u64::from(weight(item).get())).sum();
            let mut drawn = draw(total);
            let chosen = left.iter().position(|item| {
                let share = u64::from(weight(item).get());
                let is_chosen = drawn < share;
                drawn = drawn.saturating_sub(share);
                is_chosen
            });
            left.swap(0, chosen.unwrap_or_default());
            left = left.split_at_mut(1).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_weight_is_1_to_1000() {
        for (number, is_weight) in [(-1, false), (0, false), (1, true), (1000, true), (1001, false), (65_537, false)] {
            assert_eq!(Weight::parse("weight", number).is_ok(), is_weight, "{number}");
        }
    }

    #[test]
    fn each_equal_comes_first_as_often_as_its_weight_says() {
        let mut first = [0; 3];
        for drawn in 0..6 {
            let mut items = [(0, 1), (1, 2), (2, 3)];
            let mut draws = std::iter::once(drawn).chain(std::iter::repeat(0));
            order(&mut items, |_| 0, |item| Weight(item.1), |below| draws.next().unwrap().min(below - 1));
            first[items[0].0] += 1;
        }
        assert_eq!(first, [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn every_item_stays_and_ranks_come_in_their_order(
            items in prop::collection::vec((0..4_i32, 1..=1000_u16), 0..9),
            draws in prop::collection::vec(any::<u64>(), 9),
        ) {
            let mut ordered = items.clone();
            let mut draws = draws.into_iter().cycle();
            order(&mut ordered, |item| item.0, |item| Weight(item.1), |below| draws.next().unwrap() % below);
            prop_assert!(ordered.is_sorted_by_key(|item| item.0));
            let (mut before, mut after) = (items, ordered);
            before.sort_unstable();
            after.sort_unstable();
            prop_assert_eq!(before, after);
        }
    }
}
