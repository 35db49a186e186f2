//! The parameters that a search of the audit log takes.

use keyward_domain::{Timestamp, audit::Outcome};
use keyward_service::audit::AuditQuery;

use crate::{ApiError, extract::Query, time::Moment};

/// Takes every filter out of the query.
pub fn filter(query: &mut Query) -> Result<AuditQuery, ApiError> {
    let mut moment = |param: &str| -> Result<Option<i64>, ApiError> {
        let text = query.one(param)?;
        Ok(text.map(|text| Moment::from_text(text).read(param)).transpose()?.map(Timestamp::as_second))
    };
    // An event's time is answered in whole seconds, and compared as such.
    let next = |second: i64| second.saturating_add(1);
    let from = moment("effective_at[gte]")?.max(moment("effective_at[gt]")?.map(next));
    let until = [moment("effective_at[lt]")?, moment("effective_at[lte]")?.map(next)].into_iter().flatten().min();
    if query.flag("tenant_only")? == Some(true) {
        return Err(ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "invalid_value",
            "tenant_only must be false: every event belongs to one organization.",
        )
        .param("tenant_only"));
    }
    let outcomes = [Outcome::Success, Outcome::Denied, Outcome::Failed].map(|outcome| (outcome.as_str(), outcome));
    Ok(AuditQuery {
        from: from.map(at),
        until: until.map(at),
        project_ids: query.many("project_ids"),
        event_types: query.many("event_types"),
        actor_ids: query.many("actor_ids"),
        actor_emails: query.many("actor_emails"),
        resource_ids: query.many("resource_ids"),
        outcome: query.word("outcome", &outcomes)?,
        ip: query.one("ip")?,
        request_id: query.one("request_id")?,
        search: query.one("search")?,
    })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
