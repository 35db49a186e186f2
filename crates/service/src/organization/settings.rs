//! What an organization's owners decide about it: its name, and whether its
//! members come in by single sign-on only.

use keyward_domain::{
    Name,
    actor::{Actor, Identity},
    organization::OrganizationSettings,
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_store::{organization as names, organization_settings as store, session, sso_provider};
use serde_json::{Value, json};

use crate::{
    Error, Keyward, Result,
    authorize::authorize,
    change::{Change, Event},
    error::check_version,
};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateOrganization {
    /// A new name, unique in the installation.
    pub name: Option<Name>,
    /// Whether members come in by single sign-on only.
    pub sso_required: Option<bool>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// The actor's own organization.
pub async fn settings(keyward: &Keyward, actor: &Actor) -> Result<OrganizationSettings> {
    authorize(actor, Permission::OrganizationRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    store::find(&mut connection.conn(), actor.organization).await?.ok_or(Error::NotFound("organization"))
}

/// Edits the actor's own organization. Requiring single sign-on ends the
/// sessions that passwords opened, but for owners' and the actor's own. An edit
/// that changes nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, command: UpdateOrganization) -> Result<OrganizationSettings> {
    let mut change = keyward.change(actor, Permission::OrganizationUpdate, Scope::Organization).await?;
    let id = actor.organization;
    let before = store::find(&mut change.conn(), id).await?.ok_or(Error::NotFound("organization"))?;
    check_version(command.expected_version, before.version)?;
    let mut after = before.clone();
    if let Some(name) = command.name {
        after.organization.name = name;
    }
    after.sso_required = command.sso_required.unwrap_or(before.sso_required);
    if after == before {
        return Ok(before);
    }
    let begins = after.sso_required && !before.sso_required;
    if begins {
        check_sso_works(&mut change).await?;
    }
    after.version += 1;
    store::update(&mut change.conn(), &after).await.map_err(|error| {
        if names::name_is_taken(&error) {
            Error::name_taken("an organization", &after.organization.name)
        } else {
            error.into()
        }
    })?;
    let mut event = Event::on("organization.updated", id, &audited(&before), &audited(&after));
    if begins {
        let kept = match change.actor.identity {
            Identity::User { session, .. } => session,
            _ => None,
        };
        let owner = BuiltIn::OrganizationOwner.id();
        let ended = session::delete_by_password(&mut change.conn(), id, kept, owner).await?;
        event.after["ended_sessions"] = json!(ended);
    }
    change.audit(event).await?;
    change.commit().await?;
    Ok(after)
}

fn audited(settings: &OrganizationSettings) -> Value {
    json!({ "name": settings.organization.name, "sso_required": settings.sso_required })
}

/// Refuses to shut members out: there must be a way in, and either the actor
/// has come by it or may always use their password.
async fn check_sso_works(change: &mut Change<'_>) -> Result<()> {
    let organization = change.actor.organization;
    if sso_provider::count_enabled(&mut change.conn(), organization, None).await? == 0 {
        return Err(Error::Conflict {
            code: "no_sso_provider",
            param: Some("sso_required"),
            message: "There is no enabled single sign-on provider: nobody but owners could sign in any more. Connect one first.".into(),
        });
    }
    let came_by_sso = match change.actor.identity {
        Identity::User { session: Some(session), .. } => {
            session::find(&mut change.conn(), session).await?.is_some_and(|session| session.sso_provider.is_some())
        }
        _ => false,
    };
    if came_by_sso || change.actor.access.is_owner() {
        return Ok(());
    }
    Err(Error::Forbidden {
        code: "sso_unproven",
        message: "Sign in by single sign-on yourself first, so that it is certain to work; or ask an owner, who can always use their password.".into(),
    })
}
