//! Retention as it is answered.

use keyward_domain::retention::{DataClass, RetentionRun};
use keyward_service::retention::Retention;
use serde::Serialize;
use utoipa::ToSchema;

/// How long an organization keeps its data.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionObject {
    /// Always `organization.retention`.
    pub object: &'static str,
    /// Each class of data.
    pub classes: Vec<RetentionClassObject>,
    /// Counts the decisions; send it as `If-Match`.
    pub version: i64,
}

/// How long data of one class is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionClassObject {
    /// Such as `audit_events`.
    pub class: &'static str,
    /// For how many days (whole days, in UTC); null: forever.
    pub keep_days: Option<u32>,
    /// For how many days unless somebody decides.
    pub default_keep_days: u32,
    /// The fewest days that can be decided.
    pub min_keep_days: u32,
    /// The most days that can be decided, unless forever.
    pub max_keep_days: u32,
    /// The last time that it was looked for what is too old; null before the first.
    pub last_run: Option<RetentionRunObject>,
}

/// A time that it was looked for what is too old.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionRunObject {
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// How many things it deleted.
    pub deleted: i64,
    /// When the earliest of them happened, in Unix seconds; null if there was none.
    pub from: Option<i64>,
    /// When the latest of them happened, in Unix seconds; null if there was none.
    pub to: Option<i64>,
    /// Why it deleted nothing, or not all, for people; null if nothing is wrong.
    pub problem: Option<String>,
}

impl From<&RetentionRun> for RetentionRunObject {
    fn from(run: &RetentionRun) -> Self {
        Self {
            started_at: run.started_at.as_second(),
            deleted: run.deleted,
            from: run.from.map(|moment| moment.as_second()),
            to: run.to.map(|moment| moment.as_second()),
            problem: run.problem.clone(),
        }
    }
}

impl From<Retention> for RetentionObject {
    fn from(retention: Retention) -> Self {
        let of = |class: DataClass| RetentionClassObject {
            class: class.as_str(),
            keep_days: retention.settings.keep(class).days(),
            default_keep_days: class.default_days(),
            min_keep_days: class.min_days(),
            max_keep_days: class.max_days(),
            last_run: retention.last_run(class).map(Into::into),
        };
        let classes = DataClass::ALL.map(of).into();
        Self { object: "organization.retention", classes, version: retention.version }
    }
}
