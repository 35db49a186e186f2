//! `POST …/credentials/{id}/test`: asks the provider for its models.

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_service::{Error, credential};

use super::{
    edit::{Tested, find, page},
    fields,
};
use crate::{Console, form::Form, pages::place::Place, problem_page::Refused};

pub async fn test(State(console): State<Console>, place: Place, _: Form) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    let (project, id) = (place.project_id(), details.credential.id);
    let tested = match credential::test(&console.keyward, &place.visit.actor, &*console.models, project, id).await {
        Ok(models) => Tested::Models(models),
        Err(Error::Provider(why)) => Tested::Failed(why.to_string()),
        Err(error) => return Err(error.into()),
    };
    let form = fields::filled(&details.credential);
    Ok(page(&place, &details, form, Vec::new(), Some(tested), StatusCode::OK))
}
