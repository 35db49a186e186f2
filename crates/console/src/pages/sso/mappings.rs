//! Mappings in a form: one row each, with some empty ones for more.

use keyward_domain::{
    Invalid,
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Scope},
    sso::{Mapping, MappingText, parse_mappings},
};
use keyward_service::{
    group,
    project::{self, ListProjects, ProjectFilter, ProjectSort},
    role,
};
use keyward_web::Problem;

use crate::{Console, form::Form, problem_page::Refused, visit::Visit};

/// Empty rows for more of them.
const EMPTY: usize = 3;
/// Most rows that are read.
const MOST: usize = 250;
/// Most projects that are offered in each row.
const PROJECTS: u32 = 100;
/// Most groups, and most roles.
const OFFERED: u32 = 1000;

/// Groups, roles and projects that can be chosen: value and words.
pub struct Offers {
    /// Groups.
    pub groups: Vec<(String, String)>,
    /// Roles of the organization, and the built-in ones of projects.
    pub roles: Vec<(String, String)>,
    /// Where the latter are held.
    pub projects: Vec<(String, String)>,
    /// Whether there are more projects: they are named by their ids.
    pub has_more_projects: bool,
}

/// A row of the form.
pub struct MappingRow {
    /// Its place.
    pub number: usize,
    /// The claim's name.
    pub claim: String,
    /// Its value.
    pub value: String,
    /// What it gives.
    pub gives: String,
    /// Where.
    pub project: String,
    /// The id of a project that isn't offered, as it was typed.
    pub project_id: String,
    /// What was chosen but isn't offered, such as a project's own role.
    pub further: Option<String>,
    /// The same of the project.
    pub further_project: Option<String>,
    /// The field under which an error of this row is kept.
    pub error: String,
}

/// What the visitor may know of, to choose from.
pub async fn offers(console: &Console, visit: &Visit) -> Result<Offers, Refused> {
    let (keyward, actor) = (&console.keyward, &visit.actor);
    let mut offers = Offers { groups: Vec::new(), roles: Vec::new(), projects: Vec::new(), has_more_projects: false };
    if visit.may(Permission::GroupsRead, Scope::Organization) {
        let page = Page { limit: OFFERED, order: Order::Asc, cursor: None };
        let groups = group::list(keyward, actor, page).await?.data;
        offers.groups = groups.into_iter().map(|one| (format!("group:{}", one.id), one.name.to_string())).collect();
    }
    if visit.may(Permission::RolesRead, Scope::Organization) {
        let page = Page { limit: OFFERED, order: Order::Asc, cursor: None };
        let mut roles = role::list(keyward, actor, Scope::Organization, page).await?.data;
        // Only owners make owners, and what every member holds needs no mapping.
        let is_offered =
            |role: Option<BuiltIn>| !matches!(role, Some(BuiltIn::OrganizationOwner | BuiltIn::OrganizationMember));
        roles.retain(|role| is_offered(role.built_in()));
        let of_projects = BuiltIn::ALL.into_iter().filter(|role| !role.is_of_organization());
        roles.extend(of_projects.map(|role| role.role(actor.organization)));
        offers.roles = roles.into_iter().map(|one| (format!("role:{}", one.id), one.name.to_string())).collect();
    }
    let filter = ProjectFilter { active: true, inactive: true, search: None, among: None };
    let page = Page { limit: PROJECTS, order: Order::Desc, cursor: None };
    let listed = project::list(keyward, actor, ListProjects { filter, sort: ProjectSort::default(), page }).await?;
    offers.has_more_projects = listed.has_more;
    offers.projects =
        listed.data.into_iter().map(|one| (one.project.id.to_string(), one.project.name.to_string())).collect();
    Ok(offers)
}

fn field(name: &str, number: usize) -> String {
    format!("{name}_{number}")
}

/// Fills in the mappings of a provider.
pub fn fill(form: &mut Form, mappings: &[Mapping]) {
    for (number, mapping) in mappings.iter().enumerate() {
        let text = mapping.text();
        let gives = match (text.group_id, text.role_id) {
            (Some(group), _) => format!("group:{group}"),
            (None, role) => format!("role:{}", role.unwrap_or_default()),
        };
        form.set(&field("claim", number), text.claim);
        form.set(&field("value", number), text.value);
        form.set(&field("gives", number), gives);
        form.set(&field("project", number), text.project_id.unwrap_or_default());
    }
}

