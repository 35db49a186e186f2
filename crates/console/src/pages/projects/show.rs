//! `GET /projects/{id}`: one project at a glance.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{
    money::dollars,
    page::{Order, Page},
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_service::{
    api_key::{self, ApiKeyFilter, KeySort, ListApiKeys},
    audit::{self, AuditQuery, ListAuditEvents},
    credential::{self, ListCredentials},
    usage_report,
};

use super::{fields::provider_label, find};
use crate::{
    Console,
    pages::parts::{Badge, grouped, when},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

/// How many keys are shown.
const RECENT: u32 = 5;

struct KeyRow {
    href: String,
    name: String,
    preview: String,
    status: Badge,
    last_used: Option<When>,
}

struct CredentialRow {
    name: String,
    provider: &'static str,
    masked: String,
    inherited: bool,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "what a page leaves out, decided beforehand")]
struct May {
    edit: bool,
    switch: bool,
    revoke_all: bool,
    create_key: bool,
    see_keys: bool,
    see_credentials: bool,
    add_credential: bool,
}

/// Since when and by whom a project is inactive.
struct Inactive {
    since: When,
    by: Option<String>,
    sees_audit: bool,
}

#[derive(Template)]
#[template(path = "projects/show.html")]
struct ShowPage {
    shell: Shell,
    root: String,
    id: String,
    name: String,
    description: String,
    status: Badge,
    inactive: Option<Inactive>,
    created: When,
    updated: When,
    models: String,
    keys_total: String,
    keys_active: String,
    /// Calls and cost, where they may be seen.
    today: Option<(String, String)>,
    keys: Vec<KeyRow>,
    credentials: Vec<CredentialRow>,
    may: May,
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &project_id).await?;
    let project = details.project;
    let may = may(&visit, &project);
    let keys = if may.see_keys { keys(&console, &visit, &project).await? } else { Vec::new() };
    let credentials = if may.see_credentials { credentials(&console, &visit, &project).await? } else { Vec::new() };
    let today = if visit.may(Permission::UsageRead, Scope::Project(project.id)) {
        let used = usage_report::today(&console.keyward, &visit.actor, project.id).await?;
        Some((grouped(used.requests.unsigned_abs()), format!("${}", dollars(used.cost_nanos))))
    } else {
        None
    };
    let page = ShowPage {
        today,
        shell: Shell { title: project.name.to_string(), ..Shell::new(&visit, "").within(&visit, &project) }.up(),
        root: format!("/projects/{}", project.id),
        inactive: inactive(&console, &visit, &project).await?,
        id: project.id.to_string(),
        status: Badge::project(&project),
        created: When::new(project.created_at, visit.now),
        updated: When::new(project.updated_at, visit.now),
        models: models(&project),
        keys_total: grouped(details.keys_total.unsigned_abs()),
        keys_active: grouped(details.keys_active.unsigned_abs()),
        name: project.name.to_string(),
        description: project.description,
        keys,
        credentials,
        may,
    };
    Ok(html(&page))
}

fn may(visit: &Visit, project: &Project) -> May {
    let may = |permission| visit.may(permission, Scope::Project(project.id));
    May {
        edit: may(Permission::ProjectUpdate),
        switch: may(Permission::ProjectDeactivate),
        revoke_all: may(Permission::ApiKeysRevoke),
        create_key: may(Permission::ApiKeysCreate),
        see_keys: may(Permission::ApiKeysRead),
        see_credentials: may(Permission::CredentialsRead),
        add_credential: may(Permission::CredentialsManage),
    }
}

fn models(project: &Project) -> String {
    use keyward_domain::model::ModelMode;
    match &project.model_permissions {
        None => "All".into(),
        Some(permissions) => {
            let names = permissions.model_ids.as_slice().join(", ");
            match permissions.mode {
                ModelMode::AllowList => format!("Only {names}"),
                ModelMode::DenyList => format!("All but {names}"),
            }
        }
    }
}

async fn keys(console: &Console, visit: &Visit, project: &Project) -> Result<Vec<KeyRow>, Refused> {
    let page = Page { limit: RECENT, order: Order::Desc, cursor: None };
    let command = ListApiKeys { project: project.id, filter: ApiKeyFilter::default(), sort: KeySort::default(), page };
    let listed = api_key::list(&console.keyward, &visit.actor, command).await?;
    let row = |details: api_key::ApiKeyDetails| KeyRow {
        href: format!("/projects/{}/api-keys/{}", project.id, details.key.id),
        name: details.key.name.to_string(),
        preview: details.key.redacted_value(),
        status: Badge::api_key(&details.key, visit.now),
        last_used: when(details.usage.last_used_at, visit.now),
    };
    Ok(listed.data.into_iter().map(row).collect())
}

async fn credentials(console: &Console, visit: &Visit, project: &Project) -> Result<Vec<CredentialRow>, Refused> {
    let page = Page { limit: 100, order: Order::Asc, cursor: None };
    let command = ListCredentials { project: Some(project.id), page };
    let listed = credential::list(&console.keyward, &visit.actor, command).await?;
    let row = |details: credential::CredentialDetails| CredentialRow {
        name: details.credential.name.to_string(),
        provider: provider_label(details.credential.provider),
        masked: details.credential.redacted_value.unwrap_or_default(),
        inherited: details.inherited,
    };
    Ok(listed.data.into_iter().map(row).collect())
}

async fn inactive(console: &Console, visit: &Visit, project: &Project) -> Result<Option<Inactive>, Refused> {
    let Some(since) = project.deactivated_at else { return Ok(None) };
    let sees_audit = visit.may(Permission::AuditRead, Scope::Project(project.id));
    let mut by = None;
    if sees_audit {
        let query = AuditQuery {
            project_ids: vec![project.id.to_string()],
            event_types: vec!["project.archived".into()],
            ..AuditQuery::default()
        };
        let page = Page { limit: 1, order: Order::Desc, cursor: None };
        let events = audit::list(&console.keyward, &visit.actor, ListAuditEvents { query, page }).await?;
        by = events.data.first().map(|record| crate::pages::parts::actor_label(&record.event));
    }
    Ok(Some(Inactive { since: When::new(since, visit.now), by, sees_audit }))
}
