//! Pages that stand both in an organization and in each project: where one is.

use axum::{
    RequestPartsExt,
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use keyward_domain::{id::ProjectId, permission::Permission, project::Project, role::Scope};
use keyward_service::Error;

use super::{manage, parts::Tab, projects};
use crate::{Console, problem_page::Refused, shell::Shell, visit::Visit};

/// A visit to the organization, or to the project that the address names.
pub struct Place {
    /// Who looks.
    pub visit: Visit,
    /// The project; `None` in the organization itself.
    pub project: Option<Project>,
    params: Vec<(String, String)>,
}

impl FromRequestParts<Console> for Place {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Refused> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let params = parts.extract::<RawPathParams>().await.map_err(|_| Error::NotFound("page"))?;
        let params: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let project = match params.iter().find(|(name, _)| name == "project_id") {
            Some((_, id)) => Some(projects::find(console, &visit, id).await?.project),
            None => None,
        };
        Ok(Self { visit, project, params })
    }
}

impl Place {
    /// The project's id.
    pub fn project_id(&self) -> Option<ProjectId> {
        self.project.as_ref().map(|project| project.id)
    }

    /// Where permissions are needed.
    pub fn scope(&self) -> Scope {
        self.project_id().map_or(Scope::Organization, Scope::Project)
    }

    /// Whether the visitor may do this here.
    pub fn may(&self, permission: Permission) -> bool {
        self.visit.may(permission, self.scope())
    }

    /// Refuses a page that would lead to nothing but a refusal.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        self.visit.require(permission, self.scope())
    }

    /// What the pages' addresses begin with.
    pub fn root(&self) -> String {
        self.project_id().map_or("/organization".to_owned(), |id| format!("/projects/{id}"))
    }

    /// A part of the address, as the id that it is to be.
    pub fn id<T: std::str::FromStr>(&self, name: &str, what: &'static str) -> Result<T, Error> {
        let found = self.params.iter().find(|(param, _)| param == name);
        found.and_then(|(_, text)| text.parse().ok()).ok_or(Error::NotFound(what))
    }

    /// The tabs of a project's settings; none in the organization.
    pub fn manage_tabs(&self) -> Vec<Tab> {
        self.project.as_ref().map(|project| manage::tabs(&self.visit, project)).unwrap_or_default()
    }

    /// What stands around a page called `title`.
    pub fn shell(&self, title: impl Into<String>) -> Shell {
        let shell = Shell::new(&self.visit, title);
        match &self.project {
            Some(project) => shell.within(&self.visit, project),
            None => shell,
        }
    }
}
