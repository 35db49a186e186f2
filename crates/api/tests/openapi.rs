//! The OpenAPI document as a file of the tree: a change of the interface shows
//! in a diff, and nobody makes one by accident.
#![cfg(test)]

use std::{collections::BTreeSet, fs, path::Path};

use keyward_api::policy;
use serde_json::Value;

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> Value {
    serde_json::to_value(keyward_api::document()).unwrap()
}

/// (method, path, operation) of everything in the document.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        let path = path.clone();
        item.into_iter().map(move |(method, operation)| (method, path.clone(), operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let file = crate_folder().join("../../openapi/keyward.json");
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let served = keyward_api::document().to_pretty_json().unwrap() + "\n";
    let differs = committed.lines().zip(served.lines()).position(|(committed, served)| committed != served);
    assert!(
        committed == served,
        "openapi/keyward.json isn't what the code says (from line {}). If the change is meant, renew it: cargo xtask openapi",
        differs.unwrap_or_else(|| committed.lines().count().min(served.lines().count())) + 1,
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_a_tag() {
    let document = document();
    let operations = operations(&document);
    let mut names = BTreeSet::new();
    for (method, path, operation) in &operations {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{method} {path}");
        let answers = operation["responses"].as_object().unwrap().values();
        assert!(answers.clone().all(|answer| answer["description"].is_string()), "{method} {path}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
    }
    assert!(names.len() > 20);
}

#[test]
fn every_operation_says_what_it_asks_of_its_caller() {
    let document = document();
    let mut described: Vec<_> = operations(&document)
        .into_iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    for name in &described {
        assert!(policy::needs(name).is_some(), "say in api/src/policy.rs what {name} asks of its caller");
    }
    let mut known: Vec<_> = policy::operations().map(str::to_owned).collect();
    described.sort();
    known.sort();
    assert_eq!(known, described, "what isn't served any more is out of api/src/policy.rs, too");
    let create = &document["paths"]["/v1/organization/projects"]["post"];
    assert_eq!(create["x-permission"], "projects:create");
}

#[test]
fn every_parameter_in_a_path_is_described() {
    for (method, path, operation) in operations(&document()) {
        let named: BTreeSet<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let described = operation["parameters"].as_array().into_iter().flatten();
        let described = described.filter(|parameter| parameter["in"] == "path");
        let described: BTreeSet<_> = described.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(named, described, "{method} {path}");
    }
}

#[test]
fn everything_that_is_referred_to_is_in_the_document() {
    fn check(value: &Value, document: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(pointer) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(&pointer[1..]).is_some(), "{pointer}");
                }
                fields.values().for_each(|value| check(value, document));
            }
            Value::Array(values) => values.iter().for_each(|value| check(value, document)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
}

/// A route that is added otherwise is in no document.
#[test]
fn routes_are_added_through_the_documented_router_only() {
    let mut ahead = vec![crate_folder().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
                continue;
            }
            let text: String = fs::read_to_string(&path).unwrap().split_whitespace().collect();
            for way in [".route(", ".route_service(", ".nest(", ".nest_service("] {
                let file = path.file_name().unwrap().to_str().unwrap().to_owned();
                found.extend(text.matches(way).map(|_| (file.clone(), way)));
            }
        }
    }
    assert_eq!(found, [("openapi.rs".to_owned(), ".route(")], "use OpenApiRouter::routes, and describe the route");
}
