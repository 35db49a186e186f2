//! What the admin API can do, the console can, and where. A new operation fails
//! this until it has its page, or a reason why it needs none.

use std::collections::BTreeSet;

use http::Method;
use keyward_testkit::TestApp;
use serde_json::json;

/// Each operation and the form or page that does the same.
const PAGES: &[(&str, &str)] = &[
    ("get-account", "GET /account"),
    ("modify-account", "POST /account"),
    ("switch-organization", "POST /account/organization"),
    ("change-password", "POST /account/password"),
    ("start-second-factor", "POST /account/second-factor"),
    ("delete-second-factor", "POST /account/second-factor/remove"),
    ("confirm-second-factor", "POST /account/second-factor/confirm"),
    ("renew-recovery-codes", "POST /account/second-factor/recovery-codes"),
    ("list-sessions", "GET /account"),
    ("revoke-other-sessions", "POST /account/sessions/end-others"),
    ("delete-session", "POST /account/sessions/x/end"),
    ("accept-invitation", "POST /invitation/x"),
    ("decline-invitation", "POST /invitation/x/decline"),
    ("describe-invitation", "GET /invitation/x"),
    ("request-password-reset", "POST /forgot"),
    ("complete-password-reset", "POST /password-reset/x"),
    ("set-up", "POST /setup/x"),
    ("sign-in", "POST /login"),
    ("sign-out", "POST /logout"),
    ("retrieve-organization", "GET /organization/settings"),
    ("modify-organization", "POST /organization/settings"),
    ("admin-api-keys-list", "GET /organization/admin-keys"),
    ("admin-api-keys-create", "POST /organization/admin-keys"),
    ("admin-api-keys-get", "GET /organization/admin-keys"),
    ("admin-api-keys-delete", "POST /organization/admin-keys/x/delete"),
    ("list-audit-logs", "GET /organization/audit"),
    ("verify-audit-logs", "POST /organization/audit/verify"),
    ("list-organization-credentials", "GET /organization/credentials"),
    ("create-organization-credential", "POST /organization/credentials"),
    ("retrieve-organization-credential", "GET /organization/credentials/x"),
    ("modify-organization-credential", "POST /organization/credentials/x"),
    ("delete-organization-credential", "POST /organization/credentials/x/delete"),
    ("test-organization-credential", "POST /organization/credentials/x/test"),
    ("list-groups", "GET /organization/groups"),
    ("create-group", "POST /organization/groups"),
    ("retrieve-group", "GET /organization/groups/x"),
    ("update-group", "POST /organization/groups/x"),
    ("delete-group", "POST /organization/groups/x/delete"),
    ("list-group-role-assignments", "GET /organization/groups/x"),
    ("assign-group-role", "POST /organization/groups/x/roles"),
    ("retrieve-group-role", "GET /organization/groups/x"),
    ("unassign-group-role", "POST /organization/groups/x/roles/x/unassign"),
    ("list-group-users", "GET /organization/groups/x"),
    ("add-group-user", "POST /organization/groups/x/members"),
    ("retrieve-group-user", "GET /organization/groups/x"),
    ("remove-group-user", "POST /organization/groups/x/members/x/remove"),
    ("list-invites", "GET /organization/users/invitations"),
    ("inviteUser", "POST /organization/users/invitations"),
    ("retrieve-invite", "GET /organization/users/invitations"),
    ("delete-invite", "POST /organization/users/invitations/x/revoke"),
    ("resend-invite", "POST /organization/users/invitations/x/resend"),
    ("list-permissions", "GET /organization/roles/permissions"),
    ("list-projects", "GET /projects"),
    ("create-project", "POST /projects"),
    ("retrieve-project", "GET /projects/x"),
    ("modify-project", "POST /projects/x/edit"),
    ("activate-project", "POST /projects/x/activate"),
    ("archive-project", "POST /projects/x/deactivate"),
    ("list-project-api-keys", "GET /projects/x/api-keys"),
    ("create-project-api-key", "POST /projects/x/api-keys"),
    ("revoke-all-project-api-keys", "POST /projects/x/revoke-all"),
    ("retrieve-project-api-key", "GET /projects/x/api-keys/x"),
    ("modify-project-api-key", "POST /projects/x/api-keys/x"),
    ("delete-project-api-key", "POST /projects/x/api-keys/x/delete"),
    ("revoke-project-api-key", "POST /projects/x/api-keys/x/revoke"),
    ("rotate-project-api-key", "POST /projects/x/api-keys/x/rotate"),
    ("retrieve-project-model-permissions", "GET /projects/x/edit"),
    ("update-project-model-permissions", "POST /projects/x/edit"),
    ("delete-project-model-permissions", "POST /projects/x/edit"),
    ("list-project-model-aliases", "GET /projects/x/manage/model-aliases"),
    ("create-project-model-alias", "POST /projects/x/manage/model-aliases"),
    ("retrieve-project-model-alias", "GET /projects/x/manage/model-aliases/x"),
    ("modify-project-model-alias", "POST /projects/x/manage/model-aliases/x"),
    ("delete-project-model-alias", "POST /projects/x/manage/model-aliases/x/delete"),
    ("list-project-limits", "GET /projects/x/manage/limits"),
    ("create-project-limit", "POST /projects/x/manage/limits"),
    ("retrieve-project-limit", "GET /projects/x/manage/limits/x"),
    ("modify-project-limit", "POST /projects/x/manage/limits/x"),
    ("delete-project-limit", "POST /projects/x/manage/limits/x/delete"),
    ("list-budgets", "GET /organization/budgets"),
    ("create-budget", "POST /organization/budgets"),
    ("retrieve-budget", "GET /organization/budgets/x"),
    ("modify-budget", "POST /organization/budgets/x"),
    ("delete-budget", "POST /organization/budgets/x/delete"),
    ("get-organization-spend-limit", "GET /organization/budgets"),
    ("update-organization-spend-limit", "POST /organization/budgets"),
    ("delete-organization-spend-limit", "POST /organization/budgets/x/delete"),
    ("list-project-budgets", "GET /projects/x/manage/budgets"),
    ("create-project-budget", "POST /projects/x/manage/budgets"),
    ("retrieve-project-budget", "GET /projects/x/manage/budgets/x"),
    ("modify-project-budget", "POST /projects/x/manage/budgets/x"),
    ("delete-project-budget", "POST /projects/x/manage/budgets/x/delete"),
    ("get-project-spend-limit", "GET /projects/x/manage/budgets"),
    ("update-project-spend-limit", "POST /projects/x/manage/budgets"),
    ("delete-project-spend-limit", "POST /projects/x/manage/budgets/x/delete"),
    ("list-organization-spend-alerts", "GET /organization/spend-alerts"),
    ("create-organization-spend-alert", "POST /organization/spend-alerts"),
    ("retrieve-organization-spend-alert", "GET /organization/spend-alerts/x"),
    ("update-organization-spend-alert", "POST /organization/spend-alerts/x"),
    ("delete-organization-spend-alert", "POST /organization/spend-alerts/x/delete"),
    ("list-project-spend-alerts", "GET /projects/x/manage/spend-alerts"),
    ("create-project-spend-alert", "POST /projects/x/manage/spend-alerts"),
    ("retrieve-project-spend-alert", "GET /projects/x/manage/spend-alerts/x"),
    ("update-project-spend-alert", "POST /projects/x/manage/spend-alerts/x"),
    ("delete-project-spend-alert", "POST /projects/x/manage/spend-alerts/x/delete"),
    ("list-project-rate-limits", "GET /projects/x/manage/limits"),
    ("update-project-rate-limits", "POST /projects/x/manage/limits/x"),
    ("list-project-credentials", "GET /projects/x/credentials"),
    ("create-project-credential", "POST /projects/x/credentials"),
    ("retrieve-project-credential", "GET /projects/x/credentials/x"),
    ("modify-project-credential", "POST /projects/x/credentials/x"),
    ("delete-project-credential", "POST /projects/x/credentials/x/delete"),
    ("test-project-credential", "POST /projects/x/credentials/x/test"),
    ("list-project-groups", "GET /projects/x/manage/users"),
    ("add-project-group", "POST /projects/x/manage/groups"),
    ("retrieve-project-group", "GET /projects/x/manage/groups/x"),
    ("remove-project-group", "POST /projects/x/manage/groups/x/remove"),
    ("list-project-group-role-assignments", "GET /projects/x/manage/groups/x"),
    ("assign-project-group-role", "POST /projects/x/manage/groups/x/roles"),
    ("retrieve-project-group-role", "GET /projects/x/manage/groups/x"),
    ("unassign-project-group-role", "POST /projects/x/manage/groups/x/roles/x/unassign"),
    ("list-project-service-accounts", "GET /projects/x/manage/service-accounts"),
    ("create-project-service-account", "POST /projects/x/manage/service-accounts"),
    ("retrieve-project-service-account", "GET /projects/x/manage/service-accounts/x"),
    ("update-project-service-account", "POST /projects/x/manage/service-accounts/x"),
    ("delete-project-service-account", "POST /projects/x/manage/service-accounts/x/delete"),
    ("create-project-service-account-api-key", "POST /projects/x/manage/service-accounts/x/api-keys"),
    ("list-project-users", "GET /projects/x/manage/users"),
    ("create-project-user", "POST /projects/x/manage/users"),
    ("retrieve-project-user", "GET /projects/x/manage/users/x"),
    ("modify-project-user", "POST /projects/x/manage/users/x"),
    ("delete-project-user", "POST /projects/x/manage/users/x/remove"),
    ("retrieve-retention", "GET /organization/retention"),
    ("modify-retention", "POST /organization/retention"),
    ("preview-retention", "POST /organization/retention"),
    ("list-roles", "GET /organization/roles"),
    ("create-role", "POST /organization/roles"),
    ("retrieve-role", "GET /organization/roles/x"),
    ("update-role", "POST /organization/roles/x"),
    ("delete-role", "POST /organization/roles/x/delete"),
    ("list-sso-providers", "GET /organization/sso"),
    ("create-sso-provider", "POST /organization/sso"),
    ("retrieve-sso-provider", "GET /organization/sso/x"),
    ("modify-sso-provider", "POST /organization/sso/x"),
    ("delete-sso-provider", "POST /organization/sso/x/delete"),
    ("test-sso-provider", "POST /organization/sso/x/test"),
    ("list-prices", "GET /organization/prices"),
    ("create-price", "POST /organization/prices"),
    ("retrieve-price", "GET /organization/prices/x"),
    ("modify-price", "POST /organization/prices/x"),
    ("delete-price", "POST /organization/prices/x/delete"),
    ("retrieve-project-cache", "GET /projects/x/manage/cache"),
    ("modify-project-cache", "POST /projects/x/manage/cache"),
    ("purge-project-cache", "POST /projects/x/manage/cache/purge"),
    ("usage-completions", "GET /organization/usage"),
    ("usage-embeddings", "GET /organization/usage"),
    ("usage-costs", "GET /projects/x/usage"),
    ("retrieve-decision", "GET /organization/usage/decisions"),
    ("list-users", "GET /organization/users"),
    ("retrieve-user", "GET /organization/users/x"),
    ("modify-user", "POST /organization/users/x/disable"),
    ("delete-user", "POST /organization/users/x/remove"),
    ("create-password-reset-link", "POST /organization/users/x/reset-link"),
    ("list-user-role-assignments", "GET /organization/users/x"),
    ("assign-user-role", "POST /organization/users/x/roles"),
    ("retrieve-user-role", "GET /organization/users/x"),
    ("unassign-user-role", "POST /organization/users/x/roles/x/unassign"),
    ("delete-user-second-factor", "POST /organization/users/x/second-factor"),
    ("list-project-roles", "GET /projects/x/manage/roles"),
    ("create-project-role", "POST /projects/x/manage/roles"),
    ("retrieve-project-role", "GET /projects/x/manage/roles/x"),
    ("update-project-role", "POST /projects/x/manage/roles/x"),
    ("delete-project-role", "POST /projects/x/manage/roles/x/delete"),
    ("list-project-user-role-assignments", "GET /projects/x/manage/users/x"),
    ("assign-project-user-role", "POST /projects/x/manage/users/x/roles"),
    ("retrieve-project-user-role", "GET /projects/x/manage/users/x"),
    ("unassign-project-user-role", "POST /projects/x/manage/users/x/roles/x/unassign"),
];

