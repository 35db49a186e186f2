//! What may be done to a key in which state.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{AccessPatch, ApiKey, KeyStatus, MAX_OVERLAP, PreviousSecret};
use crate::{
    Invalid, Name,
    secret::{KeySecret, Pepper},
};

/// An edit: `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPatch {
    /// A new name.
    pub name: Option<Name>,
    /// `true` switches the key off, `false` on.
    pub disabled: Option<bool>,
    /// A new end, or none.
    pub expires_at: Option<Option<Timestamp>>,
    /// A new cap, or none.
    pub max_requests: Option<Option<u64>>,
    /// New restrictions.
    pub access: AccessPatch,
    /// A new label, or none.
    pub environment: Option<Option<String>>,
    /// New pairs, all of them.
    pub metadata: Option<BTreeMap<String, String>>,
}

impl KeyPatch {
    fn only_renames(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }
}

/// A change that the key's state rules out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// The key is revoked.
    #[error("This API key is revoked, which is final. Create a new one.")]
    Revoked,
    /// The key has expired.
    #[error("This API key has expired, which is final: it can only be renamed, revoked or deleted. Create a new one.")]
    Expired,
    /// A value can't be taken.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl ApiKey {
    /// Refuses what is final: a revoked key, and (unless it is only renamed) an
    /// expired one. A disabled key that has run out counts as expired.
    fn check_changeable(&self, now: Timestamp) -> Result<(), NotPossible> {
        match self.status(now) {
            KeyStatus::Revoked => Err(NotPossible::Revoked),
            _ if self.expires_at.is_some_and(|end| end <= now) => Err(NotPossible::Expired),
            _ => Ok(()),
        }
    }

    /// Applies an edit. Answers whether anything changed.
    pub fn edit(&mut self, patch: KeyPatch, now: Timestamp) -> Result<bool, NotPossible> {
        if self.revoked_at.is_some() {
            return Err(NotPossible::Revoked);
        }
        if !patch.only_renames() {
            self.check_changeable(now)?;
        }
        let before = self.clone();
        let KeyPatch { name, disabled, expires_at, max_requests, access, environment, metadata } = patch;
        set(&mut self.name, name);
        set(&mut self.disabled, disabled);
        set(&mut self.expires_at, expires_at);
        set(&mut self.max_requests, max_requests);
        self.access.apply(access)?;
        set(&mut self.environment, environment);
        set(&mut self.metadata, metadata);
        let changed = *self != before;
        if changed {
            self.touch(now);
        }
        Ok(changed)
    }

    /// Puts a new secret in place of the present one, which works for `overlap`
    /// longer (zero: not at all). An older one still overlapping dies at once.
    pub fn rotate(
        &mut self,
        secret: &KeySecret,
        pepper: &Pepper,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Result<(), NotPossible> {
        self.check_changeable(now)?;
        if overlap.is_negative() || overlap > MAX_OVERLAP {
            return Err(Invalid::new(
                "overlap_seconds",
                format!("overlap_seconds must be 0 to {} (30 days).", MAX_OVERLAP.as_secs()),
            )
            .into());
        }
        let until = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
        let (digest, last_four) = (
            std::mem::replace(&mut self.digest, secret.digest(pepper)),
            std::mem::replace(&mut self.last_four, secret.last_four()),
        );
        self.previous = (!overlap.is_zero()).then_some(PreviousSecret { digest, last_four, expires_at: until });
        self.touch(now);
        Ok(())
    }

    /// Takes the key back for good. Answers whether it wasn't already.
    pub fn revoke(&mut self, now: Timestamp) -> bool {
        if self.revoked_at.is_some() {
            return false;
        }
        self.revoked_at = Some(now);
        self.previous = None;
        self.touch(now);
        true
    }

    fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

pub(super) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api_key::{Creator, KeyAccess, KeyDraft},
        clock::fixed::CountingRandomness,
        id::{ApiKeyId, OrganizationId, ProjectId},
        permission::Permission,
        secret::KeyKind,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn key(expires_at: Option<Timestamp>) -> ApiKey {
        let (id, place) = (
            ApiKeyId::from_uuid(uuid::Uuid::nil()),
            (OrganizationId::from_uuid(uuid::Uuid::nil()), ProjectId::from_uuid(uuid::Uuid::nil())),
        );
        let draft = KeyDraft {
            name: Name::parse("name", "CI").unwrap(),
            expires_at,
            max_requests: None,
            access: KeyAccess::default(),
            environment: None,
            metadata: BTreeMap::new(),
        };
        let secret = KeySecret::generate(KeyKind::Project, &CountingRandomness::default());
        draft.into_key(id, place, Creator { admin_key: None, user: None }, &secret, &Pepper::new([1; 32]), at(0))
    }

    #[test]
    fn an_edit_changes_just_the_restrictions_that_it_names() {
        let mut key = key(None);
        key.access.require_origin = true;
        let scopes = AccessPatch { scopes: Some(vec![Permission::LlmInvoke]), ..AccessPatch::default() };
        assert_eq!(key.edit(KeyPatch { access: scopes, ..KeyPatch::default() }, at(1)), Ok(true));
        let expected = KeyAccess { scopes: vec![Permission::LlmInvoke], require_origin: true, ..KeyAccess::default() };
        assert_eq!(key.access, expected);
        assert_eq!(key.edit(KeyPatch::default(), at(2)), Ok(false));
    }

    #[derive(Debug, Clone)]
    enum Action {
        Rename,
        Disable(bool),
        Expire(i64),
        Rotate(i64),
        Revoke,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            Just(Action::Rename),
            any::<bool>().prop_map(Action::Disable),
            (1..50i64).prop_map(Action::Expire),
            (0..50i64).prop_map(Action::Rotate),
            Just(Action::Revoke),
        ]
    }

    proptest! {
        /// Whatever is done in whatever order: revoked and expired are final,
        /// a refused change changes nothing, and at most two secrets work.
        #[test]
        fn final_states_are_final(actions in prop::collection::vec((0..10i64, action()), 1..40)) {
            let (randomness, pepper) = (CountingRandomness::default(), Pepper::new([1; 32]));
            let mut key = key(Some(at(100)));
            let mut now = 0;
            for (wait, action) in actions {
                now += wait;
                let before = key.clone();
                let was = before.status(at(now));
                let done = match action {
                    Action::Rename => key.edit(KeyPatch { name: Some(Name::parse("name", &now.to_string()).unwrap()), ..KeyPatch::default() }, at(now)).map(drop),
                    Action::Disable(disabled) => key.edit(KeyPatch { disabled: Some(disabled), ..KeyPatch::default() }, at(now)).map(drop),
                    Action::Expire(seconds) => key.edit(KeyPatch { expires_at: Some(Some(at(now + seconds))), ..KeyPatch::default() }, at(now)).map(drop),
                    Action::Rotate(seconds) => key.rotate(&KeySecret::generate(KeyKind::Project, &randomness), &pepper, SignedDuration::from_secs(seconds), at(now)),
                    Action::Revoke => { key.revoke(at(now)); Ok(()) }
                };
                if done.is_err() {
                    prop_assert_eq!(&key, &before);
                }
                if was == KeyStatus::Revoked {
                    prop_assert_eq!(key.status(at(now)), KeyStatus::Revoked);
                    prop_assert_eq!(&key, &before);
                }
                if was == KeyStatus::Expired {
                    prop_assert!(matches!(key.status(at(now)), KeyStatus::Expired | KeyStatus::Revoked));
                    prop_assert_eq!(key.digest, before.digest);
                }
                if key.digest != before.digest {
                    prop_assert_eq!(key.previous.as_ref().map_or(before.digest, |previous| previous.digest), before.digest);
                }
            }
        }
    }
}
