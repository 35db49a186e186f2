//! What a spend alert is to be, as it is sent.

use keyward_domain::{Invalid, spend_alert::SpendAlertTerms};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::needed_object;

/// What a spend alert is to be: all of it, also to change it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendAlertBody {
    /// How much calls cost in a calendar month (UTC) when it tells, in cents: 0 (the
    /// first call that costs something) to 100,000,000,000.
    pub threshold_amount: i64,
    /// `USD`.
    pub currency: String,
    /// `month`.
    pub interval: String,
    /// Whom it tells.
    #[serde(deserialize_with = "needed_object")]
    pub notification_channel: NotificationChannelBody,
}

/// Whom a spend alert tells, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChannelBody {
    /// `email`.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 20 e-mail addresses, none twice.
    pub recipients: Vec<String>,
    /// What the mails' subjects start with: at most 100 printable characters on one
    /// line.
    #[serde(default)]
    pub subject_prefix: Option<String>,
}

impl SpendAlertBody {
    /// Checks what was sent.
    pub fn terms(&self) -> Result<SpendAlertTerms, Invalid> {
        let channel = &self.notification_channel;
        if self.currency != "USD" {
            return Err(Invalid::new("currency", "currency must be \"USD\"."));
        }
        if self.interval != "month" {
            return Err(Invalid::new("interval", "interval must be \"month\"."));
        }
        if channel.kind != "email" {
            return Err(Invalid::new("notification_channel.type", "notification_channel.type must be \"email\"."));
        }
        SpendAlertTerms::check(self.threshold_amount, &channel.recipients, channel.subject_prefix.as_deref())
    }
}