/// The rows that were filled in: their numbers.
fn filled(form: &Form) -> Vec<usize> {
    let is_filled =
        |number: &usize| ["claim", "value", "gives"].iter().any(|name| form.optional(&field(name, *number)).is_some());
    (0..MOST).filter(is_filled).collect()
}

/// The rows to show.
pub fn rows(form: &Form, offers: &Offers) -> Vec<MappingRow> {
    let filled = filled(form);
    let free = filled.last().map_or(0, |last| last + 1);
    filled.into_iter().chain(free..free + EMPTY).map(|number| row(form, offers, number)).collect()
}

fn row(form: &Form, offers: &Offers, number: usize) -> MappingRow {
    let text = |name: &str| form.text(&field(name, number)).to_owned();
    let (gives, project) = (text("gives"), text("project"));
    let is_known = |list: &[(String, String)], value: &str| list.iter().any(|(known, _)| known == value);
    MappingRow {
        further: (!gives.is_empty() && !is_known(&offers.groups, &gives) && !is_known(&offers.roles, &gives))
            .then(|| gives.clone()),
        further_project: (!project.is_empty() && !is_known(&offers.projects, &project)).then(|| project.clone()),
        claim: text("claim"),
        value: text("value"),
        project_id: text("project_id"),
        error: field("mapping", number),
        number,
        gives,
        project,
    }
}

/// What was filled in.
pub fn read(form: &Form) -> Result<Vec<Mapping>, Invalid> {
    let text = |number| {
        let text = |name: &str| form.optional(&field(name, number)).map(str::to_owned);
        let gives = text("gives").unwrap_or_default();
        MappingText {
            claim: text("claim").unwrap_or_default(),
            value: text("value").unwrap_or_default(),
            group_id: gives.strip_prefix("group:").map(str::to_owned),
            role_id: gives.strip_prefix("role:").map(str::to_owned),
            project_id: text("project_id").or_else(|| text("project")).filter(|_| gives.starts_with("role:")),
        }
    };
    parse_mappings("mappings", filled(form).into_iter().map(text).collect())
}

/// Says at its row what is wrong with a mapping; whether it is about one.
pub fn take(form: &mut Form, problem: &Problem) -> bool {
    let param = problem.param.as_deref().unwrap_or_default();
    let index = param.strip_prefix("mappings[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
    let number = index.and_then(|index| filled(form).get(index).copied());
    let Some(number) = number else { return false };
    let message = match param.rsplit_once("].").map(|(_, field)| field) {
        Some("claim") if form.optional(&field("claim", number)).is_none() => "Give the claim's name.".to_owned(),
        Some("value") if form.optional(&field("value", number)).is_none() => "Give the claim's value.".to_owned(),
        None => "Choose what it gives.".to_owned(),
        _ => problem.message.clone(),
    };
    form.refuse(&field("mapping", number), message);
    true
}

#[cfg(test)]
mod tests {
    use keyward_domain::id::GroupId;

    use super::*;

    #[test]
    fn rows_are_read_as_they_were_filled_in_and_errors_stand_at_theirs() {
        let group = format!("{}_00000000000070008000000000000001", GroupId::PREFIX);
        let text =
            format!("claim_0=groups&value_0=staff&gives_0=group%3A{group}&claim_3=x&value_3=y&gives_3=&claim_4=");
        let mut form = Form::read(text.as_bytes()).unwrap();
        let refused = Problem::from(read(&form).unwrap_err());
        assert!(take(&mut form, &refused), "{refused:?}");
        assert_eq!(form.error("mapping_3"), Some("Choose what it gives."));
        assert!(!take(&mut form, &Problem::from(Invalid::new("issuer", "Wrong."))));

        form.set("claim_3", "");
        form.set("value_3", "");
        let mappings = read(&form).unwrap();
        let mut again = Form::default();
        fill(&mut again, &mappings);
        assert_eq!(read(&again).unwrap(), mappings);
        let offers = Offers { groups: Vec::new(), roles: Vec::new(), projects: Vec::new(), has_more_projects: false };
        let rows = rows(&again, &offers);
        assert_eq!((rows.len(), rows[0].further.is_some()), (4, true), "what isn't offered stays chosen");
    }
}
