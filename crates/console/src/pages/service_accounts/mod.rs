//! Service accounts of a project, among its settings: list, create, rename,
//! delete, and the API keys that belong to one.

mod create;
mod delete;
mod keys;
mod list;
mod show;

use axum::{Router, routing::get};
use keyward_domain::{Invalid, permission::Permission, project::Project, role::Scope, service_account::ServiceAccount};
use keyward_service::{
    Error,
    service_account::{self, ServiceAccountPlace},
};

use crate::{Console, form::Form, pages::projects, shell::Shell, visit::Visit};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/service-accounts", get(list::list).post(create::create))
        .route("/projects/{project_id}/manage/service-accounts/new", get(create::show))
        .route("/projects/{project_id}/manage/service-accounts/{account_id}", get(show::show).post(show::rename))
        .route(
            "/projects/{project_id}/manage/service-accounts/{account_id}/api-keys",
            get(keys::show).post(keys::create),
        )
        .route(
            "/projects/{project_id}/manage/service-accounts/{account_id}/delete",
            get(delete::ask).post(delete::delete),
        )
}

/// Ends that are offered for a new key, in seconds.
const ENDS: &[(&str, &str)] = &[
    ("", "Never"),
    ("604800", "In 7 days"),
    ("2592000", "In 30 days"),
    ("7776000", "In 90 days"),
    ("31536000", "In a year"),
];

/// The forms' names for the API's parameters.
const FIELDS: &[(&str, &str)] = &[("name", "name"), ("expires_in_seconds", "expires"), ("scopes", "scopes")];

/// After how many seconds a new key ends; `None`: never.
fn expiry(form: &Form) -> Result<Option<i64>, Invalid> {
    let seconds = form.optional("expires").map(str::parse).transpose();
    seconds.map_err(|_| Invalid::new("expires_in_seconds", "Choose when the key ends."))
}

/// The page of a service account.
pub fn page_of(account: &ServiceAccount) -> String {
    format!("/projects/{}/manage/service-accounts/{}", account.project, account.id)
}

fn root(project: &Project) -> String {
    format!("/projects/{}/manage/service-accounts", project.id)
}

/// Around a page below the list.
fn below(visit: &Visit, project: &Project, title: impl Into<String>) -> Shell {
    Shell::new(visit, title).within(visit, project).crumb(root(project), "Service accounts")
}

/// What the visitor may do with a project's service accounts.
#[derive(Clone, Copy)]
struct May {
    manage: bool,
    /// Make keys for them: takes another permission, and an active project.
    make_keys: bool,
    see_keys: bool,
}

impl May {
    fn new(visit: &Visit, project: &Project) -> Self {
        let may = |permission| visit.may(permission, Scope::Project(project.id));
        let manage = may(Permission::ServiceAccountsManage);
        Self {
            manage,
            make_keys: manage && may(Permission::ApiKeysCreate) && project.is_active(),
            see_keys: may(Permission::ApiKeysRead),
        }
    }
}

/// A service account that an address names.
struct Found {
    project: Project,
    place: ServiceAccountPlace,
    account: ServiceAccount,
}

impl Found {
    fn page(&self) -> String {
        page_of(&self.account)
    }

    fn name(&self) -> &str {
        self.account.name.as_str()
    }

    /// Around a page below its own.
    fn below(&self, visit: &Visit, title: impl Into<String>) -> Shell {
        below(visit, &self.project, title).crumb(self.page(), self.name())
    }
}

async fn find(console: &Console, visit: &Visit, project: &str, account: &str) -> Result<Found, Error> {
    let project = projects::find(console, visit, project).await?.project;
    let account = account.parse().map_err(|_| Error::NotFound("service account"))?;
    let place = ServiceAccountPlace { project: project.id, account };
    let account = service_account::find(&console.keyward, &visit.actor, place).await?;
    Ok(Found { project, place, account })
}
