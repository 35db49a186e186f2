//! `/projects/{id}/manage/cache`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{
    Invalid,
    cache::{CachePatch, ProjectCache},
    permission::Permission,
};
use keyward_service::{
    Error,
    cache::{self, UpdateCache},
};
use keyward_web::Problem;

use crate::{
    Console,
    form::Form,
    pages::{
        parts::{Badge, Tab, counted},
        place::Place,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
};

/// In which times are given: the form's word, and its seconds.
const UNITS: &[(&str, &str)] = &[("1", "seconds"), ("60", "minutes"), ("3600", "hours"), ("86400", "days")];

#[derive(Template)]
#[template(path = "cache/settings.html")]
struct CachePage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    status: Badge,
    is_on: bool,
    kept: String,
    form: Form,
    units: &'static [(&'static str, &'static str)],
    can_manage: bool,
}

/// The largest unit of which a time is a whole number, and that number.
fn in_units(seconds: u32) -> (u32, u32) {
    let unit = [86_400, 3600, 60].into_iter().find(|unit| seconds.is_multiple_of(*unit)).unwrap_or(1);
    (unit, seconds / unit)
}

/// In words: `90 minutes`.
fn words(seconds: u32) -> String {
    let (unit, number) = in_units(seconds);
    let (one, many) = match unit {
        86_400 => ("day", "days"),
        3600 => ("hour", "hours"),
        60 => ("minute", "minutes"),
        _ => ("second", "seconds"),
    };
    counted(number.into(), one, many)
}

fn filled(cache: &ProjectCache) -> Form {
    let (unit, number) = in_units(cache.ttl_seconds);
    let mut form =
        Form::filled([("ttl", number.to_string()), ("unit", unit.to_string()), ("version", cache.version.to_string())]);
    if cache.enabled {
        form.set("enabled", "on");
    }
    form
}

fn read(form: &Form) -> Result<CachePatch, Invalid> {
    let wrong = || Invalid::new("ttl_seconds", "Give a whole number: 1 second to 30 days.");
    let number: i64 = form.text("ttl").trim().parse().map_err(|_| wrong())?;
    let unit: i64 = form.text("unit").parse().map_err(|_| wrong())?;
    let ttl = number.checked_mul(unit).and_then(|seconds| ProjectCache::parse_ttl("ttl_seconds", seconds).ok());
    Ok(CachePatch { enabled: Some(form.has("enabled", "on")), ttl_seconds: Some(ttl.ok_or_else(wrong)?) })
}

fn page(place: &Place, cache: &ProjectCache, form: Form, status: StatusCode) -> Response {
    let page = CachePage {
        shell: place.shell("Cache"),
        tabs: place.manage_tabs(),
        root: format!("{}/manage/cache", place.root()),
        status: match cache.enabled {
            true => Badge { kind: "good", shape: "active", label: "On" },
            false => Badge { kind: "", shape: "disabled", label: "Off" },
        },
        is_on: cache.enabled,
        kept: words(cache.ttl_seconds),
        form,
        units: UNITS,
        can_manage: place.may(Permission::ProjectUpdate),
    };
    html_with(status, &page)
}

async fn find(console: &Console, place: &Place) -> Result<ProjectCache, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    Ok(cache::find(&console.keyward, &place.visit.actor, project).await?)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let cache = find(&console, &place).await?;
    Ok(page(&place, &cache, filled(&cache), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let outcome = async {
        let command = UpdateCache { patch: read(&form)?, expected_version: form.version() };
        Ok::<_, Problem>(cache::update(&console.keyward, &place.visit.actor, project, command).await?)
    };
    match outcome.await {
        Ok(cache) => {
            let text = match cache.enabled {
                true => format!("Answers are kept for {}.", words(cache.ttl_seconds)),
                false => "The cache is off, and empty.".to_owned(),
            };
            Ok(to_telling(&format!("{}/manage/cache", place.root()), text))
        }
        Err(problem) if problem.code == "stale_version" => {
            let present = find(&console, &place).await?;
            let labels = [("Keep answers", "enabled"), ("For how long", "ttl"), ("Unit", "unit")];
            let form = form.overtaken(&filled(&present), "cache", &labels);
            Ok(page(&place, &present, form, problem.status))
        }
        Err(problem) => {
            let present = find(&console, &place).await?;
            Ok(page(&place, &present, form.take(&problem, &[("ttl_seconds", "ttl")]), problem.status))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_largest_unit_that_fits() {
        for (seconds, text) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (5400, "90 minutes"),
            (3600, "1 hour"),
            (86_400, "1 day"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(words(seconds), text);
        }
    }

    #[test]
    fn what_a_form_shows_is_what_it_reads() {
        for ttl_seconds in [1, 59, 60, 5400, 86_400, 2_592_000] {
            for enabled in [true, false] {
                let cache = ProjectCache { enabled, ttl_seconds, ..ProjectCache::default() };
                let patch = CachePatch { enabled: Some(enabled), ttl_seconds: Some(ttl_seconds) };
                assert_eq!(read(&filled(&cache)).unwrap(), patch);
            }
        }
        for (ttl, unit) in
            [("", "60"), ("0", "1"), ("31", "86400"), ("99999999999999999", "86400"), ("-1", "1"), ("1.5", "1")]
        {
            let form = Form::filled([("ttl", ttl.to_owned()), ("unit", unit.to_owned())]);
            assert_eq!(read(&form).unwrap_err().param, "ttl_seconds", "{ttl} {unit}");
        }
    }
}
