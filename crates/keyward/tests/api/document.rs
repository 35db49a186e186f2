//! The OpenAPI document as a list of things to try.

use std::collections::BTreeMap;

use http::Method;
use keyward_testkit::ManualClock;
use serde_json::{Map, Value, json};

/// One operation of the document.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// What the document says of it.
    pub described: Value,
    schemas: Value,
}

/// Everything that the document describes.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(keyward_api::document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                described: described.clone(),
                schemas: document["components"]["schemas"].clone(),
            });
        }
    }
    assert!(operations.len() > 20, "{operations:?}");
    operations
}

/// What an administrator does.
pub fn administration() -> Vec<Operation> {
    let is_it = |path: &str| path.starts_with("/v1/organization") || path.starts_with("/v1/projects");
    operations().into_iter().filter(|operation| is_it(&operation.path)).collect()
}

impl Operation {
    /// The path with every parameter filled in by `ids`, which goes by the
    /// collection in front of it: `…/projects/{project_id}` by `projects`,
    /// `/v1/organization/credentials/{…}` by `organization/credentials`,
    /// `…/organization/users/{user_id}/roles/{…}` by all but the version.
    pub fn path_with(&self, ids: &BTreeMap<&str, String>) -> String {
        let mut path = Vec::new();
        let mut parts: Vec<&str> = Vec::new();
        for part in self.path.split('/') {
            if part.starts_with('{') {
                let by_last = |count: usize| ids.get(parts[parts.len().saturating_sub(count)..].join("/").as_str());
                let id = (1..=parts.len()).rev().find_map(by_last);
                path.push(id.unwrap_or_else(|| panic!("{}: say what {part} is", self.path)).clone());
            } else {
                path.push(part.to_owned());
            }
            parts.push(part);
        }
        let path = path.join("/");
        let parameters = self.described["parameters"].as_array().into_iter().flatten();
        let mut required = parameters.filter(|one| one["in"] == "query" && one["required"] == true);
        match required.next() {
            None => path,
            Some(parameter) if parameter["name"] == "start_time" => format!("{path}?start_time={}", ManualClock::START),
            Some(other) => panic!("{}: say what {other} is", self.path),
        }
    }

    /// Whether the path names something.
    pub fn has_id(&self) -> bool {
        self.path.contains('{')
    }

    /// Whether it takes that parameter in the query or in a header.
    pub fn takes(&self, name: &str) -> bool {
        let parameters = self.described["parameters"].as_array();
        parameters.is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == name))
    }

    /// The least body that it takes: what must be there.
    pub fn least_body(&self) -> Option<Value> {
        let schema = self.described["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()?;
        let schema = &self.schemas[schema.rsplit('/').next().unwrap()];
        let mut body = Map::new();
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            let value = match field {
                "name" | "role_name" => json!("A name"),
                "permissions" => json!(["project:read"]),
                "role" if self.path.contains("/invites") => json!("reader"),
                "role" => json!("member"),
                "role_id" => json!("role_00000000000070008000000000000004"),
                "user_id" => json!(format!("user_{}", "0".repeat(32))),
                "group_id" => json!(format!("group_{}", "0".repeat(32))),
                "provider" => json!("demo"),
                "model" => json!("model"),
                "input_per_million" | "output_per_million" => json!("1"),
                "email" => json!("nobody@example.com"),
                "password" | "current_password" | "new_password" => json!("a password of nobody"),
                "code" => json!("000000"),
                "organization_id" => json!("org_00000000000000000000000000000000"),
                "token" => json!("a".repeat(43)),
                "organization" => json!("An organization"),
                "issuer" => json!("https://login.example.com"),
                "client_id" => json!("keyward"),
                "mode" => json!("deny_list"),
                "notification_channel" => json!({"type": "email", "recipients": ["nobody@example.com"]}),
                "model_ids" => json!([]),
                "threshold_amount" => json!(100_000_000),
                "amount" => json!("1000000"),
                "currency" => json!("USD"),
                "interval" => json!("month"),
                "targets" => json!([{"model": "m"}]),
                _ => panic!("{} {}: say what {field} is at least", self.method, self.path),
            };
            body.insert(field.to_owned(), value);
        }
        if schema["required"] == json!(["role"]) && !schema["properties"]["user_id"].is_null() {
            // One of two fields must be there, which a schema doesn't say.
            body.insert("user_id".into(), json!(format!("user_{}", "0".repeat(32))));
        }
        Some(Value::Object(body))
    }
}
