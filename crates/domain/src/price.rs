//! What a call costs: prices in picodollars for one token, applied to what the
//! call used. Whole numbers only, rounded once for each call; where prices come
//! from is decided elsewhere.

use crate::money::nanos;

/// The most that one call is taken to cost, in nanodollars (ten thousand
/// dollars): a provider's nonsense doesn't fill a sum.
pub const MAX_COST_NANOS: i64 = 10_000_000_000_000;

/// The most that a batch of calls is taken to cost, in nanodollars (a million
/// dollars).
pub const MAX_BATCH_COST_NANOS: i64 = 1_000_000_000_000_000;

/// What a call used, in tokens. Parts never exceed the whole that they are of:
/// what a provider says beyond that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metered {
    /// All of the input.
    pub input: u64,
    /// Of the input: read from the provider's cache.
    pub cached: u64,
    /// Of the input: written to the provider's cache.
    pub cache_write: u64,
    /// Of what was written to the cache: kept for an hour instead of minutes.
    pub cache_write_hour: u64,
    /// Of the input: audio.
    pub input_audio: u64,
    /// All of the output.
    pub output: u64,
    /// Of the output: reasoning.
    pub reasoning: u64,
    /// Of the output: audio.
    pub output_audio: u64,
}

/// Prices of one model, in picodollars for one token (dollars for a million
/// tokens, times a million) and for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Input that is nothing else.
    pub input: u64,
    /// Input read from the provider's cache.
    pub cached: u64,
    /// Input written to the provider's cache.
    pub cache_write: u64,
    /// The same, kept for an hour.
    pub cache_write_hour: u64,
    /// Input that is audio.
    pub input_audio: u64,
    /// Output that is nothing else.
    pub output: u64,
    /// Output that is reasoning.
    pub reasoning: u64,
    /// Output that is audio.
    pub output_audio: u64,
    /// Each call.
    pub request: u64,
}

impl Rates {
    /// What a call costs, in nanodollars; half a nanodollar counts as one.
    pub fn cost(&self, used: &Metered) -> i64 {
        nanos(self.picos(used, 1), MAX_COST_NANOS)
    }

    /// What a batch of so many calls costs together, in nanodollars, rounded once.
    pub fn cost_of_batch(&self, used: &Metered, calls: u32) -> i64 {
        nanos(self.picos(used, calls.into()), MAX_BATCH_COST_NANOS)
    }

    fn picos(&self, used: &Metered, calls: u64) -> u128 {
        let mut input = used.input;
        let mut of_input = |part: u64| take(&mut input, part);
        let (cached, written) = (of_input(used.cached), of_input(used.cache_write));
        let input_audio = of_input(used.input_audio);
        let hour = used.cache_write_hour.min(written);
        let mut output = used.output;
        let mut of_output = |part: u64| take(&mut output, part);
        let (reasoning, output_audio) = (of_output(used.reasoning), of_output(used.output_audio));
        [
            (input, self.input),
            (cached, self.cached),
            (written - hour, self.cache_write),
            (hour, self.cache_write_hour),
            (input_audio, self.input_audio),
            (output, self.output),
            (reasoning, self.reasoning),
            (output_audio, self.output_audio),
            (calls, self.request),
        ]
        .into_iter()
        .fold(0_u128, |sum, (count, rate)| sum.saturating_add(u128::from(count) * u128::from(rate)))
    }

    /// Half of each, rounded up.
    #[must_use]
    pub const fn halved(&self) -> Self {
        Self {
            input: self.input.div_ceil(2),
            cached: self.cached.div_ceil(2),
            cache_write: self.cache_write.div_ceil(2),
            cache_write_hour: self.cache_write_hour.div_ceil(2),
            input_audio: self.input_audio.div_ceil(2),
            output: self.output.div_ceil(2),
            reasoning: self.reasoning.div_ceil(2),
            output_audio: self.output_audio.div_ceil(2),
            request: self.request.div_ceil(2),
        }
    }

    /// The dearer of each.
    #[must_use]
    pub fn or_dearer(&self, other: &Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cached: self.cached.max(other.cached),
            cache_write: self.cache_write.max(other.cache_write),
            cache_write_hour: self.cache_write_hour.max(other.cache_write_hour),
            input_audio: self.input_audio.max(other.input_audio),
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
            output_audio: self.output_audio.max(other.output_audio),
            request: self.request.max(other.request),
        }
    }

    /// The most that a call can cost, in nanodollars, of whatever sort its tokens
    /// are: `None` where it depends on a count that nobody knows.
    pub fn ceiling(&self, input: Option<u64>, output: Option<u64>) -> Option<i64> {
        let dearest_input =
            [self.input, self.cached, self.cache_write, self.cache_write_hour, self.input_audio].into_iter().max();
        let dearest_output = [self.output, self.reasoning, self.output_audio].into_iter().max();
        let part = |rate: Option<u64>, count: Option<u64>| match rate.unwrap_or(0) {
            0 => Some(0),
            rate => count.map(|count| u128::from(count) * u128::from(rate)),
        };
        let picos = part(dearest_input, input)?.saturating_add(part(dearest_output, output)?);
        Some(nanos(picos.saturating_add(u128::from(self.request)), MAX_COST_NANOS))
    }
}

