//! Every operation, asked by every built-in role, in its own project and in
//! another one: let in or refused, just as `keyward_api::policy` says. A new
//! operation is here by itself.
//!
//! The roles come as admin keys, which hold just what their roles say.

use std::collections::BTreeMap;

use keyward_api::policy::{self, Needs};
use keyward_domain::{
    permission::{Kind, Permission},
    role::BuiltIn,
};
use keyward_testkit::{Actor, TestApp};
use serde_json::json;

use crate::{
    document::{Operation, administration},
    matrix::{ask, one_of_everything},
    support::id,
};

keyward_testkit::on_both_databases!(every_role_does_what_the_policy_says_and_nothing_else,);

/// Somebody who holds one role.
struct Holder {
    role: BuiltIn,
    /// Where, unless in the organization.
    project: Option<String>,
    actor: Actor,
}

impl Holder {
    fn holds(&self, permission: Permission, project: Option<&str>) -> bool {
        let member = BuiltIn::OrganizationMember;
        let here = match (&self.project, project) {
            (None, None) => self.role.holds(permission),
            (None, Some(_)) => permission.kind() != Kind::Organization && self.role.holds(permission),
            (Some(own), Some(asked)) => own == asked && self.role.holds(permission),
            (Some(_), None) => false,
        };
        here || (project.is_none() && self.role == member && member.holds(permission))
    }

    fn sees(&self, project: &str) -> bool {
        Permission::ALL.iter().any(|permission| self.holds(*permission, Some(project)))
    }

    /// The status that refuses, or `None` if they are let in.
    fn refusal(&self, needs: Needs, project: Option<&str>) -> Option<u16> {
        match needs {
            Needs::Nothing | Needs::Member | Needs::Session | Needs::Key => None,
            Needs::HoldsSomewhere(permission) => (!self.role.holds(permission)).then_some(403),
            Needs::Holds(permission) if self.holds(permission, project) => None,
            Needs::Holds(_) if project.is_some_and(|project| !self.sees(project)) => Some(404),
            Needs::Holds(_) => Some(403),
        }
    }
}

async fn holders(app: &TestApp, projects: &[String]) -> Vec<Holder> {
    let mut holders = Vec::new();
    for role in BuiltIn::ALL {
        let places: Vec<Option<String>> =
            if role.is_of_organization() { vec![None] } else { projects.iter().cloned().map(Some).collect() };
        for project in places {
            let body = json!({"name": role.name(), "roles": [{"role_id": role.id(), "project_id": project}]});
            let key = app.admin.post("/v1/organization/admin_api_keys", body).await.ok();
            let actor = app.nobody.with_key(key["value"].as_str().unwrap());
            holders.push(Holder { role, project, actor });
        }
    }
    holders
}

/// Whether asking it changes what later questions find.
fn takes_away(operation: &Operation) -> bool {
    operation.method == "DELETE"
}

async fn every_role_does_what_the_policy_says_and_nothing_else(app: &TestApp) {
    let other = app.project("Another project").await;
    let ids = one_of_everything(app).await;
    let projects = [ids["projects"].clone(), other.rsplit('/').next().unwrap().to_owned()];
    let mut asked = 0;
    for holder in holders(app, &projects).await {
        // What looks or adds first, what takes away last.
        let mut operations = administration();
        operations.sort_by_key(takes_away);
        let ids = fresh(app, &ids).await;
        for operation in operations {
            let needs = policy::needs(operation.described["operationId"].as_str().unwrap()).unwrap();
            if needs == Needs::Session {
                continue;
            }
            let project = operation.path.contains("{project_id}").then(|| ids["projects"].as_str());
            let answer = ask(&holder.actor, &operation, &operation.path_with(&ids)).await;
            let who =
                format!("{} at {:?}: {} {}", holder.role.name(), holder.project, operation.method, operation.path);
            match holder.refusal(needs, project) {
                Some(404) => answer.assert_error(404, "not_found", None),
                Some(_) => {
                    let code = answer.json["error"]["code"].as_str().unwrap_or_default();
                    assert_eq!((answer.status, code), (403, "insufficient_permissions"), "{who}: {}", answer.text());
                }
                // What is asked for may be gone, wrong or more than they may give: but they were let in.
                None => assert_ne!(answer.json["error"]["code"], "insufficient_permissions", "{who}"),
            }
            asked += 1;
        }
    }
    assert!(asked > 400, "{asked}");
}

/// One of everything that a holder before may have taken away.
async fn fresh(app: &TestApp, ids: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let project = format!("/v1/organization/projects/{}", ids["projects"]);
    app.admin.post(&format!("{project}/activate"), json!({})).await.ok();
    let mut fresh = ids.clone();
    let number = app.answers().len();
    for (collection, path, body) in [
        ("api_keys", format!("{project}/api_keys"), json!({"name": format!("Key {number}")})),
        ("service_accounts", format!("{project}/service_accounts"), json!({"name": format!("Bot {number}")})),
        ("credentials", format!("{project}/credentials"), json!({"provider": "demo"})),
        ("organization/credentials", "/v1/organization/credentials".into(), json!({"provider": "demo"})),
        ("admin_api_keys", "/v1/organization/admin_api_keys".into(), json!({"name": "Key"})),
        (
            "invites",
            "/v1/organization/invites".into(),
            json!({"email": format!("{number}@example.com"), "role": "reader"}),
        ),
        (
            "sso_providers",
            "/v1/organization/sso_providers".into(),
            json!({"name": format!("Provider {number}"), "issuer": "http://127.0.0.1:9", "client_id": "keyward"}),
        ),
    ] {
        fresh.insert(collection, id(&app.admin.post(&path, body).await.ok()));
    }
    fresh
}
