//! Moments: Unix seconds out; Unix seconds or RFC 3339 in.

use keyward_domain::{Invalid, Timestamp};
use serde::Deserialize;

/// A moment as requests may write it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Moment {
    /// Unix seconds.
    Seconds(i64),
    /// RFC 3339, such as `2027-01-31T12:00:00Z`.
    Text(String),
}

impl Moment {
    /// Takes a moment from a query.
    pub fn from_text(text: String) -> Self {
        text.parse().map_or(Self::Text(text), Self::Seconds)
    }

    /// Reads the field `param`.
    pub fn read(&self, param: &str) -> Result<Timestamp, Invalid> {
        let read = match self {
            Self::Seconds(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Text(text) => text.parse().ok(),
        };
        read.ok_or_else(|| {
            Invalid::new(
                param,
                format!("{param} is not a time: give Unix seconds, or RFC 3339 such as 2027-01-31T12:00:00Z."),
            )
        })
    }
}
