//! Money, in whole numbers. A price of a token is far below a cent, so prices
//! are kept in picodollars (a millionth of a millionth of a dollar) and costs in
//! nanodollars; people and programs read decimal dollars. Nothing here is ever
//! a floating-point number.

use crate::Invalid;

/// Nanodollars as decimal dollars, with at least two places: `0.00`, `1.50`,
/// `0.000123456`.
pub fn dollars(nanos: i64) -> String {
    decimal(u128::from(nanos.unsigned_abs()), 9, nanos < 0)
}

/// Picodollars for one token as decimal dollars for a million of them.
pub fn dollars_per_million(picos: u64) -> String {
    decimal(u128::from(picos), 6, false)
}

/// Picodollars as decimal dollars.
pub fn dollars_of_picos(picos: u64) -> String {
    decimal(u128::from(picos), 12, false)
}

fn decimal(value: u128, places: u32, negative: bool) -> String {
    let unit = 10_u128.pow(places);
    let width = places as usize;
    let mut fraction = format!("{:0width$}", value % unit);
    let kept = fraction.trim_end_matches('0').len().max(2);
    fraction.truncate(kept);
    format!("{}{}.{fraction}", if negative { "-" } else { "" }, value / unit)
}

/// Reads dollars for a million tokens from the field `param`: at most `most`
/// dollars, with at most six places, as picodollars for one token.
pub fn parse_per_million(param: &str, text: &str, most: u64) -> Result<u64, Invalid> {
    parse(param, text, 6, most)
}

/// Reads dollars from the field `param`: at most `most` dollars, with at most
/// nine places, as picodollars.
pub fn parse_dollars(param: &str, text: &str, most: u64) -> Result<u64, Invalid> {
    Ok(parse(param, text, 9, most)? * 1000)
}

/// Reads dollars from the field `param`: at most `most` dollars (nine billion at
/// the most), with at most nine places, as nanodollars.
pub fn parse_nanos(param: &str, text: &str, most: u64) -> Result<i64, Invalid> {
    Ok(i64::try_from(parse(param, text, 9, most)?).unwrap_or(i64::MAX))
}

/// Decimal dollars in units of ten to the minus `places`.
fn parse(param: &str, text: &str, places: usize, most: u64) -> Result<u64, Invalid> {
    let invalid = || {
        Invalid::new(
            param,
            format!(
                "{param} is a text of decimal dollars from 0 to {most} with at most {places} places, such as \"2.50\"."
            ),
        )
    };
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = !whole.is_empty() && whole.len() <= 10 && digits(whole) && digits(fraction);
    if !is_plain || fraction.len() > places || text.ends_with('.') {
        return Err(invalid());
    }
    let unit = 10_u64.pow(places as u32);
    let whole: u64 = whole.parse().map_err(|_| invalid())?;
    let fraction: u64 = format!("{fraction:0<places$}").parse().map_err(|_| invalid())?;
    let value = u128::from(whole) * u128::from(unit) + u128::from(fraction);
    if value > u128::from(most) * u128::from(unit) {
        return Err(invalid());
    }
    u64::try_from(value).map_err(|_| invalid())
}

/// Picodollars as nanodollars, half a nanodollar up, and no more than `most`.
pub(crate) fn nanos(picos: u128, most: i64) -> i64 {
    let nanos = picos.saturating_add(500) / 1000;
    i64::try_from(nanos).unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn costs_are_written_in_decimal_dollars() {
        for (nanos, text) in [
            (0, "0.00"),
            (1, "0.000000001"),
            (1_500_000_000, "1.50"),
            (-2_000_000_010, "-2.00000001"),
            (i64::MAX, "9223372036.854775807"),
        ] {
            assert_eq!(dollars(nanos), text);
        }
        assert_eq!(dollars_per_million(2_500_000), "2.50");
        assert_eq!(dollars_of_picos(5_000), "0.000000005");
    }

    #[test]
    fn prices_are_read_from_decimal_dollars_and_nothing_else() {
        assert_eq!(parse_per_million("input", "2.50", 100).unwrap(), 2_500_000);
        assert_eq!(parse_per_million("input", "0.000001", 100).unwrap(), 1);
        assert_eq!(parse_dollars("request", "0.01", 100).unwrap(), 10_000_000_000);
        assert_eq!(parse_per_million("input", "100", 100).unwrap(), 100_000_000);
        assert_eq!(parse_nanos("amount", "1000000000.00", 1_000_000_000).unwrap(), 1_000_000_000_000_000_000);
        for wrong in ["", "-1", "1e3", ".5", "1.", "1,5", "0.0000001", "100.000001", "NaN", "1.2.3", "+1", "$1"] {
            let error = parse_per_million("input", wrong, 100).unwrap_err();
            assert_eq!(error.param, "input", "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(picos in 0_u64..=100_000_000_000) {
            prop_assert_eq!(parse_per_million("p", &dollars_per_million(picos), 1_000_000).unwrap(), picos);
        }
    }
}
