//! Typed identifiers: a UUID version 7 behind a prefix that says what it names
//! (`proj_`, `key_`, …). Their order is the order of creation, so lists are
//! paged by id alone.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::{Clock, Randomness};

/// A text that isn't an identifier of the wanted kind. Whoever looks such a
/// thing up finds nothing: it is answered like an unknown id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct NotAnId;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a value that was read from storage.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value as it is stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Makes a new id, greater than every id made by `source` before.
            pub fn generate(source: &IdSource, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
                Self(source.next(clock, randomness))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_after(text, concat!($prefix, "_")).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

typed_id!(
    /// Names an organization.
    OrganizationId, "org"
);
typed_id!(
    /// Names a user.
    UserId, "user"
);
typed_id!(
    /// Names a project.
    ProjectId, "proj"
);
typed_id!(
    /// Names an API key of a project; stable across rotation.
    ApiKeyId, "key"
);
typed_id!(
    /// Names an admin key of an organization.
    AdminKeyId, "admkey"
);
typed_id!(
    /// Names a credential.
    CredentialId, "cred"
);
typed_id!(
    /// Names an audit event.
    AuditEventId, "audit"
);
typed_id!(
    /// Names a role.
    RoleId, "role"
);
typed_id!(
    /// Names a group of users.
    GroupId, "group"
);
typed_id!(
    /// Names an invitation.
    InvitationId, "invite"
);
typed_id!(
    /// Names a session: somebody signed in.
    SessionId, "sess"
);
typed_id!(
    /// Names a service account of a project.
    ServiceAccountId, "svc_acct"
);
typed_id!(
    /// Names a single sign-on provider of an organization.
    SsoProviderId, "sso"
);
typed_id!(
    /// Names a model alias of a project.
    ModelAliasId, "alias"
);
typed_id!(
    /// Names a rate limit of a project.
    LimitId, "limit"
);
typed_id!(
    /// Names a budget.
    BudgetId, "budget"
);
typed_id!(
    /// Names a spend alert.
    SpendAlertId, "alert"
);
typed_id!(
    /// Names a mail about an alert; never shown but as its `Message-ID`.
    AlertMailId, "alertmail"
);
typed_id!(
    /// Names a note of what a provider keeps for a project; never shown.
    ProviderResourceId, "presource"
);
typed_id!(
    /// Names a price that an organization set.
    PriceId, "price"
);
typed_id!(
    /// Names one HTTP request to Keyward; sent back as `x-request-id`.
    RequestId, "req"
);

/// Accepts the one spelling that `Display` writes: lower-case hexadecimal.
fn parse_after(text: &str, prefix: &str) -> Result<Uuid, NotAnId> {
    let hex = text.strip_prefix(prefix).ok_or(NotAnId)?;
    if hex.len() != 32 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(NotAnId);
    }
    Uuid::try_parse(hex).map_err(|_| NotAnId)
}

/// Makes ids of one process in strictly rising order, also within one
/// millisecond and when the clock steps back.
#[derive(Debug, Default)]
pub struct IdSource {
    /// Milliseconds since 1970 in the upper 52 bits, a counter in the lower 12.
    last: AtomicU64,
}

impl IdSource {
    fn next(&self, clock: &dyn Clock, randomness: &dyn Randomness) -> Uuid {
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or(0) << 12;
        let mut tick = now;
        let _ = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            tick = now.max(last + 1);
            Some(tick)
        });
        let mut random = [0; 8];
        randomness.fill(&mut random);
        // RFC 9562, section 5.7: 48 bits of time, version, 12 bits that keep
        // the order, variant, 62 random bits.
        let high = (tick >> 12) << 16 | 0x7000 | (tick & 0xfff);
        let low = (u64::from_be_bytes(random) >> 2) | (1 << 63);
        Uuid::from_u64_pair(high, low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::fixed::{CountingRandomness, FixedClock};

    #[test]
    fn ids_rise_within_one_millisecond() {
        let (source, clock, randomness) =
            (IdSource::default(), FixedClock::at(1_700_000_000), CountingRandomness::default());
        let ids: Vec<_> = (0..5000).map(|_| ProjectId::generate(&source, &clock, &randomness)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids[0].uuid().get_version_num(), 7);
    }

    #[test]
    fn only_the_written_spelling_is_read_back() {
        let id = ProjectId::generate(&IdSource::default(), &FixedClock::at(1), &CountingRandomness::default());
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in
            [id.to_string().to_uppercase(), id.to_string().replace("proj_", "key_"), "proj_".into(), String::new()]
        {
            assert_eq!(wrong.parse::<ProjectId>(), Err(NotAnId), "{wrong}");
        }
    }
}
