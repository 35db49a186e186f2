//! `…/limits/{id}`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{
    Invalid,
    limit::{LimitsPatch, ProjectLimit},
    permission::Permission,
};
use keyward_service::{
    Error,
    limit::{self, LimitPatch, LimitPlace},
};
use keyward_web::Problem;

use super::{
    fields::{self, FIELDS},
    title,
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling, when::When,
};

#[derive(Template)]
#[template(path = "limits/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    root: String,
    title: String,
    summary: String,
    created: When,
    updated: When,
    form: Form,
    can_manage: bool,
}

/// The limit that an address names.
pub async fn find(console: &Console, place: &Place) -> Result<(LimitPlace, ProjectLimit), Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let named = LimitPlace { project, limit: place.id("limit_id", "limit")? };
    Ok((named, limit::find(&console.keyward, &place.visit.actor, named).await?))
}

fn page(place: &Place, limit: &ProjectLimit, form: Form, status: StatusCode) -> Response {
    let (root, now) = (format!("{}/manage/limits", place.root()), place.visit.now);
    let page = EditPage {
        shell: place.shell(title(limit)).crumb(root.clone(), "Limits"),
        page: format!("{root}/{}", limit.id),
        root,
        title: title(limit),
        summary: fields::summary(&limit.limits),
        created: When::new(limit.created_at, now),
        updated: When::new(limit.updated_at, now),
        form,
        can_manage: place.may(Permission::LimitsManage),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let (_, limit) = find(&console, &place).await?;
    Ok(page(&place, &limit, fields::filled(&limit), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let (named, limit) = find(&console, &place).await?;
    let outcome = async {
        let patch = read(&form)?;
        Ok::<_, Problem>(limit::update(&console.keyward, &place.visit.actor, named, patch).await?)
    };
    match outcome.await {
        Ok(_) => {
            let path = format!("{}/manage/limits", place.root());
            Ok(to_telling(&path, "The limit has been updated. Calls are held to it from now on."))
        }
        Err(problem) if problem.code == "stale_version" => {
            let labels = [
                ("Models", "model"),
                ("Requests a minute", "requests_per_minute"),
                ("Tokens a minute", "tokens_per_minute"),
                ("Calls at one time", "parallel_requests"),
                ("Shadow mode", "limits_shadow"),
            ];
            let form = form.overtaken(&fields::filled(&limit), "limit", &labels);
            Ok(page(&place, &limit, form, problem.status))
        }
        Err(problem) => Ok(page(&place, &limit, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(form: &Form) -> Result<LimitPatch, Invalid> {
    Ok(LimitPatch {
        model: Some(ProjectLimit::parse_model(form.text("model"))?),
        limits: LimitsPatch::from(fields::numbers(form)?),
        of_models: false,
        expected_version: form.version(),
    })
}