/// For programs, or what pages link to as it is.
const NO_PAGE: &[&str] =
    &["healthz", "readyz", "openapi", "start-sso", "finish-sso", "export-audit-logs", "refuse-project-deletion"];

#[test]
fn every_operation_of_the_admin_api_has_its_page() {
    let document = serde_json::to_value(keyward_api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations: BTreeSet<&str> = paths
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values())
        // Calls are for programs.
        .filter(|operation| operation["tags"] != json!(["Data plane"]))
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let pages = PAGES.iter().map(|(operation, _)| *operation);
    let known: Vec<&str> = pages.chain(NO_PAGE.iter().copied()).collect();
    let unique: BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(unique.len(), known.len(), "an operation stands here twice");
    let (new, gone): (Vec<_>, Vec<_>) =
        (operations.difference(&unique).collect(), unique.difference(&operations).collect());
    assert!(new.is_empty() && gone.is_empty(), "without a page: {new:?}; no operation any more: {gone:?}");
}

#[tokio::test]
async fn each_of_these_pages_is_there() {
    let app = TestApp::on_sqlite().await;
    for (operation, page) in PAGES {
        let (method, path) = page.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let asking = app.nobody.asking(method.clone(), path).header("sec-fetch-site", "same-origin");
        let answer = match method {
            Method::GET => asking.send().await,
            _ => asking.header("content-type", "application/x-www-form-urlencoded").send().await,
        };
        // Whoever isn't signed in is sent to sign in, or told; an address without a page is the API's to refuse.
        assert!(
            !answer.text().contains("unknown_url") && answer.status != 405,
            "{operation}: {page} {}",
            answer.status
        );
    }
    app.finish().await;
}
