//! Rotating an API key: a new secret under the same id. The old secret dies at
//! once, or after an overlap in which both work, so that applications can be
//! moved without an outage.

use jiff::SignedDuration;
use keyward_domain::{
    actor::Actor,
    api_key::ApiKey,
    permission::Permission,
    role::Scope,
    secret::{KeyKind, KeySecret},
};
use keyward_store::change_log::Subject;
use serde_json::{Value, json};

use super::{ApiKeyPlace, RevealedApiKey, check_scopes, details, find_in};
use crate::{Keyward, Result, change::Event, error::check_version, idempotency::Idempotency};

/// What to rotate.
#[derive(Debug, Clone)]
pub struct RotateApiKey {
    /// Which key.
    pub place: ApiKeyPlace,
    /// How much longer the present secret works; at most 30 days, zero: no longer.
    pub overlap: SignedDuration,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
    /// Guards against rotating twice.
    pub idempotency: Option<Idempotency>,
}

/// Gives a key a new secret, and shows it. A secret that still overlapped from
/// an earlier rotation dies at once.
pub async fn rotate(keyward: &Keyward, actor: &Actor, command: RotateApiKey) -> Result<RevealedApiKey> {
    // What was used until now was used before this rotation.
    keyward.settle_for_reader().await;
    let mut change = keyward.change(actor, Permission::ApiKeysRotate, Scope::Project(command.place.project)).await?;
    let (project, before, mut usage) = find_in(&mut change.conn(), actor, command.place).await?;
    change.once(command.idempotency.as_ref(), before.id).await?;
    check_version(command.expected_version, before.version)?;
    // Whoever rotates a key gets to know its secret, and so gets what it may do.
    check_scopes(&change.actor, project.id, &before.access)?;
    let secret = KeySecret::generate(KeyKind::Project, &*keyward.randomness);
    let mut after = before.clone();
    after.rotate(&secret, &keyward.vault.pepper, command.overlap, change.now)?;
    keyward_store::api_key::update(&mut change.conn(), &after).await?;
    keyward_store::api_key_usage::forget_previous(&mut change.conn(), after.id).await?;
    usage.previous_last_used_at = None;
    change
        .audit(Event::on("api_key.rotated", after.id, &described(&before), &described(&after)).within(&project))
        .await?;
    change.log(Subject::ApiKey(after.id)).await?;
    let details = details(keyward, &mut change.conn(), after, usage).await?;
    change.commit().await?;
    Ok(RevealedApiKey { details, secret })
}

/// What an audit event says of a key's secrets: how they are shown.
fn described(key: &ApiKey) -> Value {
    json!({
        "name": key.name,
        "redacted_value": key.redacted_value(),
        "previous_secret_expires_at": key.previous.as_ref().map(|previous| previous.expires_at),
    })
}
