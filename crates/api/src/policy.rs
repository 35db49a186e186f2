//! What each operation asks of whoever calls it, on one screen. The use cases
//! enforce it; this table tells it to readers of the OpenAPI document
//! (`x-permission`), and a test holds every operation to it with every built-in
//! role.

use keyward_domain::permission::Permission::{self, *};

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody may ask.
    Nothing,
    /// An API key of a project, with a scope.
    Key,
    /// Somebody who can come in: what they get is what they may see.
    Member,
    /// Somebody who is signed in: it is about themselves.
    Session,
    /// A permission: in the project that the path names, or in the organization.
    Holds(Permission),
    /// A permission in the organization or in any project, whose part they get.
    HoldsSomewhere(Permission),
}

use Needs::*;

#[rustfmt::skip]
const POLICY: &[(&str, Needs)] = &[
    // Operations
    ("healthz", Nothing),
    ("readyz", Nothing),
    ("openapi", Nothing),

    // Calls
    ("cancel-batch", Key),
    ("cancel-response", Key),
    ("count-message-tokens", Key),
    ("create-batch", Key),
    ("create-chat-completion", Key),
    ("create-completion", Key),
    ("create-embedding", Key),
    ("create-file", Key),
    ("create-image", Key),
    ("create-image-edit", Key),
    ("create-image-variation", Key),
    ("create-message", Key),
    ("create-moderation", Key),
    ("create-rerank", Key),
    ("create-response", Key),
    ("create-speech", Key),
    ("create-transcription", Key),
    ("create-translation", Key),
    ("delete-file", Key),
    ("delete-response", Key),
    ("download-file", Key),
    ("list-batches", Key),
    ("list-files", Key),
    ("list-models", Key),
    ("list-response-input-items", Key),
    ("retrieve-batch", Key),
    ("retrieve-file", Key),
    ("retrieve-model", Key),
    ("retrieve-response", Key),

    // Projects
    ("list-projects", Member),
    ("create-project", Holds(ProjectsCreate)),
    ("retrieve-project", Holds(ProjectRead)),
    ("modify-project", Holds(ProjectUpdate)),
    ("refuse-project-deletion", Member),
    ("archive-project", Holds(ProjectDeactivate)),
    ("activate-project", Holds(ProjectDeactivate)),

    ("retrieve-project-model-permissions", Holds(ProjectRead)),
    ("update-project-model-permissions", Holds(ProjectUpdate)),
    ("delete-project-model-permissions", Holds(ProjectUpdate)),

    // Model aliases
    ("list-project-model-aliases", Holds(CredentialsRead)),
    ("create-project-model-alias", Holds(CredentialsManage)),
    ("retrieve-project-model-alias", Holds(CredentialsRead)),
    ("modify-project-model-alias", Holds(CredentialsManage)),
    ("delete-project-model-alias", Holds(CredentialsManage)),

    // Limits
    ("list-project-limits", Holds(LimitsRead)),
    ("create-project-limit", Holds(LimitsManage)),
    ("retrieve-project-limit", Holds(LimitsRead)),
    ("modify-project-limit", Holds(LimitsManage)),
    ("delete-project-limit", Holds(LimitsManage)),
    ("list-budgets", Holds(LimitsRead)),
    ("create-budget", Holds(LimitsManage)),
    ("retrieve-budget", Holds(LimitsRead)),
    ("modify-budget", Holds(LimitsManage)),
    ("delete-budget", Holds(LimitsManage)),
    ("list-project-budgets", Holds(LimitsRead)),
    ("create-project-budget", Holds(LimitsManage)),
    ("retrieve-project-budget", Holds(LimitsRead)),
    ("modify-project-budget", Holds(LimitsManage)),
    ("delete-project-budget", Holds(LimitsManage)),
    ("get-organization-spend-limit", Holds(LimitsRead)),
    ("update-organization-spend-limit", Holds(LimitsManage)),
    ("delete-organization-spend-limit", Holds(LimitsManage)),
    ("get-project-spend-limit", Holds(LimitsRead)),
    ("update-project-spend-limit", Holds(LimitsManage)),
    ("delete-project-spend-limit", Holds(LimitsManage)),
    ("list-organization-spend-alerts", Holds(AlertsRead)),
    ("create-organization-spend-alert", Holds(AlertsManage)),
    ("retrieve-organization-spend-alert", Holds(AlertsRead)),
    ("update-organization-spend-alert", Holds(AlertsManage)),
    ("delete-organization-spend-alert", Holds(AlertsManage)),
    ("list-project-spend-alerts", Holds(AlertsRead)),
    ("create-project-spend-alert", Holds(AlertsManage)),
    ("retrieve-project-spend-alert", Holds(AlertsRead)),
    ("update-project-spend-alert", Holds(AlertsManage)),
    ("delete-project-spend-alert", Holds(AlertsManage)),
    ("list-project-rate-limits", Holds(LimitsRead)),
    ("update-project-rate-limits", Holds(LimitsManage)),

    // Cache
    ("retrieve-project-cache", Holds(ProjectRead)),
    ("modify-project-cache", Holds(ProjectUpdate)),
    ("purge-project-cache", Holds(ProjectUpdate)),

    // API keys
    ("list-project-api-keys", Holds(ApiKeysRead)),
    ("create-project-api-key", Holds(ApiKeysCreate)),
    ("retrieve-project-api-key", Holds(ApiKeysRead)),
    ("modify-project-api-key", Holds(ApiKeysUpdate)),
    ("rotate-project-api-key", Holds(ApiKeysRotate)),
    ("revoke-project-api-key", Holds(ApiKeysRevoke)),
    ("revoke-all-project-api-keys", Holds(ApiKeysRevoke)),
    ("delete-project-api-key", Holds(ApiKeysDelete)),

    // Service accounts
    ("list-project-service-accounts", Holds(ServiceAccountsRead)),
    ("create-project-service-account", Holds(ServiceAccountsManage)),
    ("retrieve-project-service-account", Holds(ServiceAccountsRead)),
    ("update-project-service-account", Holds(ServiceAccountsManage)),
    ("delete-project-service-account", Holds(ServiceAccountsManage)),
    ("create-project-service-account-api-key", Holds(ServiceAccountsManage)),

    // Credentials
    ("list-project-credentials", Holds(CredentialsRead)),
    ("create-project-credential", Holds(CredentialsManage)),
    ("retrieve-project-credential", Holds(CredentialsRead)),
    ("modify-project-credential", Holds(CredentialsManage)),
    ("delete-project-credential", Holds(CredentialsManage)),
    ("test-project-credential", Holds(CredentialsManage)),
    ("list-organization-credentials", Holds(CredentialsRead)),
    ("create-organization-credential", Holds(CredentialsManage)),
    ("retrieve-organization-credential", Holds(CredentialsRead)),
    ("modify-organization-credential", Holds(CredentialsManage)),
    ("delete-organization-credential", Holds(CredentialsManage)),
    ("test-organization-credential", Holds(CredentialsManage)),

    // Admin keys
    ("admin-api-keys-list", Holds(AdminKeysRead)),
    ("admin-api-keys-create", Holds(AdminKeysManage)),
    ("admin-api-keys-get", Holds(AdminKeysRead)),
    ("admin-api-keys-delete", Holds(AdminKeysManage)),

    // Members
    ("list-users", Holds(MembersRead)),
    ("retrieve-user", Holds(MembersRead)),
    ("modify-user", Holds(MembersManage)),
    ("delete-user", Holds(MembersManage)),
    ("list-project-users", Holds(MembersRead)),
    ("create-project-user", Holds(MembersManage)),
    ("retrieve-project-user", Holds(MembersRead)),
    ("modify-project-user", Holds(MembersManage)),
    ("delete-project-user", Holds(MembersManage)),
    ("list-project-groups", Holds(MembersRead)),
    ("add-project-group", Holds(MembersManage)),
    ("retrieve-project-group", Holds(MembersRead)),
    ("remove-project-group", Holds(MembersManage)),

    // Groups
    ("list-groups", Holds(GroupsRead)),
    ("create-group", Holds(GroupsManage)),
    ("retrieve-group", Holds(GroupsRead)),
    ("update-group", Holds(GroupsManage)),
    ("delete-group", Holds(GroupsManage)),
    ("list-group-users", Holds(GroupsRead)),
    ("add-group-user", Holds(GroupsManage)),
    ("retrieve-group-user", Holds(GroupsRead)),
    ("remove-group-user", Holds(GroupsManage)),

    // Roles
    ("list-roles", Holds(RolesRead)),
    ("create-role", Holds(RolesManage)),
    ("retrieve-role", Holds(RolesRead)),
    ("update-role", Holds(RolesManage)),
    ("delete-role", Holds(RolesManage)),
    ("list-project-roles", Holds(RolesRead)),
    ("create-project-role", Holds(RolesManage)),
    ("retrieve-project-role", Holds(RolesRead)),
    ("update-project-role", Holds(RolesManage)),
    ("delete-project-role", Holds(RolesManage)),

    // Role assignments
    ("list-user-role-assignments", Holds(RolesRead)),
    ("assign-user-role", Holds(RolesAssign)),
    ("retrieve-user-role", Holds(RolesRead)),
    ("unassign-user-role", Holds(RolesAssign)),
    ("list-group-role-assignments", Holds(RolesRead)),
    ("assign-group-role", Holds(RolesAssign)),
    ("retrieve-group-role", Holds(RolesRead)),
    ("unassign-group-role", Holds(RolesAssign)),
    ("list-project-user-role-assignments", Holds(RolesRead)),
    ("assign-project-user-role", Holds(RolesAssign)),
    ("retrieve-project-user-role", Holds(RolesRead)),
    ("unassign-project-user-role", Holds(RolesAssign)),
    ("list-project-group-role-assignments", Holds(RolesRead)),
    ("assign-project-group-role", Holds(RolesAssign)),
    ("retrieve-project-group-role", Holds(RolesRead)),
    ("unassign-project-group-role", Holds(RolesAssign)),

    // The audit log
    ("list-audit-logs", HoldsSomewhere(AuditRead)),
    ("export-audit-logs", HoldsSomewhere(AuditExport)),
    ("verify-audit-logs", Holds(AuditRead)),
    ("list-permissions", Member),

    // Retention
    ("retrieve-retention", Holds(RetentionRead)),
    ("modify-retention", Holds(RetentionManage)),
    ("preview-retention", Holds(RetentionRead)),

    // Usage
    ("usage-completions", HoldsSomewhere(UsageRead)),
    ("usage-embeddings", HoldsSomewhere(UsageRead)),
    ("usage-costs", HoldsSomewhere(UsageRead)),
    ("retrieve-decision", HoldsSomewhere(UsageRead)),
    ("list-prices", Holds(UsageRead)),
    ("create-price", Holds(PricesManage)),
    ("retrieve-price", Holds(UsageRead)),
    ("modify-price", Holds(PricesManage)),
    ("delete-price", Holds(PricesManage)),

    // Invitations
    ("list-invites", HoldsSomewhere(MembersRead)),
    ("inviteUser", HoldsSomewhere(MembersManage)),
    ("retrieve-invite", HoldsSomewhere(MembersRead)),
    ("resend-invite", HoldsSomewhere(MembersManage)),
    ("delete-invite", HoldsSomewhere(MembersManage)),
    // The organization, and single sign-on
    ("retrieve-organization", Holds(OrganizationRead)),
    ("modify-organization", Holds(OrganizationUpdate)),
    ("list-sso-providers", Holds(SsoManage)),
    ("create-sso-provider", Holds(SsoManage)),
    ("retrieve-sso-provider", Holds(SsoManage)),
    ("modify-sso-provider", Holds(SsoManage)),
    ("delete-sso-provider", Holds(SsoManage)),
    ("test-sso-provider", Holds(SsoManage)),

    // Signing in, and what is a person's own
    ("sign-in", Nothing),
    ("sign-out", Nothing),
    ("describe-invitation", Nothing),
    ("accept-invitation", Nothing),
    ("decline-invitation", Nothing),
    ("request-password-reset", Nothing),
    ("complete-password-reset", Nothing),
    ("set-up", Nothing),
    ("start-sso", Nothing),
    ("finish-sso", Nothing),
    ("get-account", Session),
    ("modify-account", Session),
    ("change-password", Session),
    ("switch-organization", Session),
    ("list-sessions", Session),
    ("delete-session", Session),
    ("revoke-other-sessions", Session),
    ("start-second-factor", Session),
    ("confirm-second-factor", Session),
    ("renew-recovery-codes", Session),
    ("delete-second-factor", Session),
    ("delete-user-second-factor", Holds(MembersManage)),
    ("create-password-reset-link", Holds(MembersManage)),
];

/// What the operation of that name asks of its caller.
pub fn needs(operation_id: &str) -> Option<Needs> {
    POLICY.iter().find(|(name, _)| *name == operation_id).map(|(_, needs)| *needs)
}

/// The names of all operations in the table.
pub fn operations() -> impl Iterator<Item = &'static str> {
    POLICY.iter().map(|(name, _)| *name)
}

impl Needs {
    /// What the OpenAPI document says of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Nothing => "none",
            Key => "api_key",
            Member => "member",
            Session => "session",
            Holds(permission) | HoldsSomewhere(permission) => permission.as_str(),
        }
    }
}
