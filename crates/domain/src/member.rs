//! Members: users in one organization.

use jiff::Timestamp;

use crate::organization::User;

/// A user as a member of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// Since when.
    pub added_at: Timestamp,
    /// Since when they may do nothing in the organization; `None`: they may do
    /// what their roles say.
    pub disabled_at: Option<Timestamp>,
    /// Whether signing in takes more than their password.
    pub second_factor: bool,
}
