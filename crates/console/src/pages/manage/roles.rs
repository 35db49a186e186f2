//! Roles that can be held in a project: what they are called, and which of them
//! the visitor may give.

use keyward_domain::{
    access::Access,
    id::RoleId,
    page::{Order, Page},
    permission::Permission,
    project::Project,
    role::{BuiltIn, Scope},
};
use keyward_service::role;

use crate::{Console, form::Form, problem_page::Refused, visit::Visit};

/// A project's roles.
pub struct ProjectRoles {
    all: Vec<(RoleId, String)>,
    /// What the visitor may give: id and name.
    pub givable: Vec<(String, String)>,
}

impl ProjectRoles {
    /// Those of a project; without the permission to read roles, the built-in
    /// ones.
    pub async fn load(console: &Console, visit: &Visit, project: &Project) -> Result<Self, Refused> {
        let scope = Scope::Project(project.id);
        let roles = if visit.may(Permission::RolesRead, scope) {
            let page = Page { limit: 1000, order: Order::Asc, cursor: None };
            role::list(&console.keyward, &visit.actor, scope, page).await?.data
        } else {
            let built_in = BuiltIn::ALL.into_iter().filter(|role| role.fits(scope));
            built_in.map(|role| role.role(visit.actor.organization)).collect()
        };
        let may_give = roles.iter().filter(|role| visit.actor.access.covers(&Access::of_role(role, scope)));
        let givable = may_give.map(|role| (role.id.to_string(), role.name.to_string())).collect();
        Ok(Self { all: roles.into_iter().map(|role| (role.id, role.name.to_string())).collect(), givable })
    }

    /// What these roles are called.
    pub fn names(&self, held: &[RoleId]) -> String {
        let name = |id: &RoleId| self.all.iter().find(|(known, _)| known == id).map(|(_, name)| name.as_str());
        held.iter().map(|id| name(id).unwrap_or("a role of the project's own")).collect::<Vec<_>>().join(", ")
    }

    /// Proposes Project Member in a form in which nothing was chosen yet.
    pub fn propose(&self, form: &mut Form, field: &str) {
        let member = BuiltIn::ProjectMember.id().to_string();
        if !form.is_ticked(field) && self.givable.iter().any(|(id, _)| *id == member) {
            form.set(field, member);
        }
    }
}
