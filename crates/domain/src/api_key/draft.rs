//! Reading what somebody wants a new key to be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{ApiKey, Creator, KeyAccess, MAX_LIFETIME};
use crate::{
    Invalid, Name,
    id::{ApiKeyId, OrganizationId, ProjectId},
    name::free_text,
    secret::{KeySecret, Pepper},
};

/// A key that isn't made yet: every field read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDraft {
    /// What it is for.
    pub name: Name,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// How many calls it may make in its life.
    pub max_requests: Option<u64>,
    /// What it may do, and from where.
    pub access: KeyAccess,
    /// A label such as `production`.
    pub environment: Option<String>,
    /// Free pairs of text.
    pub metadata: BTreeMap<String, String>,
}

impl KeyDraft {
    /// The key with its first secret.
    pub fn into_key(
        self,
        id: ApiKeyId,
        place: (OrganizationId, ProjectId),
        creator: Creator,
        secret: &KeySecret,
        pepper: &Pepper,
        now: Timestamp,
    ) -> ApiKey {
        ApiKey {
            id,
            organization: place.0,
            project: place.1,
            name: self.name,
            digest: secret.digest(pepper),
            last_four: secret.last_four(),
            previous: None,
            disabled: false,
            revoked_at: None,
            created_by: creator,
            service_account: None,
            created_at: now,
            updated_at: now,
            expires_at: self.expires_at,
            max_requests: self.max_requests,
            access: self.access,
            environment: self.environment,
            metadata: self.metadata,
            version: 1,
        }
    }
}

/// Reads `expires_at`: a moment in the future, at most ten years away.
pub fn parse_expiry(moment: Timestamp, now: Timestamp) -> Result<Timestamp, Invalid> {
    if moment <= now {
        return Err(Invalid::new("expires_at", format!("expires_at is in the past: it is {now} now.")));
    }
    if moment.duration_since(now) > MAX_LIFETIME {
        return Err(Invalid::new(
            "expires_at",
            "expires_at is more than ten years away: choose an earlier moment, or null for a key that doesn't expire.",
        ));
    }
    Ok(moment)
}

/// Reads `expires_in_seconds`: 1 second to ten years.
pub fn expiry_after(seconds: i64, now: Timestamp) -> Result<Timestamp, Invalid> {
    let most = MAX_LIFETIME.as_secs();
    if !(1..=most).contains(&seconds) {
        return Err(Invalid::new("expires_in_seconds", format!("expires_in_seconds must be 1 to {most} (ten years).")));
    }
    now.checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| Invalid::new("expires_in_seconds", "expires_in_seconds leads beyond the calendar."))
}

/// Reads `max_requests`: 1 to 10^15.
pub fn parse_max_requests(count: i64) -> Result<u64, Invalid> {
    u64::try_from(count)
        .ok()
        .filter(|count| (1..=1_000_000_000_000_000).contains(count))
        .ok_or_else(|| Invalid::new("max_requests", "max_requests must be 1 to 10^15, or null for no cap."))
}

/// Reads `environment`: a label of at most 64 characters; empty means none.
pub fn parse_environment(text: &str) -> Result<Option<String>, Invalid> {
    let text = text.trim();
    free_text("environment", text, 64)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Reads `metadata`: up to 16 pairs, names to 64 and values to 512 characters.
pub fn parse_metadata(pairs: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
    if pairs.len() > 16 {
        return Err(Invalid::new(
            "metadata",
            format!("metadata has {} entries: at most 16 are possible.", pairs.len()),
        ));
    }
    for (key, value) in &pairs {
        let shown: String = key.chars().take(64).collect();
        free_text("metadata", key, 64)?;
        free_text(&format!("metadata.{shown}"), value, 512)?;
        if key.trim().is_empty() {
            return Err(Invalid::new("metadata", "metadata has an entry without a name."));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_are_one_second_to_ten_years() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(expiry_after(1, now).unwrap().as_second(), 1_800_000_001);
        assert!(expiry_after(MAX_LIFETIME.as_secs(), now).is_ok());
        for wrong in [0, -1, MAX_LIFETIME.as_secs() + 1, i64::MAX, i64::MIN] {
            assert!(expiry_after(wrong, now).is_err(), "{wrong}");
        }
        assert!(parse_expiry(now, now).is_err());
        assert!(parse_expiry(Timestamp::MAX, now).is_err());
    }
}
