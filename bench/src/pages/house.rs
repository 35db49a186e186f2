//! A large organization, in an embedded database that is thrown away. The first
//! of each thing is made through the admin API; the others are copies of its
//! row. Audit events are made by real changes, for they are signed.

use super::House;
use crate::fill::{KEY, columns, copies, find_database, sqlite};
use crate::keyward::{Installation, Serving, text};
use anyhow::Result;
use serde_json::json;
use std::path::Path;

/// What is in it.
pub const SIZE: &str = "1,000 projects, 100,000 API keys (10,000 in the project that is looked at), 500 users, 120 groups, 120 roles, 10,000 audit events.";

/// An id that comes before every real one.
const OLDER: &str = "CAST(char(1) || substr(hex(randomblob(8)), 1, 15) AS BLOB)";

/// Columns that aren't copied, and what stands in them instead.
type Changed = &'static [(&'static str, &'static str)];

/// Tables of which copies are made: what must differ, how many, and what else
/// takes part (`k` is the row that is copied, `n.i` counts). Copies are older
/// than what they were made of, so that this comes first in lists.
const COPIES: &[(&str, Changed, u64, &str)] = &[
    ("projects", &[("id", OLDER), ("name", "'Project ' || n.i")], 999, ""),
    ("api_keys", &KEY, 9_999, ""),
    ("api_keys", &[KEY[0], KEY[1], KEY[2], ("project_id", "p.id")], 90, "JOIN projects p ON p.id <> k.project_id"),
    ("users", &[("id", OLDER), ("email", "'person' || n.i || '@example.com'"), ("name", "'Person ' || n.i")], 499, ""),
    ("organization_members", &[("user_id", "u.id")], 1, "JOIN users u ON u.id <> k.user_id"),
    ("groups", &[("id", OLDER), ("name", "'Group ' || n.i")], 119, ""),
    ("roles", &[("id", OLDER), ("name", "'Role ' || n.i")], 119, ""),
];

/// What copies can't make: who is in the project, and what each key was used for.
const FURTHER: &str = "
    INSERT INTO role_assignments
        (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
    SELECT a.organization_id, a.principal_kind, u.id, a.project_id, a.role_id, a.source,
        a.created_by, a.created_at
    FROM role_assignments a JOIN users u ON u.id <> a.principal_id
    WHERE a.project_id = (SELECT MAX(id) FROM projects) AND a.principal_kind = 'user';
    INSERT INTO api_key_usage (api_key_id, request_count, input_tokens, output_tokens, last_used_at)
    SELECT id, abs(random()) % 100000, 0, 0, created_at - abs(random()) % 10000000000 FROM api_keys;
    UPDATE api_keys SET created_at = created_at - abs(random()) % 10000000000,
        expires_at = CASE WHEN abs(random()) % 4 = 0 THEN created_at + abs(random()) % 10000000000 END,
        disabled = abs(random()) % 10 = 0;";

/// Makes it, or finds it where it was made before.
pub fn fill(program: &Path, core: usize, folder: &Path, events: u64) -> Result<House> {
    let note = folder.join("project");
    if note.is_file() {
        let installation = Installation::find(program, core, folder)?;
        return Ok(House { installation, project: std::fs::read_to_string(note)? });
    }
    let installation = Installation::create(program, core, folder)?;
    let mut serving = installation.serve()?;
    serving.wait_until_ready()?;
    let project = first_ones(&installation, &serving)?;
    for number in 0..events {
        if number % 500 == 0 {
            eprint!("\raudit event {number} of {events}");
        }
        let path = format!("/v1/organization/projects/{project}");
        installation.change(&serving, &path, &json!({"description": format!("number {number}")}))?;
    }
    eprintln!("\rcopying");
    serving.process.stop()?;
    let database = find_database(&installation.data_dir())?;
    for (table, values, count, also) in COPIES {
        sqlite(&database, &copies(table, &columns(&database, table)?, values, *count, also)?)?;
    }
    sqlite(&database, FURTHER)?;
    std::fs::write(note, &project)?;
    Ok(House { installation, project })
}

/// The first of each thing; answers the id of the project.
fn first_ones(installation: &Installation, serving: &Serving) -> Result<String> {
    let change = |path: &str, body| installation.change(serving, &format!("/v1/organization/{path}"), &body);
    let project = text(&change("projects", json!({"name": "Production"}))?, "id")?;
    change(&format!("projects/{project}/credentials"), json!({"provider": "demo"}))?;
    let key = change(&format!("projects/{project}/api_keys"), json!({"name": "CI pipeline"}))?;
    let owner = key.pointer("/owner/user/id").and_then(serde_json::Value::as_str).unwrap_or_default();
    change(&format!("projects/{project}/users"), json!({"user_id": owner, "role": "member"}))?;
    change("groups", json!({"name": "Group"}))?;
    change("roles", json!({"role_name": "Role", "permissions": ["api_keys:read"]}))?;
    change("invites", json!({"email": "invited@example.com", "role": "reader"}))?;
    Ok(project)
}
