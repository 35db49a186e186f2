//! The built-in matrix as a page of the documentation: which role holds which
//! permission. Written from the very rules that are enforced.

use std::fmt::Write as _;

use crate::{
    permission::{Kind, Permission},
    role::BuiltIn,
};

const HEAD: &str = "\
# Permissions

What somebody may do is the sum of their roles and those of their groups. Deny by default: what isn't held isn't allowed. A permission held through a role of the organization covers every project; through a role of a project, that project only.

There are seven built-in roles, which nobody can change; every member of an organization holds Organization Member. Custom roles hold what you choose: see `keyward roles --help`, or `POST /v1/organization/roles`. Nobody can give what they don't hold, or change somebody who holds more than they do; only an owner makes another owner.

This page is written from the rules themselves: `cargo run -q -p keyward-domain --example permissions > docs/permissions.md`.
";

/// The page, as Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## The built-in roles\n\n| role | held at | what it is for |\n|---|---|---|\n");
    for role in BuiltIn::ALL {
        let place = if role.is_of_organization() { "the organization" } else { "a project" };
        let _ = writeln!(page, "| {} | {place} | {} |", role.name(), role.description());
    }
    for (kind, title) in [
        (Kind::Organization, "Only through roles of the organization"),
        (Kind::Administration, "Administration"),
        (Kind::Data, "Data, also the scopes of an API key"),
    ] {
        let roles: Vec<_> =
            BuiltIn::ALL.into_iter().filter(|role| !role.permissions().of_kind(kind).is_empty()).collect();
        let _ = writeln!(page, "\n## {title}\n");
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let _ = writeln!(page, "| permission | {} |", names.join(" | "));
        let _ = writeln!(page, "|---|{}", ":-:|".repeat(roles.len()));
        for permission in Permission::ALL.iter().filter(|permission| permission.kind() == kind) {
            let marks: Vec<_> = roles.iter().map(|role| if role.holds(*permission) { "✓" } else { " " }).collect();
            let _ = writeln!(page, "| `{permission}` | {} |", marks.join(" | "));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_what_the_rules_say() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == page(),
            "docs/permissions.md isn't what the rules say. If the change is meant, renew it: cargo run -q -p keyward-domain --example permissions > docs/permissions.md"
        );
    }

    #[test]
    fn every_permission_and_every_role_is_on_the_page() {
        let page = page();
        for permission in Permission::ALL {
            assert_eq!(page.matches(&format!("| `{permission}` |")).count(), 1, "{permission}");
        }
        assert!(BuiltIn::ALL.iter().all(|role| page.contains(role.name())));
    }
}