/// Takes up to `part` of what is left of a whole.
fn take(left: &mut u64, part: u64) -> u64 {
    let taken = part.min(*left);
    *left -= taken;
    taken
}

/// Prices that may be others for long inputs. All of a call is charged at the
/// prices that its input leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tariff {
    base: Rates,
    /// Rising: above that many input tokens, these prices.
    above: Vec<(u64, Rates)>,
}

impl Tariff {
    /// A tariff; `above` is in rising order.
    pub const fn new(base: Rates, above: Vec<(u64, Rates)>) -> Self {
        Self { base, above }
    }

    /// The same prices for inputs of any length.
    pub const fn flat(rates: Rates) -> Self {
        Self::new(rates, Vec::new())
    }

    /// The prices for a call with that much input.
    pub fn rates(&self, input: u64) -> &Rates {
        self.above.iter().rev().find(|(above, _)| input > *above).map_or(&self.base, |(_, rates)| rates)
    }

    /// The dearest prices for calls with that much input or less.
    pub fn dearest_up_to(&self, input: u64) -> Rates {
        let reached = self.above.iter().filter(|(above, _)| input > *above);
        reached.fold(self.base, |dearest, (_, rates)| dearest.or_dearer(rates))
    }

    /// What a call costs, in nanodollars.
    pub fn cost(&self, used: &Metered) -> i64 {
        self.rates(used.input).cost(used)
    }

    /// What a batch of so many calls costs together, in nanodollars. Which of its
    /// inputs were long nobody tells: they are taken to be of equal length.
    pub fn cost_of_batch(&self, used: &Metered, calls: u32) -> i64 {
        self.rates(used.input / u64::from(calls.max(1))).cost_of_batch(used, calls)
    }

