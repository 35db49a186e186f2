//! Model aliases of a project, among its settings: list, add, edit, delete.

mod delete;
mod edit;
mod fields;
mod list;
mod new;

use axum::{Router, routing::get};
use keyward_domain::{
    credential::Credential,
    id::CredentialId,
    page::{Order, Page},
};
use keyward_service::credential::{self, ListCredentials};

use crate::{Console, pages::place::Place, problem_page::Refused};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/projects/{project_id}/manage/model-aliases", get(list::list).post(new::create))
        .route("/projects/{project_id}/manage/model-aliases/new", get(new::show))
        .route("/projects/{project_id}/manage/model-aliases/{alias_id}", get(edit::show).post(edit::save))
        .route("/projects/{project_id}/manage/model-aliases/{alias_id}/delete", get(delete::ask).post(delete::delete))
}

/// The credentials that a project sees, for their names.
struct Credentials(Vec<Credential>);

impl Credentials {
    /// As many as one page of the API holds: further ones are named by their id.
    const MOST: u32 = 100;

    async fn of(console: &Console, place: &Place) -> Result<Self, Refused> {
        let page = Page { limit: Self::MOST, order: Order::Asc, cursor: None };
        let query = ListCredentials { project: place.project_id(), page };
        let listed = credential::list(&console.keyward, &place.visit.actor, query).await?;
        let mut known: Vec<_> = listed.data.into_iter().map(|details| details.credential).collect();
        // Of one name, the project's own is meant.
        known.sort_by_key(|credential| credential.project.is_none());
        Ok(Self(known))
    }

    /// What people call a credential: its name, or its id where the name is
    /// another one's too, or the credential is gone.
    fn name(&self, id: CredentialId) -> String {
        let name = self.0.iter().find(|credential| credential.id == id).map(|credential| credential.name.to_string());
        name.filter(|name| self.find(name) == Some(id)).unwrap_or_else(|| id.to_string())
    }

    fn find(&self, text: &str) -> Option<CredentialId> {
        let named = self.0.iter().find(|credential| credential.name.as_str() == text);
        named.map(|credential| credential.id).or_else(|| text.parse().ok())
    }
}
