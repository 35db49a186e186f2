//! Giving roles: by which words requests name them, and who can hold which.

use crate::{
    Invalid,
    id::RoleId,
    role::{BuiltIn, Role, Scope},
};

/// The words for built-in roles at the organization, the specification's.
const OF_ORGANIZATION: &[(&str, BuiltIn)] =
    &[("owner", BuiltIn::OrganizationOwner), ("reader", BuiltIn::OrganizationMember)];

/// The words for built-in roles at a project: the specification's, and one for
/// those who only look.
const OF_PROJECT: &[(&str, BuiltIn)] =
    &[("owner", BuiltIn::ProjectAdmin), ("member", BuiltIn::ProjectMember), ("viewer", BuiltIn::ProjectViewer)];

const fn words(scope: Scope) -> &'static [(&'static str, BuiltIn)] {
    match scope {
        Scope::Organization => OF_ORGANIZATION,
        Scope::Project(_) => OF_PROJECT,
    }
}

/// Reads the field `param`, which names a role that is to be held at `scope`:
/// by a word such as `owner`, or by its id.
pub fn parse_role(param: &str, scope: Scope, text: &str) -> Result<RoleId, Invalid> {
    if let Some((_, role)) = words(scope).iter().find(|(word, _)| *word == text) {
        return Ok(role.id());
    }
    text.parse().map_err(|_| {
        let known: Vec<_> = words(scope).iter().map(|(word, _)| *word).collect();
        Invalid::new(param, format!("{param} must be one of: {}; or the id of a role.", known.join(", ")))
    })
}

/// What is answered for somebody who holds these roles directly at a project:
/// the word for the first built-in one, else the id of the first.
pub fn project_role_word(held: &[RoleId]) -> String {
    let word = OF_PROJECT.iter().find(|(_, role)| held.contains(&role.id())).map(|(word, _)| (*word).to_owned());
    word.or_else(|| held.iter().min().map(ToString::to_string)).unwrap_or_default()
}

/// What is answered for a member of the organization: `owner` or `reader`.
pub fn organization_role_word(held: &[RoleId]) -> &'static str {
    if held.contains(&BuiltIn::OrganizationOwner.id()) { "owner" } else { "reader" }
}

/// Who is to hold a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A person.
    User,
    /// A group of people.
    Group,
}

/// Refuses a role that can't be held there, or not by such a holder.
pub fn check_holder(param: &str, role: &Role, scope: Scope, holder: Holder) -> Result<(), Invalid> {
    let name = role.name.as_str();
    if !role.fits(scope) {
        let whose = match (role.built_in().map(BuiltIn::is_of_organization), role.project) {
            (Some(false), _) => "a role for projects",
            (None, Some(_)) => "a role of one project",
            _ => "a role of the organization",
        };
        let place = if scope == Scope::Organization { "the organization" } else { "this project" };
        let message = format!("{name:?} is {whose}: it can't be held at {place}. Choose a role that is listed there.");
        return Err(Invalid::new(param, message).code("role_does_not_fit"));
    }
    if role.built_in() == Some(BuiltIn::OrganizationOwner) && holder == Holder::Group {
        let message = "Only people can be owners: give this role to each of them, or give the group another role.";
        return Err(Invalid::new(param, message).code("owner_for_people_only"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::id::{OrganizationId, ProjectId};

    fn project() -> Scope {
        Scope::Project(ProjectId::from_uuid(Uuid::nil()))
    }

    #[test]
    fn a_role_is_named_by_its_word_or_its_id() {
        for (scope, text, role) in [
            (Scope::Organization, "owner", BuiltIn::OrganizationOwner),
            (Scope::Organization, "reader", BuiltIn::OrganizationMember),
            (project(), "owner", BuiltIn::ProjectAdmin),
            (project(), "member", BuiltIn::ProjectMember),
            (project(), "viewer", BuiltIn::ProjectViewer),
        ] {
            assert_eq!(parse_role("role", scope, text), Ok(role.id()));
            assert_eq!(parse_role("role", scope, &role.id().to_string()), Ok(role.id()));
        }
        for (scope, text) in
            [(Scope::Organization, "member"), (project(), "reader"), (project(), "Owner"), (project(), "")]
        {
            assert!(parse_role("role", scope, text).unwrap_err().message.contains("owner"), "{text}");
        }
    }

    #[test]
    fn the_strongest_built_in_role_gives_the_word() {
        let custom = RoleId::from_uuid(Uuid::max());
        let (admin, viewer) = (BuiltIn::ProjectAdmin.id(), BuiltIn::ProjectViewer.id());
        assert_eq!(project_role_word(&[custom, viewer, admin]), "owner");
        assert_eq!(project_role_word(&[custom, viewer]), "viewer");
        assert_eq!(project_role_word(&[custom]), custom.to_string());
        assert_eq!(organization_role_word(&[custom]), "reader");
        assert_eq!(organization_role_word(&[custom, BuiltIn::OrganizationOwner.id()]), "owner");
    }

    #[test]
    fn owners_are_people() {
        let owner = BuiltIn::OrganizationOwner.role(OrganizationId::from_uuid(Uuid::nil()));
        assert_eq!(check_holder("role_id", &owner, Scope::Organization, Holder::User), Ok(()));
        let refused = check_holder("role_id", &owner, Scope::Organization, Holder::Group).unwrap_err();
        assert_eq!(refused.code, "owner_for_people_only");
    }

    proptest! {
        #[test]
        fn what_does_not_fit_is_refused_for_everybody(role in 0usize..7, at_project: bool, group: bool) {
            let role = BuiltIn::ALL[role].role(OrganizationId::from_uuid(Uuid::nil()));
            let scope = if at_project { project() } else { Scope::Organization };
            let holder = if group { Holder::Group } else { Holder::User };
            let checked = check_holder("role_id", &role, scope, holder);
            prop_assert!(role.fits(scope) || checked.unwrap_err().code == "role_does_not_fit");
        }
    }
}
