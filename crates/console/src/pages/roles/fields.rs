//! The fields of a role's form: name, description, and a box for each
//! permission.

use keyward_domain::{
    Invalid, Name,
    permission::{Kind, Permission, PermissionSet},
    project::parse_description,
    role::{Role, Scope, parse_permissions},
};

use crate::{form::Form, visit::Visit};

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] =
    &[("name", "name"), ("role_name", "name"), ("description", "description"), ("permissions", "permissions")];

/// Boxes that stand together.
pub struct PermissionGroup {
    /// What they are about.
    pub title: &'static str,
    /// Their names.
    pub permissions: Vec<&'static str>,
}

/// What a kind of permissions is called.
pub const fn kind_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => "Organization",
        Kind::Administration => "Administration",
        Kind::Data => "Data",
    }
}

/// Permissions by kind, as far as `is_shown`; kinds without any are left out.
pub fn groups(is_shown: impl Fn(Permission) -> bool) -> Vec<PermissionGroup> {
    let group = |kind| PermissionGroup {
        title: kind_title(kind),
        permissions: Permission::ALL
            .iter()
            .filter(|permission| permission.kind() == kind && is_shown(**permission))
            .map(|permission| permission.as_str())
            .collect(),
    };
    let groups = [Kind::Organization, Kind::Administration, Kind::Data].map(group);
    groups.into_iter().filter(|group| !group.permissions.is_empty()).collect()
}

/// The boxes of a form: what the visitor holds, since nobody gives more.
pub fn boxes(visit: &Visit, scope: Scope) -> Vec<PermissionGroup> {
    groups(|permission| {
        visit.may(permission, scope) && (scope == Scope::Organization || permission.kind() != Kind::Organization)
    })
}

/// What was typed and ticked.
pub struct Typed {
    pub name: Name,
    pub description: String,
    pub permissions: PermissionSet,
}

pub fn read(form: &Form, scope: Scope) -> Result<Typed, Invalid> {
    let names: Vec<String> = form.all("permissions").map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Invalid::new("permissions", "Tick what the role holds: at least one permission."));
    }
    Ok(Typed {
        name: Name::parse("name", form.text("name"))?,
        description: parse_description("description", form.text("description"))?,
        permissions: parse_permissions("permissions", scope, &names)?,
    })
}

/// A form that says what a role is.
pub fn filled(role: &Role) -> Form {
    let version = role.custom.as_ref().map_or(0, |custom| custom.version);
    let mut form = Form::filled([
        ("name", role.name.to_string()),
        ("description", role.description.clone()),
        ("version", version.to_string()),
    ]);
    role.permissions.iter().for_each(|permission| form.add("permissions", permission.as_str()));
    form
}
