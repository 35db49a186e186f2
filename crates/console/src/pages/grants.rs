//! Roles that a member or a group holds at one place, and those that the
//! visitor may give them: alike for the organization and for a project.

use keyward_domain::{
    Invalid,
    access::Access,
    id::RoleId,
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use keyward_service::{
    Error, group, role,
    role_assignment::{self, HeldRole, Principal, Seat},
};
use keyward_web::Problem;

use crate::{Console, form::Form, pages::confirm::Ask, problem_page::Refused, visit::Visit};

/// Most roles that are shown or offered, as in the API's lists of roles.
const MOST: u32 = 1000;

/// The form's name for the role that is given.
pub const FIELDS: &[(&str, &str)] = &[("role_id", "role_id")];

/// A role that is held.
pub struct HeldRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where it comes from, in words.
    pub comes: String,
    /// Whether the principal holds it itself, not only through a group.
    pub is_direct: bool,
    /// Whether single sign-on gives it.
    pub by_sso: bool,
}

/// The section of a page that `grants/section.html` shows.
pub struct Grants {
    /// What is held.
    pub rows: Vec<HeldRow>,
    /// What may be given: id and name.
    pub options: Vec<(String, String)>,
    /// Where the form goes, and below which a role is taken.
    pub action: String,
    /// Whether roles may be given and taken.
    pub may_assign: bool,
}

impl Grants {
    /// Whether single sign-on gives one of them.
    pub fn by_sso(&self) -> bool {
        self.rows.iter().any(|row| row.by_sso)
    }
}

/// What is held at a seat; `None` if the visitor may not know. `action` is the
/// address of these roles.
pub async fn load(console: &Console, visit: &Visit, seat: Seat, action: String) -> Result<Option<Grants>, Refused> {
    if !visit.may(Permission::RolesRead, seat.scope) {
        return Ok(None);
    }
    let page = Page { limit: MOST, order: Order::Asc, cursor: None };
    let held = role_assignment::list(&console.keyward, &visit.actor, seat, page).await?.data;
    let mut rows = Vec::with_capacity(held.len());
    for one in held {
        rows.push(row(console, visit, seat, one).await?);
    }
    let may_assign = visit.may(Permission::RolesAssign, seat.scope)
        && role_assignment::reaches(&console.keyward, &visit.actor, seat).await?;
    let mut options = Vec::new();
    if may_assign {
        let page = Page { limit: MOST, order: Order::Asc, cursor: None };
        let roles = role::list(&console.keyward, &visit.actor, seat.scope, page).await?.data;
        let free = |role: &Role| {
            let id = role.id.to_string();
            !rows.iter().any(|row| row.is_direct && row.id == id)
        };
        let givable = roles.into_iter().filter(|role| may_give(visit, seat, role) && free(role));
        options = givable.map(|role| (role.id.to_string(), role.name.to_string())).collect();
    }
    Ok(Some(Grants { rows, options, action, may_assign }))
}

/// Whether giving a role would be let through. What every member holds isn't
/// offered: it would change nothing.
fn may_give(visit: &Visit, seat: Seat, role: &Role) -> bool {
    let is_group = matches!(seat.principal, Principal::Group(_));
    match role.built_in() {
        Some(BuiltIn::OrganizationMember) => return false,
        Some(BuiltIn::OrganizationOwner) if is_group => return false,
        _ => {}
    }
    visit.actor.access.covers(&Access::of_role(role, seat.scope))
}

async fn row(console: &Console, visit: &Visit, seat: Seat, held: HeldRole) -> Result<HeldRow, Refused> {
    let sees_groups = visit.may(Permission::GroupsRead, Scope::Organization);
    let mut groups = Vec::new();
    for source in &held.sources {
        if let Principal::Group(id) = source
            && *source != seat.principal
        {
            groups.push(if sees_groups {
                group::find(&console.keyward, &visit.actor, *id).await?.name.to_string()
            } else {
                "a group".to_owned()
            });
        }
    }
    let given = held.is_given.then(|| "given directly".to_owned());
    let by_sso = held.by_sso.then(|| "by single sign-on".to_owned());
    let through = (!groups.is_empty()).then(|| format!("through {}", groups.join(", ")));
    Ok(HeldRow {
        id: held.role.id.to_string(),
        name: held.role.name.to_string(),
        comes: [given, by_sso, through].into_iter().flatten().collect::<Vec<_>>().join(", and "),
        is_direct: held.is_given || held.by_sso,
        by_sso: held.by_sso,
        description: held.role.description,
    })
}

/// Gives the role that was chosen; answers its name.
pub async fn assign(console: &Console, visit: &Visit, seat: Seat, form: &Form) -> Result<String, Problem> {
    let choose = || Invalid::new("role_id", "Choose the role to give.");
    let role: RoleId = form.text("role_id").parse().map_err(|_| choose())?;
    let assigned = role_assignment::assign(&console.keyward, &visit.actor, seat, role).await?;
    Ok(assigned.role.name.to_string())
}

/// The question before a role is taken. `page`: where the holder is shown,
/// under which name.
pub async fn taking(
    console: &Console,
    visit: &Visit,
    seat: Seat,
    role_id: &str,
    (page, name): (&str, &str),
) -> Result<(RoleId, Ask), Error> {
    let id: RoleId = role_id.parse().map_err(|_| Error::NotFound("role"))?;
    let role = role::find(&console.keyward, &visit.actor, seat.scope, id).await?;
    let effect = match seat.principal {
        Principal::Group(_) => "Everybody in the group loses what this role alone lets them do, at once.",
        _ => "They lose what this role alone lets them do, at once. Their API keys go on working.",
    };
    let ask = Ask {
        title: format!("Take the role {} from {name}?", role.name),
        lines: vec![effect.into()],
        action: format!("{page}/roles/{id}/unassign"),
        button: "Take the role",
        back: page.to_owned(),
        is_destructive: true,
        ..Ask::default()
    };
    Ok((id, ask))
}
