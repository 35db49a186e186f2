//! Every operation, asked by every built-in role, in its own project and in
//! another one: let in or refused, just as `keyward_api::policy` says. A new
//! operation is here by itself.
//!
//! Each role comes twice: as an admin key, which holds just what its roles say,
//! and as a person who is signed in, who is a member besides.

use std::collections::BTreeMap;

use keyward_api::policy::{self, Needs};
use keyward_domain::{
    permission::{Kind, Permission},
    role::BuiltIn,
};
use keyward_testkit::{Actor, PASSWORD, TestApp};
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
    /// Whether it is a person, by a session; otherwise an admin key.
    is_person: bool,
    actor: Actor,
}

impl Holder {
    fn holds(&self, permission: Permission, project: Option<&str>) -> bool {
        // Every member holds what the role of members says.
        let besides = self.is_person && project.is_none() && BuiltIn::OrganizationMember.holds(permission);
        let here = match (&self.project, project) {
            (None, None) => self.role.holds(permission),
            (None, Some(_)) => permission.kind() != Kind::Organization && self.role.holds(permission),
            (Some(own), Some(asked)) => own == asked && self.role.holds(permission),
            (Some(_), None) => false,
        };
        here || besides
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
            let actor = key_with(app, role, project.as_deref()).await;
            holders.push(Holder { role, project: project.clone(), is_person: false, actor });
            let actor = person_with(app, role, project.as_deref(), holders.len()).await;
            holders.push(Holder { role, project, is_person: true, actor });
        }
    }
    holders
}

async fn key_with(app: &TestApp, role: BuiltIn, project: Option<&str>) -> Actor {
    let body = json!({"name": role.name(), "roles": [{"role_id": role.id(), "project_id": project}]});
    let key = app.admin.post("/v1/organization/admin_api_keys", body).await.ok();
    app.nobody.with_key(key["value"].as_str().unwrap())
}

/// Somebody who was invited, came, and was given the role.
async fn person_with(app: &TestApp, role: BuiltIn, project: Option<&str>, number: usize) -> Actor {
    let body = json!({"email": format!("person{number}@example.com"), "role": "reader"});
    let invited = app.admin.post("/v1/organization/invites", body).await.ok();
    let token = invited["url"].as_str().unwrap().rsplit('/').next().unwrap();
    let person = app.nobody.with_browser();
    let body = json!({"token": token, "name": "Person", "password": PASSWORD});
    person.post("/v1/auth/invitations/accept", body).await.ok();
    let id = person.get("/v1/account").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    let path = match project {
        None => format!("/v1/organization/users/{id}/roles"),
        Some(project) => format!("/v1/projects/{project}/users/{id}/roles"),
    };
    app.admin.post(&path, json!({"role_id": role.id()})).await.ok();
    person
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
            let who = format!(
                "{} at {:?} (person: {}): {} {}",
                holder.role.name(),
                holder.project,
                holder.is_person,
                operation.method,
                operation.path
            );
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
    assert!(asked > 2000, "{asked}");
}

/// One of everything that a holder before may have taken away.
async fn fresh(app: &TestApp, ids: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let project = format!("/v1/organization/projects/{}", ids["projects"]);
    app.admin.post(&format!("{project}/activate"), json!({})).await.ok();
    let mut fresh = ids.clone();
    let number = app.answers().len();
    let limit = json!({"model": format!("model-{number}"), "requests_per_minute": 1000});
    let limit = app.admin.post(&format!("{project}/limits"), limit).await;
    // A project has a hundred; the last ones are still there then.
    if limit.status == 200 {
        fresh.extend(["limits", "rate_limits"].map(|collection| (collection, id(&limit.json))));
    }
    for (collection, path) in
        [("budgets", format!("{project}/budgets")), ("organization/budgets", "/v1/organization/budgets".into())]
    {
        // One of each window is all there can be.
        for old in app.admin.get(&path).await.ok()["data"].as_array().unwrap() {
            app.admin.delete(&format!("{path}/{}", id(old))).await.ok();
        }
        fresh.insert(collection, id(&app.admin.post(&path, json!({"amount": "1000000"})).await.ok()));
    }
    let alert = json!({"threshold_amount": 100, "currency": "USD", "interval": "month",
        "notification_channel": {"type": "email", "recipients": ["ada@example.com"]}});
    for (collection, path) in [
        ("spend_alerts", format!("{project}/spend_alerts")),
        ("organization/spend_alerts", "/v1/organization/spend_alerts".into()),
    ] {
        // There are fifty at most; the last ones are still there then.
        let made = app.admin.post(&path, alert.clone()).await;
        if made.status == 200 {
            fresh.insert(collection, id(&made.json));
        }
    }
    let alias = json!({"name": format!("alias-{number}"), "targets": [{"model": "gpt-4o"}]});
    let alias = app.admin.post(&format!("{project}/model_aliases"), alias).await;
    if alias.status == 200 {
        fresh.insert("model_aliases", id(&alias.json));
    }
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
