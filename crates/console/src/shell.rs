//! What stands around every page: title, breadcrumb, sidebar, who is signed in.

use keyward_domain::{permission::Permission, project::Project, role::Scope};

use crate::{
    assets::{ASSETS, Assets},
    visit::{Look, Visit},
};

/// A link of the sidebar.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
    /// Whether the page belongs there.
    pub is_here: bool,
}

/// A step of the breadcrumb.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
}

/// The project within which a page is.
#[derive(Debug, Clone)]
pub struct Within {
    /// Its name.
    pub name: String,
    /// Whether calls get through.
    pub is_active: bool,
    /// Its pages.
    pub links: Vec<NavLink>,
}

/// What stands around a page of somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The page's title.
    pub title: String,
    /// The way to it.
    pub crumbs: Vec<Crumb>,
    /// What the user is called.
    pub user: String,
    /// Their address.
    pub email: String,
    /// Where they are.
    pub organization: String,
    /// What its forms are bound to.
    pub bound_to: String,
    /// Where else they may go: id and name.
    pub other_organizations: Vec<(String, String)>,
    /// The pages of the organization.
    pub links: Vec<NavLink>,
    /// The project, if the page is within one.
    pub within: Option<Within>,
    /// How it is to look.
    pub look: Look,
    /// The files that it loads.
    pub assets: &'static Assets,
}

/// Pages of the organization: path, label, icon, and what looking at it takes.
const ORGANIZATION: &[(&str, &str, &str, Permission)] = &[
    ("users", "Users", "users", Permission::MembersRead),
    ("groups", "Groups", "groups", Permission::GroupsRead),
    ("roles", "Roles", "roles", Permission::RolesRead),
    ("credentials", "Credentials", "credentials", Permission::CredentialsRead),
    ("admin-keys", "Admin keys", "key", Permission::AdminKeysRead),
    ("sso", "Single sign-on", "sso", Permission::SsoManage),
    ("retention", "Retention", "retention", Permission::RetentionRead),
    ("usage", "Usage", "usage", Permission::UsageRead),
    ("budgets", "Budgets", "budgets", Permission::LimitsRead),
    ("spend-alerts", "Spend alerts", "alerts", Permission::AlertsRead),
    ("prices", "Model costs", "prices", Permission::UsageRead),
    ("audit", "Audit log", "audit", Permission::AuditRead),
    ("settings", "Settings", "settings", Permission::OrganizationRead),
];

impl Shell {
    /// Around a page called `title`.
    pub fn new(visit: &Visit, title: impl Into<String>) -> Self {
        let account = &visit.account;
        let is_under = |path: &str| visit.look.path == path || visit.look.path.starts_with(&format!("{path}/"));
        let mut links = vec![NavLink {
            href: "/projects".into(),
            label: "Projects",
            icon: "projects",
            is_here: is_under("/projects"),
        }];
        for &(page, label, icon, permission) in ORGANIZATION {
            if visit.may(permission, Scope::Organization) {
                let href = format!("/organization/{page}");
                links.push(NavLink { is_here: is_under(&href), href, label, icon });
            }
        }
        let others = account.organizations.iter().filter(|other| other.id != account.organization.id);
        Self {
            title: title.into(),
            crumbs: Vec::new(),
            user: account.user.name.to_string(),
            email: account.user.email.to_string(),
            organization: account.organization.name.to_string(),
            bound_to: visit.bound_to(),
            other_organizations: others.map(|other| (other.id.to_string(), other.name.to_string())).collect(),
            links,
            within: None,
            look: visit.look.clone(),
            assets: &ASSETS,
        }
    }

    /// The same, with one more step on the way to it.
    pub fn crumb(mut self, href: impl Into<String>, label: impl Into<String>) -> Self {
        self.crumbs.push(Crumb { href: href.into(), label: label.into() });
        self
    }

    /// The same, one step further up: for the page that the last step leads to.
    pub fn up(mut self) -> Self {
        self.crumbs.pop();
        self
    }

    /// The same, within a project.
    pub fn within(mut self, visit: &Visit, project: &Project) -> Self {
        let root = format!("/projects/{}", project.id);
        let path = &visit.look.path;
        let scope = Scope::Project(project.id);
        let mut links = Vec::new();
        let mut add = |page: &str, label, icon, permission| {
            if visit.may(permission, scope) {
                let href = format!("{root}{page}");
                let is_here = if page.is_empty() { *path == href } else { path.starts_with(&href) };
                links.push(NavLink { is_here, href, label, icon });
            }
        };
        add("", "Overview", "overview", Permission::ProjectRead);
        add("/api-keys", "API keys", "key", Permission::ApiKeysRead);
        add("/credentials", "Credentials", "credentials", Permission::CredentialsRead);
        add("/usage", "Usage", "usage", Permission::UsageRead);
        add("/manage", "Manage", "settings", Permission::ProjectRead);
        self.within = Some(Within { name: project.name.to_string(), is_active: project.is_active(), links });
        let (root, name) = (root, project.name.to_string());
        self.crumb("/projects", "Projects").crumb(root, name)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Templates whose forms are for anybody; and the layout's own, which lead out
    /// of the page.
    const FOR_ANYBODY: &[&str] =
        &["layout.html", "signed_out.html", "sign_in/", "setup/", "invitation/", "password_reset/"];

    fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_form_of_somebody_signed_in_says_for_whom_it_was_made() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let (mut found, mut forms) = (Vec::new(), 0);
        files(&root, &mut found);
        for path in found {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if FOR_ANYBODY.iter().any(|one| name.starts_with(one)) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for form in text.split("<form ").skip(1).filter(|form| form.contains("method=\"post\"")) {
                let inside = form.split_once('>').unwrap().1;
                assert!(inside.starts_with("{% call ui::bound(shell) %}{% endcall %}"), "{name}: <form {form}");
                forms += 1;
            }
        }
        assert!(forms > 20, "{forms} forms were looked at");
    }
}
