//! Changing one's own name.

use keyward_domain::{Name, actor::Actor};
use keyward_store::{organization as store, user_organizations};
use serde_json::json;

use super::audit_everywhere;
use crate::{Error, Keyward, Result, change::Event, session};

/// Calls the actor otherwise, in every organization.
pub async fn rename(keyward: &Keyward, actor: &Actor, name: &Name) -> Result<()> {
    let (user, _) = session::of(actor)?;
    let mut change = keyward.own_change(actor).await?;
    let elsewhere = user_organizations::all(&mut change.conn(), user.into()).await?.len() > 1;
    if elsewhere && session::present(&mut change).await?.sso_provider.is_some() {
        return Err(Error::Forbidden {
            code: "sign_in_required",
            message: "You belong to other organizations too, for which your identity provider can't speak: sign in with your password to change your name in all of them.".into(),
        });
    }
    let before = store::find_user(&mut change.conn(), user).await?.ok_or(Error::SignedOut)?;
    if before.name == *name {
        return Ok(());
    }
    store::rename_user(&mut change.conn(), user, name).await?;
    let event = || Event::on("user.updated", user, &json!({ "name": before.name }), &json!({ "name": name }));
    audit_everywhere(&mut change, user, event).await?;
    change.commit().await
}
