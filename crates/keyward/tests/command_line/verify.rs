use std::{path::Path, sync::Arc};

use keyward::{
    cli::Exit,
    config::{Given, Settings},
    installation,
    system::SystemClock,
};
use keyward_domain::{
    Name,
    actor::Actor,
    organization::{Email, Organization},
    password::Password,
};
use keyward_service::{
    audit::{AuditQuery, ExportFormat, export},
    organization::{CreateOrganization, create},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{is_accepted, keyward};

/// An installation with one organization, and the export of its audit log.
struct Audited {
    folder: TempDir,
    organization: Organization,
    export: String,
}

impl Audited {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = Given { data_dir: Some(folder.path().to_owned()), ..Given::default() };
        let settings = Settings::read(given, None, std::iter::empty()).unwrap();
        let opened = installation::open(&settings, Arc::new(SystemClock), None).await.unwrap();
        let command = CreateOrganization {
            name: Name::parse("name", "Acme").unwrap(),
            owner_email: Email::parse("email", "ada@example.com").unwrap(),
            password: Password::parse("password", "correct horse battery").unwrap(),
        };
        let organization = create(&opened, command).await.unwrap().organization;
        let actor = Actor::system(organization.id);
        let mut pieces = export(&opened, &actor, AuditQuery::default(), ExportFormat::Jsonl).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await.unwrap() {
            bytes.extend(piece);
        }
        opened.close().await;
        Self { folder, organization, export: String::from_utf8(bytes).unwrap() }
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn public_key(&self) -> String {
        let head: Value = serde_json::from_str(self.export.lines().last().unwrap()).unwrap();
        head["head"]["public_key"].as_str().unwrap().to_owned()
    }
}

const OTHER_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[tokio::test]
async fn an_untouched_export_holds_and_a_touched_one_names_the_event() {
    let audited = Audited::new().await;
    let file = audited.folder.path().join("audit.jsonl");
    std::fs::write(&file, &audited.export).unwrap();
    let verify = ["audit", "verify", file.to_str().unwrap()];

    // No admin key is needed: no server is asked.
    let seen = keyward(&verify).admin_key(None).run().await;
    seen.assert_done();
    assert!(seen.output.contains("result         holds\n"), "{}", seen.output);
    assert!(seen.output.contains(&audited.public_key()), "{}", seen.output);
    assert!(seen.errors.contains("--public-key"), "{}", seen.errors);

    std::fs::write(&file, audited.export.replacen("Acme", "Ajax", 1)).unwrap();
    let seen = keyward(&verify).run().await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.output.contains("BROKEN at event 1 (audit_"), "{}", seen.output);
    assert!(seen.errors.contains("it was changed after it was written"), "{}", seen.errors);

    let seen = keyward(&["audit", "verify", "-", "--json"]).input(&audited.export).run().await;
    seen.assert_done();
    let chains: Value = serde_json::from_str(&seen.output).unwrap();
    assert_eq!(chains[0]["organization_id"], audited.organization.id.to_string());
    assert_eq!((&chains[0]["holds"], &chains[0]["broken"]), (&Value::Bool(true), &Value::Null));
}

#[tokio::test]
async fn a_log_of_another_installation_does_not_hold_by_the_noted_key() {
    let audited = Audited::new().await;
    let key = audited.public_key();
    let folder = ["audit", "verify", "--data-dir", audited.path(), "--public-key"];
    let seen = keyward(&[&folder[..], &[&key]].concat()).run().await;
    seen.assert_done();
    assert_eq!(seen.errors, "");

    let seen = keyward(&[&folder[..], &[OTHER_KEY, "--json"]].concat()).run().await;
    assert_eq!(seen.exit, Exit::Refused);
    let chains: Value = serde_json::from_str(&seen.output).unwrap();
    assert_eq!(chains[0]["holds"], false);

    let seen = keyward(&["audit", "verify", "-", "--public-key", OTHER_KEY]).input(&audited.export).run().await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.errors.contains("another key"), "{}", seen.errors);
}

#[tokio::test]
async fn a_folder_without_a_database_stays_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let seen = keyward(&["audit", "verify", "--data-dir", folder.path().to_str().unwrap()]).run().await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(!Path::new(&folder.path().join("keyward.db")).exists());

    for arguments in [vec!["audit", "verify"], vec!["audit", "verify", "/nowhere/at/all"]] {
        assert_eq!(keyward(&arguments).run().await.exit, Exit::Usage, "{arguments:?}");
    }
    assert!(!is_accepted(&["audit", "verify", "audit.jsonl", "--data-dir", "data"]));
    assert!(!is_accepted(&["audit", "verify", "audit.jsonl", "--public-key", "12ab"]));
}
