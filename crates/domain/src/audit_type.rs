//! The closed list of audit event types: what Keyward writes, and what the
//! specification knows besides and Keyward doesn't write (searching for one of
//! those finds nothing, and is no mistake).

/// What Keyward writes.
pub const WRITTEN: &[&str] = &[
    "access.denied",
    "admin_api_key.created",
    "admin_api_key.deleted",
    "api_key.created",
    "api_key.deleted",
    "api_key.revoked",
    "api_key.rotated",
    "api_key.updated",
    "api_keys.revoked_all",
    "budget.created",
    "budget.deleted",
    "budget.updated",
    "cache.purged",
    "cache.updated",
    "credential.created",
    "credential.deleted",
    "credential.updated",
    "group.created",
    "group.deleted",
    "group.member.added",
    "group.member.removed",
    "group.updated",
    "invite.accepted",
    "invite.declined",
    "invite.deleted",
    "invite.resent",
    "invite.sent",
    "login.failed",
    "login.succeeded",
    "logout.succeeded",
    "model_alias.created",
    "model_alias.deleted",
    "model_alias.updated",
    "organization.created",
    "organization.updated",
    "price.created",
    "price.deleted",
    "price.updated",
    "project.activated",
    "project.archived",
    "project.created",
    "project.updated",
    "rate_limit.created",
    "rate_limit.deleted",
    "rate_limit.updated",
    "retention.executed",
    "retention.failed",
    "retention.updated",
    "role.assignment.created",
    "role.assignment.deleted",
    "role.created",
    "role.deleted",
    "role.updated",
    "service_account.created",
    "service_account.deleted",
    "service_account.updated",
    "spend_alert.created",
    "spend_alert.deleted",
    "spend_alert.updated",
    "sso_provider.created",
    "sso_provider.deleted",
    "sso_provider.updated",
    "user.added",
    "user.deleted",
    "user.updated",
];

/// What else the specification names.
const SPECIFIED: &[&str] = &[
    "certificate.created",
    "certificate.deleted",
    "certificate.updated",
    "certificates.activated",
    "certificates.deactivated",
    "checkpoint.permission.created",
    "checkpoint.permission.deleted",
    "external_key.registered",
    "external_key.removed",
    "ip_allowlist.config.activated",
    "ip_allowlist.config.deactivated",
    "ip_allowlist.created",
    "ip_allowlist.deleted",
    "ip_allowlist.updated",
    "logout.failed",
    "project.deleted",
    "resource.deleted",
    "role.bound_to_resource",
    "role.unbound_from_resource",
    "scim.disabled",
    "scim.enabled",
    "tunnel.created",
    "tunnel.deleted",
    "tunnel.updated",
    "workload_identity_provider.created",
    "workload_identity_provider.deleted",
    "workload_identity_provider.updated",
    "workload_identity_provider_mapping.created",
    "workload_identity_provider_mapping.deleted",
    "workload_identity_provider_mapping.updated",
];

/// Whether `pattern` can match an event: a type's name, or one in which `*`
/// stands for anything, such as `api_key.*`.
pub fn is_known(pattern: &str) -> bool {
    WRITTEN.iter().chain(SPECIFIED).any(|name| matches(pattern, name))
}

/// Each part is taken at its first place, which leaves the most to the others:
/// nothing is tried twice, however many wildcards there are.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut behind) = name.strip_prefix(start) else { return false };
    for part in middle.split('*') {
        match behind.split_once(part) {
            Some((_, later)) => behind = later,
            None => return false,
        }
    }
    behind.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_wildcards_are_known_and_typing_errors_are_not() {
        for known in ["api_key.created", "api_key.*", "*.created", "*", "role.*.created", "login.failed", "*key*ed"] {
            assert!(is_known(known), "{known}");
        }
        for unknown in ["", "api_key", "api_key.create", "apikey.*", "no.such.event", "api_key.?", "API_KEY.*", "%"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn any_number_of_wildcards_is_answered() {
        let stars = "*".repeat(1000);
        assert!(is_known(&stars) && is_known(&format!("{stars}.{stars}created")));
        assert!(!is_known(&format!("{stars}x")) && !is_known(&format!("{}!", "*e".repeat(500))));
        // The end isn't taken twice.
        assert!(!matches("a*a", "a") && matches("a*a", "aa") && !matches("*ab*b", "ab"));
    }

    #[test]
    fn no_type_stands_twice() {
        let all: std::collections::HashSet<_> = WRITTEN.iter().chain(SPECIFIED).collect();
        assert_eq!(all.len(), WRITTEN.len() + SPECIFIED.len());
    }
}
