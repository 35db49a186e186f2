//! What the mails say: one template each, plain text.

use keyward_domain::organization::User;

use super::{Invited, Mail};
use crate::link::Link;

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
        to: (*email).clone(),
        kind: "invitation",
        subject: format!("{} invites you to {organization}", inviter.name),
        text: text.into(),
    }
}

/// Hands somebody a link to set their password anew.
pub(crate) fn password_reset(user: &User, link: &Link) -> Mail {
    let text = format!(include_str!("password_reset.txt"), name = user.name, email = user.email, link = link.expose());
    Mail { to: user.email.clone(), kind: "password_reset", subject: "Your new password".into(), text: text.into() }
}
