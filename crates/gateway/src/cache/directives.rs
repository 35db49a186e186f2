//! `Cache-Control`, of callers and of providers (RFC 9111, 5.2), as far as it
//! means something here. What can't be read counts as the most careful thing
//! that it could mean.

use http::{HeaderMap, header};

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Directives {
    /// Neither keep it nor give what is kept.
    pub(super) no_store: bool,
    /// Of a caller: don't give what is kept.
    pub(super) no_cache: bool,
    /// Of a caller: don't ask the provider.
    pub(super) only_if_cached: bool,
    /// Of a provider: for this one caller.
    pub(super) private: bool,
    /// Of a caller: no older than so many seconds. Of a provider: good for so long.
    pub(super) max_age: Option<u64>,
    /// Of a provider: the same, for caches that several use.
    shared_max_age: Option<u64>,
    /// Of a caller: good for so many seconds more.
    pub(super) min_fresh: Option<u64>,
}

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut all = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            match value.to_str() {
                Ok(text) => split(text, |name, argument| all.take(name, argument)),
                Err(_) => all.no_store = true,
            }
        }
        all
    }

    /// For how many seconds a provider's answer may be given again, if it says.
    pub(super) fn lifetime(&self) -> Option<u64> {
        self.shared_max_age.or(self.max_age)
    }

    fn take(&mut self, name: &str, argument: Option<&str>) {
        let shorter = |known: Option<u64>| Some(seconds(argument).min(known.unwrap_or(u64::MAX)));
        match name {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "only-if-cached" => self.only_if_cached = true,
            "private" => self.private = true,
            "max-age" => self.max_age = shorter(self.max_age),
            "s-maxage" => self.shared_max_age = shorter(self.shared_max_age),
            "min-fresh" => {
                let asked = argument.map_or(u64::MAX, |text| text.parse().unwrap_or(u64::MAX));
                self.min_fresh = self.min_fresh.max(Some(asked));
            }
            _ => {}
        }
    }
}

/// A number of seconds; none that can be read is none at all, and one that is
/// too long for a number is as long as can be.
fn seconds(argument: Option<&str>) -> u64 {
    let Some(text) = argument.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())) else {
        return 0;
    };
    text.parse().unwrap_or(u64::MAX)
}

/// Each directive in small letters, and what stands behind its `=`. A comma
/// within quotes parts nothing.
fn split(text: &str, mut take: impl FnMut(&str, Option<&str>)) {
    let mut quoted = false;
    let parts = text.split(|letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    });
    for part in parts {
        let (name, argument) = match part.split_once('=') {
            Some((name, argument)) => (name, Some(argument.trim().trim_matches('"'))),
            None => (part, None),
        };
        take(&name.trim().to_ascii_lowercase(), argument);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lines: &[&'static str]) -> Directives {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        Directives::of(&headers)
    }

    #[test]
    fn directives_are_read_in_any_letters_and_on_any_line() {
        let none = Directives::default();
        assert_eq!(of(&[]), none);
        assert_eq!(of(&["", "stale-if-error=5, no-transform"]), none);
        assert_eq!(of(&["No-Store"]), Directives { no_store: true, ..none });
        let expected = Directives { no_cache: true, only_if_cached: true, max_age: Some(5), ..none };
        assert_eq!(of(&["no-cache , max-age=\"5\"", "ONLY-IF-CACHED"]), expected);
        assert_eq!(of(&["private=\"a, no-store\", x"]), Directives { private: true, ..none });
        assert_eq!(of(&["min-fresh=7"]).min_fresh, Some(7));
    }

    #[test]
    fn what_cannot_be_read_means_the_most_careful_thing() {
        for (line, age) in [
            ("max-age", 0),
            ("max-age=", 0),
            ("max-age=-1", 0),
            ("max-age=1.5", 0),
            ("max-age=99999999999999999999999", u64::MAX),
            ("max-age=9, max-age=3", 3),
        ] {
            assert_eq!(of(&[line]).max_age, Some(age), "{line}");
        }
        assert_eq!(of(&["min-fresh=x"]).min_fresh, Some(u64::MAX));
        assert!(of(&["no-\u{e9}"]).no_store);
    }

    #[test]
    fn a_provider_speaks_to_shared_caches_first() {
        assert_eq!(of(&["max-age=60, s-maxage=5"]).lifetime(), Some(5));
        assert_eq!(of(&["max-age=60"]).lifetime(), Some(60));
        assert_eq!(of(&["no-cache"]).lifetime(), None);
    }
}
