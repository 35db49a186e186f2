//! What an invitation says to whoever holds its link.

use keyward_domain::{organization::Organization, secret::Token};
use keyward_store::{invitation as store, organization};

use super::{InvitationDetails, find_open};
use crate::{Keyward, Result};

/// An invitation as the invited person sees it.
#[derive(Debug, Clone)]
pub struct DescribedInvitation {
    /// The invitation and who sent it.
    pub details: InvitationDetails,
    /// Where it leads.
    pub organization: Organization,
    /// Whether its members sign in by single sign-on only.
    pub sso_required: bool,
    /// Whether there is an account with the invited address.
    pub account_exists: bool,
}

/// Describes the invitation that `token` opens.
pub async fn describe(keyward: &Keyward, token: &Token) -> Result<DescribedInvitation> {
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let details = find_open(keyward, conn, token, keyward.now()).await?;
    let store::Destination { organization, sso_required } =
        store::destination(conn, details.invitation.organization).await?;
    let account_exists = organization::find_user_by_email(conn, &details.invitation.email).await?.is_some();
    Ok(DescribedInvitation { details, organization, sso_required, account_exists })
}
