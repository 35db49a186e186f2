//! `/organization/retention`, `/projects/{id}/manage/retention`: the decision,
//! the last run, and what the next one would delete.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{
    Invalid,
    permission::Permission,
    retention::{DataClass, Keep, RetentionSettings},
    role::Scope,
};
use keyward_service::retention::{self, Preview, Retention, UpdateRetention};
use keyward_web::Problem;

use crate::{
    Console,
    form::Form,
    pages::{
        parts::{Tab, counted, when},
        place::Place,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    when::When,
};

/// What a run deleted, or would delete.
struct Deletion {
    count: i64,
    number: String,
    from: Option<When>,
    to: Option<When>,
}

struct LastRun {
    at: When,
    deletion: Deletion,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "retention/settings.html")]
struct RetentionPage {
    shell: Shell,
    tabs: Vec<Tab>,
    in_project: bool,
    kept: String,
    form: Form,
    hint: String,
    last_run: Option<LastRun>,
    next_run: Deletion,
    /// What a run would delete with what was typed, if that was asked.
    supposed: Option<Deletion>,
    can_manage: bool,
}

/// The only class of data so far.
const CLASS: DataClass = DataClass::AuditEvents;

fn kept(keep: Keep) -> String {
    keep.days().map_or("forever".into(), |days| counted(days.into(), "day", "days"))
}

fn filled(retention: &Retention) -> Form {
    let days = retention.settings.keep(CLASS).days();
    Form::filled([
        ("keep", if days.is_some() { "days" } else { "forever" }.to_owned()),
        ("days", days.unwrap_or(CLASS.default_days()).to_string()),
        ("version", retention.version.to_string()),
    ])
}

/// What was typed, to know it again once it was shown what it would delete.
fn settings_text(form: &Form) -> String {
    format!("{} {}", form.text("keep"), form.text("days").trim())
}

fn read(form: &Form) -> Result<RetentionSettings, Invalid> {
    let days = match form.text("keep") {
        "forever" => None,
        _ => {
            let wrong = || Invalid::new("days", "Give a whole number of days.");
            Some(form.text("days").trim().parse::<i64>().map_err(|_| wrong())?)
        }
    };
    let mut settings = RetentionSettings::default();
    settings.set(CLASS, Keep::parse("days", CLASS, days)?);
    Ok(settings)
}

fn deletion(place: &Place, previews: &[Preview]) -> Deletion {
    let preview = previews.iter().find(|preview| preview.class == CLASS);
    let count = preview.map_or(0, |preview| preview.count);
    let now = place.visit.now;
    Deletion {
        count,
        number: counted(count, "audit event", "audit events"),
        from: when(preview.and_then(|preview| preview.from), now),
        to: when(preview.and_then(|preview| preview.to), now),
    }
}

async fn page(
    console: &Console,
    place: &Place,
    retention: &Retention,
    form: Form,
    supposed: Option<Deletion>,
    status: StatusCode,
) -> Result<Response, Refused> {
    let actor = &place.visit.actor;
    let next = retention::preview(&console.keyward, actor, &RetentionSettings::default()).await?;
    let now = place.visit.now;
    let last_run = retention.last_run(CLASS).map(|run| LastRun {
        at: When::new(run.started_at, now),
        deletion: Deletion {
            count: run.deleted,
            number: counted(run.deleted, "audit event", "audit events"),
            from: when(run.from, now),
            to: when(run.to, now),
        },
        problem: run.problem.clone(),
    });
    let page = RetentionPage {
        shell: place.shell("Retention"),
        tabs: place.manage_tabs(),
        in_project: place.project.is_some(),
        kept: kept(retention.settings.keep(CLASS)),
        form,
        hint: format!("At least {}; {} unless somebody decides.", CLASS.min_days(), CLASS.default_days()),
        last_run,
        next_run: deletion(place, &next),
        supposed,
        can_manage: place.visit.may(Permission::RetentionManage, Scope::Organization) && place.project.is_none(),
    };
    Ok(html_with(status, &page))
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let retention = retention::find(&console.keyward, &place.visit.actor).await?;
    page(&console, &place, &retention, filled(&retention), None, StatusCode::OK).await
}

/// Saves the decision, or shows first what it would delete.
pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let (keyward, actor) = (&console.keyward, &place.visit.actor);
    let present = retention::find(keyward, actor).await?;
    let outcome = async {
        let settings = read(&form)?;
        let supposed = deletion(&place, &retention::preview(keyward, actor, &settings).await?);
        let present = retention::preview(keyward, actor, &RetentionSettings::default()).await?;
        // What deletes more than is going to be deleted anyhow is shown first.
        let is_confirmed = form.text("confirmed") == settings_text(&form);
        let deletes_more = supposed.count > deletion(&place, &present).count;
        if form.text("action") == "preview" || (deletes_more && !is_confirmed) {
            return Ok::<_, Problem>(Some(supposed));
        }
        let command = UpdateRetention { settings, expected_version: form.version() };
        retention::update(keyward, actor, command).await?;
        Ok(None)
    };
    match outcome.await {
        Ok(None) => Ok(to_telling("/organization/retention", "Retention has been updated.")),
        Ok(Some(supposed)) => {
            let mut form = form;
            form.set("confirmed", settings_text(&form));
            page(&console, &place, &present, form, Some(supposed), StatusCode::OK).await
        }
        Err(problem) => {
            let mut form = form;
            if problem.code == "stale_version" {
                form.set("version", present.version.to_string());
            }
            let status = problem.status;
            page(&console, &place, &present, form.take(&problem, &[("days", "days")]), None, status).await
        }
    }
}
