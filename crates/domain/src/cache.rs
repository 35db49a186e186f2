//! The response cache of a project: whether its calls may be answered with what
//! the same call was answered before, and for how long. It is off unless somebody
//! decides otherwise.

use std::time::Duration;

use serde::Serialize;

use crate::Invalid;

/// The shortest time that an answer may be kept, in seconds.
pub const MIN_TTL_SECONDS: i64 = 1;
/// The longest, in seconds: 30 days.
pub const MAX_TTL_SECONDS: i64 = 30 * 24 * 3600;
/// How long answers are kept unless somebody decides, in seconds: an hour.
pub const DEFAULT_TTL_SECONDS: u32 = 3600;

/// What is decided about a project's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProjectCache {
    /// Whether answers are kept and given again.
    pub enabled: bool,
    /// For how long, in seconds.
    pub ttl_seconds: u32,
    /// Counts how often the cache was emptied: an answer that was kept under
    /// another number is given to nobody.
    #[serde(skip)]
    pub generation: i64,
    /// Counts its changes, for `If-Match`; 1 where nobody decided yet.
    #[serde(skip)]
    pub version: i64,
}

impl Default for ProjectCache {
    fn default() -> Self {
        Self { enabled: false, ttl_seconds: DEFAULT_TTL_SECONDS, generation: 0, version: 1 }
    }
}

/// An edit: `None` leaves a field as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CachePatch {
    /// Switches it on or off.
    pub enabled: Option<bool>,
    /// Another time, read by [`ProjectCache::parse_ttl`].
    pub ttl_seconds: Option<u32>,
}

impl ProjectCache {
    /// Reads `param`: 1 second to 30 days.
    pub fn parse_ttl(param: &str, seconds: i64) -> Result<u32, Invalid> {
        u32::try_from(seconds).ok().filter(|_| (MIN_TTL_SECONDS..=MAX_TTL_SECONDS).contains(&seconds)).ok_or_else(
            || {
                Invalid::new(
                    param,
                    format!("{param} must be {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} seconds (30 days)."),
                )
            },
        )
    }

    /// For how long an answer is kept.
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl_seconds.into())
    }

    /// After the edit. Switching it off empties it: what was kept isn't there
    /// again when it is switched on.
    #[must_use]
    pub fn edited(self, patch: CachePatch) -> Self {
        let (enabled, ttl_seconds) =
            (patch.enabled.unwrap_or(self.enabled), patch.ttl_seconds.unwrap_or(self.ttl_seconds));
        let after = Self { enabled, ttl_seconds, ..self };
        if after == self {
            return self;
        }
        let after = Self { version: self.version + 1, ..after };
        if self.enabled && !enabled { after.emptied() } else { after }
    }

    /// With nothing in it.
    #[must_use]
    pub const fn emptied(self) -> Self {
        Self { generation: self.generation + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_second_to_thirty_days() {
        assert_eq!(ProjectCache::parse_ttl("ttl_seconds", 1), Ok(1));
        assert_eq!(ProjectCache::parse_ttl("ttl_seconds", 2_592_000), Ok(2_592_000));
        for wrong in [0, -1, 2_592_001, i64::MAX, i64::MIN] {
            assert_eq!(ProjectCache::parse_ttl("ttl_seconds", wrong).unwrap_err().param, "ttl_seconds");
        }
    }

    #[test]
    fn switching_it_off_empties_it_and_switching_it_on_does_not() {
        let (on, off) = (
            CachePatch { enabled: Some(true), ..CachePatch::default() },
            CachePatch { enabled: Some(false), ..CachePatch::default() },
        );
        let fresh = ProjectCache::default();
        assert_eq!(fresh.edited(off), fresh, "nothing changes, nothing is counted");
        let kept = fresh.edited(on);
        assert_eq!((kept.enabled, kept.generation, kept.version), (true, 0, 2));
        let longer = kept.edited(CachePatch { ttl_seconds: Some(60), ..CachePatch::default() });
        assert_eq!((longer.ttl_seconds, longer.generation, longer.version), (60, 0, 3));
        let emptied = longer.edited(off);
        assert_eq!((emptied.enabled, emptied.generation, emptied.version), (false, 1, 4));
        assert_eq!(emptied.emptied().generation, 2);
    }
}
