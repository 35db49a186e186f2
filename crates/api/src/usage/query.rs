//! The parameters that reports of usage take.

use http::StatusCode;
use keyward_service::usage_report::{Grouping, ReportUsage, Step};

use crate::{ApiError, extract::Query, time::Moment};

/// Something to group by, and what asks for it.
pub type Group = (&'static str, fn(&mut Grouping));

/// Groups of every report.
pub const GROUPS: [Group; 4] = [
    ("project_id", |grouping| grouping.project = true),
    ("user_id", |grouping| grouping.user = true),
    ("api_key_id", |grouping| grouping.key = true),
    ("model", |grouping| grouping.model = true),
];

/// Takes what every report has out of the query.
pub fn report(query: &mut Query, steps: &[(&str, Step)], groups: &[Group]) -> Result<ReportUsage, ApiError> {
    let start = moment(query, "start_time")?.ok_or_else(|| {
        let message = "start_time is missing: give the time from which on usage is asked for, in Unix seconds.";
        ApiError::new(StatusCode::BAD_REQUEST, "missing_required_parameter", message).param("start_time")
    })?;
    let mut grouping = Grouping::default();
    for name in query.many("group_by") {
        let (_, set) = groups.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let known: Vec<_> = groups.iter().map(|(name, _)| *name).collect();
            let message = format!("group_by must be some of: {}.", known.join(", "));
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_value", message).param("group_by")
        })?;
        set(&mut grouping);
    }
    Ok(ReportUsage {
        end: moment(query, "end_time")?,
        step: query.word("bucket_width", steps)?.unwrap_or(Step::Day),
        limit: query.integer("limit")?,
        page: query.one("page")?,
        grouping,
        project_ids: query.many("project_ids"),
        api_key_ids: query.many("api_key_ids"),
        ..ReportUsage::since(start)
    })
}

/// Takes a moment, in Unix seconds.
fn moment(query: &mut Query, param: &str) -> Result<Option<i64>, ApiError> {
    let text = query.one(param)?;
    Ok(text.map(|text| Moment::from_text(text).read(param)).transpose()?.map(|moment| moment.as_second()))
}

/// The lengths of time that usage is told by.
pub const STEPS: [(&str, Step); 3] = [("1m", Step::Minute), ("1h", Step::Hour), ("1d", Step::Day)];
