//! `GET /projects/{id}/manage/users`: who is in a project, with which roles, and
//! which groups are.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{page::Order, permission::Permission, project::Project, role::Scope};
use keyward_service::project_member::{self, ProjectMemberDetails};

use super::root;
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::{
        manage::{
            groups::{self, GroupRow},
            roles::ProjectRoles,
            tabs,
        },
        parts::Tab,
        projects,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    /// Their page, if the visitor may see what is on it.
    href: Option<String>,
    name: String,
    email: String,
    roles: String,
    added: When,
}

/// What the page shows besides the lists: forms that were refused, and an
/// invitation's link.
#[derive(Default)]
pub struct Besides {
    /// Adding or inviting somebody.
    pub person: Form,
    /// Adding a group.
    pub group: Form,
    /// To hand over where no mail is sent: whose, and the link.
    pub link: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "manage/users.html")]
struct UsersPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    groups_root: String,
    rows: Vec<Row>,
    paging: Paging,
    groups: Vec<GroupRow>,
    /// Groups that may be added: id and name.
    addable: Vec<(String, String)>,
    /// Whether there are more of them than are offered.
    has_more: bool,
    roles: Vec<(String, String)>,
    besides: Besides,
    can_manage: bool,
    sees_invitations: bool,
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    page(&console, &visit, &project, &query, Besides::default(), StatusCode::OK).await
}

/// The page; also again, after a form on it was sent.
pub async fn page(
    console: &Console,
    visit: &Visit,
    project: &Project,
    query: &Query,
    mut besides: Besides,
    status: StatusCode,
) -> Result<Response, Refused> {
    let listed = project_member::list(&console.keyward, &visit.actor, project.id, query.page(Order::Asc)?).await?;
    let id = |details: &ProjectMemberDetails| details.member.user.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let roles = ProjectRoles::load(console, visit, project).await?;
    let (root, scope) = (root(project), Scope::Project(project.id));
    let can_manage = visit.may(Permission::MembersManage, scope);
    let sees_page = can_manage || visit.may(Permission::RolesRead, scope);
    let row = |details: ProjectMemberDetails| Row {
        href: sees_page.then(|| format!("{root}/{}", details.member.user.id)),
        name: details.member.user.name.to_string(),
        email: details.member.user.email.to_string(),
        roles: roles.names(&details.roles),
        added: When::new(details.member.added_at, visit.now),
    };
    let rows = listed.data.into_iter().map(row).collect();
    let groups = groups::rows(console, visit, project, &roles, sees_page).await?;
    let (addable, has_more) =
        if can_manage { groups::addable(console, visit, &groups).await? } else { (Vec::new(), false) };
    roles.propose(&mut besides.person, "role");
    roles.propose(&mut besides.group, "group_role");
    let page = UsersPage {
        shell: Shell::new(visit, "Manage").within(visit, project),
        tabs: tabs(visit, project),
        rows,
        paging: query.at(&root).paging(first.as_deref(), last.as_deref(), listed.has_more),
        groups_root: groups::root(project),
        groups,
        addable,
        has_more,
        roles: roles.givable,
        besides,
        can_manage,
        sees_invitations: can_manage || visit.may(Permission::MembersRead, Scope::Organization),
        root,
    };
    Ok(html_with(status, &page))
}
