//! Small pieces that several pages show.

use keyward_domain::{
    Timestamp,
    api_key::{ApiKey, KeyStatus},
    audit::{AuditActor, AuditEvent},
    invitation::{Ending, Invitation},
    member::Member,
    project::Project,
};

use crate::when::When;

/// A status: text, colour and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// Its colour: `good`, `warn`, `bad`, or empty.
    pub kind: &'static str,
    /// Its shape, an icon's name.
    pub shape: &'static str,
    /// Its text.
    pub label: &'static str,
}

impl Badge {
    /// Of a project.
    pub fn project(project: &Project) -> Self {
        if project.is_active() {
            Self { kind: "good", shape: "active", label: "Active" }
        } else {
            Self { kind: "warn", shape: "disabled", label: "Inactive" }
        }
    }

    /// Of a member.
    pub fn member(member: &Member) -> Self {
        if member.disabled_at.is_none() {
            Self { kind: "good", shape: "active", label: "Active" }
        } else {
            Self { kind: "warn", shape: "disabled", label: "Disabled" }
        }
    }

    /// Of an invitation.
    pub fn invitation(invitation: &Invitation, now: Timestamp) -> Self {
        match invitation.ended_as(now) {
            None => Self { kind: "good", shape: "expired", label: "Pending" },
            Some(Ending::Accepted) => Self { kind: "", shape: "check", label: "Accepted" },
            Some(Ending::Declined) => Self { kind: "warn", shape: "revoked", label: "Declined" },
            Some(Ending::Revoked) => Self { kind: "bad", shape: "revoked", label: "Revoked" },
            Some(Ending::Expired) => Self { kind: "", shape: "expired", label: "Expired" },
            Some(Ending::Void) => Self { kind: "", shape: "revoked", label: "Void" },
        }
    }

    /// Of what is switched on or off.
    pub fn enabled(is_enabled: bool) -> Self {
        if is_enabled {
            Self { kind: "good", shape: "active", label: "Enabled" }
        } else {
            Self { kind: "warn", shape: "disabled", label: "Disabled" }
        }
    }

    /// Of an API key.
    pub fn api_key(key: &ApiKey, now: Timestamp) -> Self {
        match key.status(now) {
            KeyStatus::Active => Self { kind: "good", shape: "active", label: "Active" },
            KeyStatus::Disabled => Self { kind: "warn", shape: "disabled", label: "Disabled" },
            KeyStatus::Expired => Self { kind: "", shape: "expired", label: "Expired" },
            KeyStatus::Revoked => Self { kind: "bad", shape: "revoked", label: "Revoked" },
        }
    }
}

/// One of the tabs of a page.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: &'static str,
    /// Whether it is shown.
    pub is_here: bool,
}

/// Who did something, as the audit log knows them.
pub fn actor_label(event: &AuditEvent) -> String {
    let AuditActor { kind, id, email, .. } = &event.actor;
    match (email, id) {
        (Some(email), _) if kind == "admin_key" => format!("{email} (admin key)"),
        (Some(email), _) => email.clone(),
        (None, Some(id)) => id.clone(),
        (None, None) => "Keyward".into(),
    }
}

/// A moment that may not have come.
pub fn when(at: Option<Timestamp>, now: Timestamp) -> Option<When> {
    at.map(|at| When::new(at, now))
}

/// A number with its thousands apart: `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 key`, `2 keys`.
pub fn counted(number: i64, one: &str, many: &str) -> String {
    let text = grouped(number.unsigned_abs());
    if number == 1 { format!("{text} {one}") } else { format!("{text} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 7, 999, 1000, 12_345, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!((counted(1, "key", "keys"), counted(0, "key", "keys")), ("1 key".into(), "0 keys".into()));
    }
}
