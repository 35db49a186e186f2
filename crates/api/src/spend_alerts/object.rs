//! A spend alert as it is answered.

use keyward_domain::spend_alert::SpendAlert;
use keyward_service::Keyward;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A spend alert of a project, or of the organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpendAlertObject {
    /// `project.spend_alert` or `organization.spend_alert`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// How much calls cost in a month when it tells, in cents.
    pub threshold_amount: i64,
    /// Always `USD`.
    pub currency: &'static str,
    /// Always `month`: the calendar month, in UTC.
    pub interval: &'static str,
    /// Whom it tells.
    pub notification_channel: NotificationChannelObject,
    /// Whether mails are sent at all.
    pub delivery: DeliveryObject,
    /// When a mail of it was last handed to the mail server, in Unix seconds; null:
    /// never.
    pub last_notified_at: Option<i64>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

/// Whom a spend alert tells, and how.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationChannelObject {
    /// Always `email`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Their addresses, in lower case.
    pub recipients: Vec<String>,
    /// What the mails' subjects start with.
    pub subject_prefix: Option<String>,
}

/// Whether mails are sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryObject {
    /// `enabled`, or `mail_not_configured`: nobody is told before whoever runs
    /// Keyward gives it a mail server (`smtp_url`).
    pub status: &'static str,
}

impl HasId for SpendAlertObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl SpendAlertObject {
    /// An alert of this Keyward.
    pub fn new(keyward: &Keyward, alert: SpendAlert) -> Self {
        let is_projects = alert.watched.project.is_some();
        Self {
            object: if is_projects { "project.spend_alert" } else { "organization.spend_alert" },
            id: alert.id.to_string(),
            threshold_amount: alert.terms.threshold_cents,
            currency: "USD",
            interval: "month",
            notification_channel: NotificationChannelObject {
                kind: "email",
                recipients: alert.terms.recipients.iter().map(ToString::to_string).collect(),
                subject_prefix: alert.terms.subject_prefix,
            },
            delivery: DeliveryObject { status: if keyward.sends_mail() { "enabled" } else { "mail_not_configured" } },
            last_notified_at: alert.last_notified_at.map(|at| at.as_second()),
            created_at: alert.created_at.as_second(),
            updated_at: alert.updated_at.as_second(),
            version: alert.version,
        }
    }
}
