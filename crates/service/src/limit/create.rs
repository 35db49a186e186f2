//! Creating a limit.

use keyward_domain::{
    actor::Actor,
    id::{LimitId, ProjectId},
    limit::{Limits, MAX_LIMITS_PER_PROJECT, ProjectLimit},
    permission::Permission,
    role::Scope,
};
use keyward_store::{change_log::Subject, project_limit as store};

use super::{find_project, model_taken};
use crate::{Error, Keyward, Result, change::Event, idempotency::Idempotency};

/// What the limit will be.
#[derive(Debug, Clone)]
pub struct CreateLimit {
    /// Whose calls it holds.
    pub project: ProjectId,
    /// The models it is for; `None`: all.
    pub model: Option<String>,
    /// The numbers, at least one.
    pub limits: Limits,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a limit; calls are held to it from the next one on.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateLimit) -> Result<ProjectLimit> {
    let mut change = keyward.change(actor, Permission::LimitsManage, Scope::Project(command.project)).await?;
    let project = find_project(&mut change.conn(), actor, command.project).await?;
    let limit = ProjectLimit {
        id: keyward.new_id(LimitId::generate),
        organization: project.organization,
        project: project.id,
        model: command.model,
        limits: ProjectLimit::check(command.limits)?,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    change.once(command.idempotency.as_ref(), limit.id).await?;
    let count = store::count(&mut change.conn(), (project.organization, project.id)).await?;
    if usize::try_from(count).is_ok_and(|count| count >= MAX_LIMITS_PER_PROJECT) {
        let message = format!(
            "This project has {count} limits, which is the most. Let one limit hold several models by a glob such as gpt-4o*, or delete one."
        );
        return Err(Error::Conflict { code: "too_many_limits", param: None, message });
    }
    store::insert(&mut change.conn(), &limit).await.map_err(model_taken(&limit))?;
    change.audit(Event::on("rate_limit.created", limit.id, &(), &limit).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(limit)
}
