//! Choosing projects, and in each of them a role: for invitations and admin
//! keys. Every choice is one value, `proj_…:role`; projects that aren't offered,
//! because there are too many, are named by their ids.

use keyward_domain::{
    Invalid,
    access::Access,
    id::ProjectId,
    page::{Order, Page},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_service::project::{self, ListProjects, ProjectFilter, ProjectSort};

use crate::{Console, form::Form, problem_page::Refused, visit::Visit};

/// Most projects that are offered.
const MOST: u32 = 100;

/// A project, and what may be chosen in it.
pub struct ProjectChoice {
    /// Its name.
    pub name: String,
    /// Value and words.
    pub options: Vec<(String, &'static str)>,
}

/// What `grants/projects.html` shows.
pub struct ProjectChoices {
    /// The projects, by name.
    pub rows: Vec<ProjectChoice>,
    /// Whether there are more than are shown.
    pub has_more: bool,
    /// The roles that can be given in those.
    pub words: Vec<(&'static str, &'static str)>,
}

/// The projects in which the visitor may give one of `roles`: the word that
/// stands for it in a form, and the role. It may take a `permission` there.
pub async fn choices(
    console: &Console,
    visit: &Visit,
    permission: Option<Permission>,
    roles: &[(&'static str, BuiltIn)],
) -> Result<ProjectChoices, Refused> {
    let filter = ProjectFilter { active: true, inactive: true, search: None, among: None };
    let page = Page { limit: MOST, order: Order::Desc, cursor: None };
    let command = ListProjects { filter, sort: ProjectSort::default(), page };
    let listed = project::list(&console.keyward, &visit.actor, command).await?;
    let mut rows = Vec::new();
    for details in listed.data {
        let scope = Scope::Project(details.project.id);
        let may_give = |role: &BuiltIn| {
            let role = role.role(visit.actor.organization);
            permission.is_none_or(|permission| visit.may(permission, scope))
                && visit.actor.access.covers(&Access::of_role(&role, scope))
        };
        let options: Vec<_> = roles
            .iter()
            .filter(|(_, role)| may_give(role))
            .map(|(word, role)| (format!("{}:{word}", details.project.id), role.name()))
            .collect();
        if !options.is_empty() {
            rows.push(ProjectChoice { name: details.project.name.to_string(), options });
        }
    }
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    let words = roles.iter().map(|(word, role)| (*word, role.name())).collect();
    Ok(ProjectChoices { rows, has_more: listed.has_more, words })
}

/// The field of projects that aren't offered.
pub const FURTHER: &str = "further_projects";

/// What was chosen: project and word. What isn't one of the values is left out;
/// what was typed and is no project's id is refused.
pub fn chosen(form: &Form) -> Result<Vec<(ProjectId, &str)>, Invalid> {
    let offered = form.all("grant").filter_map(|value| {
        let (project, word) = value.split_once(':')?;
        Some((project.parse().ok()?, word))
    });
    let mut chosen: Vec<_> = offered.collect();
    for text in form.words(FURTHER) {
        let shown: String = text.chars().take(80).collect();
        let wrong = |_| Invalid::new(FURTHER, format!("{shown:?} isn't a project's ID: that begins with proj_."));
        chosen.push((text.parse().map_err(wrong)?, form.text("further_role")));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_project_and_a_word() {
        let id = format!("{}_00000000000070008000000000000001", ProjectId::PREFIX);
        let form = Form::read(format!("grant=&grant={id}%3Amember&grant=x%3Aowner&grant={id}").as_bytes()).unwrap();
        let read: Vec<_> = chosen(&form).unwrap().into_iter().map(|(_, word)| word).collect();
        assert_eq!(read, ["member"]);
        let further = |text: &str| Form::filled([(FURTHER, text.to_owned()), ("further_role", "owner".to_owned())]);
        let form = further(&format!("{id}\r\n {id}"));
        assert_eq!(chosen(&form).unwrap().iter().map(|(_, word)| *word).collect::<Vec<_>>(), ["owner", "owner"]);
        assert_eq!(chosen(&further("Production")).unwrap_err().param, FURTHER);
    }
}
