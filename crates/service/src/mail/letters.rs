//! What the mails say: one template each, plain text.

use jiff::tz::TimeZone;
use keyward_domain::{Timestamp, money::dollars, organization::User, spend_alert::month_name};

use super::{Invited, Mail};
use crate::{link::Link, spend_alert::Reached};

/// Invites somebody.
pub(crate) fn invitation(invited: &Invited<'_>, link: &Link) -> Mail {
    let Invited { email, organization, inviter } = invited;
    let organization = &organization.name;
    let text = format!(
        include_str!("invitation.txt"),
        inviter = inviter.name,
        inviter_email = inviter.email,
        organization = organization,
        email = email,
        link = link.expose(),
    );
    Mail {
        id: None,
        to: (*email).clone(),
        kind: "invitation",
        subject: format!("{} invites you to {organization}", inviter.name),
        text: text.into(),
    }
}

/// Hands somebody a link to set their password anew.
pub(crate) fn password_reset(user: &User, link: &Link) -> Mail {
    let text = format!(include_str!("password_reset.txt"), name = user.name, email = user.email, link = link.expose());
    let subject = "Your new password".into();
    Mail { id: None, to: user.email.clone(), kind: "password_reset", subject, text: text.into() }
}

/// Tells that an alert is reached: subject and text.
pub(crate) fn spend_alert(reached: &Reached<'_>, now: Timestamp, public_url: &str) -> (String, String) {
    let Reached { alert, organization, project, month, spent_nanos } = reached;
    let (organization, month) = (&organization.name, month_name(*month));
    let threshold = dollars(alert.terms.threshold_nanos());
    let (what, name, page) = match project {
        Some(project) => (
            format!("The project {} of {organization}", project.name),
            &project.name,
            format!("projects/{}/usage", project.id),
        ),
        None => (format!("The organization {organization}"), organization, "organization/usage".to_owned()),
    };
    let text = format!(
        include_str!("spend_alert.txt"),
        what = what,
        threshold = threshold,
        spent = dollars(*spent_nanos),
        month = month,
        at = now.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC"),
        link = format!("{public_url}/{page}"),
        organization = organization,
    );
    let prefix = alert.terms.subject_prefix.as_deref().map(|prefix| format!("{prefix} ")).unwrap_or_default();
    (format!("{prefix}{name} reached ${threshold} in {month}"), text)
}