    /// The same at half of the prices.
    #[must_use]
    pub fn halved(&self) -> Self {
        let above = self.above.iter().map(|(length, rates)| (*length, rates.halved()));
        Self { base: self.base.halved(), above: above.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2.50 and 10.00 dollars for a million, half of that for what is cached.
    const RATES: Rates = Rates {
        input: 2_500_000,
        cached: 1_250_000,
        cache_write: 3_125_000,
        cache_write_hour: 5_000_000,
        input_audio: 40_000_000,
        output: 10_000_000,
        reasoning: 10_000_000,
        output_audio: 80_000_000,
        request: 0,
    };

    #[test]
    fn each_part_is_charged_at_its_own_price_and_once() {
        let used = Metered { input: 1_000, output: 100, ..Metered::default() };
        assert_eq!(RATES.cost(&used), 3_500_000);
        assert_eq!(RATES.cost(&Metered { cached: 600, ..used }), 2_750_000);
        assert_eq!(RATES.cost(&Metered { cache_write: 400, cache_write_hour: 100, ..used }), 3_937_500);
        assert_eq!(RATES.cost(&Metered { input_audio: 10, output_audio: 10, ..used }), 3_500_000 + 375_000 + 700_000);
        assert_eq!(RATES.cost(&Metered { reasoning: 90, ..used }), 3_500_000);
        assert_eq!(RATES.cost(&Metered::default()), 0, "zero usage is zero");
    }

    #[test]
    fn a_call_is_rounded_once_to_the_nearest_nanodollar() {
        let rates = Rates { input: 37_500, request: 200, ..Rates::default() };
        let cost = |input| rates.cost(&Metered { input, ..Metered::default() });
        assert_eq!([cost(0), cost(1), cost(2), cost(1_000_000)], [0, 38, 75, 37_500_000]);
        let half = Rates { input: 500, ..Rates::default() };
        assert_eq!(half.cost(&Metered { input: 1, ..Metered::default() }), 1);
        assert_eq!(half.cost(&Metered { input: 3, ..Metered::default() }), 2);
    }

    #[test]
    fn a_ceiling_needs_only_the_counts_that_cost_something() {
        assert_eq!(RATES.ceiling(None, Some(1)), None);
        assert_eq!(RATES.ceiling(Some(1), None), None);
        let embedding = Rates { input: 20_000, ..Rates::default() };
        assert_eq!(embedding.ceiling(Some(1_000), None), Some(20_000));
        assert_eq!(Rates::default().ceiling(None, None), Some(0));
    }

    #[test]
    fn long_inputs_lead_to_their_own_prices_for_the_whole_call() {
        let dear = Rates { input: 5_000_000, output: 15_000_000, ..RATES };
        let tariff = Tariff::new(RATES, vec![(200_000, dear)]);
        let used = |input| Metered { input, output: 10, ..Metered::default() };
        assert_eq!(tariff.cost(&used(200_000)), 500_100_000);
        assert_eq!(tariff.cost(&used(200_001)), 1_000_005_000 + 150_000);
        assert_eq!(Tariff::flat(RATES).rates(u64::MAX), &RATES);
        assert_eq!(tariff.dearest_up_to(200_000).input, 2_500_000);
        assert_eq!(tariff.dearest_up_to(200_001).input, 5_000_000);
    }

    #[test]
    fn a_batch_is_charged_by_the_length_that_its_inputs_have_on_average() {
        let dear = Rates { input: 5_000_000, ..RATES };
        let tariff = Tariff::new(Rates { request: 1_000_000_000, ..RATES }, vec![(200_000, dear)]);
        let used = Metered { input: 400_000, ..Metered::default() };
        assert_eq!(tariff.cost_of_batch(&used, 2), 1_000_000_000 + 2_000_000, "each call is charged");
        assert_eq!(tariff.cost_of_batch(&used, 1), 2_000_000_000);
        assert_eq!(tariff.cost_of_batch(&used, 0), 2_000_000_000);
        let half = Tariff::new(RATES, vec![(200_000, dear)]).halved();
        assert_eq!(half.cost_of_batch(&used, 2), 500_000_000);
        assert_eq!(half.cost_of_batch(&used, 1), 1_000_000_000);
        let nonsense = Metered { input: u64::MAX, ..Metered::default() };
        assert_eq!(tariff.cost_of_batch(&nonsense, u32::MAX), MAX_BATCH_COST_NANOS);
    }

    proptest! {
        #[test]
        fn no_nonsense_overflows_or_costs_less_than_nothing(
            used in any::<[u64; 8]>(),
            rates in any::<[u64; 9]>(),
        ) {
            let [input, cached, cache_write, cache_write_hour, input_audio, output, reasoning, output_audio] = used;
            let used = Metered {
                input, cached, cache_write, cache_write_hour, input_audio, output, reasoning, output_audio,
            };
            let rates = Rates {
                input: rates[0], cached: rates[1], cache_write: rates[2], cache_write_hour: rates[3],
                input_audio: rates[4], output: rates[5], reasoning: rates[6], output_audio: rates[7],
                request: rates[8],
            };
            prop_assert!((0..=MAX_COST_NANOS).contains(&rates.cost(&used)));
        }

        #[test]
        fn no_call_costs_more_than_its_ceiling(
            used in prop::array::uniform8(0_u64..2_000_000), rates in prop::array::uniform9(0_u64..100_000_000),
        ) {
            let [input, cached, cache_write, cache_write_hour, input_audio, output, reasoning, output_audio] = used;
            let used = Metered {
                input, cached, cache_write, cache_write_hour, input_audio, output, reasoning, output_audio,
            };
            let rates = Rates {
                input: rates[0], cached: rates[1], cache_write: rates[2], cache_write_hour: rates[3],
                input_audio: rates[4], output: rates[5], reasoning: rates[6], output_audio: rates[7],
                request: rates[8],
            };
            prop_assert!(rates.cost(&used) <= rates.ceiling(Some(input), Some(output)).unwrap());
        }

        #[test]
        fn equal_prices_charge_the_whole_however_it_is_divided(
            input in 0_u64..1_000_000, parts in any::<[u64; 4]>(), output in 0_u64..1_000_000, more in any::<[u64; 2]>(),
        ) {
            let rates = Rates {
                input: 7_000, cached: 7_000, cache_write: 7_000, cache_write_hour: 7_000, input_audio: 7_000,
                output: 9_000, reasoning: 9_000, output_audio: 9_000, request: 0,
            };
            let used = Metered {
                input, cached: parts[0], cache_write: parts[1], cache_write_hour: parts[2], input_audio: parts[3],
                output, reasoning: more[0], output_audio: more[1],
            };
            prop_assert_eq!(rates.cost(&used), i64::try_from(input * 7 + output * 9).unwrap());
        }
    }
}
