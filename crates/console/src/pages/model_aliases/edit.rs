//! `…/model-aliases/{id}`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Invalid, model_alias::ModelAlias, permission::Permission};
use keyward_service::{
    Error,
    model_alias::{self, ModelAliasPatch, ModelAliasPlace},
};
use keyward_web::Problem;

use super::{
    Credentials,
    fields::{self, FIELDS},
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling, when::When,
};

#[derive(Template)]
#[template(path = "model_aliases/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    root: String,
    name: String,
    targets: Vec<String>,
    created: When,
    updated: When,
    form: Form,
    can_manage: bool,
}

/// The alias that an address names.
pub async fn find(console: &Console, place: &Place) -> Result<(ModelAliasPlace, ModelAlias), Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let named = ModelAliasPlace { project, alias: place.id("alias_id", "model alias")? };
    Ok((named, model_alias::find(&console.keyward, &place.visit.actor, named).await?))
}

fn page(place: &Place, alias: &ModelAlias, credentials: &Credentials, form: Form, status: StatusCode) -> Response {
    let (root, now) = (format!("{}/manage/model-aliases", place.root()), place.visit.now);
    let page = EditPage {
        shell: place.shell(alias.name.clone()).crumb(root.clone(), "Model aliases"),
        page: format!("{root}/{}", alias.id),
        root,
        name: alias.name.clone(),
        targets: alias.targets.iter().map(|target| fields::line(target, credentials)).collect(),
        created: When::new(alias.created_at, now),
        updated: When::new(alias.updated_at, now),
        form,
        can_manage: place.may(Permission::CredentialsManage),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let (_, alias) = find(&console, &place).await?;
    let credentials = Credentials::of(&console, &place).await?;
    Ok(page(&place, &alias, &credentials, fields::filled(&alias, &credentials), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let (named, alias) = find(&console, &place).await?;
    let credentials = Credentials::of(&console, &place).await?;
    let outcome = async {
        let patch = read(&form, &credentials)?;
        Ok::<_, Problem>(model_alias::update(&console.keyward, &place.visit.actor, named, patch).await?)
    };
    match outcome.await {
        Ok(_) => {
            let path = format!("{}/manage/model-aliases", place.root());
            Ok(to_telling(&path, "The alias has been updated. Calls find it from now on."))
        }
        Err(problem) if problem.code == "stale_version" => {
            let present = fields::filled(&alias, &credentials);
            let form = form.overtaken(&present, "alias", &[("Name", "name"), ("Models", "targets")]);
            Ok(page(&place, &alias, &credentials, form, problem.status))
        }
        Err(problem) => Ok(page(&place, &alias, &credentials, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(form: &Form, credentials: &Credentials) -> Result<ModelAliasPatch, Invalid> {
    Ok(ModelAliasPatch {
        name: Some(ModelAlias::parse_name(form.text("name"))?),
        targets: Some(fields::targets(form, credentials)?),
        expected_version: form.version(),
    })
}
